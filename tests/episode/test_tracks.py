from __future__ import annotations

import numpy as np
import pytest

from mmemo.episode.faces import Detections, no_faces
from mmemo.episode.tracks import link_faces, overlap, shot_numbers


def found(*lefts: float, size: float = 100.0) -> Detections:
    boxes = np.array([[x, 0, x + size, size] for x in lefts], np.float32).reshape(-1, 4)
    points = np.array([[[x + dx, dy] for dx, dy in [(30, 40), (70, 40), (50, 60), (35, 80), (65, 80)]] for x in lefts])
    return Detections(boxes, np.full(len(lefts), 0.99, np.float32), points.reshape(-1, 5, 2).astype(np.float32))


def test_overlap() -> None:
    a, b = found(0).boxes, found(50, 100, 0).boxes
    assert overlap(a, b) == pytest.approx(np.array([[1 / 3, 0, 1]]))
    assert overlap(a[:0], b).shape == (0, 3)


def test_two_people_keep_their_tracks_when_the_order_changes() -> None:
    tracks = link_faces([(0, found(0, 300)), (500, found(310, 10)), (1000, found(20))], [0, 0, 0])
    assert [[round(float(face.box[0])) for face in track.faces] for track in tracks] == [[0, 10, 20], [300, 310]]


def test_a_track_ends_at_a_cut_and_survives_a_gap() -> None:
    assert len(link_faces([(0, found(0)), (500, found(0))], [0, 1])) == 2
    assert len(link_faces([(0, found(0)), (500, no_faces()), (900, found(5))], [0, 0, 0])) == 1
    assert link_faces([], []) == []
    assert link_faces([(0, no_faces())], [0]) == []


def test_landmarks_between_two_detections() -> None:
    (track,) = link_faces([(1000, found(0)), (2000, found(40))], [0, 0])
    left_eye = [float(track.landmarks_at(t)[0, 0]) for t in (0, 1000, 1500, 2000, 9000)]
    assert left_eye == pytest.approx([30, 30, 50, 70, 70])


def test_cuts_are_seen_and_moves_are_not() -> None:
    rng = np.random.default_rng(0)
    kitchen, street = (
        np.kron(rng.integers(0, 255, (9, 16)), np.ones((20, 20))).astype(np.uint8) // np.uint8(k) for k in (1, 2)
    )
    moved = np.roll(kitchen, 3, axis=1)
    brighter = (kitchen * 0.9 + 20).astype(np.uint8)
    numbers = shot_numbers([kitchen, moved, brighter, street, street], max_histogram_change=0.06, min_likeness=0.7)
    assert numbers == [0, 0, 0, 1, 1]
    assert shot_numbers([], max_histogram_change=0.06, min_likeness=0.7) == []
