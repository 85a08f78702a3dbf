"""A model on a dataset from start to end: train and keep it, judge it, or let it say what it thinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.building import new_encoders, new_model, task_of
from mmemo.fusion.encoders import Encoder
from mmemo.fusion.model import FusionModel, answers
from mmemo.fusion.models import model_class
from mmemo.fusion.prepared import PreparedSet, prepare
from mmemo.fusion.saving import save_model
from mmemo.fusion.scoring import best_thresholds, said_labels, score, score_dimensions
from mmemo.fusion.starting import start_from
from mmemo.fusion.task import Task
from mmemo.fusion.training import FusionTraining, Keeping, Trained, holdout, train
from mmemo.progress import Stage
from mmemo.store.files import hash_value

_THRESHOLDS, _SEEN = "thresholds", "seen"
_TRAINED_ON = "these samples were trained on: the figures say nothing of new ones"
_STOPPED_BY = "these samples decided when training ended: on new ones the figures may be lower"


@dataclass(frozen=True, slots=True)
class FusionRun:
    """Which model is trained and how. encoders: other names than the default ones, by modality; modalities: only these.

    cache keeps what frozen networks say; logs is TensorBoard's folder; checkpoint is the file from which a training
    that was cancelled goes on. start: folder of a trained model whose weights it begins with, see `starting.start_from`.
    """

    model: str
    encoders: Mapping[str, str] = field(default_factory=dict)
    modalities: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    training: FusionTraining = field(default_factory=FusionTraining)
    cache: Path | None = None
    logs: Path | None = None
    checkpoint: Path | None = None
    on_demand: bool = False
    start: Path | None = None
    start_modalities: Sequence[str] = ()


def train_on(
    data: PairedSet, validation: PairedSet | None, run: FusionRun, out: Path
) -> Stage[tuple[Trained, dict[str, Any]]]:
    """Train on a set and keep the model in `out`; without a validation set some groups are held out.

    Gives the figures on the validation samples too, on which the weights of members and the thresholds of labels that
    may be several were chosen.
    """
    encoders = new_encoders(data, run.encoders, run.modalities, model_class(run.model))
    model = new_model(run.model, encoders, task_of(data), run.settings, run.training.seed)
    if run.start is not None:
        start_from(model, run.start, run.start_modalities)
    prepared = yield from prepare(data, encoders, run.cache, on_demand=run.on_demand)
    rows, held = np.arange(len(prepared)), np.zeros(0, np.int64)
    if validation is None:
        rows, held = holdout(prepared, run.training, rows)
    else:
        _same_labels(validation, model)
        more = yield from prepare(validation, encoders, run.cache, on_demand=True)
        prepared, held = _joined(prepared, more), np.arange(len(data), len(data) + len(validation))
    trained = yield from train(model, prepared, run.training, rows, held, Keeping(run.logs, run.checkpoint))
    told: dict[str, Any] = {"trained_on": data.title, "n": len(rows), "training": run.training}
    told[_SEEN] = ({} if validation is None else {_mark(validation): _STOPPED_BY}) | {_mark(data): _TRAINED_ON}
    figures: dict[str, Any] = {}
    if len(held):
        said = _said(model, prepared, held)
        thresholds = best_thresholds(said.gold, said.probs) if model.task.several else None
        figures = _figures(model.task, said, thresholds)
        told |= {"validation": figures, _THRESHOLDS: None if thresholds is None else thresholds.tolist()}
    save_model(out, model, told)
    return trained, figures


def evaluate_on(
    data: PairedSet, model: FusionModel, told: Mapping[str, Any], cache: Path | None = None
) -> Stage[dict[str, Any]]:
    """All figures of a kept model on a labelled set; nothing is chosen on it.

    Thresholds of labels that may be several are those that training chose on its validation set, and 0.5 each where it
    had none. Samples that training has seen have a `warning` before the figures.
    """
    if data.labels is None:
        raise InputError(f"{data.title} has no labels to judge by", hint="use predict, or give a labelled dataset")
    _same_labels(data, model)
    prepared = yield from _prepared(data, model, cache)
    seen = told.get(_SEEN, {}).get(_mark(data))
    figures = _figures(model.task, _said(model, prepared, np.arange(len(prepared))), _kept_thresholds(told))
    return ({"warning": seen} if seen else {}) | figures


def predict_on(
    data: PairedSet, model: FusionModel, told: Mapping[str, Any], cache: Path | None = None
) -> Stage[pd.DataFrame]:
    """id, label, then a probability a label, and the dimensions where the model says them; one row a sample.

    Where several labels may hold, the column is `labels`: all that reach their threshold, joined by ";", or none.
    """
    prepared = yield from _prepared(data, model, cache)
    probs, numbers = answers(model, prepared.batches())
    labels = model.task.vocabulary.labels
    table = pd.DataFrame({"id": list(data.ids)})
    if model.task.several:
        held = said_labels(probs.numpy(), _kept_thresholds(told))
        table["labels"] = [";".join(labels[column] for column in np.flatnonzero(row)) for row in held]
    else:
        table["label"] = [labels[column] for column in probs.argmax(dim=1).tolist()]
    for column, label in enumerate(labels):
        table[label] = probs[:, column].numpy()
    for column, name in enumerate(model.task.dimensions if numbers is not None else ()):
        assert numbers is not None
        table[name] = numbers[:, column].numpy()
    return table


def _prepared(data: PairedSet, model: FusionModel, cache: Path | None) -> Stage[PreparedSet]:
    """What only teaches need not be there when the model answers."""
    if not len(data):
        raise InputError(f"{data.title} has no samples", hint="give another split")
    encoders: dict[str, Encoder] = {name: model.encoder(name) for name in model.reads}
    prepared = yield from prepare(data, encoders, cache, on_demand=True)
    return prepared


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """(N, K) probabilities beside the labels, and (N, D) dimensions with what was said of them, or None."""

    gold: np.ndarray
    probs: np.ndarray
    dimensions: tuple[np.ndarray, np.ndarray] | None


def _said(model: FusionModel, data: PreparedSet, rows: np.ndarray) -> _Said:
    assert data.labels is not None
    probs, numbers = answers(model, data.batches(rows))
    both = None if numbers is None or data.dimensions is None else (data.dimensions[rows], numbers.numpy())
    return _Said(data.labels[rows], probs.numpy(), both)


def _figures(task: Task, said: _Said, thresholds: np.ndarray | None) -> dict[str, Any]:
    figures = score(task, said.gold, said.probs, thresholds)
    if said.dimensions is not None:
        figures["dimensions"] = score_dimensions(*said.dimensions, task.dimensions)
    return figures


def _kept_thresholds(told: Mapping[str, Any]) -> np.ndarray | None:
    kept = told.get(_THRESHOLDS)
    return None if kept is None else np.asarray(kept, np.float64)


def _joined(first: PreparedSet, second: PreparedSet) -> PreparedSet:
    """Two sets one after the other; groups of the second are no groups of the first."""
    assert first.labels is not None and second.labels is not None
    arrays = {name: _OneAfterTheOther(len(first), first.arrays[name], second.arrays[name]) for name in first.arrays}
    groups = np.concatenate([np.char.add("train/", first.groups), np.char.add("validation/", second.groups)])
    numbers = None
    if first.dimensions is not None and second.dimensions is not None:
        numbers = np.concatenate([first.dimensions, second.dimensions])
    return PreparedSet(arrays, groups, np.concatenate([first.labels, second.labels]), numbers)


class _OneAfterTheOther:
    """Rows below `count` are of the first source, the others of the second; a batch is of one of them."""

    def __init__(self, count: int, first: Any, second: Any) -> None:
        self._count, self._first, self._second = count, first, second

    def signal(self, rows: np.ndarray) -> Any:
        rows = np.asarray(rows)
        if len(rows) and rows.min() >= self._count:
            return self._second.signal(rows - self._count)
        return self._first.signal(rows)


def _mark(data: PairedSet) -> str:
    """A split is known again by its name and its first sample, so also where only its first samples are taken."""
    text = None if data.texts is None else data.texts[0]
    label = None if data.labels is None else data.labels[0].tolist()
    return hash_value([data.title, data.ids[0], data.groups[0], text, label]) if len(data) else ""


def _same_labels(data: PairedSet, model: FusionModel) -> None:
    if data.vocabulary.labels != model.task.vocabulary.labels or data.several != model.task.several:
        raise InputError(
            f"{data.title} has the labels {', '.join(data.vocabulary.labels)}, the model has others",
            hint=f"the model knows {', '.join(model.task.vocabulary.labels)}",
        )
