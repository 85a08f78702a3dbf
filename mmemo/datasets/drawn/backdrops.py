"""Painted places and things of the drawn show: rooms of a small playhouse by the sea."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageFilter

from mmemo.datasets.drawn.brush import Brush, Colour, shade
from mmemo.errors import InputError

Painter = Callable[[Brush, np.random.Generator], None]
_ZOOM = 1.2  # painted larger than shown, so that every camera sees another part


def backdrop(name: str, size_px: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """RGB picture of a place, out of focus, or of a thing, in focus; the rng moves the camera.

    Painters work in units of the picture's height: x from 0 to 16/9, y from 0 to 1.
    """
    if name not in PLACES and name not in THINGS:
        raise InputError(f"there is no view called {name!r}", hint=f"choose from {', '.join([*PLACES, *THINGS])}")
    width, height = round(size_px[0] * _ZOOM), round(size_px[1] * _ZOOM)
    picture = Image.new("RGB", (2 * width, 2 * height), (60, 60, 66))
    brush = Brush(picture, 2.0 * height, (0.0, 0.0))
    (PLACES.get(name) or THINGS[name])(brush, np.random.default_rng(13))
    picture = picture.reduce(2)
    left, top = int(rng.integers(0, width - size_px[0] + 1)), int(rng.integers(0, height - size_px[1] + 1))
    picture = picture.crop((left, top, left + size_px[0], top + size_px[1]))
    return picture.filter(ImageFilter.GaussianBlur(size_px[1] / 90 if name in PLACES else 0.8))


def _rectangle(
    brush: Brush, box: tuple[float, float, float, float], colour: Colour, alpha: float = 1.0, blur: float = 0.0
) -> None:
    x0, y0, x1, y1 = box
    brush.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour, alpha, blur)


def _slope(brush: Brush, top: Colour, bottom: Colour, y0: float = 0.0, y1: float = 1.0) -> None:
    """A wall or sky that changes colour from y0 to y1."""
    steps = 60
    for k in range(steps):
        t = k / (steps - 1)
        r, g, b = (round(a + (c - a) * t) for a, c in zip(top, bottom, strict=True))
        _rectangle(brush, (0, y0 + (y1 - y0) * k / steps, 1.78, y0 + (y1 - y0) * (k + 1.6) / steps), (r, g, b))


def _stage(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (92, 18, 26), (60, 12, 20))
    for x in np.arange(0.0, 1.8, 0.09):
        _rectangle(brush, (x, 0, x + 0.045, 0.86), (138, 30, 38), 0.8, 0.015)
        _rectangle(brush, (x + 0.05, 0, x + 0.075, 0.86), (44, 8, 14), 0.7, 0.012)
    _rectangle(brush, (0, 0.84, 1.78, 1.0), (110, 76, 48))
    brush.ellipse(0.9, 0.45, 0.75, 0.55, (226, 150, 110), 0.22, 0.15)
    del rng


def _dressing(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (118, 104, 92), (86, 70, 64))
    _rectangle(brush, (0.3, 0.08, 1.45, 0.8), (74, 54, 44), 1.0, 0.005)
    _rectangle(brush, (0.36, 0.13, 1.39, 0.76), (136, 152, 160), 1.0, 0.005)
    brush.polygon([(0.45, 0.76), (0.8, 0.13), (1.0, 0.13), (0.65, 0.76)], (176, 190, 196), 0.6, 0.02)
    for x in np.linspace(0.33, 1.42, 8):
        brush.ellipse(float(x), 0.1, 0.075, 0.075, (255, 214, 140), 0.5, 0.03)
        brush.ellipse(float(x), 0.1, 0.028, 0.028, (255, 244, 214), 1.0, 0.004)
    for x in rng.uniform(1.45, 1.75, 7):
        _rectangle(brush, (float(x), 0.3, float(x) + 0.05, 0.85), _mixed(rng), 0.9, 0.01)
    _rectangle(brush, (0, 0.84, 1.78, 1.0), (92, 62, 46))


def _foyer(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (156, 142, 112), (116, 98, 76))
    for x in (0.12, 0.62, 1.2):
        _rectangle(brush, (x, 0.14, x + 0.3, 0.58), (70, 48, 36))
        _rectangle(brush, (x + 0.02, 0.16, x + 0.28, 0.56), _mixed(rng))
        brush.ellipse(x + 0.15, 0.32, 0.08, 0.08, (236, 214, 160), 0.8, 0.01)
    _rectangle(brush, (0, 0.7, 1.78, 1.0), (84, 46, 40))
    _rectangle(brush, (0, 0.68, 1.78, 0.71), (206, 164, 88))


def _workshop(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (96, 90, 78), (66, 56, 46))
    for y in (0.2, 0.42):
        _rectangle(brush, (0, y, 1.78, y + 0.03), (122, 88, 54))
        for x in np.arange(0.05, 1.75, 0.11):
            tall = float(rng.uniform(0.05, 0.13))
            _rectangle(brush, (float(x), y - tall, float(x) + 0.07, y), _mixed(rng), 0.9, 0.006)
    for x in np.arange(0.0, 1.78, 0.16):
        _rectangle(
            brush,
            (float(x), 0.55, float(x) + 0.15, 1.0),
            shade((140, 104, 66), float(rng.uniform(0.7, 1.0))),
            1.0,
            0.004,
        )


def _attic(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (52, 54, 70), (34, 32, 40))
    _rectangle(brush, (0.7, 0.1, 1.1, 0.5), (136, 160, 196), 1.0, 0.006)
    brush.ellipse(0.9, 0.3, 0.5, 0.42, (136, 160, 200), 0.25, 0.12)
    _rectangle(brush, (0.89, 0.1, 0.91, 0.5), (40, 34, 34))
    _rectangle(brush, (0.7, 0.29, 1.1, 0.31), (40, 34, 34))
    for x in (0.15, 0.5, 1.3, 1.65):
        brush.polygon([(x, 0), (x + 0.09, 0), (x + 0.2, 1), (x + 0.1, 1)], (72, 54, 44), 1.0, 0.008)
    del rng


def _cafe(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (178, 148, 112), (140, 106, 78))
    _rectangle(brush, (0.1, 0.1, 0.75, 0.62), (206, 224, 232), 1.0, 0.006)
    brush.ellipse(0.42, 0.36, 0.42, 0.36, (246, 246, 230), 0.35, 0.1)
    _rectangle(brush, (0.41, 0.1, 0.43, 0.62), (104, 74, 52))
    for y in (0.25, 0.45):
        _rectangle(brush, (0.95, y, 1.7, y + 0.02), (96, 66, 46))
        for x in np.arange(0.98, 1.66, 0.085):
            _rectangle(brush, (float(x), y - 0.08, float(x) + 0.05, y), _mixed(rng), 1.0, 0.006)
    _rectangle(brush, (0, 0.74, 1.78, 1.0), (104, 68, 50))


def _quay(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (124, 160, 196), (224, 206, 182), 0.0, 0.55)
    _slope(brush, (84, 122, 146), (48, 82, 106), 0.55, 1.0)
    for x, tall in zip(np.arange(0.0, 1.8, 0.15), rng.uniform(0.1, 0.24, 12), strict=True):
        _rectangle(brush, (float(x), 0.56 - float(tall), float(x) + 0.14, 0.57), _mixed(rng), 0.9, 0.006)
    for x in (0.3, 0.95, 1.5):
        brush.polygon([(x, 0.66), (x + 0.24, 0.66), (x + 0.2, 0.74), (x + 0.04, 0.74)], (190, 74, 60), 1.0, 0.004)
        _rectangle(brush, (x + 0.11, 0.4, x + 0.12, 0.66), (74, 60, 50))


def _lighthouse(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (58, 74, 120), (238, 168, 120), 0.0, 0.62)
    _slope(brush, (92, 96, 126), (38, 50, 78), 0.62, 1.0)
    for y in rng.uniform(0.64, 0.98, 46):
        x = float(rng.uniform(0, 1.7))
        brush.stroke([(x, y), (x + 0.05, y + 0.006), (x + 0.12, y)], 0.006, (246, 196, 150), 0.4, 0.002)
    brush.polygon(
        [(0.9, 0.74), (1.1, 0.6), (1.5, 0.58), (1.78, 0.66), (1.78, 0.9), (1.0, 0.82)], (54, 48, 58), 1.0, 0.006
    )
    brush.polygon([(1.2, 0.6), (1.23, 0.24), (1.33, 0.24), (1.36, 0.6)], (236, 228, 220), 1.0, 0.002)
    for y in (0.33, 0.47):
        brush.polygon([(1.215, y + 0.06), (1.222, y), (1.338, y), (1.345, y + 0.06)], (186, 58, 52), 1.0, 0.002)
    _rectangle(brush, (1.235, 0.18, 1.325, 0.24), (255, 236, 170))
    brush.polygon([(1.22, 0.18), (1.28, 0.11), (1.34, 0.18)], (120, 40, 40))
    brush.polygon([(1.26, 0.2), (0.2, 0.06), (0.2, 0.3)], (255, 236, 180), 0.3, 0.02)


def _bucket(brush: Brush, rng: np.random.Generator) -> None:
    _workshop(brush, rng)
    _rectangle(brush, (0, 0.78, 1.78, 1.0), (112, 82, 56))
    brush.ellipse(0.9, 0.9, 0.34, 0.06, (40, 30, 24), 0.6, 0.03)
    brush.polygon([(0.62, 0.42), (1.18, 0.42), (1.08, 0.9), (0.72, 0.9)], (128, 140, 150), 1.0, 0.003)
    brush.polygon([(0.66, 0.42), (0.78, 0.42), (0.8, 0.9), (0.74, 0.9)], (190, 200, 208), 0.8, 0.02)
    brush.polygon([(1.05, 0.42), (1.18, 0.42), (1.08, 0.9), (1.0, 0.9)], (72, 80, 90), 0.8, 0.02)
    brush.ellipse(0.9, 0.42, 0.28, 0.06, (60, 72, 84))
    brush.ellipse(0.9, 0.435, 0.25, 0.045, (96, 140, 166))
    for y in (0.05, 0.17, 0.3):
        brush.ellipse(0.93, y, 0.014, 0.024, (170, 204, 224), 0.9, 0.003)


def _telephone(brush: Brush, rng: np.random.Generator) -> None:
    _cafe(brush, rng)
    _rectangle(brush, (0, 0.7, 1.78, 1.0), (92, 58, 42))
    brush.ellipse(0.9, 0.9, 0.42, 0.06, (30, 20, 16), 0.6, 0.03)
    brush.polygon([(0.6, 0.9), (0.7, 0.55), (1.1, 0.55), (1.2, 0.9)], (26, 26, 30), 1.0, 0.004)
    brush.stroke([(0.5, 0.56), (0.6, 0.44), (0.9, 0.41), (1.2, 0.44), (1.3, 0.56)], 0.11, (34, 34, 38), 1.0, 0.004, 0.1)
    brush.stroke([(0.62, 0.42), (0.9, 0.38), (1.15, 0.41)], 0.016, (150, 150, 160), 0.7, 0.006)
    brush.ellipse(0.9, 0.73, 0.14, 0.12, (206, 198, 180))
    brush.ellipse(0.9, 0.73, 0.05, 0.043, (60, 56, 52))


def _lamp(brush: Brush, rng: np.random.Generator) -> None:
    _slope(brush, (22, 22, 32), (14, 14, 20))
    brush.polygon([(0.75, 0.38), (0.9, 0.3), (1.7, 0.85), (1.3, 1.0), (0.9, 1.0)], (255, 226, 160), 0.35, 0.03)
    _rectangle(brush, (0, 0.08, 1.78, 0.11), (70, 70, 78))
    _rectangle(brush, (0.7, 0.1, 0.73, 0.24), (90, 90, 98))
    brush.polygon([(0.5, 0.2), (0.62, 0.12), (0.95, 0.3), (0.78, 0.45)], (58, 58, 66), 1.0, 0.004)
    brush.polygon([(0.93, 0.28), (0.97, 0.31), (0.79, 0.47), (0.75, 0.43)], (255, 246, 214), 1.0, 0.004)
    del rng


def _mixed(rng: np.random.Generator) -> Colour:
    palette: tuple[Colour, ...] = (
        (142, 74, 62), (86, 110, 120), (170, 140, 84), (98, 118, 84), (120, 92, 120), (186, 170, 142), (70, 78, 104)
    )  # fmt: skip
    return palette[int(rng.integers(0, len(palette)))]


PLACES: Mapping[str, Painter] = {
    "stage": _stage,
    "dressing": _dressing,
    "foyer": _foyer,
    "workshop": _workshop,
    "attic": _attic,
    "cafe": _cafe,
    "quay": _quay,
}
THINGS: Mapping[str, Painter] = {"lighthouse": _lighthouse, "bucket": _bucket, "telephone": _telephone, "lamp": _lamp}
