"""The figures that papers report most, and the honest ones beside them, by scikit-learn; calibration is not here.

Scoring trap: six one-hot labels judged as six yes-or-no questions give 83 % "accuracy" for a model that always says no.
So `binary_accuracy` stands here only beside `binary_accuracy_of_no` and the weighted accuracy, in which both answers
count alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics

from mmemo.errors import InputError
from mmemo.fusion.task import Task

_STEPS = np.linspace(0.05, 0.95, 19)


def score_one(gold: np.ndarray, probs: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Figures 0 to 1 of (N, K) probabilities against (N,) columns; means over classes are over those in gold."""
    _check(len(gold), len(probs))
    present = np.unique(gold)
    said = probs.argmax(axis=1)
    each = metrics.f1_score(gold, said, labels=np.arange(len(labels)), average=None, zero_division=0.0)
    recall = metrics.recall_score(gold, said, labels=np.arange(len(labels)), average=None, zero_division=0.0)
    return {
        "n": len(gold),
        "accuracy": float(np.mean(said == gold)),
        "majority_accuracy": float(np.bincount(gold).max() / len(gold)),
        "macro_f1": float(each[present].mean()),
        "weighted_f1": float(metrics.f1_score(gold, said, average="weighted", zero_division=0.0)),
        "balanced_accuracy": float(recall[present].mean()),
        "log_loss": float(-np.log(np.maximum(probs[np.arange(len(gold)), gold], 1e-12)).mean()),
        "f1": {label: float(each[i]) if i in present else None for i, label in enumerate(labels)},
        "recall": {label: float(recall[i]) if i in present else None for i, label in enumerate(labels)},
        **_one_hot_as_binary(gold, probs),
    }


def _one_hot_as_binary(gold: np.ndarray, probs: np.ndarray) -> dict[str, float]:
    """What some papers call accuracy: K yes-or-no questions a sample, beside what always "no" would score."""
    asked = np.eye(probs.shape[1], dtype=bool)[gold]
    return {
        "binary_accuracy": float(np.mean((probs >= 0.5) == asked)),
        "binary_accuracy_of_no": 1 - 1 / probs.shape[1],
    }


def score_several(
    gold: np.ndarray, probs: np.ndarray, labels: Sequence[str], thresholds: np.ndarray | None = None
) -> dict[str, Any]:
    """Figures 0 to 1 of (N, K) probabilities against (N, K) labels, of which several may hold; above 0.5 is yes.

    thresholds (K,): above which a label is said; 0.5 each without them. weighted_accuracy is the mean of recall on yes
    and recall on no (Tong et al. 2017, as CMU-MOSEI reports it). mean_average_precision is over labels that occur.
    """
    _check(len(gold), len(probs))
    truth = gold > 0.5
    said = said_labels(probs, thresholds)
    present = np.flatnonzero(truth.any(axis=0))
    f1 = metrics.f1_score(truth, said, average=None, zero_division=0.0)
    weighted = [weighted_accuracy(truth[:, i], said[:, i]) for i in range(len(labels))]
    precision = [float(metrics.average_precision_score(truth[:, i], probs[:, i])) for i in present]
    return {
        "n": len(gold),
        "mean_average_precision": float(np.mean(precision)) if precision else None,
        "macro_f1": float(f1[present].mean()) if len(present) else None,
        "weighted_f1": float(metrics.f1_score(truth, said, average="weighted", zero_division=0.0)),
        "weighted_accuracy": float(np.nanmean(weighted)) if not np.isnan(weighted).all() else None,
        "exact_match": float((truth == said).all(axis=1).mean()),
        "binary_accuracy": float((truth == said).mean()),
        "binary_accuracy_of_no": float((~truth).mean()),
        "f1": {label: float(f1[i]) if i in present else None for i, label in enumerate(labels)},
        "weighted_accuracy_by_class": dict(zip(labels, map(float, weighted), strict=True)),
        "average_precision": dict(zip([labels[int(i)] for i in present], precision, strict=True)),
    }


def said_labels(probs: np.ndarray, thresholds: np.ndarray | None = None) -> np.ndarray:
    """(N, K) bool: which labels of (N, K) probabilities reach their threshold (K,), 0.5 each without them."""
    reached: np.ndarray = probs >= (0.5 if thresholds is None else thresholds)
    return reached


def weighted_accuracy(truth: np.ndarray, said: np.ndarray) -> float:
    """Mean of recall on yes and on no of (N,) bools, NaN where one of the two does not occur."""
    yes, no = truth.sum(), (~truth).sum()
    if not yes or not no:
        return float("nan")
    return float(((said & truth).sum() / yes + (~said & ~truth).sum() / no) / 2)


def best_thresholds(gold: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """(K,) thresholds with the best F1 a class on validation samples; the middle one of equals, 0.5 without a yes."""
    _check(len(gold), len(probs))
    truth = gold > 0.5
    chosen = np.full(truth.shape[1], 0.5)
    for column in np.flatnonzero(truth.any(axis=0)):
        said = probs[:, column, None] >= _STEPS
        hits = (said & truth[:, column, None]).sum(0)
        f1 = 2 * hits / (said.sum(0) + truth[:, column].sum())
        best = np.flatnonzero(np.isclose(f1, f1.max()))
        chosen[column] = _STEPS[best[len(best) // 2]]
    return chosen


def score_dimensions(gold: np.ndarray, said: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Mean absolute error, and its ratio to that of always saying the mean, a dimension; NaN gold is left out."""
    found: dict[str, Any] = {}
    for column, name in enumerate(names):
        known = np.isfinite(gold[:, column])
        if not known.any():
            continue
        truth, guess = gold[known, column], said[known, column]
        error = float(np.abs(truth - guess).mean())
        of_mean = float(np.abs(truth - truth.mean()).mean())
        found[name] = {"mean_absolute_error": error, "of_the_mean": of_mean, "n": int(known.sum())}
    errors = [one["mean_absolute_error"] for one in found.values()]
    return {"mean_absolute_error": float(np.mean(errors)) if errors else None, "dimensions": found}


def score_retrieval(left: np.ndarray, right: np.ndarray, ranks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """How often the right partner is among the first k by cosine, in both directions, beside chance.

    left, right (N, D): row i of both is one pair. Ties count half, so equal vectors score as chance does.
    """
    _check(len(left), len(right))
    a, b = (one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-9) for one in (left, right))
    found: dict[str, float] = {}
    similarity = a @ b.T
    for direction, table in (("forth", similarity), ("back", similarity.T)):
        own = np.diag(table)[:, None]
        rank = (table > own + 1e-7).sum(1) + 0.5 * ((np.abs(table - own) <= 1e-7).sum(1) - 1)
        found |= {f"recall_at_{k}_{direction}": float((rank < k).mean()) for k in ranks}
        found[f"median_rank_{direction}"] = float(np.median(rank) + 1)
    return found | {f"chance_at_{k}": min(1.0, k / len(left)) for k in ranks}


def score(task: Task, gold: np.ndarray, probs: np.ndarray, thresholds: np.ndarray | None = None) -> dict[str, Any]:
    """The figures that fit a task."""
    labels = task.vocabulary.labels
    return score_several(gold, probs, labels, thresholds) if task.several else score_one(gold, probs, labels)


def _check(gold: int, said: int) -> None:
    assert gold == said, "one answer a sample"
    if not gold:
        raise InputError("there is nothing to score", hint="give a dataset with labelled samples")
