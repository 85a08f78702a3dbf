"""Where things live, and the small records of episodes and runs."""

from __future__ import annotations

import os
from dataclasses import replace

import pandas as pd
import pytest

from mmemo.errors import InputError, StorageError
from mmemo.store.files import write_json, write_table
from mmemo.store.labels import HumanLabel
from mmemo.store.workspace import Episode, Workspace

EPISODE = Episode("pilot", "pilot.mp4", "pilot.srt", "a" * 32, "b" * 32, 60_000, "k1")


def test_an_empty_workspace_has_nothing(workspace: Workspace):
    assert workspace.episodes() == []
    assert workspace.runs() == []
    assert not workspace.root.exists()


def test_an_episode_comes_back(workspace: Workspace):
    workspace.save_episode(EPISODE)
    assert workspace.episode("pilot") == EPISODE
    assert workspace.episodes() == [EPISODE]


def test_an_episode_moves_forward(workspace: Workspace):
    workspace.save_episode(EPISODE)
    workspace.save_episode(replace(EPISODE, cut_key="k2"))
    assert workspace.episode("pilot").cut_key == "k2"
    assert workspace.cut_folder(workspace.episode("pilot")).name == "cut-k2"


def test_the_last_cut_comes_first(workspace: Workspace):
    for age, name in enumerate(["new", "old"]):
        workspace.save_episode(replace(EPISODE, episode_id=name))
        os.utime(workspace.episode_folder(name) / "episode.json", (1000 - age, 1000 - age))
    assert [episode.episode_id for episode in workspace.episodes()] == ["new", "old"]


def test_an_unknown_episode_lists_the_known(workspace: Workspace):
    with pytest.raises(InputError, match="none yet"):
        workspace.episode("pilot")
    workspace.save_episode(EPISODE)
    with pytest.raises(InputError, match="known episodes: pilot"):
        workspace.episode("finale")


@pytest.mark.parametrize("name", ["", "..", "../etc", "a/b", "A", ".hidden", "-x", "a b", "a\n"])
def test_ids_are_plain_names(workspace: Workspace, name: str):
    with pytest.raises(InputError, match="no episode id"):
        workspace.episode_folder(name)
    with pytest.raises(InputError, match="no run id"):
        workspace.run_folder(name)
    with pytest.raises(InputError, match="no run id"):
        workspace.report_folder(name)


def test_a_damaged_record_says_so(workspace: Workspace):
    workspace.save_episode(EPISODE)
    (workspace.episode_folder("pilot") / "episode.json").write_text("{")
    with pytest.raises(StorageError, match="missing or damaged"):
        workspace.episode("pilot")


@pytest.mark.parametrize("record", ["{", '{"title": "from elsewhere"}'], ids=["half", "of another shape"])
def test_a_damaged_record_is_healed_by_cutting_again(workspace: Workspace, record: str):
    workspace.save_episode(EPISODE)
    workspace.labels().close()
    (workspace.episode_folder("pilot") / "episode.json").write_text(record)
    again = replace(EPISODE, cut_key="k2")
    workspace.save_episode(again)
    assert workspace.episode("pilot") == again


def test_a_record_of_another_shape_says_so(workspace: Workspace):
    write_json(workspace.episode_folder("pilot") / "episode.json", {"title": "from elsewhere"})
    with pytest.raises(StorageError, match="missing or damaged"):
        workspace.episode("pilot")
    with pytest.raises(StorageError, match="missing or damaged"):
        workspace.episodes()


def test_runs_the_newest_first(workspace: Workspace):
    for age, name in enumerate(["r2", "r1"]):
        write_json(workspace.run_folder(name) / "config.json", {})
        os.utime(workspace.run_folder(name) / "config.json", (1000 - age, 1000 - age))
    (workspace.root / "runs" / "half").mkdir()
    assert workspace.runs() == ["r2", "r1"]


def test_tables_of_the_current_cut(workspace: Workspace):
    workspace.save_episode(EPISODE)
    write_table(workspace.cut_folder(EPISODE) / "cues.parquet", pd.DataFrame({"cue_id": [1, 2]}))
    write_table(workspace.cut_folder(EPISODE) / "faces.parquet", pd.DataFrame({"face_id": ["f1"]}))
    assert workspace.cues(EPISODE)["cue_id"].tolist() == [1, 2]
    assert workspace.faces(EPISODE)["face_id"].tolist() == ["f1"]


def test_labels_live_in_the_workspace(workspace: Workspace):
    store = workspace.labels()
    store.add(HumanLabel("pilot", 1, 1, "joy"))
    store.close()
    assert (workspace.root / "labels.db").is_file()


def test_a_file_where_the_workspace_should_be(workspace: Workspace):
    workspace.root.write_text("a file")
    with pytest.raises(StorageError):
        workspace.labels()
    with pytest.raises(StorageError):
        workspace.save_episode(EPISODE)


def test_what_is_still_being_written_is_not_there_yet(workspace: Workspace):
    write_json(workspace.root / "runs" / ".r1.0a1b2c3d.tmp" / "config.json", {})
    write_json(workspace.root / "episodes" / ".pilot.0a1b2c3d.tmp" / "episode.json", EPISODE)
    assert workspace.runs() == []
    assert workspace.episodes() == []


def test_an_unknown_run_lists_the_known(workspace: Workspace):
    with pytest.raises(InputError, match="none yet"):
        workspace.run_config("r1")
    write_json(workspace.run_folder("r1") / "config.json", {"run_id": "r1"})
    assert workspace.run_config("r1") == {"run_id": "r1"}
    with pytest.raises(InputError, match="known runs: r1"):
        workspace.run_config("r2")


def test_a_run_keeps_its_own_cut(workspace: Workspace):
    workspace.save_episode(EPISODE)
    assert workspace.episode_of_run({"inputs": {"pilot": {"cut": "k0"}}}, "pilot") == replace(EPISODE, cut_key="k0")
    assert workspace.episode_of_run({}, "pilot") == EPISODE


def a_face(track: int, cue: int) -> dict[str, object]:
    box = dict(zip(("x1", "y1", "x2", "y2"), (10.0, 20.0, 50.0, 60.0), strict=True))
    return {"track_id": track, "cue_id": cue, "frame_ms": 1000 * cue, "detection_prob": 0.9, "role": "speaker", **box}


def test_words_are_pinned_before_another_cut_takes_their_numbers(workspace: Workspace):
    workspace.save_episode(EPISODE)
    write_table(workspace.cut_folder(EPISODE) / "faces.parquet", pd.DataFrame([a_face(1, 4), a_face(2, 5)]))
    other = replace(EPISODE, cut_key="k2")
    write_table(workspace.cut_folder(other) / "faces.parquet", pd.DataFrame([a_face(1, 5), a_face(2, 4)]))
    store = workspace.labels()
    store.add(HumanLabel("pilot", track_id=1, cue_id=4, label="joy"))
    workspace.save_episode(replace(EPISODE, duration_ms=1))
    assert store.history("pilot")["cut_key"].isna().all(), "the cut in use is the same"
    workspace.save_episode(other)
    row = store.history("pilot").iloc[0]
    assert (row["cut_key"], row["time_ms"], row["x1"], row["y2"]) == ("k1", 4000, 10, 60)
    store.close()


def test_a_cut_whose_files_are_gone_makes_room_for_another(workspace: Workspace):
    workspace.save_episode(EPISODE)
    store = workspace.labels()
    store.add(HumanLabel("pilot", track_id=1, cue_id=4, label="joy"))
    other = replace(EPISODE, cut_key="k2")
    write_table(workspace.cut_folder(other) / "faces.parquet", pd.DataFrame([a_face(1, 4)]))
    workspace.save_episode(other)
    row = store.history("pilot").iloc[0]
    assert row["cut_key"] == "k1" and pd.isna(row["time_ms"]), "it is no word on the other cut's face"
    write_table(workspace.cut_folder(EPISODE) / "faces.parquet", pd.DataFrame([a_face(1, 4)]))
    workspace.save_episode(EPISODE)
    workspace.pin_labels(EPISODE)
    assert store.history("pilot").iloc[0]["time_ms"] == 4000
    store.close()
