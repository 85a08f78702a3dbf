"""The comparison of a student with all its rivals on the same gold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmemo.errors import InputError
from mmemo.evaluate.collapse import collapse_alarm
from mmemo.evaluate.metrics import CLASSES, checked_classes, score
from mmemo.evaluate.rows import IMAGE_ONLY, MAJORITY, ROW_ORDER, STUDENT, Row
from mmemo.evaluate.statistics import Gain, Interval, paired_gain
from mmemo.evaluate.words import notes_on, percent, verdict

UNITS = ("film", "episode", "track", "cue")


@dataclass(frozen=True, slots=True)
class Comparison:
    """All systems in a fixed order; `unit` is what was resampled for the intervals of the gain."""

    unit: str
    rows: tuple[Row, ...]
    gain: Gain
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        assert self.unit in UNITS, f"the unit is one of {', '.join(UNITS)}"

    def row(self, name: str) -> Row | None:
        """The row of one system, None when it was not compared."""
        return next((row for row in self.rows if row.name == name), None)

    def verdict(self) -> str:
        """One honest sentence about the gain."""
        return verdict(self.gain, self.unit)

    def to_contract(self) -> dict[str, Any]:
        """The object that the commands print under "comparison"; `from_contract` reads it back."""
        return {
            "unit": self.unit,
            "rows": [row.to_contract() for row in self.rows],
            "gain": _gain_to_contract(self.gain),
            "verdict": self.verdict(),
            "notes": list(self.notes),
        }

    @classmethod
    def from_contract(cls, value: Mapping[str, Any]) -> Comparison:
        """Rebuild what `to_contract` gave, for example from a saved comparison.json."""
        rows = tuple(Row.from_contract(row) for row in value["rows"])
        return cls(value["unit"], rows, _gain_from_contract(value["gain"]), tuple(value["notes"]))


def compare(
    gold: np.ndarray,
    unit_ids: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    unit: str,
    baseline: str = IMAGE_ONLY,
    student: str = STUDENT,
    seed: int = 0,
) -> Comparison:
    """Score every system on the same gold and test student against baseline.

    `gold` (n,) columns of EKMAN7; `unit_ids` (n,) names the independent unit of each example and `unit`
    says what it is (film, episode, track, cue); `predictions` holds (n, 7) probabilities by system. A
    rival without an opinion on an example gives a row of NaN there and is scored on the rest; baseline
    and student must have all. The majority row is the majority class of this very gold: the best
    that can be had without looking at a face.
    Raises InputError when gold is empty or baseline or student is missing.
    """
    gold = checked_classes(gold, "gold")
    for name in (baseline, student):
        if name not in predictions:
            raise InputError(f"there is nothing to compare: no predictions of {name}", hint="train a student first")
        assert np.isfinite(predictions[name]).all(), f"{name} must have an opinion on every example"
    rows = _rows(gold, predictions, student)
    gain = paired_gain(
        gold, predictions[student].argmax(axis=1), predictions[baseline].argmax(axis=1), unit_ids, seed=seed
    )
    alarm = collapse_alarm(predictions[student], np.eye(CLASSES)[gold])
    return Comparison(unit, rows, gain, notes_on(rows, gain, unit, student, baseline, alarm))


def _rows(gold: np.ndarray, predictions: Mapping[str, np.ndarray], student: str) -> tuple[Row, ...]:
    """One row a system: the fixed order first, then others as they came; who is judged on fewer examples says so."""
    assert MAJORITY not in predictions, "the majority row comes from gold"
    majority = np.full_like(gold, np.bincount(gold, minlength=CLASSES).argmax())
    rows = {MAJORITY: Row(MAJORITY, score(gold, majority))}
    for name, probs in predictions.items():
        assert probs.shape == (gold.size, CLASSES), f"{name}: one row of seven probabilities a gold label"
        known = np.isfinite(probs).all(axis=1)
        if known.any():
            note = "" if known.all() else _on_fewer(gold, known, predictions[student])
            rows[name] = Row(name, score(gold[known], probs[known].argmax(axis=1)), note)
    order = [name for name in ROW_ORDER if name in rows]
    return tuple(rows[name] for name in [*order, *(name for name in rows if name not in ROW_ORDER)])


def _on_fewer(gold: np.ndarray, known: np.ndarray, student: np.ndarray) -> str:
    """What makes a row with fewer examples comparable: the student on these very ones."""
    right = float(np.mean(student[known].argmax(axis=1) == gold[known]))
    return f"on {int(known.sum())} of {len(gold)}, where the student has {percent(right)} % accuracy"


def _gain_to_contract(gain: Gain) -> dict[str, Any]:
    return {
        "accuracy": gain.accuracy,
        "accuracy_ci95": list(gain.accuracy_ci95) if gain.accuracy_ci95 else None,
        "macro_f1": gain.macro_f1,
        "macro_f1_ci95": list(gain.macro_f1_ci95) if gain.macro_f1_ci95 else None,
        "proven": gain.proven,
        "outcome": gain.outcome,
        "units": gain.units,
    }


def _gain_from_contract(value: Mapping[str, Any]) -> Gain:
    return Gain(
        value["accuracy"],
        _interval(value["accuracy_ci95"]),
        value["macro_f1"],
        _interval(value["macro_f1_ci95"]),
        value["units"],
    )


def _interval(value: list[float] | None) -> Interval | None:
    return (value[0], value[1]) if value else None
