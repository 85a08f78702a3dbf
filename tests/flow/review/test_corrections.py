"""Corrections in training: the matrix with the face, people who differ, and the hints for the next review."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.flow.review.corrections import decided_on, differing, words_of
from mmemo.flow.review.human_labels import Words, read_words
from mmemo.flow.review.tracks import REVIEW_FILE, face_noises, review_table
from mmemo.flow.runs.evaluate import EvaluateSettings, evaluate_run
from mmemo.flow.student.training import train_student
from mmemo.flow.teacher.label import LabelSettings
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.files import read_json, read_table
from mmemo.store.labels import REJECT, WITHDRAW, FacePin, HumanLabel
from mmemo.store.team import PlacedFace, TeamStore, Verdict
from mmemo.store.workspace import LABELS_FILE, Workspace
from mmemo.student.settings import TrainSettings
from tests.ui.made import EPISODE_ID, label_of

SETTINGS = TrainSettings(epochs=1, folds=2)


def say(workspace: Workspace, label: str, *tracks: int, by: str = "local") -> None:
    store = workspace.labels()
    for track in tracks:
        store.add(HumanLabel(EPISODE_ID, track, track, label, by))
    store.close()


def said(workspace: Workspace) -> Words:
    return read_words(workspace, workspace.episode(EPISODE_ID))


def train(workspace: Workspace):
    return run(train_student(workspace, [EPISODE_ID], LabelSettings(), SETTINGS))


def test_without_a_word_there_is_no_matrix_but_there_are_hints(labelled: Workspace):
    done = train(labelled)
    assert read_json(done.folder / "noise.json")["faces"] is None and face_noises(done.folder) == []
    hints = read_table(done.folder / REVIEW_FILE)
    assert len(hints) == done.tracks and (hints["expected_gain"] > 0).all() and hints["label_issue"].dtype == bool
    table = review_table(labelled, EPISODE_ID, done.run_id)
    assert (table["expected_gain"] > 0).all()
    (done.folder / REVIEW_FILE).unlink()
    older = review_table(labelled, EPISODE_ID, done.run_id)
    assert (older["expected_gain"] > 0).all() and not older["label_issue"].any()
    assert (review_table(labelled, EPISODE_ID, None)["expected_gain"] == 0).all()


def test_corrected_faces_make_the_matrix_of_show_and_character_and_the_report_shows_it(labelled: Workspace):
    for track in range(1, 19):
        say(labelled, label_of(track), track)
    done = train(labelled)
    faces = read_json(done.folder / "noise.json")["faces"]
    assert sum(faces["show"]["counts"]) == 18 and len(faces["characters"]) == 3
    assert [n.name for n in face_noises(done.folder)] == ["the whole show", "person 1", "person 2", "person 3"]
    assert sum(sum(c["counts"]) for c in faces["characters"]) == 18
    report = run(evaluate_run(labelled, EvaluateSettings(run_id=done.run_id, ceiling=False))).report.read_text()
    assert "The text against corrected faces: person 2" in report
    hints = read_table(done.folder / REVIEW_FILE).set_index("track_id")["expected_gain"]
    assert (hints.loc[range(1, 19)] == 0).all() and (hints.loc[range(19, 41)] > 0).all()


def test_people_who_differ_are_voters_and_a_new_word_is_a_new_run(labelled: Workspace):
    say(labelled, "joy", 1, 2, 3, by="ada")
    alone = train(labelled)
    assert alone.human_labels == 3
    say(labelled, "joy", 1, 2, by="ben")
    say(labelled, "joy", 1, 2, 3, by="cy")
    say(labelled, "anger", 3, by="ben")
    both = train(labelled)
    assert both.run_id != alone.run_id and both.human_labels == 3
    targets = read_table(both.folder / "targets.parquet").set_index("track_id")
    assert targets.loc[3, f"p_{EKMAN7.labels[EKMAN7.index('joy')]}"] == pytest.approx(1), "two against one"
    people = read_json(both.folder / "noise.json")["faces"]["people"]
    assert set(people) == {"ada", "ben", "cy"} and np.shape(people["ben"]) == (7, 7)


def decide(workspace: Workspace, label: str, track: int) -> None:
    episode = workspace.episode(EPISODE_ID)
    face = workspace.faces(episode).set_index("track_id").loc[[track]].iloc[0]
    pin = FacePin(episode.cut_key, int(face["frame_ms"]), *map(float, face[["x1", "y1", "x2", "y2"]]))
    store = TeamStore(workspace.root / LABELS_FILE)
    store.decide(Verdict(PlacedFace(EPISODE_ID, track, int(face["cue_id"]), pin), label, "lead"))
    store.close()


def test_a_decision_counts_more_than_any_majority_until_it_is_taken_back(labelled: Workspace):
    say(labelled, "joy", 1, 2, 3, by="ada")
    say(labelled, "joy", 1, 2, 3, by="ben")
    say(labelled, "anger", 1, 2, 3, by="cy")
    voted = train(labelled)
    decide(labelled, "fear", 1)
    decide(labelled, REJECT, 2)
    say(labelled, "anger", 1, by="ada")  # a later word changes nothing of it
    decided = train(labelled)
    tracks = read_table(decided.folder / "tracks.parquet")
    targets = read_table(decided.folder / "targets.parquet").set_index("track_id")
    assert targets.loc[1, "p_fear"] == pytest.approx(1) and targets.loc[3, "p_joy"] == pytest.approx(1)
    assert read_json(decided.folder / "config.json")["last_decisions"] == {EPISODE_ID: 2}
    assert 2 not in tracks["track_id"].to_numpy() and decided.tracks == voted.tracks - 1
    assert decided_on({EPISODE_ID: said(labelled)}, tracks)[tracks["track_id"] == 1].tolist() == [EKMAN7.index("fear")]
    assert read_json(decided.folder / "noise.json")["faces"]["people"].keys() == {"ada", "ben", "cy"}
    say(labelled, "joy", 1, by="ada")
    say(labelled, "anger", 1, by="cy")
    for track in (1, 2):
        decide(labelled, WITHDRAW, track)
    assert train(labelled).run_id == voted.run_id and said(labelled).decisions.empty


def test_a_decision_stays_when_the_words_are_taken_back(labelled: Workspace):
    say(labelled, "joy", 1, by="ada")
    say(labelled, "anger", 1, by="ben")
    decide(labelled, "fear", 1)
    for who in ("ada", "ben"):
        say(labelled, WITHDRAW, 1, by=who)
    done = train(labelled)
    assert sum(read_json(done.folder / "noise.json")["faces"]["show"]["counts"]) == 1
    targets = read_table(done.folder / "targets.parquet").set_index("track_id")
    assert targets.loc[1, "p_fear"] == pytest.approx(1)


def test_a_decision_that_agrees_with_the_last_word_is_a_new_run(labelled: Workspace):
    say(labelled, "joy", 1, by="ada")
    say(labelled, "anger", 1, by="ben")
    before = differing(said(labelled))
    decide(labelled, "anger", 1)
    assert differing(said(labelled)) == [[1, 1, "", "anger"], *before]
    assert said(labelled).current()[["track_id", "label", "annotator"]].to_numpy().tolist() == [[1, "anger", "lead"]]


def test_words_are_those_that_stand(labelled: Workspace):
    assert differing(said(labelled)) == []
    say(labelled, "joy", 1, 2, by="ada")
    say(labelled, "fear", 1, by="ada")
    say(labelled, WITHDRAW, 2, by="ada")
    say(labelled, REJECT, 1, by="ben")
    done = train(labelled)
    tracks = read_table(done.folder / "tracks.parquet")
    words = words_of({EPISODE_ID: said(labelled)}, tracks)
    assert words == {}, "the last word on track 1 rejects it, and ada took the other one back"
    assert differing(said(labelled)) == [[1, 1, "ada", "fear"], [1, 1, "ben", REJECT]]
