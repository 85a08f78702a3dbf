"""Where one shot ends and the next begins, told from the small grey pictures of a cue, and the shots of an episode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from mmemo.errors import InputError

SHOT_COLUMNS = ("shot_id", "start_ms", "end_ms")

_THUMBNAIL = (32, 18)
_BIN_BITS = 3  # eight grey levels a bin of the histogram
_ENOUGH_PX = 90  # rows that are looked at
# The camera may have moved by this much of the picture, sideways and up, between two frames of one shot.
_REACH = (13, 5)
_ZOOMS = (0.8, 1.25)
# So much of the picture must be seen in both frames.
_MIN_SHARED = 0.4
# A thumbnail whose grey levels scatter less shows nothing: black, white, or fog.
_FLAT = 3.0
# Where the light stays as it is, people may move about more before it is called a cut.
_EQUAL_LIGHT = 0.25
# A flash or something that passes before the camera hides a shot for at most so many frames.
_HIDDEN_FRAMES = 2
# A dissolve is looked for over so many frames; half-way it must be a mixture of its ends and of nothing else.
_DISSOLVE_FRAMES = (4, 8)
_MIXED = (0.2, 0.8)
_MAX_UNMIXED = 0.05


@dataclass(frozen=True, slots=True)
class ShotSettings:
    """When two pictures are of different shots: their layout must differ, and more so when their light does not.

    `min_likeness` is the correlation of two thumbnails, -1 to 1, after taking out the motion of the camera; where the
    brightness histogram changes by no more than `max_histogram_change` (half the L1 distance, 0 to 1), people move and
    0.25 less is enough. Cues less than `max_gap_ms` apart may show the same shot, with longer ones nobody knows.
    """

    max_histogram_change: float = 0.06
    min_likeness: float = 0.85
    max_gap_ms: int = 2_000

    def __post_init__(self) -> None:
        if not 0 <= self.max_histogram_change < 1:
            raise InputError("the histogram change that tells a cut must be 0 to 1", hint="0.06 is a good value")
        if not 0 < self.min_likeness < 1:
            raise InputError("the likeness that tells a cut must be between 0 and 1", hint="0.85 is a good value")
        if self.max_gap_ms < 0:
            raise InputError("the gap over which a shot goes on cannot be negative", hint="2000 ms is a good value")


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """What is kept of a frame to tell shots apart: thumbnail (18, 32) float32 and brightness histogram (32,)."""

    thumbnail: np.ndarray
    histogram: np.ndarray

    @property
    def is_flat(self) -> bool:
        """Whether there is nothing to see."""
        return float(self.thumbnail.std()) < _FLAT


def glance(grey: np.ndarray) -> Glance:
    """The glance of an (h, w) uint8 frame."""
    step = max(1, min(grey.shape) // _ENOUGH_PX)
    sample = np.ascontiguousarray(grey[::step, ::step])
    thumbnail = np.asarray(Image.fromarray(sample).resize(_THUMBNAIL, Image.Resampling.BOX), np.float32)
    counts = np.bincount((sample >> _BIN_BITS).ravel(), minlength=256 >> _BIN_BITS)
    return Glance(thumbnail, counts / max(1, sample.size))


def shot_numbers(glances: Sequence[Glance], settings: ShotSettings) -> list[int]:
    """Number the shot of each frame of a cue, from 0, in order of time.

    Frames a fraction of a second apart are compared with a detector of their own kind: a plain change of brightness
    and layout is a cut, unless the picture before comes back at once (a flash), or the camera moved. Frames that show
    nothing belong to what is before them, and the shots on both sides of them are compared. Dissolves are found by
    their middle, which mixes both ends.
    """
    starts = set(_hard_cuts(glances, settings))
    for turn in _dissolves(glances, settings):
        if all(abs(turn - start) > _DISSOLVE_FRAMES[-1] for start in starts):
            starts.add(turn)
    return [int(n) for n in np.cumsum([i in starts for i in range(len(glances))])]


def is_same_shot(before: Glance, after: Glance, settings: ShotSettings, *, neighbours: bool = True) -> bool:
    """Whether two frames are of one shot; when they are not `neighbours` in time, the light tells nothing."""
    needed = settings.min_likeness
    if neighbours:
        change = 0.5 * float(np.abs(before.histogram - after.histogram).sum())
        needed -= _EQUAL_LIGHT if change <= settings.max_histogram_change else 0.0
    return _show_the_same(before.thumbnail, after.thumbnail, needed)


def _show_the_same(before: np.ndarray, after: np.ndarray, needed: float) -> bool:
    """Whether two thumbnails are as like as is needed, as they are or after a motion of the camera."""
    return likeness(before, after) >= needed or moved_likeness(before, after) >= needed


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two equal-sized pictures, -1 to 1; 1 when both are flat and of one brightness."""
    apart = float(abs(a.mean() - b.mean()))
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    if scale <= 1e-6:
        return float(apart < 1.0 and np.allclose(a, b, atol=1.0))
    return float((a * b).sum()) / scale


def moved_likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Largest likeness of the parts of two (18, 32) thumbnails that show the same when the camera turned or zoomed.

    Normalised cross-correlation of the overlapping parts for every shift up to `_REACH`, by Fourier transform
    (Padfield 2012, "Masked object registration in the Fourier domain").
    """
    return max(_best_shift(a, zoomed) for zoomed in (b, *_zooms(b)))


def _zooms(thumbnail: np.ndarray) -> Iterator[np.ndarray]:
    """What is seen after zooming in and out; where nothing is known NaN."""
    height, width = thumbnail.shape
    picture = Image.fromarray(thumbnail)
    for zoom in _ZOOMS:
        middle = (width * (1 - 1 / zoom) / 2, height * (1 - 1 / zoom) / 2)
        affine = (1 / zoom, 0.0, middle[0], 0.0, 1 / zoom, middle[1])
        zoomed = picture.transform(
            (width, height), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR, fillcolor=-1.0
        )
        values = np.asarray(zoomed, np.float32)
        yield np.where(values < 0, np.float32(np.nan), values)


def _best_shift(a: np.ndarray, b: np.ndarray) -> float:
    size = (2 * a.shape[0], 2 * a.shape[1])

    def spectrum(values: np.ndarray) -> np.ndarray:
        return np.fft.rfft2(values, size)

    known = np.isfinite(b)
    a, b = a - a.mean(), np.where(known, b - b[known].mean(), 0.0)
    spectra_a = [spectrum(v) for v in (np.ones_like(a), a, a * a)]
    spectra_b = [np.conj(spectrum(v)) for v in (known.astype(np.float64), b, b * b)]

    def shifted_sum(i: int, j: int) -> np.ndarray:
        every = np.fft.irfft2(spectra_a[i] * spectra_b[j], size)
        rows, columns = (np.arange(-reach, reach + 1) for reach in (_REACH[1], _REACH[0]))
        part: np.ndarray = every[rows[:, None], columns[None, :]]
        return part

    count = np.maximum(shifted_sum(0, 0), 1.0)
    sum_a, sum_b = shifted_sum(1, 0), shifted_sum(0, 1)
    spread_a = shifted_sum(2, 0) - sum_a**2 / count
    spread_b = shifted_sum(0, 2) - sum_b**2 / count
    seen = (np.minimum(spread_a, spread_b) > _FLAT**2 * count) & (count >= _MIN_SHARED * a.size)
    both = shifted_sum(1, 1) - sum_a * sum_b / count
    correlation = np.where(seen, both / np.sqrt(np.maximum(spread_a * spread_b, 1e-6)), -1.0)
    return float(correlation.max())


def _hard_cuts(glances: Sequence[Glance], settings: ShotSettings) -> Iterator[int]:
    """Indices of first frames."""
    seen = [i for i, frame in enumerate(glances) if not frame.is_flat]
    last: int | None = None  # the newest frame of the shot that was seen clearly
    position = 0
    while position < len(seen):
        i = seen[position]
        if last is not None and not is_same_shot(glances[last], glances[i], settings, neighbours=i == last + 1):
            back = _comes_back(glances, last, seen[position + 1 : position + 1 + _HIDDEN_FRAMES], i, settings)
            if back is not None:
                position = seen.index(back)
                continue
            yield i
        last = i
        position += 1


def _comes_back(
    glances: Sequence[Glance], last: int, later: Sequence[int], start: int, settings: ShotSettings
) -> int | None:
    for j in later:
        if j - start > _HIDDEN_FRAMES:
            return None
        if is_same_shot(glances[last], glances[j], settings, neighbours=False):
            return j
    return None


def _dissolves(glances: Sequence[Glance], settings: ShotSettings) -> Iterator[int]:
    for length in reversed(_DISSOLVE_FRAMES):
        for first in range(len(glances) - length):
            turn = _turn(glances[first : first + length + 1], settings)
            if turn is not None:
                yield first + turn


def _turn(parts: Sequence[Glance], settings: ShotSettings) -> int | None:
    """The frame of a dissolve that is nearer to its end, None when it is none."""
    before, after = parts[0].thumbnail, parts[-1].thumbnail
    if likeness(before, after) >= settings.min_likeness or parts[0].is_flat or parts[-1].is_flat:
        return None
    middle = _mixture(before, after, parts[len(parts) // 2].thumbnail)
    if middle is None or not _MIXED[0] <= middle <= _MIXED[1]:
        return None
    shares = [_mixture(before, after, part.thumbnail) for part in parts]
    if any(share is None for share in shares) or moved_likeness(before, after) >= settings.min_likeness:
        return None
    return next(i for i, share in enumerate(shares) if share is not None and share > 0.5)


def _mixture(before: np.ndarray, after: np.ndarray, between: np.ndarray) -> float | None:
    """The share of `after` in a thumbnail, None when it is no mixture of the two (in grey levels, gamma left alone)."""
    step = after - before
    share = float(((between - before) * step).sum() / max(float((step * step).sum()), 1e-6))
    rest = between - before - share * step
    size = min(float(np.abs(between - before).mean()), float(np.abs(between - after).mean()))
    return (
        share
        if float(np.abs(rest).mean()) <= max(_MAX_UNMIXED * float(np.abs(step).mean()), 0.5) or size < 0.5
        else None
    )


@dataclass(frozen=True, slots=True, eq=False)
class CueShots:
    """The shots of one cue: its frames' times and shot numbers from 0, and what its first and last frame look like.

    `times_ms` (N,) int64, `numbers` (N,) int32, `first` and `last` (18, 32) uint8 thumbnails. All cues of an episode
    are kept until their shots are joined, so that they hold no more than this takes.
    """

    times_ms: np.ndarray
    numbers: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.times_ms) == len(self.numbers) > 0, "one shot a frame, at least one frame"
        assert self.first.dtype == self.last.dtype == np.uint8, "thumbnails as they are kept"


def cue_shots(times_ms: Sequence[int], numbers: Sequence[int], first: Glance, last: Glance) -> CueShots:
    """What is kept of a cue; the values of a thumbnail are whole."""
    edges = (glance.thumbnail.astype(np.uint8) for glance in (first, last))
    return CueShots(np.array(times_ms, np.int64), np.array(numbers, np.int32), *edges)


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeShots:
    """`ids[i][n]`: the episode-wide number of shot n of cue i; `table`: SHOT_COLUMNS, in order of time."""

    ids: list[list[int]]
    table: pd.DataFrame


def join_shots(cues: Sequence[CueShots], settings: ShotSettings) -> EpisodeShots:
    """Number the shots of an episode from 1, as far as its cues show them; cues in order of their first frame.

    Cues that overlap in time show the same shots. Between cues a shot goes on when they are near in time and the
    edges look alike. A cut that two cues saw between different frames is one cut.
    """
    starts = _common_points([*_cuts_inside(cues), *_cuts_between(cues, settings)])
    shot_of_frame = [np.searchsorted(starts, cue.times_ms, side="right") + 1 for cue in cues]
    ids = [
        [int(np.bincount(found[cue.numbers == number]).argmax()) for number in range(int(cue.numbers.max()) + 1)]
        for cue, found in zip(cues, shot_of_frame, strict=True)
    ]
    every = pd.DataFrame(
        {
            "shot_id": np.concatenate(shot_of_frame).astype(np.int32) if cues else np.zeros(0, np.int32),
            "time_ms": np.concatenate([cue.times_ms for cue in cues] or [np.zeros(0, np.int64)]),
        }
    )
    spans = every.groupby("shot_id")["time_ms"]
    table = pd.DataFrame({"start_ms": spans.min(), "end_ms": spans.max()}).reset_index()
    return EpisodeShots(ids, table[list(SHOT_COLUMNS)].astype({"shot_id": np.int32}))


def _cuts_inside(cues: Sequence[CueShots]) -> Iterator[tuple[int, int]]:
    """(last time before, first time after) of every cut that a cue shows."""
    for cue in cues:
        for i in np.flatnonzero(np.diff(cue.numbers)) + 1:
            yield int(cue.times_ms[i - 1]), int(cue.times_ms[i])


def _cuts_between(cues: Sequence[CueShots], settings: ShotSettings) -> Iterator[tuple[int, int]]:
    """The same for cues that follow each other with something unseen between them."""
    newest: CueShots | None = None
    for cue in cues:
        if newest is not None and cue.times_ms[0] > newest.times_ms[-1]:
            is_near = cue.times_ms[0] - newest.times_ms[-1] <= settings.max_gap_ms
            edges = newest.last.astype(np.float32), cue.first.astype(np.float32)
            if not (is_near and _show_the_same(*edges, settings.min_likeness)):
                yield int(newest.times_ms[-1]), int(cue.times_ms[0])
        if newest is None or cue.times_ms[-1] >= newest.times_ms[-1]:
            newest = cue


def _common_points(intervals: Sequence[tuple[int, int]]) -> list[int]:
    """As few times as possible so that one lies in every (after, up to] interval, in order."""
    points: list[int] = []
    for after, upto in sorted(intervals, key=lambda interval: interval[1]):
        if not points or points[-1] <= after:
            points.append(upto)
    return points
