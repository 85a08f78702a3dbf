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


def test_a_word_counts_where_track_and_cue_fit(workspace: Workspace):
    store = workspace.labels()
    store.add(HumanLabel("pilot", track_id=1, cue_id=4, label="joy"))
    store.add(HumanLabel("pilot", track_id=2, cue_id=5, label="fear"))
    store.close()
    tracks = pd.DataFrame({"track_id": [2, 1, 1], "cue_id": [5, 5, 4]}, index=[7, 8, 9])
    said = workspace.human_labels("pilot", tracks)
    assert said.to_dict() == {7: "fear", 8: None, 9: "joy"}
    assert len(workspace.human_labels("pilot", tracks[:0])) == 0
