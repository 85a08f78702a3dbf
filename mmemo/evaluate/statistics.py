"""Is the difference between two systems more than chance? A paired bootstrap over independent units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from mmemo.evaluate.metrics import CLASSES, checked_classes

# Below this many units a percentile interval is too narrow to prove anything (Cameron, Gelbach and
# Miller 2008, "Bootstrap-based improvements for inference with clustered errors", on few clusters).
FEW_UNITS = 10
RESAMPLES = 2000
_CHUNK_DRAWS = 2_000_000  # draws held in memory at once: 16 MB

Interval: TypeAlias = tuple[float, float]
Outcome: TypeAlias = Literal["gain", "loss", "mixed", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Gain:
    """Student minus baseline, from -1 to 1, with percentile 95 % intervals over independent units.

    An interval is None when it cannot be had: fewer than two units.
    """

    accuracy: float
    accuracy_ci95: Interval | None
    macro_f1: float
    macro_f1_ci95: Interval | None
    units: int

    @property
    def outcome(self) -> Outcome:
        """What the intervals say, in one word.

        Accuracy decides; macro-F1 has a veto, because accuracy alone can be had by giving up rare classes.
        "gain": accuracy rose beyond chance and macro-F1 did not fall beyond chance. "mixed": one rose and
        one fell. "loss": one fell beyond chance and none rose. "unknown": too few units to say.
        """
        if self.units < FEW_UNITS:
            return "unknown"
        accuracy, macro_f1 = direction(self.accuracy_ci95), direction(self.macro_f1_ci95)
        if accuracy * macro_f1 < 0:
            return "mixed"
        if accuracy < 0 or macro_f1 < 0:
            return "loss"
        return "gain" if accuracy > 0 else "none"

    @property
    def proven(self) -> bool:
        """True only for the outcome "gain"."""
        return self.outcome == "gain"


def direction(interval: Interval | None) -> int:
    """1 when the interval lies above 0, -1 below, 0 when it holds 0 or is not known."""
    if interval is None:
        return 0
    low, high = interval
    return 1 if low > 0 else -1 if high < 0 else 0


def paired_gain(
    gold: np.ndarray,
    student: np.ndarray,
    baseline: np.ndarray,
    unit_ids: np.ndarray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Gain:
    """Bootstrap the gain of (n,) student classes over (n,) baseline classes by whole units.

    `unit_ids` (n,) names the independent unit of every example. Whole units are drawn with replacement
    and both systems are scored on the same draw, so what makes a unit easy or hard cancels out.
    Percentile method and cluster resampling: Efron and Tibshirani 1993, chapters 8 and 13.
    Macro-F1 of a draw averages over the classes that the draw's gold holds.
    """
    gold = checked_classes(gold, "gold")
    assert gold.size, "score() refuses empty gold before this"
    counts, units = _unit_counts(gold, (student, baseline), unit_ids)
    accuracy, macro_f1 = _gains(counts.sum(axis=0, keepdims=True))
    if units < 2:
        return Gain(float(accuracy[0]), None, float(macro_f1[0]), None, units)
    rng = np.random.default_rng(seed)
    chunk = max(1, min(resamples, _CHUNK_DRAWS // units))
    parts = [_gains(_draw(rng, counts, min(chunk, resamples - done))) for done in range(0, resamples, chunk)]
    accuracies, macro_f1s = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Gain(float(accuracy[0]), percentile95(accuracies), float(macro_f1[0]), percentile95(macro_f1s), units)


def _unit_counts(
    gold: np.ndarray, systems: tuple[np.ndarray, np.ndarray], unit_ids: np.ndarray
) -> tuple[np.ndarray, int]:
    """(U, 5, 7) float64: a unit's gold, then hits and predictions of both systems, by class; and U.

    These margins of the units' confusion matrices are all that accuracy and F1 need, and they add up.
    """
    names, unit = np.unique(np.asarray(unit_ids), return_inverse=True)
    assert unit.shape == gold.shape, "one unit an example"
    counts = np.zeros((len(names), 5, CLASSES))
    np.add.at(counts[:, 0], (unit, gold), 1)
    for row, predicted in enumerate(systems):
        predicted = checked_classes(predicted, "predicted")
        assert predicted.shape == gold.shape, "one prediction a gold label"
        hit = predicted == gold
        np.add.at(counts[:, 1 + 2 * row], (unit[hit], gold[hit]), 1)
        np.add.at(counts[:, 2 + 2 * row], (unit, predicted), 1)
    return counts, len(names)


def _draw(rng: np.random.Generator, counts: np.ndarray, resamples: int) -> np.ndarray:
    """(R, 5, 7) summed counts of R draws of U units with replacement."""
    units = len(counts)
    picks = rng.integers(0, units, (resamples, units))
    picks += np.arange(resamples)[:, None] * units
    times = np.bincount(picks.ravel(), minlength=resamples * units).reshape(resamples, units)
    sums: np.ndarray = times.astype(np.float64) @ counts.reshape(units, -1)
    return sums.reshape(resamples, 5, CLASSES)


def _gains(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(R, 5, 7) counts -> (R,) gains in accuracy, (R,) gains in macro-F1."""
    gold = sums[:, 0]
    present = gold > 0
    total, classes = gold.sum(axis=1), present.sum(axis=1)
    accuracy, macro_f1 = [], []
    for hits, predicted in ((sums[:, 1], sums[:, 2]), (sums[:, 3], sums[:, 4])):
        f1 = np.divide(2 * hits, gold + predicted, out=np.zeros_like(gold), where=present)
        accuracy.append(hits.sum(axis=1) / total)
        macro_f1.append(f1.sum(axis=1) / classes)
    return accuracy[0] - accuracy[1], macro_f1[0] - macro_f1[1]


def sums_of_drawn_units(counts: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """(U, ...) figures that add up, one of each unit -> (R, ...) their sums when U whole units are drawn R times.

    With replacement: the bootstrap over clusters (Efron and Tibshirani 1993, chapters 8 and 13).
    """
    units = len(counts)
    times = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), resamples)
    sums: np.ndarray = times.astype(np.float64) @ counts.reshape(units, -1)
    return sums.reshape(resamples, *counts.shape[1:])


def percentile95(values: np.ndarray) -> Interval:
    """The middle 95 % of (R,) figures of draws."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
