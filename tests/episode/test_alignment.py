from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmemo.episode.alignment import (
    BORDER_PX,
    aligned,
    main_changes,
    rigid_change,
    shifted_change,
    weighted_changes,
)


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


def test_a_change_counts_where_the_weights_are(texture: Image.Image) -> None:
    before = view(texture, 0, 0)
    after = view(texture, -1.4, 0.6) + 5
    after[:20] += np.float32(30) * np.random.default_rng(0).random((20, 44), np.float32)
    inner = np.zeros((40 - 2 * BORDER_PX, 44 - 2 * BORDER_PX), np.float32)
    above, below = inner.copy(), inner.copy()
    above[:12], below[22:] = 1 / above[:12].size, 1 / below[22:].size
    shift = np.array([[-1, 1]])
    changed = [float(weighted_changes(before[None], after[None], shift, w)[0]) for w in (above, below)]
    assert changed[0] > 5 * changed[1]


def test_what_opens_and_closes_is_the_main_change_and_a_swaying_head_is_none(texture: Image.Image) -> None:
    opened = np.array([0, 1, 0, 2, 1, 0, 2, 0], np.float64)
    patches = np.stack([view(texture, 0.4 * np.sin(i), 0.3 * np.cos(i)) for i in range(8)])
    flat = np.full(patches.shape[1:], 1 / patches[0].size, np.float32)
    swaying = main_changes(patches, flat, 2)
    for patch, how_far in zip(patches, opened, strict=True):
        patch[18:24, 16:28] -= 20 * how_far
    opening = main_changes(patches, flat, 2)
    assert opening.shape == (8, 2)
    np.testing.assert_allclose(opening.mean(axis=0), 0, atol=1e-6)
    assert abs(np.corrcoef(opening[:, 0], opened)[0, 1]) > 0.95
    assert opening[:, 0].std() > 3 * swaying[:, 0].std()


def test_fewer_patches_than_changes_are_filled_up() -> None:
    same = np.full((2, 20, 20), 90, np.float32)
    found = main_changes(same, np.full((20, 20), 1 / 400, np.float32), 3)
    assert found.shape == (2, 3) and np.abs(found).max() < 1e-3


def test_patches_are_cut_at_their_shifts() -> None:
    patch = np.arange(30 * 30, dtype=np.float32).reshape(1, 30, 30)
    cut = aligned(patch, np.array([[1, -2]]))
    assert cut.shape == (1, 30 - 2 * BORDER_PX, 30 - 2 * BORDER_PX)
    assert cut[0, 0, 0] == patch[0, BORDER_PX + 1, BORDER_PX - 2]
