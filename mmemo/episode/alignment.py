"""What changes between two pictures of the same patch once the motion of the whole patch is taken out."""

from __future__ import annotations

import numpy as np
from PIL import Image

# Patches carry this border on every side, so that a shifted one can be compared without an edge.
BORDER_PX = 4
_AFFINE_STEPS = 6


def shifted_change(
    before: np.ndarray, after: np.ndarray, around: tuple[int, int] = (0, 0), reach_px: int = BORDER_PX
) -> tuple[tuple[int, int], float]:
    """The shift (rows, columns) near `around` that aligns two (H, W) float32 patches, and the mean change left over.

    Whole pixels are searched, the rest of the shift and the common brightness are solved for at once, to first order
    (Lucas and Kanade 1981): without it every edge would count as motion.
    """
    core = before[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    windows = np.lib.stride_tricks.sliding_window_view(after, core.shape)
    # One pixel of the border is kept for the slopes of the aligned window.
    rows, columns = (
        slice(max(1, BORDER_PX + a - reach_px), min(2 * BORDER_PX - 1, BORDER_PX + a + reach_px) + 1) for a in around
    )
    difference = windows[rows, columns] - core
    difference = difference - difference.mean(axis=(2, 3), keepdims=True)
    change = np.abs(difference).mean(axis=(2, 3))
    best_row, best_column = divmod(int(change.argmin()), change.shape[1])
    row, column = rows.start + best_row, columns.start + best_column
    height, width = core.shape
    window = after[row - 1 : row + height + 1, column - 1 : column + width + 1]
    refined = _refined_change(window, core)
    return (row - BORDER_PX, column - BORDER_PX), min(refined, float(change[best_row, best_column]))


def rigid_change(before: np.ndarray, after: np.ndarray) -> float:
    """The mean change left over after the best affine motion, brightness and contrast between two patches.

    Near 0 when a camera moves over a still picture; a living face keeps more. Gauss-Newton, Baker and Matthews 2004,
    started at the best whole-pixel shift.
    """
    (down, right), least = shifted_change(before, after)
    height, width = before.shape
    y, x = np.mgrid[:height, :width].astype(np.float32) - np.array([height, width], np.float32)[:, None, None] / 2
    inner = (slice(BORDER_PX, -BORDER_PX), slice(BORDER_PX, -BORDER_PX))
    picture = Image.fromarray(after)
    motion = np.array([[1, 0, right], [0, 1, down], [0, 0, 1]], np.float64)
    for _ in range(_AFFINE_STEPS):
        warped = _warped(picture, motion)
        slope_y, slope_x = np.gradient(warped)
        terms = (slope_x * x, slope_x * y, slope_x, slope_y * x, slope_y * y, slope_y, np.ones_like(warped), warped)
        system = np.stack([term[inner].ravel() for term in terms], axis=1)
        target = (before - warped)[inner].ravel()
        step = _solved(system, target)
        light = system[:, 6:]
        least = min(least, float(np.abs(target - light @ _solved(light, target)).mean()))
        if np.abs(step[[2, 5]]).max() > BORDER_PX:
            break  # it runs away: nothing there to align
        motion = motion @ np.array([[1 + step[0], step[1], step[2]], [step[3], 1 + step[4], step[5]], [0, 0, 1]])
    return least


def _refined_change(window: np.ndarray, core: np.ndarray) -> float:
    middle = window[1:-1, 1:-1]
    slope_y, slope_x = (window[2:, 1:-1] - window[:-2, 1:-1]) / 2, (window[1:-1, 2:] - window[1:-1, :-2]) / 2
    system = np.stack([slope_x.ravel(), slope_y.ravel(), np.ones(core.size, np.float32)], axis=1)
    target = (core - middle).ravel()
    step = _solved(system, target)
    step[:2] = np.clip(step[:2], -1, 1)
    left = target - system @ step
    return float(np.abs(left - left.mean()).mean())


def _solved(system: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least squares through the normal equations, a little damped so that flat patches have an answer."""
    square = system.T.astype(np.float64) @ system
    damping = 1e-6 * max(float(np.trace(square)), 1.0) * np.eye(len(square))
    solution: np.ndarray = np.linalg.solve(square + damping, system.T.astype(np.float64) @ target)
    return solution


def _warped(picture: Image.Image, motion: np.ndarray) -> np.ndarray:
    """The picture moved by a 3x3 affine motion about its centre."""
    width, height = picture.size
    centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    a = centre @ motion @ np.linalg.inv(centre)
    moved = picture.transform(picture.size, Image.Transform.AFFINE, a[:2].ravel().tolist(), Image.Resampling.BILINEAR)
    return np.asarray(moved, np.float32)
