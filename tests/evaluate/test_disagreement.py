from __future__ import annotations

import numpy as np
import pytest

from mmemo.evaluate.disagreement import disagreement, largest_disagreements

EYE = np.eye(7)


def test_distance_runs_from_0_to_1() -> None:
    mixed = 0.5 * (EYE[:1] + EYE[1:2])
    assert disagreement(EYE[[0, 0]], EYE[[0, 1]]).tolist() == [0.0, 1.0]
    assert disagreement(EYE[:1], mixed) == pytest.approx([0.5])


def test_one_face_a_track_largest_first() -> None:
    strength = np.array([0.2, 0.9, 0.8, 0.5])[:, None]
    second = (1 - strength) * EYE[0] + strength * EYE[1]
    tracks = np.array(["a", "b", "b", "c"])
    assert largest_disagreements(EYE[[0] * 4], second, tracks) == [1, 3, 0]
    assert largest_disagreements(EYE[[0] * 4], second, tracks, limit=2) == [1, 3]


def test_no_faces() -> None:
    none = np.empty((0, 7))
    assert largest_disagreements(none, none, np.empty(0)) == []


def test_different_faces_are_a_bug() -> None:
    with pytest.raises(AssertionError):
        disagreement(EYE, EYE[:2])
