"""What a student learns from: only faces that can be read, each track once, its better faces more."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.flow.review.tracks import review_table
from mmemo.flow.student.face_opinions import face_features, training_faces
from mmemo.flow.student.material import Material, gather
from mmemo.flow.teacher.label import LabelSettings
from mmemo.progress import run
from mmemo.store.files import write_table
from mmemo.store.labels import FRAME, REJECT, SKIP, TRACK, FacePin, HumanLabel
from mmemo.store.workspace import Workspace
from mmemo.student.baseline import load_baseline
from tests.ui.made import EPISODE_ID


def judged(workspace: Workspace, quality: np.ndarray) -> pd.DataFrame:
    """Write the quality of every face into the cut; gives the faces."""
    episode = workspace.episode(EPISODE_ID)
    faces = workspace.faces(episode).assign(quality=quality.astype(np.float32))
    write_table(Path(workspace.cut_folder(episode)) / "faces.parquet", faces)
    return faces


def gathered(workspace: Workspace) -> Material:
    return run(gather(workspace, [workspace.episode(EPISODE_ID)], LabelSettings(), "auto", load_baseline()))


def test_faces_below_a_threshold_teach_nothing(labelled: Workspace) -> None:
    episode = labelled.episode(EPISODE_ID)
    before = training_faces(labelled, episode)
    quality = np.ones(len(labelled.faces(episode)))
    quality[::3] = 0.0
    faces = judged(labelled, quality)
    after = training_faces(labelled, episode)
    poor = set(faces.loc[faces["quality"] == 0, "face_id"])
    assert set(after["face_id"]) == set(before["face_id"]) - poor
    assert set(gathered(labelled).faces["face_id"]) == set(after["face_id"])


def test_faces_that_were_never_measured_count_alike(labelled: Workspace) -> None:
    episode = labelled.episode(EPISODE_ID)
    judged(labelled, np.ones(len(labelled.faces(episode))))
    measured = gathered(labelled)
    faces = labelled.faces(episode).drop(columns="quality")
    write_table(labelled.cut_folder(episode) / "faces.parquet", faces)
    material = gathered(labelled)
    assert material.faces.equals(measured.faces)
    np.testing.assert_array_equal(material.training.face_shares(), measured.training.face_shares())
    assert len(review_table(labelled, EPISODE_ID, None)) == len(material.tracks)


def test_the_opinion_on_a_track_is_that_of_its_better_faces(labelled: Workspace) -> None:
    episode = labelled.episode(EPISODE_ID)
    faces = labelled.faces(episode)
    within = faces.groupby("track_id").cumcount().to_numpy()
    judged(labelled, np.where(within == 0, 1.0, 0.5))
    material = gathered(labelled)
    baseline = load_baseline()
    read = run(face_features(labelled, episode, baseline.backbone))
    votes = pd.DataFrame(baseline.probs_from_features(read.features), index=pd.Index(read.face_ids))
    for row in (0, len(material.tracks) - 1):
        ids = material.faces["face_id"][material.training.item_of_face == row]
        weights = np.where(np.arange(len(ids)) == 0, 1.0, 0.5)
        expected = np.average(votes.loc[ids].to_numpy(), axis=0, weights=weights)
        np.testing.assert_allclose(material.training.opinions.image[row], expected, atol=1e-5)
        shares = material.training.face_shares()[material.training.item_of_face == row]
        np.testing.assert_allclose(shares, weights / weights.sum())


def test_no_face_that_can_be_read(labelled: Workspace) -> None:
    judged(labelled, np.zeros(len(labelled.faces(labelled.episode(EPISODE_ID)))))
    with pytest.raises(InputError, match="no face to learn from"):
        gathered(labelled)


def test_a_rejected_picture_and_a_rejected_face_teach_nothing_and_a_skip_changes_nothing(labelled: Workspace) -> None:
    episode = labelled.episode(EPISODE_ID)
    before = gathered(labelled)
    faces = training_faces(labelled, episode)
    one, other = faces.iloc[0], faces[faces["track_id"] != faces["track_id"].iloc[0]].iloc[0]
    with closing(labelled.labels()) as store:
        for face, label, scope in ((one, REJECT, FRAME), (other, REJECT, TRACK), (other, SKIP, TRACK)):
            pin = FacePin(episode.cut_key, int(face["frame_ms"]), *map(float, face[["x1", "y1", "x2", "y2"]]))
            store.add(HumanLabel(EPISODE_ID, int(face["track_id"]), int(face["cue_id"]), label, pin=pin, scope=scope))
    gone = {one["face_id"], *faces.loc[faces["track_id"] == other["track_id"], "face_id"]}
    assert set(gathered(labelled).faces["face_id"]) == set(before.faces["face_id"]) - gone
