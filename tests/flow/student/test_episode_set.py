"""An episode as a dataset has the labels that hold in the app."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from mmemo.datasets.inspection import inspect
from mmemo.datasets.paired import FACE
from mmemo.flow.student.episode_set import episode_set, find_material
from mmemo.progress import run
from mmemo.store.labels import FRAME, FacePin, HumanLabel
from mmemo.store.team import PlacedFace, TeamStore, Verdict
from mmemo.store.workspace import LABELS_FILE
from tests.datasets import test_catalog, test_cut_episodes


def test_nothing_said_is_no_label_and_leaves_nothing_behind(tmp_path: Path):
    test_cut_episodes.save(tmp_path)
    found = episode_set(tmp_path, "ep")
    assert (found.ids, found.labels) == (("ep/track 1", "ep/track 3", "ep/track 4"), None)
    assert found.groups == ("ep/scene 0",) * 3
    assert not (tmp_path / LABELS_FILE).exists()


def test_decisions_and_rejected_pictures_count_as_in_the_app(tmp_path: Path):
    workspace = test_cut_episodes.save(tmp_path)
    places = {track: FacePin("k1", 0, 50.0 * track, 0, 50.0 * track + 40, 40) for track in (1, 3, 4)}
    with closing(workspace.labels()) as store:
        for track, cue, label in ((1, 1, "joy"), (3, 2, "joy"), (4, 3, "reject")):
            store.add(HumanLabel("ep", track, cue, label, pin=places[track]))
        store.add(HumanLabel("ep", 1, 1, "reject", pin=replace(places[1], time_ms=100), scope=FRAME))
    with closing(TeamStore(tmp_path / LABELS_FILE)) as team:
        team.decide(Verdict(PlacedFace("ep", 3, 2, places[3]), "fear", "lead"))
        team.decide(Verdict(PlacedFace("ep", 4, 3, places[4]), "anger", "lead"))
    found = find_material(tmp_path).read("ep")
    assert [found.vocabulary.labels[i] for i in found.labels] == ["joy", "fear", "anger"]
    assert [len(found.pictures[FACE][row]) for row in range(3)] == [1, 2, 2]
    (report,) = run(inspect(tmp_path, find=find_material)).splits
    assert report.data.labels.tolist() == found.labels.tolist()


def test_other_datasets_are_read_as_ever(tmp_path: Path):
    found = find_material(test_catalog.save_lines(tmp_path))
    assert found.form.name == "lines"
    assert len(found.read("")) == 2
