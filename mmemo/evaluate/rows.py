"""The systems that a comparison shows, their order and their names for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmemo.evaluate.metrics import Scores
from mmemo.labels import EKMAN7

MAJORITY = "majority"
IMAGE_ONLY = "image_only"
TEACHER = "teacher"
FUSED = "fused"
STUDENT = "student"
GOLD_CEILING = "gold_ceiling"
ROW_ORDER = (MAJORITY, IMAGE_ONLY, TEACHER, FUSED, STUDENT, GOLD_CEILING)
ROW_TITLES: Mapping[str, str] = {
    MAJORITY: "Majority class",
    IMAGE_ONLY: "Image only, not adapted",
    TEACHER: "Text teacher",
    FUSED: "Image and text, fused",
    STUDENT: "Student, adapted",
    GOLD_CEILING: "Trained on gold (ceiling)",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One system of the comparison and its scores; `note` says what to know of its examples, usually nothing."""

    name: str
    scores: Scores
    note: str = ""

    @property
    def title(self) -> str:
        """Its name for people; the majority row says which class it is."""
        if self.name == MAJORITY:
            return f"{ROW_TITLES[MAJORITY]} ({EKMAN7.labels[int(self.scores.confusion.sum(axis=0).argmax())]})"
        return ROW_TITLES.get(self.name, self.name.replace("_", " "))

    def to_contract(self) -> dict[str, Any]:
        """One object of the contract's "rows"."""
        scores = self.scores
        return {
            "name": self.name,
            "title": self.title,
            "n": scores.n,
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "recall": dict(scores.recall),
            "confusion": scores.confusion.tolist(),
            **({"note": self.note} if self.note else {}),
        }

    @classmethod
    def from_contract(cls, value: Mapping[str, Any]) -> Row:
        """Rebuild what `to_contract` gave."""
        confusion = np.asarray(value["confusion"], np.int64)
        scores = Scores(value["n"], value["accuracy"], value["macro_f1"], dict(value["recall"]), confusion)
        return cls(value["name"], scores, value.get("note", ""))
