from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmemo.episode.alignment import rigid_change, shifted_change


@pytest.fixture
def texture() -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 255, (12, 14)).astype(np.uint8)
    return Image.fromarray(noise).resize((140, 120), Image.Resampling.BICUBIC)


def view(texture: Image.Image, x: float, y: float, zoom: float = 1.0) -> np.ndarray:
    box = (40 + x, 40 + y, 40 + x + 44 * zoom, 40 + y + 40 * zoom)
    return np.asarray(texture.resize((44, 40), Image.Resampling.BILINEAR, box=box), np.float32)


def test_a_shift_is_found_and_taken_out(texture: Image.Image) -> None:
    before, after = view(texture, 0, 0), view(texture, -2.4, 1.0)
    shift, change = shifted_change(before, after)
    assert shift == (-1, 2)
    assert change < 0.1 * np.abs(before - after).mean()


def test_a_change_of_light_is_no_motion(texture: Image.Image) -> None:
    before = view(texture, 0, 0)
    assert shifted_change(before, before + 20)[1] < 0.5
    assert rigid_change(before, before * 0.9 + 10) < 0.1 * rigid_change(before, before[::-1])


def test_a_camera_that_zooms_leaves_little_and_another_face_much(texture: Image.Image) -> None:
    before, zoomed = view(texture, 0, 0), view(texture, 1, -1, 1.06)
    other = before.copy()
    other[12:28, 12:32] = before[12:28, 12:32][::-1, ::-1]
    assert rigid_change(before, zoomed) < 0.15 * rigid_change(before, other)


def test_flat_patches_have_an_answer() -> None:
    flat = np.full((40, 44), 90, np.float32)
    assert shifted_change(flat, flat)[1] == pytest.approx(0, abs=1e-3)
    assert rigid_change(flat, flat) == pytest.approx(0, abs=1e-3)
