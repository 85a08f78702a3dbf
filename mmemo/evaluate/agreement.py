"""How far people agree on the same faces: alpha, kappa, plain shares, with intervals over faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmemo.evaluate.statistics import FEW_UNITS, Interval, percentile95

RESAMPLES = 1000
_CHUNK = 100


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its percentile 95 % interval over faces; None where it cannot be had, or of too few faces."""

    value: float | None
    ci95: Interval | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GroupAgreement:
    """What several people agree on: `faces` that at least two labelled, and the words on them.

    alpha: Krippendorff's, 1 for always, 0 for no more than chance. same: the share of pairs of words on one face that
    say the same, each face weighing as much as it has words. by_class: of the words that name a class, the share of the other words on their faces that name it
    too, with the number of such words.
    """

    faces: int
    words: int
    alpha: Measure
    same: Measure
    by_class: Sequence[tuple[float | None, int]]

    @property
    def is_few(self) -> bool:
        """Whether it is too little to build on."""
        return self.faces < FEW_UNITS


@dataclass(frozen=True, slots=True, eq=False)
class PairAgreement:
    """Two people on the faces that both labelled: counts (K, K), a row for what the first said."""

    faces: int
    kappa: Measure
    same: Measure
    counts: np.ndarray

    @property
    def is_few(self) -> bool:
        """Whether it is too little to build on."""
        return self.faces < FEW_UNITS


def group_agreement(
    words: Mapping[str, np.ndarray], classes: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> GroupAgreement:
    """Of {person: (N,) int class, -1 where silent}.

    Nominal alpha: Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C, from the matrix of
    coincidences. By class: specific agreement, Fleiss, Levin and Paik 2003, "Statistical methods for rates and
    proportions", section 18.1, for several people. The bootstrap draws whole faces with all words on them.
    """
    counts = _counts(words, classes)
    counts = counts[counts.sum(1) >= 2]
    pairs = coincidences(counts)
    alpha, same = _alpha(pairs.sum(0)[None]), _same(pairs.sum(0)[None])
    total = pairs.sum(0)
    said = total.sum(1)
    # The n of a class are words; `said` are pairable ones, which is the same number.
    by_class = [
        (float(total[c, c] / said[c]) if said[c] > 0 else None, int(counts[:, c].sum())) for c in range(classes)
    ]
    draws = _draws(pairs, resamples, seed) if len(counts) >= FEW_UNITS else None
    return GroupAgreement(
        len(counts),
        int(counts.sum()),
        Measure(_first(alpha), None if draws is None else _interval(_alpha(draws))),
        Measure(_first(same), None if draws is None else _interval(_same(draws))),
        by_class,
    )


def pair_agreement(
    first: np.ndarray, second: np.ndarray, classes: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> PairAgreement:
    """Of two (N,) int columns of classes, -1 where silent; kappa: Cohen 1960."""
    both = (first >= 0) & (second >= 0)
    faces = int(both.sum())
    counts = np.bincount(classes * first[both] + second[both], minlength=classes**2).reshape(classes, classes)
    draws = None
    if faces >= FEW_UNITS:  # each face is in one cell, so drawing faces is drawing cells
        rng = np.random.default_rng(seed)
        draws = rng.multinomial(faces, counts.ravel() / faces, resamples).reshape(-1, classes, classes)
    return PairAgreement(
        faces,
        Measure(_first(_kappa(counts[None])), None if draws is None else _interval(_kappa(draws))),
        Measure(_first(_same(counts[None])), None if draws is None else _interval(_same(draws))),
        counts,
    )


def share(hits: int, of: int) -> Measure:
    """hits / of with its 95 % interval: Wilson 1927, which holds for few and for all or none of them."""
    if of == 0:
        return Measure(None)
    z = 1.959963984540054
    p, spread = hits / of, z * z / of
    middle = (p + spread / 2) / (1 + spread)
    half = z * float(np.sqrt(p * (1 - p) / of + spread / (4 * of))) / (1 + spread)
    return Measure(p, (max(0.0, middle - half), min(1.0, middle + half)))


def coincidences(counts: np.ndarray) -> np.ndarray:
    """(N, K) words of each class on a face, two or more in all -> (N, K, K) pairs of words, each face weighing as
    much as it has words."""
    counts = counts.astype(np.float64)
    pairs = counts[:, :, None] * counts[:, None, :]
    diagonal = np.arange(counts.shape[1])
    pairs[:, diagonal, diagonal] -= counts
    weighted: np.ndarray = pairs / np.maximum(counts.sum(1) - 1, 1)[:, None, None]
    return weighted


def _counts(words: Mapping[str, np.ndarray], classes: int) -> np.ndarray:
    """(N, K) how many people named each class."""
    if not words:
        return np.zeros((0, classes), np.int64)
    table = np.stack([*words.values()])
    return np.stack([(table == c).sum(0) for c in range(classes)], axis=1)


def _alpha(pairs: np.ndarray) -> np.ndarray:
    """(R, K, K) coincidences -> (R,); NaN where nothing varies, for then chance alone would agree too."""
    said = pairs.sum(2)
    n = said.sum(1)
    agreed = pairs.trace(axis1=1, axis2=2)
    chance = (said * (said - 1)).sum(1)
    varies = n * (n - 1) - chance
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = np.where(varies > 1e-9, ((n - 1) * agreed - chance) / varies, np.nan)
    return found


def _kappa(counts: np.ndarray) -> np.ndarray:
    """(R, K, K) -> (R,); NaN where both always say one and the same."""
    n = counts.sum((1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = counts.trace(axis1=1, axis2=2) / n
        chance = (counts.sum(2) * counts.sum(1)).sum(1) / (n * n)
        found: np.ndarray = np.where(1 - chance > 1e-9, (observed - chance) / (1 - chance), np.nan)
    return found


def _same(pairs: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = pairs.trace(axis1=1, axis2=2) / pairs.sum((1, 2))
    return found


def _draws(cells: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """(R, K, K) sums over N faces drawn with replacement."""
    rng, (n, k, _) = np.random.default_rng(seed), cells.shape
    flat = cells.reshape(n, k * k)
    parts = []
    for done in range(0, resamples, _CHUNK):
        times = rng.multinomial(n, np.full(n, 1 / n), min(_CHUNK, resamples - done))
        parts.append(times.astype(np.float64) @ flat)
    return np.concatenate(parts).reshape(-1, k, k)


def _first(values: np.ndarray) -> float | None:
    return None if np.isnan(values[0]) else float(values[0])


def _interval(values: np.ndarray) -> Interval | None:
    values = values[~np.isnan(values)]
    return percentile95(values) if len(values) else None
