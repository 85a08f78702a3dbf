"""The still parts of a character: shoulders, neck, ears and the shaded head."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mmemo.datasets.drawn.brush import Brush, Colour, Points, ellipse, lerp, mirrored, shade, spline
from mmemo.datasets.drawn.characters import Character

# Face units: the head is 2 wide, x points right, y down, (0, 0) lies between the lower lids.
UNIT_PX = 150
CANVAS_PX = (720, 980)
ORIGIN_PX = (360.0, 366.0)
_LIGHT = np.array([-0.42, -0.48, 0.77])  # from the upper left, towards the viewer
JAW_DROP = 0.16  # units that the chin sinks when the mouth is wide open


def head_outline(character: Character, jaw: float = 0.0) -> np.ndarray:
    """(N, 2) outline of the head; jaw 0 (closed) to 1 (wide open)."""
    w, j, c = character.width, character.jaw, character.chin
    drop = JAW_DROP * jaw
    right = [
        (0.0, -1.36), (0.48 * w, -1.26), (0.83 * w, -0.93), (0.98 * w, -0.4), (0.965 * w, 0.1),
        (0.87 * w * (0.4 + 0.6 * j), 0.58 + 0.3 * drop), (0.64 * j, 0.98 + 0.8 * drop),
        (0.33 * j, 1.24 * c + drop), (0.0, 1.31 * c + drop),
    ]  # fmt: skip
    return spline(mirrored(right), closed=True)


def paint_body(picture: Image.Image, character: Character) -> None:
    """Paint shoulders, clothes and neck."""
    cloth, skin = character.clothes, character.skin
    neck_width = 0.5 + 0.16 * (character.jaw - 0.9) / 0.2
    collar = 0.18 if character.pitch_hz > 170 else 0.0
    shoulders = mirrored(
        [(0.0, 1.5), (neck_width, 1.62), (1.2, 1.98), (1.85, 2.3), (2.14, 2.9), (2.3, 4.2), (0.0, 4.2)]
    )
    _paint_round(picture, shoulders, cloth, (0.0, 3.2), (2.6, 2.1))
    brush = Brush(picture, UNIT_PX, ORIGIN_PX)
    for side in (-1, 1):
        brush.stroke([(side * 1.5, 2.6), (side * 1.42, 3.2), (side * 1.5, 4.1)], 0.05, shade(cloth, 0.6), 0.5, 0.03)
    opening = mirrored([(0.0, 1.3), (neck_width + 0.03, 1.5), (neck_width * 0.8, 1.85), (0.0, 2.15 + collar * 2)])
    _paint_round(picture, spline(opening, closed=True), skin, (-0.1, 1.7), (0.9, 1.1), dim=0.86)
    neck = mirrored([(0.0, 0.6), (neck_width, 0.7), (neck_width * 0.95, 1.4), (neck_width + 0.06, 1.68), (0.0, 1.95)])
    _paint_round(picture, spline(neck, closed=True), skin, (-0.1, 1.2), (0.75, 1.6), dim=0.86)
    brush.inside(spline(neck, closed=True)).ellipse(0.05, 1.36, neck_width * 1.0, 0.3, shade(skin, 0.55), 0.6, 0.1)
    edge = [(-neck_width - 0.08, 1.6), (-neck_width * 0.7, 1.95), (0.0, 2.18 + collar * 2)]
    for side in (-1, 1):
        points = [(side * x, y) for x, y in edge]
        brush.stroke(points, 0.13, shade(cloth, 1.12), 1.0, 0.008, 0.2)
        brush.stroke([(x, y + 0.09) for x, y in points], 0.05, shade(cloth, 0.55), 0.6, 0.03, 0.2)


def paint_head(picture: Image.Image, character: Character, jaw: float) -> None:
    """Paint ears and the shaded head, still without eyes, nose and mouth."""
    brush = Brush(picture, UNIT_PX, ORIGIN_PX)
    skin = character.skin
    for side in (-1, 1):
        x = side * 0.985 * character.width
        _paint_round(picture, ellipse(x, 0.08, 0.15, 0.29), skin, (x - 0.05, 0.0), (0.24, 0.4), dim=0.93)
        brush.stroke(
            [(x + side * 0.03, -0.1), (x + side * 0.07, 0.05), (x + side * 0.01, 0.2)],
            0.05,
            shade(skin, 0.62),
            0.6,
            0.02,
        )
        if character.earrings:
            brush.ellipse(x, 0.42, 0.055, 0.075, (226, 184, 84), 1.0, 0.006)
            brush.ellipse(x - 0.015, 0.4, 0.02, 0.025, (255, 244, 200), 0.9, 0.006)
    outline = head_outline(character, jaw)
    _paint_round(picture, outline, skin, (0.0, -0.05), (1.13, 1.52))
    _shade_face(brush.inside(outline), character, JAW_DROP * jaw)
    if character.beard:
        _paint_beard(brush, character, JAW_DROP * jaw)


def _shade_face(brush: Brush, character: Character, drop: float) -> None:
    skin = character.skin
    dark, light = shade(skin, 0.62), lerp(skin, (255, 240, 220), 0.5)
    blush = lerp(skin, (214, 84, 78), 0.42)
    brush.ellipse(-0.2, -0.82, 0.46, 0.24, light, 0.38, 0.15)
    for side in (-1, 1):
        brush.ellipse(side * 0.41, -0.13, 0.33, 0.2, dark, 0.30, 0.09)
        brush.ellipse(side * 0.56, 0.4, 0.25, 0.18, blush, 0.4, 0.11)
        brush.ellipse(side * 0.55 - 0.05, 0.24, 0.2, 0.08, light, 0.34, 0.07)
        brush.ellipse(side * 0.95, -0.62, 0.14, 0.4, dark, 0.28, 0.09)
        brush.ellipse(side * 0.72, 0.8 + drop * 0.5, 0.2, 0.32, dark, 0.2, 0.1)
    brush.ellipse(0.0, 0.99 + drop, 0.26, 0.05, dark, 0.4, 0.045)
    brush.ellipse(-0.03, 1.13 + drop, 0.17, 0.1, light, 0.3, 0.06)
    brush.ellipse(0.0, 0.565, 0.06, 0.08, dark, 0.25, 0.03)
    if character.age > 0.15:
        _age(brush, character, drop)
    if character.freckles:
        rng = np.random.default_rng(7)
        for x, y in zip(rng.uniform(-0.62, 0.62, 60), rng.normal(0.28, 0.1, 60), strict=True):
            brush.ellipse(float(x), float(y), 0.014, 0.013, shade(skin, 0.68), 0.5, 0.004)


def _age(brush: Brush, character: Character, drop: float) -> None:
    line, strength = shade(character.skin, 0.6), 0.36 * character.age
    for y in (-0.86, -0.72):
        brush.stroke([(-0.5, y + 0.03), (-0.2, y), (0.2, y), (0.5, y + 0.03)], 0.03, line, strength, 0.018)
    for side in (-1, 1):
        fold = [(side * 0.27, 0.42), (side * 0.4, 0.6), (side * 0.44, 0.8 + drop)]
        brush.stroke(fold, 0.05, line, strength * 1.3, 0.025)
        brush.stroke([(side * 0.22, 0.12), (side * 0.42, 0.2), (side * 0.6, 0.12)], 0.03, line, strength, 0.02)
        for dy in (-0.06, 0.03):
            brush.stroke([(side * 0.7, -0.02 + dy), (side * 0.84, -0.05 + dy * 2)], 0.02, line, strength, 0.01)


def _paint_beard(brush: Brush, character: Character, drop: float) -> None:
    hair = shade(character.hair, 0.85)
    w, j = character.width, character.jaw
    outer = [(1.0 * w, 0.05), (0.97 * w, 0.4), (0.92 * j * w, 0.75 + drop), (0.7 * j, 1.12 + drop), (0.0, 1.5 + drop)]
    inner = [(0.0, 0.6), (0.2, 0.56), (0.4, 0.62), (0.6, 0.72), (0.8 * w, 0.5), (0.91 * w, 0.05)]
    shape = mirrored([(0.0, 0.6), *inner[1:], *outer])
    brush.polygon(shape, hair, 0.94, 0.03)
    inside = brush.inside(shape)
    rng = np.random.default_rng(11)
    for _ in range(420):
        x, y = float(rng.uniform(-1.05, 1.05)), float(rng.uniform(0.1, 1.5 + drop))
        lean, length = 0.10 * x + float(rng.normal(0, 0.03)), float(rng.uniform(0.08, 0.16))
        tone = shade(character.hair, float(rng.uniform(0.55, 1.45)))
        inside.stroke([(x, y), (x + lean * 0.6, y + length * 0.5), (x + lean, y + length)], 0.018, tone, 0.5, 0.004)


def _paint_round(
    picture: Image.Image,
    outline: Points,
    colour: Colour,
    centre: tuple[float, float],
    radii: tuple[float, float],
    dim: float = 1.0,
) -> None:
    """Fill an outline, lit as if it bulged like an ellipsoid (Lambert shading with warm shadows)."""
    brush = Brush(picture, UNIT_PX, ORIGIN_PX)
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).polygon(brush.pixels(outline).ravel().tolist(), fill=255)
    box = mask.getbbox()
    if box is None:
        return
    x = (np.arange(box[0], box[2]) - ORIGIN_PX[0]) / UNIT_PX
    y = (np.arange(box[1], box[3]) - ORIGIN_PX[1]) / UNIT_PX
    nx, ny = (x[None, :] - centre[0]) / radii[0], (y[:, None] - centre[1]) / radii[1]
    flat = np.sqrt(nx**2 + ny**2)
    limit = np.minimum(1.0, 0.98 / np.maximum(flat, 1e-6))
    nx, ny = nx * limit, ny * limit
    light = nx * _LIGHT[0] + ny * _LIGHT[1] + np.sqrt(np.maximum(0.0, 1 - nx**2 - ny**2)) * _LIGHT[2]
    t = np.clip(0.18 + 0.95 * light, 0, 1.15)[..., None] * dim
    base = np.asarray(colour, np.float64)
    shadow = base * (0.60, 0.50, 0.48)
    lit = np.clip(shadow + (base * 1.04 - shadow) * t, 0, 255).astype(np.uint8)
    soft = mask.filter(ImageFilter.GaussianBlur(1.0)).crop(box)
    layer = Image.fromarray(lit).convert("RGBA")
    layer.putalpha(soft)
    picture.alpha_composite(layer, (box[0], box[1]))
