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
# The convolutions of the end-to-end models go on where the frozen face network ends: from pixels they need more faces.
_MAPS = {TEXT: "teacher", FACE: "embedded+maps:32"}
_TRUNK = {"widths": (96, 96), "feature_dim": 64}


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
    Entry("mme2e", "mme2e", _MAPS, _TRUNK),
    Entry("mme2e_sparse", "mme2e_sparse", _MAPS, _TRUNK),
    Entry("ensemble_weighted", "ensemble_weighted"),
    Entry("ensemble_average", "ensemble_average", shares="ensemble_weighted"),
    Entry("ensemble_stacking", "ensemble_stacking", shares="ensemble_weighted"),
    Entry("late", "late", shares="ensemble_weighted"),
)


CLIP_ROWS = ("clip_frozen", "clip_lora", "clip_tuned")
NO_CLIP = "not measured: the weights of an image-text model are not on this machine, give their folder with --clip"


def clip_entries(folder: str, two_towers: bool) -> tuple[Entry, ...]:
    """The rows of an image-text network; frozen towers are read once, everything else is trained end to end."""
    frozen, trained = ({TEXT: f"{how}clip:{folder}", FACE: f"{how}clip:{folder}"} for how in ("", "train:"))
    slowly = {"epochs": 8, "patience": 2, "batch_size": 16, "learning_rate": 3e-4}
    first = Entry("clip_frozen", "concat", frozen) if two_towers else Entry("clip_frozen", "clip", trained)
    return (
        first,
        Entry("clip_lora", "clip", trained, {"mode": "lora"}, slowly),
        Entry("clip_tuned", "clip", trained, {"mode": "tuned"}, slowly),
    )


def training_of(entry: Entry, seed: int) -> FusionTraining:
    """How a row is trained."""
    return FusionTraining(**{"class_weights": "root", "seed": seed, **entry.training})
