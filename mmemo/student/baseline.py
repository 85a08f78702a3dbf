"""The image-only baseline: what a face network says that never saw this show, and how it is known to err."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.errors import InputError, ModelUnavailable, StorageError
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.files import read_json, write_json
from mmemo.student.backbones import Backbone, features_of
from mmemo.student.backbones.loading import EMBEDDED_FOLDER, load_embedded
from mmemo.student.heads import LinearHead

CONFUSION_FILE = "confusion.json"
CLASSES = len(EKMAN7)


@dataclass(frozen=True, slots=True, eq=False)
class SoftConfusion:
    """How soft votes scatter on labelled faces.

    `matrix` (7, 7): row = gold, column = mean vote, rows sum to 1. `prior` (7,): mean vote over all faces.
    """

    matrix: np.ndarray
    prior: np.ndarray

    def __post_init__(self) -> None:
        assert self.matrix.shape == (CLASSES, CLASSES) and self.prior.shape == (CLASSES,)
        rows = np.vstack([self.matrix, self.prior[None]])
        assert (rows >= 0).all() and np.allclose(rows.sum(1), 1.0, atol=1e-3), "rows are probabilities"


@dataclass(frozen=True, slots=True, eq=False)
class ImageBaseline:
    """The embedded face network with its own head and its confusion on the validation part of FER+."""

    identity: str
    backbone: Backbone
    head: LinearHead
    confusion: np.ndarray
    prior: np.ndarray

    def probs_from_features(self, features: np.ndarray) -> np.ndarray:
        """(N, 2, D) features of `backbone` -> (N, 7) float32: mean of the softmax over both views."""
        return self.head.probs(features)

    def probs(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """N crops (H, W, 3) uint8 RGB -> (N, 7) float32."""
        return self.probs_from_features(run(features_of(self.backbone, crops)))


def load_baseline(folder: Path | None = None) -> ImageBaseline:
    """Load the baseline: the embedded network, whatever backbone the student has, or one trained anew in `folder`.

    Raises ModelUnavailable when its files are missing, damaged or do not belong together.
    """
    folder = folder or EMBEDDED_FOLDER
    backbone = load_embedded(folder)
    path = folder / CONFUSION_FILE
    try:
        stored = read_json(path)
        measured_on = stored["identity"]
        confusion = SoftConfusion(np.array(stored["confusion"], np.float32), np.array(stored["prior"], np.float32))
    except (StorageError, KeyError, TypeError, ValueError, AssertionError) as error:
        raise ModelUnavailable(f"{path} is missing or damaged", hint="check the project out again") from error
    if measured_on != backbone.identity:
        raise ModelUnavailable(
            f"{path} was measured on {measured_on}, the weights are {backbone.identity}",
            hint="measure it again: python -m pipelines.measure_baseline --ferplus DIR",
        )
    return ImageBaseline(backbone.identity, backbone, own_head(backbone), confusion.matrix, confusion.prior)


def own_head(backbone: Backbone) -> LinearHead:
    """The emotion layer that a backbone came with."""
    assert backbone.head is not None, "only the embedded network has an emotion head"
    weight, bias = (p.detach().numpy().copy() for p in (backbone.head.weight, backbone.head.bias))
    return LinearHead(weight, bias)


def soft_confusion(gold: np.ndarray, probs: np.ndarray) -> SoftConfusion:
    """Measure (N, 7) votes against (N,) gold classes; a class without faces raises InputError."""
    missing = [label for i, label in enumerate(EKMAN7.labels) if not (gold == i).any()]
    if missing:
        raise InputError(f"no face shows {', '.join(missing)}", hint="measure on faces of all seven emotions")
    matrix = np.stack([probs[gold == label].mean(axis=0) for label in range(CLASSES)])
    return SoftConfusion(matrix, probs.mean(axis=0))


def save_confusion(path: Path, confusion: SoftConfusion, identity: str, measured: dict[str, object]) -> None:
    """Write a confusion with the identity of the network and how it was measured, in one move."""
    rows = [[round(float(v), 6) for v in row] for row in confusion.matrix]
    prior = [round(float(v), 6) for v in confusion.prior]
    labels = list(EKMAN7.labels)
    write_json(path, {"identity": identity, "labels": labels, "confusion": rows, "prior": prior, **measured})
