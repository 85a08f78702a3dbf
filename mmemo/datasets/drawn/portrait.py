"""A character with a pose becomes a picture; the still layers are painted once and kept."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from mmemo.datasets.drawn.brush import Brush, Colour, shade
from mmemo.datasets.drawn.characters import Character
from mmemo.datasets.drawn.expressions import expression
from mmemo.datasets.drawn.features import Pose, paint_features
from mmemo.datasets.drawn.hair import paint_back_hair, paint_front_hair, paint_hair_from_behind
from mmemo.datasets.drawn.head import CANVAS_PX, ORIGIN_PX, UNIT_PX, paint_body, paint_head
from mmemo.errors import InputError

_JAW_STEPS = 8  # the outline of the chin moves in this many steps, each under a pixel on screen
_PLAIN: Colour = (92, 104, 116)


def portrait(character: Character, pose: Pose) -> Image.Image:
    """RGBA picture of head and shoulders, CANVAS_PX in size with the face's origin at ORIGIN_PX."""
    behind, opaque = _behind(character, round(pose.jaw * _JAW_STEPS))
    picture = behind.copy()
    paint_features(Brush(picture, UNIT_PX, ORIGIN_PX), character, pose)
    hair, where, alpha = _before(character)
    picture.paste(hair, where, hair)
    picture.putalpha(ImageChops.lighter(opaque, alpha))
    return picture


def seen_from_behind(character: Character) -> Image.Image:
    """RGBA picture of a character's back of the head and shoulders."""
    picture = _empty()
    paint_body(picture, character)
    brush = Brush(picture, UNIT_PX, ORIGIN_PX)
    brush.polygon([(-0.72, 1.52), (0.0, 1.62), (0.72, 1.52), (0.5, 2.2), (0.0, 2.7), (-0.5, 2.2)], character.clothes)
    brush.stroke([(-0.7, 1.55), (0.0, 1.68), (0.7, 1.55)], 0.12, shade(character.clothes, 1.12), 1.0, 0.01, 0.2)
    for side in (-1, 1):
        brush.ellipse(side * 0.97 * character.width, 0.08, 0.12, 0.27, shade(character.skin, 0.85), 1.0, 0.01)
    brush.ellipse(0, -0.12, 0.96 * character.width, 1.18, shade(character.skin, 0.95), 1.0, 0.02)
    brush.ellipse(-0.3, -0.7, 0.4, 0.3, shade(character.skin, 1.3), 0.5, 0.15)
    paint_hair_from_behind(brush, character)
    return picture


def place(
    picture: Image.Image, size_px: tuple[int, int], at_px: tuple[float, float], unit_px: float, tilt_deg: float
) -> Image.Image:
    """Scale, tilt and move a portrait onto an empty RGBA picture of `size_px`.

    The face's origin comes to `at_px`, one face unit becomes `unit_px` pixels.
    """
    # A whole-number reduction is quick and free of aliasing; the affine map does the rest.
    factor = max(1, int(1.15 * UNIT_PX / unit_px))
    small = picture.reduce(factor)
    zoom = UNIT_PX / factor / unit_px
    cos, sin = (float(f(np.radians(tilt_deg))) * zoom for f in (np.cos, np.sin))
    x, y = at_px
    ox, oy = ORIGIN_PX[0] / factor, ORIGIN_PX[1] / factor
    inverse = (cos, sin, ox - cos * x - sin * y, -sin, cos, oy + sin * x - cos * y)
    return small.transform(size_px, Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC)


def draw_face(
    character: Character,
    label: str,
    intensity: float,
    rng: np.random.Generator,
    size_px: int,
    mouth_open: float = 0.0,
) -> np.ndarray:
    """Draw one frontal face with an Ekman-7 expression: (size_px, size_px, 3) uint8 RGB.

    `intensity` and `mouth_open` (by speech) lie in 0 to 1; `rng` decides the variant, tilt and grain.
    The face's width is about half of the picture's.
    """
    if size_px < 32:
        raise InputError(f"a face of {size_px} px is too small to draw", hint="ask for at least 32 px")
    pose = Pose(
        expression(label, intensity, rng),
        talk=mouth_open,
        yaw=float(rng.uniform(-1, 1)),
        pitch=float(rng.uniform(-1, 1)),
    )
    unit_px = size_px / 3.9
    ground = Image.new("RGBA", (size_px, size_px), (*_PLAIN, 255))
    layer = place(
        portrait(character, pose), ground.size, (size_px / 2, size_px * 0.5), unit_px, float(rng.normal(0, 3))
    )
    ground.alpha_composite(layer)
    return finish(ground, rng)


def finish(picture: Image.Image, rng: np.random.Generator, blur_px: float = 0.5, grain: float = 2.5) -> np.ndarray:
    """(H, W, 3) uint8 RGB with a slight blur and film grain (standard deviation in grey levels)."""
    soft = np.asarray(picture.convert("RGB").filter(ImageFilter.GaussianBlur(blur_px)), np.float32)
    noise = rng.normal(0.0, grain, soft.shape[:2]).astype(np.float32)
    pixels: np.ndarray = np.clip(soft + noise[..., None], 0, 255).astype(np.uint8)
    return pixels


@lru_cache(maxsize=80)
def _behind(character: Character, jaw_step: int) -> tuple[Image.Image, Image.Image]:
    """What the features are painted on, as RGB, which paints faster, and its alpha."""
    picture = _body(character).copy()
    paint_head(picture, character, jaw_step / _JAW_STEPS)
    alpha = picture.getchannel("A")
    # Hair will be painted past the edge of this layer; its soft border must not mix with black there.
    ground = Image.new("RGB", CANVAS_PX, shade(character.hair, 0.8))
    ground.paste(picture.convert("RGB"), mask=alpha.point(lambda value: 255 if value else 0))
    return ground, alpha


@lru_cache(maxsize=16)
def _body(character: Character) -> Image.Image:
    picture = _empty()
    paint_back_hair(Brush(picture, UNIT_PX, ORIGIN_PX), character)
    paint_body(picture, character)
    return picture


@lru_cache(maxsize=16)
def _before(character: Character) -> tuple[Image.Image, tuple[int, int], Image.Image]:
    """What falls before the face, cut to its box, where that lies, and its alpha on the whole canvas."""
    picture = _empty()
    paint_front_hair(Brush(picture, UNIT_PX, ORIGIN_PX), character)
    box = picture.getbbox() or (0, 0, 1, 1)
    return picture.crop(box), (box[0], box[1]), picture.getchannel("A")


def _empty() -> Image.Image:
    return Image.new("RGBA", CANVAS_PX, (0, 0, 0, 0))
