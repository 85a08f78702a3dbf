"""Labels from Label Studio: they become words of people under their own names, once, and nothing is overwritten."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mmemo.errors import InputError
from mmemo.flow.export.stage import ExportSettings, export_episode
from mmemo.flow.review.human_labels import read_words
from mmemo.flow.review.import_labels import import_labels
from mmemo.progress import run
from mmemo.store.labels import HumanLabel
from mmemo.store.workspace import Workspace
from tests.ui.made import EPISODE_ID, ready_workspace


@pytest.fixture
def ready(tmp_path: Path) -> Workspace:
    return ready_workspace(tmp_path / "workspace", tracks=4)


def answered(ready: Workspace, path: Path, labels: dict[int, str], when: str = "2026-01-02", **change: Any) -> Path:
    made = run(export_episode(ready, ExportSettings("label-studio", out=path.parent / f"{path.stem}-tasks")))
    tasks = json.loads((made.folder / "tasks.json").read_text(encoding="utf-8"))
    for task in tasks:
        task["data"] |= change
        if (label := labels.get(task["data"]["track"])) is not None:
            result = {"from_name": "emotion", "to_name": "face", "type": "choices", "value": {"choices": [label]}}
            task["annotations"] = [
                {"id": task["data"]["track"], "completed_by": 3, "updated_at": when, "result": [result]}
            ]
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def said(ready: Workspace) -> dict[tuple[int, str], str]:
    words = read_words(ready, ready.episode(EPISODE_ID)).by_annotator()
    return {(t, a): label for t, a, label in words[["track_id", "annotator", "label"]].itertuples(index=False)}


def test_answers_become_words_once_and_stand_beside_those_given_here(ready: Workspace, tmp_path: Path):
    with closing(ready.labels()) as store:
        store.add(HumanLabel(EPISODE_ID, 1, 1, "joy", "ann"))
    back = answered(ready, tmp_path / "back.json", {1: "fear", 2: "reject"})
    found = import_labels(ready, back)
    assert (found.added, found.known, found.unanswered, found.people) == (2, 0, 2, ["label-studio:3"])
    assert said(ready) == {(1, "ann"): "joy", (1, "label-studio:3"): "fear", (2, "label-studio:3"): "reject"}
    again = import_labels(ready, back)
    assert (again.added, again.known) == (0, 2)


def test_an_answer_that_was_changed_is_a_new_word(ready: Workspace, tmp_path: Path):
    import_labels(ready, answered(ready, tmp_path / "one.json", {1: "fear"}))
    found = import_labels(ready, answered(ready, tmp_path / "two.json", {1: "joy"}, "2026-01-03"))
    assert (found.added, said(ready)) == (1, {(1, "label-studio:3"): "joy"})
    import_labels(ready, answered(ready, tmp_path / "three.json", {1: "anger"}), "studio")
    assert said(ready)[1, "studio"] == "anger"


@pytest.mark.parametrize("change", [{"cut": "../../x"}, {"cut": "other"}, {"episode": "nobody"}, {"track": 99}])
def test_faces_of_another_workspace_are_refused_and_nothing_is_kept(
    ready: Workspace, tmp_path: Path, change: dict[str, Any]
):
    back = answered(ready, tmp_path / "back.json", {1: "fear"})
    tasks = json.loads(back.read_text())
    tasks[1]["annotations"] = tasks[0]["annotations"]
    tasks[1]["data"] |= change
    back.write_text(json.dumps(tasks))
    with pytest.raises(InputError):
        import_labels(ready, back)
    assert said(ready) == {}
    with pytest.raises(InputError, match="1 to 64"):
        import_labels(ready, back, " ")


def test_no_answer_adds_nothing(ready: Workspace, tmp_path: Path):
    found = import_labels(ready, answered(ready, tmp_path / "back.json", {}))
    assert (found.added, found.unanswered, found.people) == (0, 4, [])
