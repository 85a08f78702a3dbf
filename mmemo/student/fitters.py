"""Two ways to fit a student to targets: the head on frozen features, or the whole network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.progress import Progress, Stage
from mmemo.student.backbones import Backbone
from mmemo.student.heads import EpochDone, EpochLoss, HeadData, LinearHead, shuffled_batches, train_head
from mmemo.student.losses import Loss, training_loss
from mmemo.student.settings import TrainSettings
from mmemo.student.splits import grouped_holdout

if TYPE_CHECKING:
    from mmemo.student.rereading import Verdict
    from mmemo.student.targets import Targets

_PREDICT_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What to learn: face rows (N,) of the fitter, targets (N, K), weights (N,), groups (N,), and the loss."""

    rows: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    groups: np.ndarray
    loss: Loss

    def __post_init__(self) -> None:
        assert len(self.rows) == len(self.targets) == len(self.weights) == len(self.groups)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A trained student: its weights by name, its curve, and its opinion on faces of the fitter.

    `tensors` holds head.weight (K, D), head.bias (K,), and backbone.* where the backbone was trained too. taught,
    verdict: the targets that a scheme chose in the end, and what the lines said of the two image opinions; None where
    the scheme did not ask.
    """

    tensors: Mapping[str, np.ndarray]
    curve: tuple[EpochLoss, ...]
    predict: _Predict
    taught: Targets | None = None
    verdict: Verdict | None = None

    def probs(self, rows: np.ndarray) -> np.ndarray:
        """(N,) face rows -> (N, K)."""
        return self.predict(rows)


class _Predict(Protocol):
    def __call__(self, rows: np.ndarray) -> np.ndarray: ...


class Fitter(Protocol):
    """Fits one student to a task."""

    def fit(self, task: Task, settings: TrainSettings, stage: str) -> Stage[Fitted]:
        """Train; yields Progress under the name `stage`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class SourceFaces:
    """Faces that the baseline was trained on: features (S, V, D) of the same backbone, targets (S, K)."""

    features: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        assert self.features.ndim == 3 and len(self.features) == len(self.targets)


@dataclass(frozen=True, slots=True, eq=False)
class HeadFitter:
    """Trains the head alone on features (N, V, D); `start` is the head to begin from, or None.

    `source`: faces that a scheme may replay. `averaging`: see `train_head`.
    """

    features: np.ndarray
    start: LinearHead | None
    source: SourceFaces | None = None
    averaging: float = 0.0

    def fit(self, task: Task, settings: TrainSettings, stage: str) -> Stage[Fitted]:
        """Seconds for thousands of faces."""
        data = HeadData(self.features[task.rows], task.targets, task.weights, task.groups)
        head, curve = yield from train_head(
            data, self.start, task.loss, settings, stage=stage, averaging=self.averaging
        )
        return self.fitted(head, tuple(curve))

    def fitted(self, head: LinearHead, curve: tuple[EpochLoss, ...]) -> Fitted:
        """The student of a head on these features."""
        tensors = {"head.weight": head.weight, "head.bias": head.bias}
        return Fitted(tensors, curve, lambda rows: head.probs(self.features[rows]))


@dataclass(frozen=True, slots=True, eq=False)
class NetworkFitter:
    """Trains backbone and head together on prepared images (N, 3, px, px); each fit starts from the same weights."""

    images: Tensor
    backbone: Backbone
    start: LinearHead | None

    def fit(self, task: Task, settings: TrainSettings, stage: str) -> Stage[Fitted]:
        """Minutes for thousands of faces on two cores. Batch statistics stay those of the pretrained network:
        a small show cannot estimate better ones."""
        torch.manual_seed(settings.seed)
        network = _Network(self.backbone, self.start, task.targets.shape[1])
        pretrained = {name: value.clone() for name, value in self.backbone.module.state_dict().items()}
        try:
            curve, best = yield from self._epochs(network, task, settings, stage)
        finally:
            self.backbone.module.load_state_dict(pretrained)

        def predict(rows: np.ndarray) -> np.ndarray:
            network.load_state_dict(best)
            try:
                return self._probs(network, rows)
            finally:
                self.backbone.module.load_state_dict(pretrained)

        tensors = {name: value.numpy().copy() for name, value in best.items()}
        return Fitted(tensors, tuple(curve), predict)

    def _epochs(
        self, network: _Network, task: Task, settings: TrainSettings, stage: str
    ) -> Stage[tuple[list[EpochLoss], dict[str, Tensor]]]:
        train, val = grouped_holdout(task.groups, settings.validation_share, settings.seed)
        optimizer = torch.optim.AdamW(
            [
                {"params": network.backbone.parameters(), "lr": settings.finetune_learning_rate},
                {"params": network.head.parameters(), "lr": settings.learning_rate},
            ],
            weight_decay=settings.weight_decay,
        )
        curve: list[EpochLoss] = []
        best, best_loss = network.snapshot(), float("inf")
        batches = -(-len(train) // settings.batch_size)
        for epoch in range(settings.finetune_epochs):
            total = 0.0
            for number, part in enumerate(shuffled_batches(len(train), settings.batch_size)):
                total += self._step(network, optimizer, task, train[part.numpy()]) * len(part)
                yield Progress(stage, epoch * batches + number + 1, settings.finetune_epochs * batches, "whole network")
            val_loss = self._loss(network, task, val)
            curve.append(EpochLoss(epoch, total / len(train), val_loss))
            done = (epoch + 1) * batches, settings.finetune_epochs * batches
            yield EpochDone(stage, *done, "whole network", curve[-1])
            if len(val) == 0 or val_loss < best_loss:
                best, best_loss = network.snapshot(), val_loss
        return curve, best

    def _step(self, network: _Network, optimizer: torch.optim.Optimizer, task: Task, items: np.ndarray) -> float:
        images = self.images[torch.from_numpy(task.rows[items])]
        mirrored = torch.rand(len(images)) < 0.5
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
        targets, weights = (torch.from_numpy(a[items].astype(np.float32)) for a in (task.targets, task.weights))
        values = training_loss(task.loss, network(images), targets, torch.from_numpy(items)) * weights
        value = values.sum() / weights.sum().clamp_min(1e-6)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return float(value.detach())

    @torch.no_grad()
    def _loss(self, network: _Network, task: Task, items: np.ndarray) -> float:
        if len(items) == 0:
            return float("nan")
        parts = []
        for start in range(0, len(items), _PREDICT_BATCH):
            part = items[start : start + _PREDICT_BATCH]
            logits = network(self.images[torch.from_numpy(task.rows[part])])
            parts.append(task.loss(logits, torch.from_numpy(task.targets[part].astype(np.float32))))
        weights = torch.from_numpy(task.weights[items].astype(np.float32))
        return float((torch.cat(parts) * weights).sum() / weights.sum().clamp_min(1e-6))

    @torch.no_grad()
    def _probs(self, network: _Network, rows: np.ndarray) -> np.ndarray:
        """(N, K) mean softmax of both mirror views."""
        parts = [np.zeros((0, network.head.out_features), np.float32)]
        for start in range(0, len(rows), _PREDICT_BATCH):
            images = self.images[torch.from_numpy(rows[start : start + _PREDICT_BATCH])]
            views = [torch.softmax(network(view), 1) for view in (images, images.flip(3))]
            parts.append(torch.stack(views).mean(0).numpy())
        return np.concatenate(parts)


class _Network(nn.Module):
    """Backbone and head as one module, with the names under which they are stored."""

    def __init__(self, backbone: Backbone, start: LinearHead | None, classes: int) -> None:
        super().__init__()
        self.backbone = backbone.module
        self.head = nn.Linear(backbone.feature_dim, classes)
        with torch.no_grad():
            if start is None:
                nn.init.zeros_(self.head.weight)
                nn.init.zeros_(self.head.bias)
            else:
                self.head.weight.copy_(torch.from_numpy(start.weight))
                self.head.bias.copy_(torch.from_numpy(start.bias))
        # Evaluation mode throughout: frozen batch statistics and no stochastic depth.
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.backbone(images))
        return logits

    def snapshot(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.state_dict().items()}


def stacked_images(backbone: Backbone, crops: Sequence[np.ndarray]) -> Tensor:
    """(N, 3, px, px) float32 of all crops, prepared once."""
    if len(crops) == 0:
        return torch.zeros(0, 3, backbone.input_px, backbone.input_px)
    return torch.cat([backbone.prepare(crops[i : i + _PREDICT_BATCH]) for i in range(0, len(crops), _PREDICT_BATCH)])
