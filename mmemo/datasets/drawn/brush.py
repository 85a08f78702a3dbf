"""A soft brush: filled shapes, tapered strokes and glows in face units on a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Points = np.ndarray | Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Brush:
    """Paints on `picture` (RGB or RGBA, changed in place) in units; the origin is in pixels.

    `clip` is an L mask of the picture's size; paint falls only where it is bright.
    """

    picture: Image.Image
    unit_px: float
    origin_px: tuple[float, float]
    clip: Image.Image | None = None

    def moved(self, dx: float, dy: float) -> Brush:
        """The same brush with its origin moved by units."""
        x, y = self.origin_px
        return replace(self, origin_px=(x + dx * self.unit_px, y + dy * self.unit_px))

    def inside(self, points: Points) -> Brush:
        """The same brush that paints only inside a polygon."""
        mask = Image.new("L", self.picture.size, 0)
        ImageDraw.Draw(mask).polygon(self.pixels(points).ravel().tolist(), fill=255)
        return replace(self, clip=mask)

    def polygon(self, points: Points, colour: Colour, alpha: float = 1.0, blur: float = 0.0) -> None:
        """Fill a polygon of (N, 2) points; `blur` is the softness of its edge in units."""
        pixels = self.pixels(points)
        margin = 3.0 * blur * self.unit_px + 2
        left, top = (max(0, int(v)) for v in pixels.min(0) - margin)
        right = min(self.picture.width, int(pixels[:, 0].max() + margin) + 1)
        bottom = min(self.picture.height, int(pixels[:, 1].max() + margin) + 1)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top), 0)
        ImageDraw.Draw(mask).polygon((pixels - (left, top)).ravel().tolist(), fill=round(255 * alpha))
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur * self.unit_px))
        if self.clip is not None:
            mask = ImageChops.multiply(mask, self.clip.crop((left, top, right, bottom)))
        self._paste(colour, (left, top, right, bottom), mask)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float = 1.0, blur: float = 0.0
    ) -> None:
        """Fill an ellipse."""
        self.polygon(ellipse(x, y, rx, ry), colour, alpha, blur)

    def stroke(
        self, points: Points, width: float, colour: Colour, alpha: float = 1.0, blur: float = 0.0, taper: float = 0.7
    ) -> None:
        """Draw a smooth line through the points, `width` units thick, thinner at both ends by `taper` (0 to 1)."""
        line = spline(points)
        t = np.linspace(-1, 1, len(line))
        self.polygon(ribbon(line, width * (1 - taper * np.abs(t) ** 2)), colour, alpha, blur)

    def pixels(self, points: Points) -> np.ndarray:
        """(N, 2) pixels of (N, 2) points in units."""
        inside: np.ndarray = np.asarray(points, np.float64) * self.unit_px + np.asarray(self.origin_px)
        return inside

    def _paste(self, colour: Colour, box: tuple[int, int, int, int], mask: Image.Image) -> None:
        ink: tuple[int, ...] = colour if self.picture.mode == "RGB" else (*colour, 255)
        if self.picture.mode == "RGBA":
            # Blend towards an opaque colour, but let alpha only grow: a soft edge must not eat the picture.
            patch = self.picture.crop(box)
            over = Image.new("RGBA", patch.size, ink)
            over.putalpha(mask)
            patch.alpha_composite(over)
            self.picture.paste(patch, box)
        else:
            self.picture.paste(ink, box, mask)


def ellipse(x: float, y: float, rx: float, ry: float, count: int = 48) -> np.ndarray:
    """(count, 2) points of an ellipse."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def spline(points: Points, per_segment: int = 10, closed: bool = False) -> np.ndarray:
    """(M, 2) points of a Catmull-Rom curve through (N, 2) points."""
    knots = np.asarray(points, np.float64)
    if closed:
        padded = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0, 1, per_segment, endpoint=False)[None, :, None]
    a, b, c, d = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat: np.ndarray = curve.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, knots[-1:]])


def mirrored(right_side: Points) -> np.ndarray:
    """Close an outline from its right half (top to bottom) by mirroring it at x = 0."""
    right = np.asarray(right_side, np.float64)
    left = right[::-1] * (-1, 1)
    keep = np.abs(left[:, 0]) > 1e-9
    return np.concatenate([right, left[keep]])


def ribbon(line: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """(2M, 2) outline of a line (M, 2) with a width at every point."""
    direction = np.gradient(line, axis=0)
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    half = normal * (widths / 2)[:, None]
    return np.concatenate([line + half, (line - half)[::-1]])


def shade(colour: Colour, factor: float) -> Colour:
    """Darker (factor < 1) or lighter (factor > 1) shade; darker shades turn a little warmer."""
    if factor <= 1:
        r, g, b = (c * factor for c in colour)
        return round(min(255, r * 1.03)), round(g * 0.98), round(b * 0.97)
    return lerp(colour, (255, 250, 240), factor - 1)


def lerp(a: Colour, b: Colour, t: float) -> Colour:
    """Colour between a (t = 0) and b (t = 1)."""
    t = min(1.0, max(0.0, t))
    r, g, b_ = (round(x + (y - x) * t) for x, y in zip(a, b, strict=True))
    return r, g, b_
