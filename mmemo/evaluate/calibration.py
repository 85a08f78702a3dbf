"""Is a model as often right as it says it is? The reliability diagram and its error in one figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 10
_DRAWS = 400
# Below this a class of confidence says little by itself.
FEW_FACES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """What a system says of itself against what it gets right, by classes of confidence of equal width.

    `counts`, `confidence`, `accuracy` (10,): examples, mean probability of the first choice, share that is right; NaN
    where no example is. `error` is the expected calibration error (Guo et al. 2017, eq. 3), from 0 to 1. `by_chance` is
    what a system that is exactly as sure as it is right would have on as many examples: few of them look like an error.
    """

    name: str
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: float
    by_chance: float

    @property
    def n(self) -> int:
        """Examples in all."""
        return int(self.counts.sum())

    @property
    def overconfidence(self) -> float:
        """Mean probability of the first choice minus the share that is right: above 0 it is too sure."""
        known = self.counts > 0
        difference: float = float(
            (self.counts[known] * (self.confidence[known] - self.accuracy[known])).sum() / max(self.n, 1)
        )
        return difference

    def says(self) -> str:
        """What that means, to follow the system's name."""
        error = f"calibration error {100 * self.error:.1f} points ({100 * self.by_chance:.1f} would be chance)"
        if self.error <= 1.5 * self.by_chance:
            return f"{error}: as sure as it is right, as far as {self.n} faces can tell"
        way = "too sure" if self.overconfidence > 0 else "not sure enough"
        return f"{error}: {way}, by {100 * abs(self.overconfidence):.0f} points on average"

    def to_contract(self) -> dict[str, Any]:
        """Plain values for details.json; `from_contract` reads them back."""
        return {
            "name": self.name,
            "counts": self.counts.tolist(),
            "confidence": [None if np.isnan(v) else float(v) for v in self.confidence],
            "accuracy": [None if np.isnan(v) else float(v) for v in self.accuracy],
            "error": self.error,
            "by_chance": self.by_chance,
        }

    @classmethod
    def from_contract(cls, value: Mapping[str, Any]) -> Reliability:
        """Rebuild what `to_contract` gave."""
        confidence, accuracy = (
            np.array([np.nan if v is None else v for v in value[key]], np.float64) for key in ("confidence", "accuracy")
        )
        counts = np.array(value["counts"], np.int64)
        return cls(value["name"], counts, confidence, accuracy, value["error"], value["by_chance"])


def reliability(name: str, gold: np.ndarray, probs: np.ndarray, seed: int = 0) -> Reliability:
    """(n,) gold classes and (n, 7) probabilities -> how well the probability of the first choice can be believed."""
    sure, right = probs.max(axis=1).astype(np.float64), probs.argmax(axis=1) == gold
    place = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    confidence, accuracy = (_means(values, place, counts) for values in (sure, right.astype(np.float64)))
    # A system whose probabilities are true is right by that very probability.
    drawn = np.random.default_rng(seed).random((_DRAWS, len(sure))) < sure
    chance = float(
        np.mean([_error(_means(row, place, counts), confidence, counts) for row in drawn.astype(np.float64)])
    )
    return Reliability(name, counts, confidence, accuracy, _error(accuracy, confidence, counts), chance)


def _means(values: np.ndarray, place: np.ndarray, counts: np.ndarray) -> np.ndarray:
    sums = np.bincount(place, weights=values, minlength=BINS)
    means: np.ndarray = np.divide(sums, counts, out=np.full(BINS, np.nan), where=counts > 0)
    return means


def _error(accuracy: np.ndarray, confidence: np.ndarray, counts: np.ndarray) -> float:
    known = counts > 0
    return float((counts[known] * np.abs(accuracy[known] - confidence[known])).sum() / max(counts.sum(), 1))
