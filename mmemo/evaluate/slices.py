"""Where a student gains and where it loses: the same comparison on parts of the faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmemo.evaluate.statistics import FEW_UNITS, Interval, direction, paired_gain
from mmemo.labels import EKMAN7

# A part of fewer faces is listed, and nothing is called proven of it.
FEW_FACES = 20
MOST_CHARACTERS = 8
_NOBODY = "not put together"
# Edges are fixed, so that parts of two shows mean the same.
_CUTS: Mapping[str, tuple[str, tuple[float, ...], tuple[str, ...]]] = {
    "size_px": ("Size in the picture", (64, 128), ("under 64 px", "64 to 128 px", "over 128 px")),
    "turned_deg": ("Turned away", (15, 35), ("less than 15°", "15° to 35°", "more than 35°")),
    "brightness": ("Brightness", (60, 180), ("dark (under 60 of 255)", "60 to 180", "bright (over 180)")),
}
CHARACTER = "Character"
# Of the faces that show one emotion, accuracy is how many are found.
EMOTION = "Emotion shown"


@dataclass(frozen=True, slots=True)
class Slice:
    """Student against baseline on some of the examples; the interval is None for too few independent units."""

    kind: str
    name: str
    n: int
    baseline: float
    student: float
    gain_ci95: Interval | None
    units: int

    @property
    def gain(self) -> float:
        """Student minus baseline in accuracy, from -1 to 1."""
        return self.student - self.baseline

    @property
    def is_small(self) -> bool:
        """Too few examples to say anything of them."""
        return self.n < FEW_FACES or self.units < FEW_UNITS

    def says(self) -> str:
        """In one or two words what the interval shows."""
        if self.is_small:
            return "too few to tell"
        return {1: "better", -1: "worse", 0: "no proven difference"}[direction(self.gain_ci95)]

    def to_contract(self) -> dict[str, Any]:
        """Plain values for details.json; `from_contract` reads them back."""
        interval = None if self.gain_ci95 is None else list(self.gain_ci95)
        return {
            "kind": self.kind, "name": self.name, "n": self.n, "image_only": self.baseline, "student": self.student,
            "gain_ci95": interval, "units": self.units, "says": self.says(),
        }  # fmt: skip

    @classmethod
    def from_contract(cls, value: Mapping[str, Any]) -> Slice:
        """Rebuild what `to_contract` gave."""
        given = value["gain_ci95"]
        interval = None if given is None else (given[0], given[1])
        return cls(
            value["kind"], value["name"], value["n"], value["image_only"], value["student"], interval, value["units"]
        )


def slices_of(
    gold: np.ndarray, baseline: np.ndarray, student: np.ndarray, unit_ids: np.ndarray, facts: pd.DataFrame
) -> tuple[Slice, ...]:
    """Compare on every part: (n,) gold and (n, 7) probabilities of both, (n,) independent units, facts a row an example.

    `facts` may hold size_px, turned_deg, brightness (NaN where unknown) and character (text, empty for nobody); what is
    missing gives no parts. The first parts are the emotions of the gold. Intervals as in the comparison: a paired
    bootstrap over units.
    """
    first, second = student.argmax(axis=1), baseline.argmax(axis=1)

    def part(kind: str, name: str, rows: np.ndarray) -> Slice:
        gain = paired_gain(gold[rows], first[rows], second[rows], unit_ids[rows])
        before, after = (float(np.mean(choice[rows] == gold[rows])) for choice in (second, first))
        return Slice(kind, name, int(rows.sum()), before, after, gain.accuracy_ci95, gain.units)

    by_class = [(EMOTION, label, gold == number) for number, label in enumerate(EKMAN7.labels)]
    return tuple(part(kind, name, rows) for kind, name, rows in [*by_class, *_parts(facts)] if rows.any())


def _parts(facts: pd.DataFrame) -> list[tuple[str, str, np.ndarray]]:
    parts: list[tuple[str, str, np.ndarray]] = []
    for column, (kind, edges, names) in _CUTS.items():
        if column in facts:
            values = facts[column].to_numpy(np.float64)
            place = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), -1)
            parts += [(kind, name, place == number) for number, name in enumerate(names)]
    if "character" in facts:
        who = facts["character"].fillna("").astype(str)
        known = who[who != ""]
        if len(known):
            often = known.value_counts().index[:MOST_CHARACTERS]
            parts += [(CHARACTER, str(name), (who == name).to_numpy()) for name in often]
            rest = ~who.isin([*often, ""])
            parts += [(CHARACTER, "all others", rest.to_numpy()), (CHARACTER, _NOBODY, (who == "").to_numpy())]
    return parts
