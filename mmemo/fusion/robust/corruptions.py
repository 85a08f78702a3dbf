"""Damage that pictures suffer without anybody's intent, in five strengths each.

After Hendrycks and Dietterich 2019 (ImageNet-C): the kinds are of their list, with occlusion added; the strengths are
chosen for faces of about 100 pixels, before any system was judged on them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageFilter

from mmemo.errors import InputError

STRENGTHS = (1, 2, 3, 4, 5)
_QUALITY = (60, 40, 25, 15, 8)  # of JPEG
_BLUR = (0.007, 0.014, 0.021, 0.028, 0.042)  # standard deviation, share of the side
_NOISE = (0.04, 0.08, 0.12, 0.18, 0.26)  # standard deviation, share of white
_HIDDEN = (0.05, 0.1, 0.2, 0.3, 0.4)  # share of the area
_BRIGHTER = (0.1, 0.2, 0.3, 0.4, 0.5)  # share of white; up or down, drawn

Corruption = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def jpeg(picture: np.ndarray, strength: int, draw: np.random.Generator) -> np.ndarray:
    """Kept as JPEG of quality 60 to 8."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=_QUALITY[strength - 1])
    return np.asarray(Image.open(stream).convert("RGB"))


def blur(picture: np.ndarray, strength: int, draw: np.random.Generator) -> np.ndarray:
    """Gaussian blur of 0.7 to 4.2 % of the side."""
    radius = _BLUR[strength - 1] * picture.shape[0]
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def noise(picture: np.ndarray, strength: int, draw: np.random.Generator) -> np.ndarray:
    """Normal noise, drawn for each pixel and colour."""
    return _bytes(picture + draw.normal(0, 255 * _NOISE[strength - 1], picture.shape))


def occlusion(picture: np.ndarray, strength: int, draw: np.random.Generator) -> np.ndarray:
    """A grey square of 5 to 40 % of the area at a drawn place."""
    side = round(picture.shape[0] * _HIDDEN[strength - 1] ** 0.5)
    top, left = draw.integers(0, picture.shape[0] - side + 1, 2)
    hidden = picture.copy()
    hidden[top : top + side, left : left + side] = 128
    return hidden


def brightness(picture: np.ndarray, strength: int, draw: np.random.Generator) -> np.ndarray:
    """Brighter or darker by 10 to 50 % of white, by equal chance."""
    return _bytes(picture + 255.0 * _BRIGHTER[strength - 1] * (1 if draw.random() < 0.5 else -1))


CORRUPTIONS: Mapping[str, Corruption] = {
    "jpeg": jpeg,
    "blur": blur,
    "noise": noise,
    "occlusion": occlusion,
    "brightness": brightness,
}


def corrupted(pictures: np.ndarray, name: str, strength: int, seed: int = 0) -> np.ndarray:
    """(N, S, S, 3) uint8 squares -> the same, damaged; the seed draws noise and places. N may be 0."""
    if name not in CORRUPTIONS or strength not in STRENGTHS:
        raise InputError(
            f"there is no corruption {name} of strength {strength}",
            hint=f"choose one of {', '.join(CORRUPTIONS)} and a strength from 1 to 5",
        )
    draw = np.random.default_rng([seed, list(CORRUPTIONS).index(name), strength])
    return np.array([CORRUPTIONS[name](one, strength, draw) for one in pictures], np.uint8).reshape(pictures.shape)


def damaged_anyhow(pictures: np.ndarray, seed: int = 0) -> np.ndarray:
    """(N, S, S, 3) uint8 -> the same, each with a drawn kind of damage in a drawn strength: to train against it."""
    draw = np.random.default_rng([seed, 99])
    kinds = list(CORRUPTIONS.values())
    chosen = [(kinds[int(draw.integers(len(kinds)))], int(draw.integers(1, 6))) for _ in pictures]
    damaged = [kind(one, strength, draw) for one, (kind, strength) in zip(pictures, chosen, strict=True)]
    return np.array(damaged, np.uint8).reshape(pictures.shape)


def _bytes(values: np.ndarray) -> np.ndarray:
    clipped: np.ndarray = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return clipped
