"""How good a set of predictions is: accuracy, macro-F1, recall a class, confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7

CLASSES = len(EKMAN7)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Figures of one system on `n` examples, each between 0 and 1.

    `recall` has one entry a label in EKMAN7 order, None for a class that gold does not show.
    `confusion` is (7, 7) int64: rows gold, columns predicted.
    """

    n: int
    accuracy: float
    macro_f1: float
    recall: Mapping[str, float | None]
    confusion: np.ndarray

    def __post_init__(self) -> None:
        assert self.confusion.shape == (CLASSES, CLASSES), "one row and one column a label"
        assert int(self.confusion.sum()) == self.n > 0, "the matrix counts every example once"


def score(gold: np.ndarray, predicted: np.ndarray) -> Scores:
    """Score (n,) predicted classes against (n,) gold classes, both columns of EKMAN7.

    Macro-F1 is the plain mean of F1 over the classes that occur in gold. A class that nobody shows
    cannot be found; counting it as 0 would punish the episode, and counting it only when somebody
    predicts it would average two rivals on the same faces over different classes. A wrong prediction of
    such a class still costs: it is a miss for the gold class.
    Raises InputError when there is nothing to score.
    """
    from sklearn.metrics import confusion_matrix, f1_score

    gold, predicted = checked_classes(gold, "gold"), checked_classes(predicted, "predicted")
    assert gold.shape == predicted.shape, "one prediction a gold label"
    if gold.size == 0:
        raise InputError("there is nothing to score: no face has a gold label", hint="review faces or pass --gold")
    present = np.unique(gold)
    confusion = confusion_matrix(gold, predicted, labels=np.arange(CLASSES)).astype(np.int64)
    return Scores(
        n=int(gold.size),
        accuracy=float(np.mean(gold == predicted)),
        macro_f1=float(f1_score(gold, predicted, labels=present, average="macro", zero_division=0.0)),
        recall=_recall(confusion),
        confusion=confusion,
    )


def checked_classes(classes: np.ndarray, name: str) -> np.ndarray:
    """(n,) int64 columns of EKMAN7; anything else is a bug of the caller."""
    array = np.asarray(classes)
    assert array.ndim == 1, f"{name} must be one-dimensional"
    array = array.astype(np.int64)
    assert not array.size or (array.min() >= 0 and array.max() < CLASSES), f"{name} must be columns of EKMAN7"
    return array


def _recall(confusion: np.ndarray) -> dict[str, float | None]:
    support = confusion.sum(axis=1)
    return {
        label: float(confusion[row, row] / support[row]) if support[row] else None
        for row, label in enumerate(EKMAN7.labels)
    }
