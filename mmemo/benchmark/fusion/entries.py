"""The rows of the fusion table: which model reads what, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmemo.datasets.paired import FACE
from mmemo.fusion.encoders import TEXT
from mmemo.fusion.training import FusionTraining

TEXT_ROW, IMAGE_ROW = "text", "image"
_DEFAULT = {TEXT: "teacher", FACE: "embedded"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a model with an encoder a modality, its settings, and changes to how it is trained.

    shares: the row whose trained members it joins in another way, so that they are trained once.
    """

    name: str
    model: str
    encoders: Mapping[str, str] = field(default_factory=lambda: dict(_DEFAULT))
    settings: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    shares: str = ""


ENTRIES: tuple[Entry, ...] = (
    Entry(TEXT_ROW, "concat", {TEXT: "teacher"}),
    Entry(IMAGE_ROW, "concat", {FACE: "embedded"}),
    Entry("concat", "concat"),
    Entry("joint_embedding", "joint_embedding"),
    Entry("separate_embedding", "separate_embedding"),
    Entry("intermediate", "intermediate"),
    Entry("distill", "distill"),
    Entry("ensemble_weighted", "ensemble_weighted"),
    Entry("ensemble_average", "ensemble_average", shares="ensemble_weighted"),
    Entry("ensemble_stacking", "ensemble_stacking", shares="ensemble_weighted"),
    Entry("late", "late", shares="ensemble_weighted"),
)


def training_of(entry: Entry, seed: int) -> FusionTraining:
    """How a row is trained."""
    return FusionTraining(**{"class_weights": "root", "seed": seed, **entry.training})
