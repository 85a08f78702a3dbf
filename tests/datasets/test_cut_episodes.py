"""An episode that was cut, read as a dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmemo.datasets.cut_episodes import episodes_of, workspace_set
from mmemo.datasets.paired import FACE
from mmemo.errors import InputError
from mmemo.store.files import write_table
from mmemo.store.tables import CUE_COLUMNS, FACE_COLUMNS
from mmemo.store.workspace import Episode, Workspace
from tests.datasets.test_sources import save_picture


def save(root: Path) -> Workspace:
    workspace = Workspace(root)
    episode = Episode("ep", "v.mp4", "v.srt", "0", "0", 9000, "k1")
    workspace.save_episode(episode)
    folder = workspace.cut_folder(episode)
    cues = pd.DataFrame(
        [{"cue_id": i, "start_ms": i * 1000, "end_ms": i * 1000 + 900, "text": f"Line {i}."} for i in (1, 2, 3)],
        columns=list(CUE_COLUMNS),
    )
    faces = []
    for track, cue, shot, role in (
        (1, 1, 1, "speaker"),
        (2, 1, 1, "listener"),
        (3, 2, 1, "speaker"),
        (4, 3, 2, "speaker"),
    ):
        for frame in (1, 0):
            crop = f"crops/{track}-{frame}.png"
            save_picture(folder / crop, 50 * track + frame)
            faces.append({"face_id": f"{track}-{frame}", "cue_id": cue, "track_id": track, "shot_id": shot})
            faces[-1] |= {"frame_ms": frame * 100, "role": role, "crop": crop}
            faces[-1] |= {"x1": 50.0 * track, "y1": 0.0, "x2": 50.0 * track + 40, "y2": 40.0}
    write_table(folder / "cues.parquet", cues.astype({"start_ms": np.int64, "end_ms": np.int64}))
    write_table(folder / "faces.parquet", pd.DataFrame(faces, columns=list(FACE_COLUMNS)))
    return workspace


def test_without_labels_every_speaker_is_there(tmp_path: Path):
    save(tmp_path)
    found = workspace_set(tmp_path, "ep")
    assert found.ids == ("ep/track 1", "ep/track 3", "ep/track 4")
    assert found.labels is None
    assert found.groups == ("ep/shot 1", "ep/shot 1", "ep/shot 2")
    assert found.texts == ("Line 1.", "Line 2.", "Line 3.")
    assert found.contexts == ("", "Line 1.", "Line 1. Line 2.")
    assert [int(p[0, 0, 0]) for p in found.pictures[FACE][0]] == [50, 51]
    assert episodes_of(tmp_path) == ("ep",)
    assert episodes_of(tmp_path / "none") == ()


def test_labels_scenes_and_rejected_pictures_are_given(tmp_path: Path):
    save(tmp_path)
    given = workspace_set(tmp_path, "ep", {3: "joy", 4: "fear", 9: "joy"}, {1: 0, 2: 1, 3: 1}, ["3-0"])
    assert (given.ids, given.labels.tolist()) == (("ep/track 3", "ep/track 4"), [1, 5])
    assert given.groups == ("ep/scene 1", "ep/scene 1")
    assert [int(p[0, 0, 0]) for p in given.pictures[FACE][0]] == [151]
    assert [str(problem) for problem in given.problems] == ["tracks without a label: 1 (1)"]


def test_rejected_tracks_are_left_out_also_without_labels(tmp_path: Path):
    save(tmp_path)
    found = workspace_set(tmp_path, "ep", {3: "reject"}, rejected=["4-0", "4-1"])
    assert (found.ids, found.labels) == (("ep/track 1",), None)
    assert [str(problem) for problem in found.problems] == ["tracks that people rejected: 2 (4, 3)"]
    assert len(workspace_set(tmp_path, "ep", {1: "reject", 3: "reject", 4: "reject"})) == 0


def test_no_such_episode(tmp_path: Path):
    with pytest.raises(InputError, match="no episode"):
        workspace_set(tmp_path, "ep")
