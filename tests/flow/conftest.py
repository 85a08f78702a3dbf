"""A cut and labelled episode of drawn faces, made once; every test gets a copy of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mmemo.flow.teacher.label import LabelSettings, label_episode
from mmemo.progress import run
from mmemo.store.files import write_table
from mmemo.store.workspace import Workspace
from tests.ui.made import EPISODE_ID, ready_workspace


@pytest.fixture(scope="session")
def _labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = ready_workspace(tmp_path_factory.mktemp("made") / "workspace", tracks=40)
    shutil.rmtree(workspace.root / "runs")
    shutil.rmtree(workspace.root / "reports")
    run(label_episode(workspace, workspace.episode(EPISODE_ID), LabelSettings()))
    return workspace.root


@pytest.fixture
def labelled(_labelled: Path, tmp_path: Path) -> Workspace:
    """A workspace with one episode of 40 face tracks that was cut and labelled, and no run."""
    shutil.copytree(_labelled, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def write_gold(path: Path, workspace: Workspace, labels: dict[int, str]) -> Path:
    """A gold CSV that gives each named cue its emotion."""
    cues = workspace.cues(workspace.episode(EPISODE_ID)).set_index("cue_id")
    rows = [f"{c},{cues.loc[c, 'start_ms']},{cues.loc[c, 'end_ms']},{e}" for c, e in labels.items()]
    path.write_text("\n".join(["cue,start_ms,end_ms,emotion", *rows]) + "\n")
    return path


def cut_again(workspace: Workspace, without: int | None = None) -> None:
    """Another cut of the same episode: the same faces, but every track has another number, and one track is missed."""
    episode = workspace.episode(EPISODE_ID)
    other = replace(episode, cut_key="again")
    shutil.copytree(workspace.cut_folder(episode), workspace.cut_folder(other))
    faces = workspace.faces(episode)
    faces = faces[faces["track_id"] != without].reset_index(drop=True)
    faces["track_id"] = faces["track_id"].max() + 1 - faces["track_id"]
    write_table(workspace.cut_folder(other) / "faces.parquet", faces)
    workspace.save_episode(other)
