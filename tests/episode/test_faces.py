from __future__ import annotations

import os
import sys
from threading import get_native_id

import numpy as np
import pytest

from mmemo.episode.faces import (
    DetectorSettings,
    FaceDetector,
    _single_threaded_pool,
    crop_square,
    no_faces,
    sharpness,
)
from mmemo.errors import InputError


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    from mmemo.datasets.drawn import Actor, Shot, Timeline, frame_at

    return frame_at(Timeline([Shot(80, (Actor("Nora", "joy"),), view="cafe")]), 0)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(DetectorSettings(batch_size=2), threads=2)


def test_a_drawn_face_is_found_with_its_landmarks_in_order(detector: FaceDetector, face: np.ndarray) -> None:
    (found,) = detector.detect([face])
    assert len(found) == 1
    x1, y1, x2, y2 = found.boxes[0]
    left_eye, right_eye, nose, left_mouth, right_mouth = found.landmarks[0]
    assert found.probs[0] >= 0.9
    assert x1 < left_eye[0] < nose[0] < right_eye[0] < x2
    assert y1 < left_eye[1] < nose[1] < left_mouth[1] < y2
    assert left_mouth[0] < right_mouth[0]


def test_batches_of_mixed_sizes_keep_their_order(detector: FaceDetector, face: np.ndarray) -> None:
    blank = np.full((120, 200, 3), 90, np.uint8)
    tiny = np.zeros((8, 8, 3), np.uint8)
    counts = [len(found) for found in detector.detect([face, blank, face, face, face, tiny, blank])]
    assert counts == [1, 0, 1, 1, 1, 0, 0]
    assert detector.detect([]) == []


def test_boxes_of_a_reduced_frame_are_in_its_own_pixels(detector: FaceDetector, face: np.ndarray) -> None:
    large = np.repeat(np.repeat(face, 2, axis=0), 2, axis=1)
    (small_found,), (large_found,) = detector.detect([face]), detector.detect([large])
    assert large_found.boxes / 2 == pytest.approx(small_found.boxes, abs=12)


def test_the_workers_leave_the_number_of_threads_alone() -> None:
    import torch

    before = torch.get_num_threads()
    FaceDetector(threads=2)
    assert torch.get_num_threads() == before


def test_each_worker_uses_one_core_also_after_the_first_one_is_started() -> None:
    import torch

    pool = _single_threaded_pool(2)
    assert list(pool.map(lambda _: torch.get_num_threads(), range(4))) == [1] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no rank of their own")
def test_workers_rank_below_other_threads_and_leave_those_alone() -> None:
    before = os.getpriority(os.PRIO_PROCESS, get_native_id())
    pool = _single_threaded_pool(1)
    ranked = pool.submit(lambda: os.getpriority(os.PRIO_PROCESS, get_native_id())).result()
    assert ranked == min(before + 2, 19)
    assert os.getpriority(os.PRIO_PROCESS, get_native_id()) == before


def test_faces_at_the_edge_and_beyond_do_not_fail(detector: FaceDetector, face: np.ndarray) -> None:
    """The usual code fails as a whole when one candidate lies outside its frame."""
    half = face[:, : face.shape[1] // 2]
    for frame in (half, face[face.shape[0] // 2 :], np.flip(half, axis=1)):
        (found,) = detector.detect([np.ascontiguousarray(frame)])
        assert np.isfinite(found.boxes).all()


def test_the_crop_is_a_square_of_the_longer_edge() -> None:
    frame = np.arange(100 * 120 * 3, dtype=np.int64).reshape(100, 120, 3).astype(np.uint8)
    crop = crop_square(frame, np.array([20, 30, 40, 70], np.float32))
    assert np.array_equal(crop, frame[30:70, 10:50])


def test_a_crop_past_the_edge_repeats_it() -> None:
    frame = np.zeros((50, 50, 3), np.uint8)
    frame[:, 0] = 200
    crop = crop_square(frame, np.array([-10, 10, 20, 40], np.float32))
    assert crop.shape == (30, 30, 3)
    assert (crop[:, :11] == 200).all()
    assert (crop[:, 11:] == 0).all()
    assert crop_square(frame, np.array([90, 90, 90, 90], np.float32)).shape == (1, 1, 3)


def test_blur_lowers_sharpness(face: np.ndarray) -> None:
    from PIL import Image, ImageFilter

    blurred = np.asarray(Image.fromarray(face).filter(ImageFilter.GaussianBlur(6)))
    assert sharpness(blurred) < 0.5 * sharpness(face)
    assert sharpness(np.zeros((10, 10, 3), np.uint8)) == 0


def test_settings_check_themselves() -> None:
    for wrong in ({"min_face_px": 5}, {"max_width_px": 100}, {"min_prob": 0.0}, {"batch_size": 0}):
        with pytest.raises(InputError):
            DetectorSettings(**wrong)
    assert len(no_faces()) == 0


def test_wide_frames_are_reduced_by_a_whole_number_and_the_smallest_face_grows_with_them() -> None:
    seen: list[tuple[tuple[int, ...], float]] = []

    class Recorder:
        def detect(self, frames: list[np.ndarray], min_face_px: float) -> list[object]:
            seen.append((frames[0].shape[:2], min_face_px))
            nothing = no_faces()
            return [nothing for _ in frames]

    detector = FaceDetector(DetectorSettings(min_face_px=20, max_width_px=100))
    detector._cascade = Recorder()  # type: ignore[assignment]
    for size in ((60, 80), (90, 120), (135, 180), (150, 200), (450, 600)):
        detector.detect([np.zeros((*size, 3), np.uint8)])
    assert seen == [((60, 80), 20), ((90, 120), 24), ((135, 180), 36), ((75, 100), 20), ((113, 150), 30)]
