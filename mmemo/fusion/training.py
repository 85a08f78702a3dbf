"""The one training loop: every lesson of a model, with early stopping on validation samples of other groups."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmemo.errors import InputError
from mmemo.fusion.batch import Batch
from mmemo.fusion.checkpoints import Checkpoints
from mmemo.fusion.curves import CurveLog, Point
from mmemo.fusion.model import FusionModel, Lesson
from mmemo.fusion.optimizers import OPTIMIZERS, SCHEDULES, clip, new_optimizer, set_rate
from mmemo.fusion.prepared import PreparedSet
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_value
from mmemo.student.splits import grouped_folds, grouped_holdout

CLASS_WEIGHTS = ("none", "root", "balanced")
_MAX_WEIGHT = 20.0


@dataclass(frozen=True, slots=True)
class FusionTraining:
    """How a model is trained; one `seed` draws weights, order and dropout.

    epochs is the most a lesson takes; it ends when `patience` epochs in a row did not lower the validation loss, and
    the best weights are kept. warm_up: share of the steps in which the learning rate rises, after which it falls as
    half a cosine (`schedule` "cosine") or stays ("constant"). clip_norm: the longest gradient, 0 for any. class_weights:
    "none", "root" (of the inverse count) or "balanced" (the inverse count).
    """

    epochs: int = 40
    patience: int = 8
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warm_up: float = 0.1
    clip_norm: float = 1.0
    optimizer: str = "adamw"
    schedule: str = "cosine"
    class_weights: str = "none"
    validation_share: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        choices = {"class_weights": CLASS_WEIGHTS, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}
        for name, known in choices.items():
            if (said := getattr(self, name)) not in known:
                raise InputError(f"unknown {name.replace('_', ' ')} {said!r}", hint=f"one of {', '.join(known)}")
        if min(self.epochs, self.batch_size, self.patience) < 1 or self.learning_rate <= 0:
            raise InputError("epochs, patience, batch size and learning rate are above 0", hint="give larger ones")


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained model, the loss of every epoch, and how long it took: CPU seconds of this process."""

    model: FusionModel
    curves: tuple[Point, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where training leaves files: TensorBoard's logs, and a checkpoint an epoch from which it goes on."""

    logs: Path | None = None
    checkpoint: Path | None = None


def holdout(data: PreparedSet, settings: FusionTraining, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (train, validation) of `rows`, split by group; no validation where there are under 8 groups."""
    inner, held = grouped_holdout(data.groups[rows], settings.validation_share, settings.seed)
    return rows[inner], rows[held]


def train(
    model: FusionModel,
    data: PreparedSet,
    settings: FusionTraining,
    rows: np.ndarray | None = None,
    validation: np.ndarray | None = None,
    keeping: Keeping | None = None,
) -> Stage[Trained]:
    """Train on `rows` (all without it); without `validation` rows some are held out by group.

    The network starts as `model` is. Yields Progress by epochs. Closing it cancels; with a checkpoint the same call
    goes on after the last whole epoch.
    """
    rows = np.arange(len(data)) if rows is None else rows
    if data.labels is None or not len(rows):
        raise InputError("there is nothing to train on", hint="give a dataset with labels")
    if validation is None:
        rows, validation = holdout(data, settings, rows)
    started = time.process_time()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    weights = class_weights(data.labels[rows], model.task.classes, settings.class_weights)
    for one in model.modules():
        if isinstance(one, FusionModel):
            one.class_weights = None if weights is None else weights.to(device)
    held_out = [batch.to(device) for batch in data.batches(validation)]
    points: list[Point] = []
    keeping = keeping or Keeping()
    untrained = copy.deepcopy(model) if model.folds else None
    with CurveLog(keeping.logs) as log:
        for number, lesson in enumerate(model.lessons()):
            run = _Run(number, lesson, model, data, rows, held_out, settings, Checkpoints(keeping.checkpoint))
            points += yield from run.epochs(device, log)
    with torch.no_grad():
        model.eval()
        model.settle(held_out)
    if untrained is not None and len(np.unique(data.groups[rows])) > 1:
        yield from stack_out_of_fold(model, untrained, data, settings, rows, validation)
    Checkpoints(keeping.checkpoint).forget()
    return Trained(model.to("cpu"), tuple(points), time.process_time() - started)


def stack_out_of_fold(
    model: FusionModel,
    untrained: FusionModel,
    data: PreparedSet,
    settings: FusionTraining,
    rows: np.ndarray,
    validation: np.ndarray,
) -> Stage[None]:
    """Train copies on all folds but one, and fit what joins the members on what they say of the fold left out."""
    fold_of = grouped_folds(data.groups[rows], model.folds, settings.seed)
    opinions, labels = [], []
    for fold in np.unique(fold_of):
        copied = copy.deepcopy(untrained)
        copied.folds = 0
        fitted = yield from train(copied, data, settings, rows[fold_of != fold], validation)
        for batch in data.batches(rows[fold_of == fold]):
            assert batch.labels is not None
            with torch.no_grad():
                opinions.append(fitted.model.eval().opinions(batch))
            labels.append(batch.labels)
    with torch.no_grad():
        model.to("cpu").stack(torch.cat(opinions), torch.cat(labels))


def class_weights(labels: np.ndarray, classes: int, how: str) -> Tensor | None:
    """(K,) weights whose mean over the samples is 1 (one of K), or negatives a positive (several); None for "none"."""
    if how == "none":
        return None
    counts = np.maximum(labels.sum(0) if labels.ndim == 2 else np.bincount(labels, minlength=classes), 1)
    inverse = (len(labels) - counts).clip(min=1) / counts if labels.ndim == 2 else len(labels) / (classes * counts)
    weights = np.minimum(np.sqrt(inverse) if how == "root" else inverse, _MAX_WEIGHT)
    if labels.ndim == 1:
        weights = weights / weights[labels].mean()
    return torch.tensor(weights, dtype=torch.float32)


def asked(model: FusionModel, data: PreparedSet, rows: np.ndarray, settings: FusionTraining) -> str:
    """Model, samples and settings of a training in one text: a checkpoint of anything else is not gone on from."""
    assert data.labels is not None
    digest = hashlib.blake2b(digest_size=16)
    for one in (data.groups.astype(str), data.labels, np.asarray(rows, np.int64)):
        digest.update(f"{one.dtype} {one.shape};".encode() + np.ascontiguousarray(one).tobytes())
    return f"{settings!r} {hash_value(model.config())} {digest.hexdigest()}"


class _Run:
    """One lesson from its first epoch to its last."""

    def __init__(
        self,
        number: int,
        lesson: Lesson,
        model: FusionModel,
        data: PreparedSet,
        rows: np.ndarray,
        validation: Sequence[Batch],
        settings: FusionTraining,
        checkpoints: Checkpoints,
    ) -> None:
        self.number, self.lesson, self.model = number, lesson, model
        self.data, self.rows, self.validation, self.settings = data, rows, validation, settings
        self.checkpoints = checkpoints
        self.asked = asked(model, data, rows, settings)
        self.weights = [one for one in lesson.module.parameters() if one.requires_grad]
        self.optimizer = new_optimizer(settings, lesson, model)
        self.best_loss, self.best_epoch, self.epoch = math.inf, -1, 0
        self.best = copy.deepcopy(lesson.module.state_dict())
        self.points: list[Point] = []

    def epochs(self, device: torch.device, log: CurveLog) -> Stage[list[Point]]:
        """Train until the epochs or the patience end; the module has the best weights then."""
        torch.manual_seed(self.settings.seed + 1000 * self.number)
        self._resume()
        while self.weights and self.epoch < self.settings.epochs and not self._out_of_patience():
            self._note(self._one_epoch(device), log)
            yield Progress(f"train {self.lesson.name}", self.epoch, self.settings.epochs, self.points[-1].says())
            self.checkpoints.write(self.state())
        if self.validation and self.best_epoch >= 0:
            self.lesson.module.load_state_dict(self.best)
        return self.points

    def _out_of_patience(self) -> bool:
        return bool(self.validation) and self.epoch - 1 - self.best_epoch >= self.settings.patience

    def _one_epoch(self, device: torch.device) -> float:
        self.model.eval()
        self.lesson.module.train()
        # Drawn anew for each epoch, so that a training that goes on sees the order that it would have seen.
        order = np.random.default_rng([self.settings.seed, self.number, self.epoch]).permutation(self.rows)
        size = self.settings.batch_size
        steps = max(1, len(order) // size)
        losses = []
        for step, part in enumerate(np.array_split(order, steps)):
            set_rate(self.optimizer, self.settings, self.epoch * steps + step, self.settings.epochs * steps)
            loss = self.lesson.loss(self.data.batch(part).to(device))
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            clip(self.weights, self.settings.clip_norm)
            self.optimizer.step()
            losses.append(float(loss.detach()))
        return float(np.mean(losses))

    @torch.no_grad()
    def _validation_loss(self) -> float | None:
        if not self.validation:
            return None
        self.lesson.module.eval()
        losses = [float(self.lesson.loss(batch)) for batch in self.validation]
        return float(np.average(losses, weights=[len(batch) for batch in self.validation]))

    def _note(self, loss: float, log: CurveLog) -> None:
        held = self._validation_loss()
        if not math.isfinite(loss):
            raise InputError(f"training of {self.lesson.name} diverged", hint="give a lower learning rate")
        self.points.append(Point(self.lesson.name, self.epoch, loss, held))
        log.add(self.points[-1])
        if held is not None and held < self.best_loss:
            self.best_loss, self.best_epoch = held, self.epoch
            self.best = copy.deepcopy(self.lesson.module.state_dict())
        self.epoch += 1

    def state(self) -> dict[str, Any]:
        """All that is needed to go on after this epoch."""
        return {
            "lesson": self.number,
            "epoch": self.epoch,
            "settings": self.asked,
            "model": self.model.state_dict(),
            "best": self.best,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "points": [point.to_json() for point in self.points],
        }

    def _resume(self) -> None:
        """Go on from a checkpoint of this lesson; one of a later lesson means that this one is finished."""
        stored = self.checkpoints.read(self.asked)
        if stored is None or stored["lesson"] < self.number:
            return
        try:
            self.model.load_state_dict(stored["model"])
        except RuntimeError as error:
            raise self.checkpoints.of_another_training() from error
        if stored["lesson"] > self.number:
            self.weights = []
            return
        self.best, self.best_loss, self.best_epoch = stored["best"], stored["best_loss"], stored["best_epoch"]
        self.epoch = stored["epoch"]
        self.optimizer.load_state_dict(stored["optimizer"])
        torch.set_rng_state(stored["random"])
        self.points = [Point(**point) for point in stored["points"]]
