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
    """The shift (rows, columns) near `around` that aligns two (H, W) float32 patches, and the mean change left over."""
    shifts, changes = shifted_changes(before[None], after[None], np.array([around]), reach_px)
    return (int(shifts[0, 0]), int(shifts[0, 1])), float(changes[0])


def shifted_changes(
    before: np.ndarray, after: np.ndarray, around: np.ndarray | None = None, reach_px: int = BORDER_PX
) -> tuple[np.ndarray, np.ndarray]:
    """Align N pairs of (N, H, W) float32 patches: (N, 2) int64 shifts (rows, columns) and (N,) mean changes left over.

    Whole pixels near `around`, (N, 2), are searched, the rest of the shift and the common brightness are solved for at
    once, to first order (Lucas and Kanade 1981): without it every edge would count as motion.
    """
    core = before[:, BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    around = np.zeros((len(before), 2), np.int64) if around is None else around
    # One pixel of the border is kept for the slopes of the aligned window.
    first = np.maximum(1, BORDER_PX + around - reach_px)
    last = np.minimum(2 * BORDER_PX - 1, BORDER_PX + around + reach_px)
    best = np.full(len(before), np.inf, np.float32)
    place = first.copy()
    windows = np.lib.stride_tricks.sliding_window_view(after, core.shape[1:], axis=(1, 2))
    for row in range(int(first[:, 0].min()), int(last[:, 0].max()) + 1):
        for column in range(int(first[:, 1].min()), int(last[:, 1].max()) + 1):
            difference = windows[:, row, column] - core
            difference -= difference.mean(axis=(1, 2), keepdims=True)
            change = np.abs(difference, out=difference).mean(axis=(1, 2))
            inside = ((first <= (row, column)) & (last >= (row, column))).all(axis=1)
            better = inside & (change < best)
            best[better] = change[better]
            place[better] = row, column
    height, width = core.shape[1:]
    aligned = np.stack(
        [a[r - 1 : r + height + 1, c - 1 : c + width + 1] for a, (r, c) in zip(after, place, strict=True)]
    )
    return place - BORDER_PX, np.minimum(_refined_changes(aligned, core), best)


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
        target = (before - warped)[inner].reshape(-1, 1)
        step = _solved(system, target)[:, 0]
        light = system[:, 6:]
        least = min(least, float(np.abs(target - light @ _solved(light, target)).mean()))
        if np.abs(step[[2, 5]]).max() > BORDER_PX:
            break  # it runs away: nothing there to align
        motion = motion @ np.array([[1 + step[0], step[1], step[2]], [step[3], 1 + step[4], step[5]], [0, 0, 1]])
    return least


def _refined_changes(windows: np.ndarray, cores: np.ndarray) -> np.ndarray:
    middles = windows[:, 1:-1, 1:-1]
    slope_y = (windows[:, 2:, 1:-1] - windows[:, :-2, 1:-1]) / 2
    slope_x = (windows[:, 1:-1, 2:] - windows[:, 1:-1, :-2]) / 2
    systems = np.stack([slope_x, slope_y, np.ones_like(cores)], axis=-1).reshape(len(cores), -1, 3)
    targets = (cores - middles).reshape(len(cores), -1)
    steps = _solved(systems, targets[..., None])
    steps[:, :2] = np.clip(steps[:, :2], -1, 1)
    left = targets - (systems @ steps)[..., 0]
    change: np.ndarray = np.abs(left - left.mean(axis=1, keepdims=True)).mean(axis=1)
    return change


def _solved(system: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least squares through the normal equations, a little damped so that flat patches have an answer.

    `system` is (..., M, K), `target` (..., M, 1); the answer is (..., K, 1).
    """
    turned = np.swapaxes(system, -1, -2).astype(np.float64)
    square = turned @ system
    traces = np.maximum(np.trace(square, axis1=-2, axis2=-1), 1.0)
    damping = 1e-6 * traces[..., None, None] * np.eye(square.shape[-1])
    solution: np.ndarray = np.linalg.solve(square + damping, turned @ target)
    return solution


def _warped(picture: Image.Image, motion: np.ndarray) -> np.ndarray:
    """The picture moved by a 3x3 affine motion about its centre."""
    width, height = picture.size
    centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    a = centre @ motion @ np.linalg.inv(centre)
    moved = picture.transform(picture.size, Image.Transform.AFFINE, a[:2].ravel().tolist(), Image.Resampling.BILINEAR)
    return np.asarray(moved, np.float32)
