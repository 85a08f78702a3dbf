"""How well cue times fit speech at every offset and frame rate, and where in the file the offset changes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmemo.episode.sound_frames import FRAME_MS

MAX_OFFSET_MS = 60_000
LAGS = round(MAX_OFFSET_MS / FRAME_MS)
# Lags this close to a peak belong to it.
NEAR_LAGS = round(4_000 / FRAME_MS)
# Slow changes, such as a scene without a word, fit by chance; only what is faster than this counts.
_LOCAL_FRAMES = round(60_000 / FRAME_MS)
_MAX_WINDOWS = 400
# Two lines may begin nearly together; more would put a later line before an earlier one.
_ORDER_FRAMES = 16
_ONSET_SILENCE_FRAMES = 6
_ONSET_REACH_MS = 800
_ONSET_WIDTH_MS = 150
_MIN_ONSETS = 8


@dataclass(frozen=True, slots=True)
class Match:
    """The fit of one ratio: (2 * LAGS + 1,) correlations, and mean and standard deviation of what chance gives."""

    ratio: float
    fits: np.ndarray
    chance_mean: float
    chance_std: float

    @property
    def best(self) -> int:
        """Index of the lag that fits best; LAGS is no offset."""
        return int(self.fits.argmax())

    @property
    def fit(self) -> float:
        """The best correlation."""
        return float(self.fits[self.best])

    @property
    def rival(self) -> float:
        """The best correlation that is not beside the best one."""
        apart = np.abs(np.arange(len(self.fits)) - self.best) > NEAR_LAGS
        return float(self.fits[apart].max())

    def z(self, fit: float) -> float:
        """A correlation in standard deviations above chance."""
        return (fit - self.chance_mean) / self.chance_std


@dataclass(frozen=True, slots=True)
class Pieces:
    """An alignment in parts: the first cue and the lag in frames of each, and the correlation of the whole."""

    first_cues: tuple[int, ...]
    lags: tuple[int, ...]
    fit: float


def local_contrast(values: np.ndarray) -> np.ndarray:
    """(N,) values less their mean over the minute around each, as float32."""
    half = _LOCAL_FRAMES // 2
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    last = np.minimum(np.arange(len(values)) + half, len(values))
    first = np.maximum(np.arange(len(values)) - half, 0)
    contrast: np.ndarray = (values - (sums[last] - sums[first]) / (last - first)).astype(np.float32)
    return contrast


def cue_activity(spans_ms: np.ndarray, ratio: float) -> np.ndarray:
    """(N, 2) start and end in ms, times `ratio`, as (frames,) float32: 1 where a cue is shown."""
    edges = np.maximum(np.round(spans_ms * ratio / FRAME_MS), 0).astype(np.int64)
    steps = np.zeros(int(edges.max()) + 2, np.int64)
    np.add.at(steps, edges[:, 0], 1)
    np.add.at(steps, np.maximum(edges[:, 1], edges[:, 0] + 1), -1)
    return (np.cumsum(steps) > 0).astype(np.float32)


def match(cues: np.ndarray, speech: np.ndarray, ratio: float, least_std: float = 1e-6) -> Match:
    """Correlate the local contrast of cues, (n,), and speech, (m,), at lags of up to LAGS frames.

    All other circular lags cannot be right and tell what chance gives, but not less than `least_std`; when the
    episode is too short for that, those away from the best lag help.
    """
    size = -(-(max(len(cues), len(speech)) + LAGS) // 1024) * 1024
    both = np.fft.rfft(speech, size) * np.conj(np.fft.rfft(cues, size))
    correlation = np.fft.irfft(both, size) / norm(cues, speech)
    fits = np.concatenate([correlation[-LAGS:], correlation[: LAGS + 1]])
    chance = correlation[LAGS + 1 : -LAGS]
    if len(chance) < 2 * LAGS:
        chance = np.concatenate([chance, fits[np.abs(np.arange(len(fits)) - fits.argmax()) > NEAR_LAGS]])
    middle = float(np.median(chance))
    # The median deviation is not moved by a few offsets that are right for some part of the episode.
    spread = 1.4826 * float(np.median(np.abs(chance - middle)))
    return Match(ratio, fits, middle, max(spread, least_std))


def norm(cues: np.ndarray, speech: np.ndarray) -> float:
    """What makes a sum of products a correlation."""
    lengths = float(np.linalg.norm(cues.astype(np.float64))) * float(np.linalg.norm(speech.astype(np.float64)))
    return max(lengths, 1e-6)


def pieces(
    spans_ms: np.ndarray, cues: np.ndarray, speech: np.ndarray, ratio: float, *, window_cues: int, min_z: float
) -> Pieces | None:
    """The best alignment in more than one part; None when one offset will do, or a part is not beyond doubt.

    A best path over groups of `window_cues` cues (Viterbi 1967): each group has a score at every lag, and changing the
    lag costs as much as two groups bring. Every part must stand out by `min_z` on its own, and have two groups.
    """
    edges = _group_edges(spans_ms, ratio, max(window_cues, -(-len(spans_ms) // _MAX_WINDOWS)), len(cues))
    if len(edges) < 5:
        return None
    scores = _lag_scores(cues, speech, [frame for _, frame in edges])
    single = float(scores.sum(axis=0).max())
    path = _best_path(scores, max(2 * single / len(scores), 6 * float(scores.std())))
    starts = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist()]
    ends = [*starts[1:], len(scores)]
    if len(starts) == 1 or any(b - a < 2 for a, b in zip(starts, ends, strict=True)):
        return None
    if any(_own_z(scores[a:b].sum(axis=0), int(path[a])) < min_z for a, b in zip(starts, ends, strict=True)):
        return None
    lags = [int(path[a]) - LAGS for a in starts]
    firsts = [0]
    for k in range(1, len(starts)):
        low, high = edges[max(starts[k] - 2, starts[k - 1])][0], edges[min(starts[k] + 2, ends[k])][0]
        among = range(max(low, 1), min(high + 1, len(spans_ms)))
        turn = _turning_cue(spans_ms, cues, speech, ratio, among, (lags[k - 1], lags[k]))
        if turn is None:
            return None
        firsts.append(turn)
    total = float(scores[np.arange(len(scores)), path].sum())
    return Pieces(tuple(firsts), tuple(lags), total / norm(cues, speech))


def _group_edges(spans_ms: np.ndarray, ratio: float, window_cues: int, frames: int) -> list[tuple[int, int]]:
    """(cue, frame) at which each group begins, and the end; a group begins in the middle of the gap before it."""
    edges = [(0, 0)]
    for cue in range(window_cues, len(spans_ms) - window_cues // 2, window_cues):
        middle = round((spans_ms[cue - 1, 1] + spans_ms[cue, 0]) / 2 * ratio / FRAME_MS)
        edges.append((cue, max(middle, edges[-1][1])))
    return [*edges, (len(spans_ms), max(frames, edges[-1][1]))]


def _lag_scores(cues: np.ndarray, speech: np.ndarray, edges: list[int]) -> np.ndarray:
    """(groups, 2 * LAGS + 1) float32 products of the cues of each group with the speech at every lag."""
    room = np.zeros(LAGS + len(cues) + LAGS + 1, np.float32)
    fits_in = speech[: len(cues) + LAGS]
    room[LAGS : LAGS + len(fits_in)] = fits_in
    scores = np.zeros((len(edges) - 1, 2 * LAGS + 1), np.float32)
    for row, (a, b) in enumerate(pairwise(edges)):
        if b > a:
            scores[row] = np.correlate(room[a : b + 2 * LAGS], cues[a:b], "valid")
    return scores


def _best_path(scores: np.ndarray, change_cost: float) -> np.ndarray:
    """(groups,) columns of the path with the largest sum, where each change of column costs."""
    came_from = np.zeros(scores.shape, np.int32)
    columns = np.arange(scores.shape[1], dtype=np.int32)
    total = scores[0].astype(np.float64)
    for row in range(1, len(scores)):
        top = int(total.argmax())
        changes = total[top] - change_cost > total
        came_from[row] = np.where(changes, top, columns)
        total = np.where(changes, total[top] - change_cost, total) + scores[row]
    path = np.empty(len(scores), np.int64)
    path[-1] = total.argmax()
    for row in range(len(scores) - 1, 0, -1):
        path[row - 1] = came_from[row, path[row]]
    return path


def _own_z(score: np.ndarray, column: int) -> float:
    others = score[np.abs(np.arange(len(score)) - column) > NEAR_LAGS]
    return float((score[column] - np.median(others)) / max(float(others.std()), 1e-6))


def _turning_cue(
    spans_ms: np.ndarray, cues: np.ndarray, speech: np.ndarray, ratio: float, among: range, lags: tuple[int, int]
) -> int | None:
    """The cue from which the second lag fits better than the first; None when every choice mixes the order of cues."""
    starts = spans_ms[:, 0] * ratio / FRAME_MS
    keeps_order = np.array([starts[k] + lags[1] - starts[k - 1] - lags[0] >= -_ORDER_FRAMES for k in among])
    if not keeps_order.any():
        return None
    ends = spans_ms[:, 1] * ratio / FRAME_MS
    turns = np.array([round((ends[k - 1] + starts[k]) / 2) for k in among])
    first, last = turns[0], max(int(turns.max()), turns[0] + 1)
    gains = [
        np.concatenate([[0.0], np.cumsum(cues[first:last] * _taken(speech, first + lag, last + lag))]) for lag in lags
    ]
    at = np.clip(turns - first, 0, last - first)
    total = np.where(keeps_order, gains[0][at] - gains[1][at], -np.inf)
    return among[int(total.argmax())]


def _taken(values: np.ndarray, first: int, last: int) -> np.ndarray:
    """values[first:last], with 0 for what is outside."""
    out = np.zeros(last - first, np.float32)
    low, high = max(first, 0), min(last, len(values))
    if low < high:
        out[low - first : high - first] = values[low:high]
    return out


def onset_shift_ms(starts_ms: np.ndarray, speech: np.ndarray) -> float:
    """What must be added to (N,) aligned cue starts so that most begin where speech does; 0 when that is not clear.

    A cue stays on screen after its words, so the overlap alone is best somewhat too early; the onsets are exact.
    """
    spoken = speech > 0.5
    quiet = np.concatenate([[0], np.cumsum(spoken)])
    frames = np.flatnonzero(spoken[1:] & ~spoken[:-1]) + 1
    frames = frames[quiet[frames] == quiet[np.maximum(frames - _ONSET_SILENCE_FRAMES, 0)]]
    if not len(frames):
        return 0.0
    onsets_ms = frames * FRAME_MS
    after = np.clip(np.searchsorted(onsets_ms, starts_ms), 1, max(len(onsets_ms) - 1, 1))
    near = onsets_ms[np.stack([after - 1, np.minimum(after, len(onsets_ms) - 1)])] - starts_ms
    gaps = near[np.abs(near).argmin(axis=0), np.arange(len(starts_ms))]
    gaps = np.sort(gaps[np.abs(gaps) < _ONSET_REACH_MS])
    support = np.searchsorted(gaps, gaps + _ONSET_WIDTH_MS) - np.searchsorted(gaps, gaps - _ONSET_WIDTH_MS)
    if len(gaps) < _MIN_ONSETS or support.max() < max(_MIN_ONSETS, 0.3 * len(gaps)):
        return 0.0
    centre = gaps[support.argmax()]
    return float(np.median(gaps[np.abs(gaps - centre) <= _ONSET_WIDTH_MS]))
