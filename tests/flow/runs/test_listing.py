"""The list of runs with their notes, and the matrix from text to face as people correct it."""

from __future__ import annotations

import shutil
from contextlib import closing

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.flow.review.teacher_matrix import TeacherMatrix, teacher_matrix
from mmemo.flow.runs.listing import last_trained, run_card, run_cards
from mmemo.flow.runs.notes import MAX_NOTE_CHARACTERS, notes_of, write_note
from mmemo.flow.runs.promotion import other_in_use, promote
from mmemo.flow.student.training import train_student
from mmemo.flow.teacher.label import LabelSettings
from mmemo.flow.team.assignment import open_team
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.files import read_json, write_json
from mmemo.store.labels import REJECT, FacePin, HumanLabel
from mmemo.store.team import PlacedFace, Verdict
from mmemo.store.workspace import LABELS_FILE, Workspace
from mmemo.student.settings import TrainSettings
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace


@pytest.fixture
def ready(tmp_path) -> Workspace:
    return ready_workspace(tmp_path / "workspace")


def say(workspace: Workspace, label: str, *tracks: int, by: str = "local") -> None:
    store = workspace.labels()
    for track in tracks:
        store.add(HumanLabel(EPISODE_ID, track, track, label, by))
    store.close()


def pin_of(workspace: Workspace, track: int) -> FacePin:
    episode = workspace.episode(EPISODE_ID)
    face = workspace.faces(episode).set_index("track_id").loc[[track]].iloc[0]
    return FacePin(episode.cut_key, int(face["frame_ms"]), *map(float, face[["x1", "y1", "x2", "y2"]]))


def matrix(workspace: Workspace, run_id: str = RUN_IDS[0]) -> TeacherMatrix:
    found = teacher_matrix(workspace, run_id)
    assert found is not None
    np.testing.assert_allclose(found.shares.sum(1), 1.0)
    assert found.prior.sum() == pytest.approx(1)
    return found


def test_cards_say_what_a_run_did_gained_and_is_for(ready: Workspace):
    path = ready.run_folder(RUN_IDS[1]) / "config.json"
    config = read_json(path)
    train = {"recipe": "fused", "backbone": "timm:one", "upper_blocks": 2, "seed": 4}
    write_json(path, {**config, "train": train, "human_labels": 3})
    shutil.rmtree(ready.report_folder(RUN_IDS[1]))
    cards = {one.run_id: one for one in run_cards(ready, EPISODE_ID)}
    first, second = (cards[run_id] for run_id in RUN_IDS)
    assert first.in_use and first.gain is not None and first.gain.proven and first.part == "head"
    assert not second.in_use and second.gain is None and (second.part, second.upper_blocks) == ("upper_blocks", 2)
    assert (second.recipe, second.backbone, second.seed, second.corrections) == ("fused", "timm:one", 4, 3)
    assert other_in_use(ready, RUN_IDS[0]) is None
    other = other_in_use(ready, RUN_IDS[1])
    assert other is not None and other.run_id == RUN_IDS[0]
    promote(ready, RUN_IDS[1])
    assert run_card(ready, RUN_IDS[1]).promotion.by_person
    assert run_cards(ready, "nothing") == []


def test_a_damaged_run_is_no_card(ready: Workspace):
    (ready.run_folder(RUN_IDS[1]) / "config.json").write_text("{")
    assert [one.run_id for one in run_cards(ready, EPISODE_ID)] == [RUN_IDS[0]]
    assert last_trained(ready, EPISODE_ID) == RUN_IDS[0]


def test_the_last_training_is_the_one_that_knew_most(ready: Workspace):
    assert last_trained(ready, "nothing") is None and last_trained(ready, EPISODE_ID) == ready.runs()[0]
    path = ready.run_folder(RUN_IDS[1]) / "config.json"
    write_json(path, {**read_json(path), "last_words": {EPISODE_ID: 7}})
    other = ready.run_folder(RUN_IDS[0]) / "config.json"
    write_json(other, {**read_json(other), "last_words": {EPISODE_ID: 3}})
    assert ready.runs()[0] == RUN_IDS[0] and last_trained(ready, EPISODE_ID) == RUN_IDS[1]


def test_a_note_is_kept_superseded_and_taken_back(ready: Workspace):
    assert notes_of(ready) == {} and not (ready.root / LABELS_FILE).exists()
    write_note(ready, RUN_IDS[0], "  more  light ", "ann")
    write_note(ready, RUN_IDS[0], "more light", "ben")
    note = run_card(ready, RUN_IDS[0]).note
    assert note is not None and (note.note, note.annotator) == ("more light", "ann"), "the same again adds nothing"
    write_note(ready, RUN_IDS[0], "", "ben")
    assert notes_of(ready) == {}
    with pytest.raises(InputError, match="too long"):
        write_note(ready, RUN_IDS[0], "a" * (MAX_NOTE_CHARACTERS + 1))
    with pytest.raises(InputError, match="no run"):
        write_note(ready, "gone", "x")


def test_the_matrix_moves_with_corrections_and_without_training(ready: Workspace):
    before = matrix(ready)
    assert before.corrections == 0 and before.counts.sum() == 0
    say(ready, "fear", *range(1, 31))
    after = matrix(ready)
    assert after.corrections == 30 and after.counts.sum() == pytest.approx(30)
    fear = EKMAN7.index("fear")
    assert after.counts[:, fear].sum() == pytest.approx(30) and after.prior[fear] > before.prior[fear]
    assert (after.shares[:, fear] > before.shares[:, fear]).all()
    say(ready, REJECT, 1)
    assert matrix(ready).corrections == 29


def test_people_who_differ_are_weighed_and_a_run_without_opinions_has_no_matrix(ready: Workspace):
    say(ready, "joy", 1, 2, by="ann")
    say(ready, "joy", 1, by="ben")
    say(ready, "anger", 2, by="ben")
    assert matrix(ready).corrections == 2
    place = PlacedFace(EPISODE_ID, 2, 2, pin_of(ready, 2))
    with closing(open_team(ready)) as team:
        team.decide(Verdict(place, "fear", "lead"))
    decided = matrix(ready)
    assert decided.corrections == 2 and decided.counts[:, EKMAN7.index("fear")].sum() == pytest.approx(1)
    (ready.run_folder(RUN_IDS[1]) / "teacher.parquet").unlink()
    assert teacher_matrix(ready, RUN_IDS[1]) is None


def test_a_trained_run_names_the_labelled_text_that_stands_in(labelled: Workspace):
    made = run(train_student(labelled, [EPISODE_ID], LabelSettings(), TrainSettings(epochs=1, folds=2)))
    assert matrix(labelled, made.run_id).anchor
    one = run_card(labelled, made.run_id)
    assert (one.corrections, one.tracks, one.part) == (0, 40, "head") and not one.promotion.measured
