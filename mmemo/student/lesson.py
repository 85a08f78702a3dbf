"""A lesson: what one student learns from, so that a scheme may ask for other targets or weights and fit again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from mmemo.progress import Stage
from mmemo.student.fitters import Fitter, Task
from mmemo.student.heads import EpochDone
from mmemo.student.losses import Loss
from mmemo.student.noise import NoiseModel
from mmemo.student.settings import TrainSettings
from mmemo.student.splits import grouped_folds
from mmemo.student.targets import Opinions, Targets

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """M items with n faces: rows (n,) of the fitter, item (n,) 0..M-1, shares (n,) of an item's weight, groups (n,).

    item_weights (M,) what an item counts before its target says more; `targets_of` derives targets from opinions,
    `loss_of` makes a new loss for every fit, from the noise model of the targets where it needs one.
    """

    rows: np.ndarray
    item: np.ndarray
    shares: np.ndarray
    groups: np.ndarray
    item_weights: np.ndarray
    opinions: Opinions
    targets: Targets
    targets_of: Callable[[Opinions], Targets]
    loss_of: Callable[[NoiseModel | None], Loss]

    def __post_init__(self) -> None:
        assert len(self.rows) == len(self.item) == len(self.shares) == len(self.groups)
        assert len(self.item_weights) == len(self.opinions.teacher) == len(self.targets.probs)

    def task(self, targets: Targets | None = None, face_weights: np.ndarray | None = None) -> Task:
        """The faces that count, with these targets (or the lesson's own) and (n,) weights on top."""
        targets = self.targets if targets is None else targets
        per_item = self.item_weights if targets.weights is None else self.item_weights * targets.weights
        weights = per_item[self.item] * self.shares
        weights = weights if face_weights is None else weights * face_weights
        kept = np.flatnonzero(weights > 0)
        loss = self.loss_of(targets.noise)
        return Task(self.rows[kept], targets.probs[self.item[kept]], weights[kept], self.groups[kept], loss)

    def by_item(self, values: np.ndarray) -> np.ndarray:
        """(n, ...) values of faces -> (M, ...) means of their items, weighted by the shares; 0 without faces."""
        sums = np.zeros((len(self.item_weights), *values.shape[1:]))
        shares = self.shares.reshape(-1, *[1] * (values.ndim - 1))
        np.add.at(sums, self.item, values * shares)
        total = np.bincount(self.item, self.shares, len(self.item_weights)).reshape(-1, *[1] * (values.ndim - 1))
        mean: np.ndarray = sums / np.maximum(total, 1e-9)
        return mean

    @property
    def group_of_item(self) -> np.ndarray:
        """(M,) group of every item; -1 for one without faces."""
        groups = np.full(len(self.item_weights), -1, self.groups.dtype)
        groups[self.item] = self.groups
        return groups

    @property
    def known_faces(self) -> np.ndarray:
        """(n,) bool: a person named the item of this face."""
        known: np.ndarray = self.opinions.known[self.item] >= 0
        return known


def out_of_fold_opinion(
    lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str, folds: int = 3
) -> Stage[np.ndarray]:
    """(M, K) what students say of items whose group they did not see; one student where there is a single group."""
    task = lesson.task()
    if len(np.unique(lesson.groups)) < 2:
        fitted = yield from preparing(fitter.fit(task, settings, stage))
        return _rows_normalised(lesson.by_item(fitted.probs(lesson.rows)))
    fold_of = grouped_folds(lesson.groups, folds, settings.seed)
    fold_of_group = dict(zip(lesson.groups.tolist(), fold_of.tolist(), strict=True))
    task_fold = np.array([fold_of_group[g] for g in task.groups.tolist()])
    said = np.zeros((len(lesson.rows), task.targets.shape[1]))
    count = int(fold_of.max()) + 1
    for fold in range(count):
        learned = np.flatnonzero(task_fold != fold)
        judged = np.flatnonzero(fold_of == fold)
        if len(learned) == 0:
            learned = np.arange(len(task.rows))
        part = Task(task.rows[learned], task.targets[learned], task.weights[learned], task.groups[learned], task.loss)
        fitted = yield from part_of(preparing(fitter.fit(part, settings, stage)), fold, count)
        said[judged] = fitted.probs(lesson.rows[judged])
    return _rows_normalised(lesson.by_item(said))


def part_of(stage: Stage[_Result], number: int, count: int, note: str = "", *, shares: int = 1) -> Stage[_Result]:
    """Show a stage as `shares` of `count` equal shares of the work, from share `number` on; one that stops early jumps
    to the end of its own."""
    while True:
        try:
            progress = next(stage)
        except StopIteration as stop:
            result: _Result = stop.value
            return result
        done, total = number * progress.total // shares + progress.done, count * progress.total // shares
        yield replace(progress, done=done, total=total, note=f"{note}{progress.note}")


def preparing(stage: Stage[_Result]) -> Stage[_Result]:
    """Say of the epochs of a stage that their student only helps to find the targets."""
    result = yield from _marked(stage, prepares=True)
    return result


def in_fold(stage: Stage[_Result], fold: int) -> Stage[_Result]:
    """Say of the epochs of a stage which fold of the cross-fitting they belong to."""
    result = yield from _marked(stage, fold=fold)
    return result


def _marked(stage: Stage[_Result], **marks: Any) -> Stage[_Result]:
    while True:
        try:
            progress = next(stage)
        except StopIteration as stop:
            result: _Result = stop.value
            return result
        yield replace(progress, **marks) if isinstance(progress, EpochDone) else progress


def _rows_normalised(probs: np.ndarray) -> np.ndarray:
    floored = np.maximum(probs, 1e-6)
    rows: np.ndarray = (floored / floored.sum(1, keepdims=True)).astype(np.float32)
    return rows
