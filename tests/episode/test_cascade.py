from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmemo.episode.cascade import Cascade, _largest, _layer, _Room, _SummedAreas


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """Two drawn scenes with faces of several sizes, and noise, of which the cascade must make nothing."""
    from mmemo.datasets.drawn import Actor, Shot, Timeline, frame_at

    one = frame_at(Timeline([Shot(80, (Actor("Nora", "joy"),), view="cafe")]), 0)
    two = frame_at(Timeline([Shot(80, (Actor("Nora", "anger"), Actor("Theo", "fear")), view="cafe")]), 0)
    noise = np.random.default_rng(3).integers(0, 255, one.shape).astype(np.uint8)
    return [np.ascontiguousarray(frame) for frame in (one, two, noise)]


def reference(frame: np.ndarray, min_face_px: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from facenet_pytorch import MTCNN

    net = MTCNN(keep_all=True, min_face_size=min_face_px, post_process=False, select_largest=False).eval()
    boxes, probs, points = net.detect(frame, landmarks=True)
    if boxes is None:
        return np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2))
    return np.array(boxes, float), np.array(probs, float), np.array(points, float)


@pytest.mark.slow
@pytest.mark.parametrize("min_face_px", [24, 40])
def test_the_answers_are_those_of_facenet_pytorch(frames: list[np.ndarray], min_face_px: int) -> None:
    found = Cascade().detect(frames, min_face_px)
    assert sum(len(faces.boxes) for faces in found) >= 3
    for frame, faces in zip(frames, found, strict=True):
        boxes, probs, points = reference(frame, min_face_px)
        order = np.argsort(-probs, kind="stable")
        assert faces.boxes == pytest.approx(boxes[order], abs=0.05)
        assert faces.probs == pytest.approx(probs[order], abs=1e-4)
        assert faces.landmarks == pytest.approx(points[order], abs=0.05)


def test_frames_together_give_what_each_gives_alone(frames: list[np.ndarray]) -> None:
    cascade = Cascade()
    for frame, together in zip(frames, cascade.detect(frames, 40), strict=True):
        (alone,) = cascade.detect([frame], 40)
        assert alone.boxes == pytest.approx(together.boxes, abs=0.01)
        assert alone.landmarks == pytest.approx(together.landmarks, abs=0.01)


def test_areas_are_means_as_torch_takes_them() -> None:
    frame = np.random.default_rng(1).integers(0, 255, (61, 83, 3)).astype(np.uint8)
    picture = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
    tables = _SummedAreas([frame, frame[::-1]], _Room())
    expected = (F.interpolate(picture, size=(19, 30), mode="area") - 127.5) * 0.0078125
    assert torch.allclose(tables.level(19, 30)[:1], expected, atol=1e-5)
    # Boxes count from 1; one is cut at two edges and one is smaller than what it becomes.
    boxes = np.array([[11.9, 6.2, 40.7, 50.1], [-8, -3, 20, 25], [30, 30, 38.5, 38.5]], np.float32)
    crops = tables.crops(boxes, np.array([0, 0, 0]), 24)
    for crop, (top, bottom, left, right) in zip(
        crops, [(5, 50, 10, 40), (0, 25, 0, 20), (29, 38, 29, 38)], strict=True
    ):
        expected = (F.interpolate(picture[:, :, top:bottom, left:right], size=(24, 24), mode="area") - 127.5) / 128
        assert torch.allclose(crop[None], expected, atol=1e-5)


@pytest.mark.parametrize("white", [(255, 255, 255), (0, 255, 0), (255, 0, 255), (254, 1, 255)])
def test_sums_of_colours_that_share_a_number_may_pass_the_largest_one(white: tuple[int, int, int]) -> None:
    """Areas of more pixels than a colour has room for, too, as in the last levels of a large square frame."""
    tables = _SummedAreas([np.full((3000, 3000, 3), white, np.uint8)], _Room())
    expected = ((torch.tensor(white) - 127.5) / 128)[None, :, None, None].expand(1, 3, 24, 24)
    assert torch.allclose(tables.level(24, 24), expected, atol=1e-5)
    whole = tables.crops(np.array([[1, 1, 3000, 3000]], np.float32), np.array([0]), 24)
    assert torch.allclose(whole, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 10, 7, 5), (1, 16, 4, 4)])
def test_a_layer_is_convolution_and_leaky_activation(shape: tuple[int, int, int, int]) -> None:
    count, colours, height, width = shape
    net = {
        "conv1.weight": torch.randn(colours, 3, 3, 3),
        "conv1.bias": torch.randn(colours),
        "prelu1.weight": torch.randn(colours),
    }
    x = torch.randn(count, 3, height, width).contiguous(memory_format=torch.channels_last)
    expected = F.prelu(F.conv2d(x, net["conv1.weight"], net["conv1.bias"]), net["prelu1.weight"])
    assert torch.equal(_layer(net, "1", x), expected)


@pytest.mark.parametrize("window", [2, 3])
@pytest.mark.parametrize("size", [(9, 12), (10, 11), (24, 24), (3, 4), (5, 3)])
def test_maxima_are_those_of_torch(window: int, size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size) - 2
    assert torch.equal(_largest(x, window), F.max_pool2d(x, window, 2, ceil_mode=True))


def test_a_frame_smaller_than_every_face_has_none() -> None:
    (found,) = Cascade().detect([np.zeros((16, 20, 3), np.uint8)], 40)
    assert (len(found.boxes), found.landmarks.shape) == (0, (0, 5, 2))
