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
    left = _left_over(aligned(after, place - BORDER_PX, 1), core)
    change = np.abs(left - left.mean(axis=1, keepdims=True)).mean(axis=1)
    return place - BORDER_PX, np.minimum(change, best)


def aligned(patches: np.ndarray, shifts: np.ndarray, around_px: int = 0) -> np.ndarray:
    """The inner parts of (N, H, W) patches at their (N, 2) shifts (rows, columns), with `around_px` of the border."""
    height, width = (edge - 2 * BORDER_PX + 2 * around_px for edge in patches.shape[1:])
    firsts = np.asarray(shifts) + BORDER_PX - around_px
    return np.stack([a[r : r + height, c : c + width] for a, (r, c) in zip(patches, firsts, strict=True)])


def weighted_changes(before: np.ndarray, after: np.ndarray, shifts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(N,) root of the weighted mean square of what changes between N pairs of patches at known whole-pixel shifts.

    `weights` is (h, w) without the border and sums to 1; the rest of the shift and the brightness are taken out.
    """
    # One pixel of the border is kept for the slopes.
    inside = np.clip(shifts, 1 - BORDER_PX, BORDER_PX - 1)
    left = _left_over(aligned(after, inside, 1), before[:, BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX], weights)
    return np.asarray(np.sqrt((left * left).sum(axis=1)))


def main_changes(patches: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """(N, count) how far each of N aligned patches (N, h, w) is along the changes that they make most, 0 on average.

    Small shifts, brightness and contrast are no change; what is left is told by its first principal components, in the
    unit of the patches; `weights` is (h, w) and sums to 1.
    """
    usual = np.median(patches, axis=0).astype(np.float64)
    slope_y, slope_x = np.gradient(usual)
    scale = np.sqrt(weights)
    known = np.stack([np.ones_like(usual), usual, slope_x, slope_y]) * scale
    basis, _ = np.linalg.qr(known.reshape(len(known), -1).T)
    changes = ((patches - usual) * scale).reshape(len(patches), -1)
    changes = changes - (changes @ basis) @ basis.T
    changes = changes - changes.mean(axis=0)
    powers, ways = np.linalg.eigh(changes @ changes.T)
    along = np.zeros((len(patches), count))
    known_ways = min(count, len(patches))
    along[:, :known_ways] = (ways * np.sqrt(np.maximum(powers, 0)))[:, ::-1][:, :known_ways]
    return along


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


def _left_over(windows: np.ndarray, cores: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(N, h * w) what no shift below a pixel and no brightness explains of cores, in windows larger by a px all around.

    With `weights`, (h, w), the fit is weighted, and what is left is multiplied by their root.
    """
    middles = windows[:, 1:-1, 1:-1]
    slope_y = (windows[:, 2:, 1:-1] - windows[:, :-2, 1:-1]) / 2
    slope_x = (windows[:, 1:-1, 2:] - windows[:, 1:-1, :-2]) / 2
    scale = np.float32(1) if weights is None else np.sqrt(weights)
    terms = [slope_x * scale, slope_y * scale, np.ones_like(cores) * scale]
    systems = np.stack(terms, axis=-1).reshape(len(cores), -1, 3)
    targets = ((cores - middles) * scale).reshape(len(cores), -1)
    steps = _solved(systems, targets[..., None])
    steps[:, :2] = np.clip(steps[:, :2], -1, 1)
    left: np.ndarray = targets - (systems @ steps)[..., 0]
    return left


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
