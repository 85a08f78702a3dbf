"""Cross-fitting: every face is judged by a student that never saw its group, and one student learns from all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmemo.progress import Stage
from mmemo.student.fitters import Fitted, Fitter
from mmemo.student.lesson import Lesson, in_fold, part_of
from mmemo.student.losses import Loss
from mmemo.student.noise import NoiseModel
from mmemo.student.recipes import Recipe
from mmemo.student.rereading import Verdict
from mmemo.student.schemes import plain
from mmemo.student.settings import TrainSettings
from mmemo.student.splits import grouped_folds
from mmemo.student.targets import Opinions, Targets

ALL_FOLDS = -1


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """M tracks with N faces: item_of_face (N,) int row of the track, group_of_item (M,), opinions on the M tracks.

    `face_quality` (N,) above 0: what a face is worth beside the others of its track; None when all are alike.
    """

    item_of_face: np.ndarray
    group_of_item: np.ndarray
    opinions: Opinions
    face_quality: np.ndarray | None = None

    def __post_init__(self) -> None:
        m = len(self.group_of_item)
        assert len(self.opinions.teacher) == m
        assert self.face_quality is None or (
            self.face_quality.shape == self.item_of_face.shape and bool((self.face_quality > 0).all())
        )
        assert len(self.item_of_face) == 0 or 0 <= self.item_of_face.min() <= self.item_of_face.max() < m

    def mean_by_track(self, values: np.ndarray) -> np.ndarray:
        """(N, K) values of faces -> (M, K) float32 of their tracks, a good face counting more than a poor one."""
        return mean_by_item(values, self.item_of_face, self.face_quality)

    def face_shares(self) -> np.ndarray:
        """(N,) what each face takes of its track's weight; the shares of a track sum to 1."""
        quality = np.ones(len(self.item_of_face)) if self.face_quality is None else self.face_quality
        bags = np.bincount(self.item_of_face, quality, len(self.group_of_item))
        shares: np.ndarray = quality / bags[self.item_of_face]
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """The student of all faces, out-of-fold opinions (N, K) with the fold of every face (N,), targets (M, K), curves.

    curves: DataFrame fold (-1 = the student of all faces), epoch, train_loss, val_loss. verdict: what the lines said
    of the two image opinions, where the recipe's scheme asked.
    """

    student: Fitted
    out_of_fold: np.ndarray
    fold_of_face: np.ndarray
    targets: Targets
    curves: pd.DataFrame
    verdict: Verdict | None = None


# The targets of one student, and its training.
_Fit = tuple[Targets, Stage[Fitted]]


def cross_fit(data: TrainingSet, fitter: Fitter, recipe: Recipe, settings: TrainSettings) -> Stage[CrossFit]:
    """Train one student a fold and one on everything; raises InputError with fewer than two groups.

    In each fold the targets come from the tracks of the other folds alone, human labels included, so that
    what a person said of a face never helps to judge that very face.
    """

    def fit(items: np.ndarray) -> _Fit:
        return _fit_on(data, items, fitter, recipe, settings)

    result = yield from _cross_fit(data, fit, settings)
    return result


def fit_all(data: TrainingSet, fitter: Fitter, recipe: Recipe, settings: TrainSettings) -> Stage[Fitted]:
    """One student of all tracks, for those who judge it on faces that are not among them."""
    _, stage = _fit_on(data, np.arange(len(data.group_of_item)), fitter, recipe, settings)
    fitted = yield from stage
    return fitted


def _fit_on(data: TrainingSet, items: np.ndarray, fitter: Fitter, recipe: Recipe, settings: TrainSettings) -> _Fit:
    lesson = lesson_of(data, items, recipe, settings)
    return lesson.targets, recipe.scheme_function()(lesson, fitter, settings, "train")


def lesson_of(data: TrainingSet, items: np.ndarray, recipe: Recipe, settings: TrainSettings) -> Lesson:
    """What a student learns from the given tracks, with targets derived from nothing but these tracks."""
    opinions = data.opinions.subset(items)
    weights = np.where(opinions.known >= 0, settings.human_weight, 1.0)
    targets = recipe.targets(opinions)
    return _lesson(data, items, opinions, weights, targets, recipe.targets, recipe.loss_function)


def cross_fit_gold(
    data: TrainingSet, gold_of_item: np.ndarray, fitter: Fitter, loss: Loss, settings: TrainSettings
) -> Stage[CrossFit]:
    """The ceiling: the same student trained on gold classes (M,), -1 where there is none (weight 0)."""
    k = data.opinions.teacher.shape[1]
    one_hot = np.eye(k, dtype=np.float32)[np.maximum(gold_of_item, 0)]

    weights = (gold_of_item >= 0).astype(np.float64)

    def fit(items: np.ndarray) -> _Fit:
        opinions, targets = data.opinions.subset(items), Targets(one_hot[items])
        lesson = _lesson(data, items, opinions, weights[items], targets, lambda _: targets, lambda _: loss)
        return targets, plain(lesson, fitter, settings, "gold ceiling")

    result = yield from _cross_fit(data, fit, settings)
    return result


def mean_by_item(values: np.ndarray, item: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(N, K) values of faces, (N,) the track of each, 0..M-1, and (N,) weights above 0 -> (M, K) float32 means."""
    weights = np.ones(len(item)) if weights is None else weights.astype(np.float64)
    sums = np.zeros((int(item.max()) + 1, values.shape[1]), np.float64)
    np.add.at(sums, item, values * weights[:, None])
    means: np.ndarray = (sums / np.bincount(item, weights)[:, None]).astype(np.float32)
    return means


def _cross_fit(data: TrainingSet, fit: Callable[[np.ndarray], _Fit], settings: TrainSettings) -> Stage[CrossFit]:
    fold_of_item = grouped_folds(data.group_of_item, settings.folds, settings.seed)
    fold_of_face = fold_of_item[data.item_of_face]
    folds = int(fold_of_item.max()) + 1
    out = np.zeros((len(data.item_of_face), data.opinions.teacher.shape[1]), np.float32)
    curves: list[pd.DataFrame] = []
    for fold in [*range(folds), ALL_FOLDS]:
        targets, stage = fit(np.flatnonzero(fold_of_item != fold))
        number = len(curves)
        named = f"student {number + 1} of {folds + 1}, "
        fitted = yield from in_fold(part_of(stage, number, folds + 1, named), fold)
        curves.append(_curve(fold, fitted))
        if fold != ALL_FOLDS:
            judged = np.flatnonzero(fold_of_face == fold)
            out[judged] = fitted.probs(judged)
    taught = targets if fitted.taught is None else fitted.taught
    return CrossFit(fitted, out, fold_of_face, taught, pd.concat(curves, ignore_index=True), fitted.verdict)


def _lesson(
    data: TrainingSet,
    items: np.ndarray,
    opinions: Opinions,
    weights: np.ndarray,
    targets: Targets,
    targets_of: Callable[[Opinions], Targets],
    loss_of: Callable[[NoiseModel | None], Loss],
) -> Lesson:
    position = np.full(len(data.group_of_item), -1)
    position[items] = np.arange(len(items))
    rows = np.flatnonzero(position[data.item_of_face] >= 0)
    item = data.item_of_face[rows]
    shares, groups = data.face_shares()[rows], data.group_of_item[item]
    return Lesson(rows, position[item], shares, groups, weights, opinions, targets, targets_of, loss_of)


def _curve(fold: int, fitted: Fitted) -> pd.DataFrame:
    rows = [(fold, e.epoch, e.train, e.val) for e in fitted.curve]
    return pd.DataFrame(rows, columns=["fold", "epoch", "train_loss", "val_loss"])
