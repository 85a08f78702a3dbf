"""Hair in eight styles, painted as locks of strands behind and before the face; and glasses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mmemo.datasets.drawn.brush import Brush, Colour, Points, ellipse, mirrored, ribbon, shade, spline
from mmemo.datasets.drawn.characters import Character

Layer = Callable[[Brush, Colour, np.random.Generator], None]


def paint_back_hair(brush: Brush, character: Character) -> None:
    """Paint the hair that lies behind the head."""
    _STYLES[character.hair_style][0](brush, character.hair, np.random.default_rng(3))


def paint_front_hair(brush: Brush, character: Character) -> None:
    """Paint the hair that falls before the head, then glasses if the character wears them."""
    _STYLES[character.hair_style][1](brush, character.hair, np.random.default_rng(5))
    if character.glasses:
        _glasses(brush)


def paint_hair_from_behind(brush: Brush, character: Character) -> None:
    """Paint the whole back of the head."""
    rng, colour, style = np.random.default_rng(9), character.hair, character.hair_style
    if style in ("curls", "puff"):
        reach = 1.45 if style == "puff" else 1.2
        _curl_cloud(brush, ellipse(0, -0.55, reach, reach, 80), colour, rng, 700, 0.1)
        return
    low = {"bob": 1.25, "fringe": 2.3}.get(style, 0.98)
    top, wide = (-0.3, 1.0) if style == "bald" else (-1.52, 1.16)
    for side in (-1.0, 1.0):
        middle = [(-0.03, top), (-0.06, top + 0.3 * (low - top)), (-0.06, 0.35), (-0.03, low)]
        edge = [(0.25, top), (0.84 * wide, max(top, -1.05)), (wide, -0.1), (0.6 if low < 1 else wide, low - 0.08)]
        _lock(brush, np.array(middle) * (side, 1), np.array(edge) * (side, 1), colour, rng, 60)
    if style == "bun":
        brush.ellipse(0, -1.3, 0.52, 0.48, shade(colour, 0.6), 1.0, 0.02)
        _lock(brush, [(-0.5, -1.3), (-0.2, -1.8), (0.25, -1.8), (0.5, -1.3)],
              [(-0.5, -1.2), (-0.2, -0.9), (0.2, -0.9), (0.5, -1.2)], colour, rng, 30)  # fmt: skip


def _lock(
    brush: Brush, a: Points, b: Points, colour: Colour, rng: np.random.Generator, strands: int = 46, gloss: float = 0.5
) -> None:
    """Fill between two curves with strands that run along them, with a soft band of gloss."""
    first, second = spline(a), spline(b)
    t = np.linspace(0, 1, 60)
    first, second = (
        np.stack([np.interp(t, np.linspace(0, 1, len(c)), c[:, k]) for k in (0, 1)], axis=1) for c in (first, second)
    )
    outline = np.concatenate([first, second[::-1]])
    brush.polygon(outline, shade(colour, 0.82), 1.0, 0.008)
    inside = brush.inside(outline)
    for u in np.sort(rng.uniform(-0.02, 1.02, strands)):
        line = first + (second - first) * float(u)
        tone = shade(colour, float(rng.uniform(0.55, 1.12)))
        width = float(rng.uniform(0.015, 0.05))
        inside.polygon(ribbon(line, width * np.sin(np.pi * (0.04 + 0.92 * t))), tone, 0.55, 0.004)
    start = int(18 + rng.integers(0, 4))
    for u in rng.uniform(0.1, 0.9, strands // 2):
        line = (first + (second - first) * float(u))[start : start + int(rng.integers(8, 18))]
        widths = 0.03 * np.sin(np.pi * np.linspace(0.02, 0.98, len(line)))
        inside.polygon(ribbon(line, widths), shade(colour, 1.32), gloss * float(rng.uniform(0.3, 0.9)), 0.012)


def _flip(points: Points) -> np.ndarray:
    return np.asarray(points, np.float64) * (-1, 1)


def _mass(brush: Brush, right_side: Points, colour: Colour, rng: np.random.Generator) -> None:
    outline = spline(mirrored(right_side), closed=True)
    brush.polygon(outline, shade(colour, 0.62), 1.0, 0.012)
    inside = brush.inside(outline)
    for x in rng.uniform(-1.6, 1.6, 70):
        line = [(x * 0.5, -1.6), (x * 0.95, -0.4), (x, 0.8), (x * 0.95, 2.0)]
        inside.stroke(line, 0.04, shade(colour, float(rng.uniform(0.4, 0.85))), 0.5, 0.006)


def _curl_cloud(
    brush: Brush, outline: Points, colour: Colour, rng: np.random.Generator, count: int, size: float
) -> None:
    """Fill an outline with small curls, lit from the upper left."""
    shape = np.asarray(outline, np.float64)
    brush.polygon(shape, shade(colour, 0.7), 1.0, 0.02)
    low, high = shape.min(0), shape.max(0)
    inside = brush.inside(_grown(shape, 1.05))
    for _ in range(count):
        x, y = (float(v) for v in rng.uniform(low, high))
        r = size * float(rng.uniform(0.6, 1.2))
        lit = 0.95 - 0.30 * (x - low[0]) / (high[0] - low[0]) - 0.25 * (y - low[1]) / (high[1] - low[1])
        inside.ellipse(x, y, r, r, shade(colour, lit * float(rng.uniform(0.65, 1.05))), 0.75, 0.012)
        turn = float(rng.uniform(0, 6.28))
        angle = np.linspace(turn, turn + 3.6, 9)
        arc = np.stack([x + 0.62 * r * np.cos(angle), y + 0.62 * r * np.sin(angle)], axis=1)
        inside.stroke(arc, 0.026, shade(colour, 1.02 + 0.2 * lit), 0.6, 0.006)


def _grown(shape: np.ndarray, factor: float) -> np.ndarray:
    centre = shape.mean(0)
    grown: np.ndarray = centre + (shape - centre) * factor
    return grown


def _nothing(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    del brush, colour, rng


def _bob_back(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    _mass(brush, [(0, -1.6), (0.8, -1.45), (1.22, -0.8), (1.32, 0.2), (1.28, 0.95), (0.95, 1.3), (0, 1.3)], colour, rng)


def _bob_front(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    part = (-0.34, -1.5)
    right = [part, (0.25, -1.02), (0.74, -0.72), (0.97, -0.1), (1.0, 0.55), (0.86, 1.2)]
    left = [part, (-0.6, -1.04), (-0.86, -0.62), (-1.0, 0.0), (-1.0, 0.6), (-0.88, 1.2)]
    _lock(brush, left, [part, (-0.9, -1.34), (-1.24, -0.6), (-1.3, 0.1), (-1.3, 0.7), (-1.02, 1.3)], colour, rng)
    _lock(brush, right, [part, (0.55, -1.66), (1.16, -0.95), (1.32, 0.0), (1.32, 0.7), (1.0, 1.3)], colour, rng, 60)


def _curls_back(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    outline = spline(mirrored([(0, -1.7), (0.75, -1.6), (1.2, -1.1), (1.22, -0.5), (1.1, 0.1), (0, 0.2)]), closed=True)
    _curl_cloud(brush, outline, colour, rng, 260, 0.11)


def _curls_front(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    upper = [
        (-1.1, -0.25),
        (-1.2, -0.8),
        (-0.95, -1.4),
        (-0.4, -1.68),
        (0.3, -1.7),
        (0.9, -1.45),
        (1.2, -0.85),
        (1.1, -0.25),
    ]
    lower = [
        (0.97, -0.3),
        (0.9, -0.72),
        (0.6, -0.9),
        (0.15, -0.86),
        (-0.3, -0.96),
        (-0.7, -0.84),
        (-0.92, -0.68),
        (-0.97, -0.3),
    ]
    outline = np.concatenate([spline(upper), spline(lower)])
    _curl_cloud(brush, outline, colour, rng, 330, 0.1)


def _bun_back(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    brush.ellipse(0, -1.72, 0.5, 0.42, shade(colour, 0.7), 1.0, 0.01)
    _lock(brush, [(-0.48, -1.7), (-0.2, -2.08), (0.25, -2.08), (0.48, -1.7)],
          [(-0.44, -1.55), (-0.2, -1.5), (0.2, -1.5), (0.46, -1.55)], colour, rng, 30)  # fmt: skip
    _mass(brush, [(0, -1.55), (0.7, -1.42), (1.1, -0.9), (1.12, -0.2), (0.98, 0.3), (0, 0.3)], colour, rng)


def _bun_front(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    top = (0.0, -1.5)
    low = [top, (0.3, -1.02), (0.74, -0.8), (0.96, -0.35), (1.02, 0.0)]
    high = [top, (0.6, -1.5), (1.02, -1.0), (1.14, -0.4), (1.06, 0.06)]
    _lock(brush, low, high, colour, rng)
    _lock(brush, _flip(low), _flip(high), colour, rng)


def _bald_front(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    inner = [(0.86, -0.86), (0.9, -0.55), (0.93, -0.2), (0.95, 0.12)]
    outer = [(0.9, -0.98), (1.08, -0.62), (1.12, -0.2), (1.04, 0.12)]
    for flip in (False, True):
        a, b = (_flip(inner), _flip(outer)) if flip else (inner, outer)
        _lock(brush, a, b, shade(colour, 1.1), rng, 20, 0.2)


def _fringe_back(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    _mass(
        brush, [(0, -1.58), (0.75, -1.45), (1.14, -0.85), (1.2, 0.3), (1.24, 1.5), (1.2, 2.35), (0, 2.2)], colour, rng
    )


def _fringe_front(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    top = (0.0, -1.57)
    side = [top, (0.6, -1.2), (0.9, -0.7), (0.97, 0.1), (0.98, 1.0), (0.86, 2.3)]
    edge = [top, (0.75, -1.52), (1.15, -0.9), (1.24, 0.1), (1.26, 1.2), (1.22, 2.4)]
    _lock(brush, side, edge, colour, rng, gloss=0.9)
    _lock(brush, _flip(side), _flip(edge), colour, rng, gloss=0.9)
    left = [(-0.3, -1.57), (-0.9, -1.2), (-0.97, -0.85), (-0.95, -0.5)]
    right = [(0.3, -1.57), (0.9, -1.2), (0.97, -0.85), (0.95, -0.5)]
    _lock(brush, left, [(0.0, -1.6), (-0.3, -1.3), (-0.33, -0.95), (-0.3, -0.62)], colour, rng, gloss=0.9)
    _lock(brush, right, [(0.0, -1.6), (0.3, -1.3), (0.33, -0.95), (0.3, -0.62)], colour, rng, gloss=0.9)
    _lock(brush, [(-0.2, -1.57), (-0.4, -1.3), (-0.42, -0.95), (-0.36, -0.63)],
          [(0.2, -1.57), (0.4, -1.3), (0.42, -0.95), (0.36, -0.63)], colour, rng, gloss=0.9)  # fmt: skip


def _tousled_back(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    _mass(brush, [(0, -1.6), (0.7, -1.5), (1.1, -1.0), (1.1, -0.3), (0.95, 0.2), (0, 0.2)], colour, rng)


def _tousled_front(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    for side in (-1.0, 1.0):
        a = np.array([(0.55, -1.25), (0.9, -0.85), (0.95, -0.4), (0.95, -0.02)]) * (side, 1)
        b = np.array([(0.5, -1.55), (1.04, -1.2), (1.14, -0.6), (1.02, 0.02)]) * (side, 1)
        _lock(brush, a, b, colour, rng, 26)
    for root, tip in zip(np.linspace(-0.75, 0.8, 9), np.linspace(-1.0, 0.72, 9), strict=True):
        sway, reach = float(rng.normal(0, 0.05)), -0.86 + 0.1 * float(rng.uniform(-1, 1))
        end = (tip + sway, reach)
        a = np.array([(root + 0.3, -1.45), (root + 0.12, -1.62), (tip - 0.05, -1.3), end])
        b = np.array([(root + 0.5, -1.42), (root + 0.45, -1.5), (tip + 0.3, -1.15), end])
        _lock(brush, a, b, colour, rng, 16, 0.6)
    for x in np.linspace(-0.7, 0.7, 7):
        tip_x = float(x * 1.25 + rng.normal(0, 0.08))
        tip_y = -1.78 + 0.28 * float(x * x) + float(rng.normal(0, 0.04))
        _lock(brush, [(x - 0.2, -1.36), (x - 0.12, -1.6), (tip_x, tip_y)],
              [(x + 0.22, -1.34), (x + 0.16, -1.55), (tip_x, tip_y)], colour, rng, 12, 0.5)  # fmt: skip


def _puff_back(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    outline = ellipse(0, -0.72, 1.5, 1.36, 80)
    _curl_cloud(brush, outline, colour, rng, 620, 0.1)


def _puff_front(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    upper = [(-1.02, -0.2), (-1.18, -0.8), (-0.8, -1.4), (0.0, -1.62), (0.8, -1.4), (1.18, -0.8), (1.02, -0.2)]
    lower = [(0.96, -0.25), (0.86, -0.7), (0.5, -0.94), (0.0, -1.02), (-0.5, -0.94), (-0.86, -0.7), (-0.96, -0.25)]
    _curl_cloud(brush, np.concatenate([spline(upper), spline(lower)]), colour, rng, 330, 0.085)


def _parted_back(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    _mass(brush, [(0, -1.5), (0.7, -1.4), (1.06, -0.95), (1.06, -0.3), (0.95, 0.1), (0, 0.1)], colour, rng)


def _parted_front(brush: Brush, colour: Colour, rng: np.random.Generator) -> None:
    part = (0.42, -1.42)
    _lock(brush, [part, (0.72, -1.02), (0.9, -0.66), (0.95, -0.1)], [part, (0.95, -1.2), (1.1, -0.7), (1.02, -0.05)],
          colour, rng, 26)  # fmt: skip
    _lock(brush, [(-0.82, -0.8), (-0.92, -0.5), (-0.95, -0.1)], [(-0.9, -1.2), (-1.12, -0.65), (-1.02, -0.05)],
          colour, rng, 22)  # fmt: skip
    _lock(brush, [part, (0.1, -1.0), (-0.45, -0.98), (-0.88, -0.7)],
          [part, (0.1, -1.72), (-0.75, -1.6), (-1.08, -0.8)], colour, rng, 50)  # fmt: skip


_STYLES: Mapping[str, tuple[Layer, Layer]] = {
    "bob": (_bob_back, _bob_front),
    "curls": (_curls_back, _curls_front),
    "bun": (_bun_back, _bun_front),
    "bald": (_nothing, _bald_front),
    "fringe": (_fringe_back, _fringe_front),
    "tousled": (_tousled_back, _tousled_front),
    "puff": (_puff_back, _puff_front),
    "parted": (_parted_back, _parted_front),
}


def _glasses(brush: Brush) -> None:
    metal, glint = (96, 70, 52), (255, 255, 255)
    for side in (-1, 1):
        rim = ellipse(side * 0.42, 0.03, 0.36, 0.3, 64)
        closed = np.concatenate([rim, rim[:1]])
        brush.polygon(ribbon(closed, np.full(len(closed), 0.032)), metal, 1.0, 0.003)
        brush.stroke([(side * 0.78, -0.02), (side * 0.98, -0.06)], 0.035, metal, 1.0, 0.003, 0.1)
        brush.stroke([(side * 0.42 - 0.24, -0.08), (side * 0.42 - 0.14, -0.19)], 0.03, glint, 0.35, 0.01)
    brush.stroke([(-0.07, 0.0), (0.0, -0.05), (0.07, 0.0)], 0.032, metal, 1.0, 0.003, 0.1)
