"""From crops to input: values, sizes, grey, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mmemo.errors import InputError
from mmemo.student.backbones import Preprocessing

PLAIN = Preprocessing(8, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
GREY = Preprocessing(112, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), grey=True)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_no_crop_gives_an_empty_batch():
    assert GREY([]).shape == (0, 3, 112, 112)


def test_crops_of_all_sizes_become_one_batch():
    batch = PLAIN([noise(1, 1), noise(5, 9), noise(300, 300)])
    assert batch.shape == (3, 3, 8, 8)
    assert batch.dtype == torch.float32
    assert float(batch.min()) >= 0 and float(batch.max()) <= 1


@pytest.mark.parametrize("value", [0, 64, 255])
def test_a_plain_crop_keeps_its_value(value: int):
    batch = GREY([np.full((50, 50, 3), value, np.uint8)])
    np.testing.assert_allclose(batch.numpy(), (value / 255 - 0.5) / 0.25, atol=1e-5)


def test_mean_and_spread_belong_to_their_channel():
    colours = Preprocessing(4, (0.1, 0.2, 0.3), (0.5, 0.25, 0.125))
    batch = colours([np.full((4, 4, 3), (255, 51, 0), np.uint8)])
    np.testing.assert_allclose(batch[0, :, 0, 0].numpy(), [(1 - 0.1) / 0.5, 0.0, -0.3 / 0.125], atol=1e-5)


def test_grey_is_the_luma_in_all_channels():
    batch = GREY([np.full((20, 20, 3), (255, 0, 0), np.uint8)])
    np.testing.assert_allclose(batch.numpy(), (0.299 - 0.5) / 0.25, atol=1e-5)


@pytest.mark.parametrize("side_px", [48, 112, 347])
def test_the_resize_is_antialiased_bilinear(side_px: int):
    crop = noise(side_px, side_px)
    luma = (crop.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)) / 255
    expected = np.asarray(Image.fromarray(luma).resize((112, 112), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(GREY([crop])[0, 0].numpy() * 0.25 + 0.5, expected, atol=1e-4)


def test_a_mirrored_crop_gives_the_mirrored_input():
    crop = noise(77, 77)
    np.testing.assert_allclose(GREY([crop[:, ::-1]]).numpy(), GREY([crop]).flip(3).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    "crop",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
    ],
)
def test_what_is_no_crop_is_refused(crop: np.ndarray):
    with pytest.raises(InputError, match="uint8, RGB"):
        PLAIN([crop])
