"""How sure a figure is: accuracy and F1 of one system when whole units are drawn again (Efron and Tibshirani 1993)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmemo.evaluate.statistics import Interval, percentile95, sums_of_drawn_units

FIGURES = ("accuracy", "macro_f1", "weighted_f1")


@dataclass(frozen=True, slots=True)
class Sure:
    """A figure 0 to 1 and its 95 % interval by percentiles; None with fewer than two units."""

    value: float
    ci95: Interval | None


def figures(gold: np.ndarray, said: np.ndarray, units: np.ndarray, classes: int, seed: int = 0) -> dict[str, Sure]:
    """FIGURES of (n,) columns against (n,) gold; a unit's samples are drawn together.

    Macro-F1 is over the classes that the (drawn) gold holds.
    """
    names, unit = np.unique(units, return_inverse=True)
    counts = np.zeros((len(names), 3, classes))
    np.add.at(counts[:, 0], (unit, gold), 1)
    np.add.at(counts[:, 1], (unit, said), 1)
    np.add.at(counts[:, 2], (unit[gold == said], gold[gold == said]), 1)
    whole = _figures(counts.sum(axis=0)[None])
    if len(names) < 2:
        return {name: Sure(float(value[0]), None) for name, value in zip(FIGURES, whole, strict=True)}
    drawn = _figures(sums_of_drawn_units(counts, seed=seed))
    return {
        name: Sure(float(value[0]), percentile95(many)) for name, value, many in zip(FIGURES, whole, drawn, strict=True)
    }


def _figures(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(R, 3, K) gold, said and right -> (R,) accuracy, macro-F1, weighted F1."""
    gold, said, right = counts[:, 0], counts[:, 1], counts[:, 2]
    present, total = gold > 0, gold.sum(axis=1)
    f1 = np.divide(2 * right, gold + said, out=np.zeros_like(gold), where=present)
    return right.sum(axis=1) / total, f1.sum(axis=1) / present.sum(axis=1), (f1 * gold).sum(axis=1) / total
