"""Training a linear head on frozen features."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.progress import Progress, Stage
from mmemo.student.losses import Loss, training_loss
from mmemo.student.settings import TrainSettings
from mmemo.student.splits import grouped_holdout


@dataclass(frozen=True, slots=True)
class LinearHead:
    """weight (K, D) and bias (K,) float32: logits = features @ weight.T + bias."""

    weight: np.ndarray
    bias: np.ndarray

    def probs(self, features: np.ndarray) -> np.ndarray:
        """(N, V, D) features of V views -> (N, K) mean over the views of the softmax."""
        logits = features @ self.weight.T + self.bias
        logits = logits - logits.max(-1, keepdims=True)
        exp = np.exp(logits)
        mean: np.ndarray = (exp / exp.sum(-1, keepdims=True)).mean(1).astype(np.float32)
        return mean


@dataclass(frozen=True, slots=True)
class EpochLoss:
    """Mean loss of one epoch; val is NaN without a validation part."""

    epoch: int
    train: float
    val: float


@dataclass(frozen=True, slots=True)
class EpochDone(Progress):
    """The end of an epoch: the same progress, with the losses.

    `fold` is filled in by cross-fitting, -1 for the student of all faces; None elsewhere. `prepares`: the epoch is of a
    student that only helps to find the targets.
    """

    losses: EpochLoss | None = None
    fold: int | None = None
    prepares: bool = False


@dataclass(frozen=True, slots=True)
class HeadData:
    """What a head learns from: features (N, V, D), target probs (N, K), weights (N,), groups (N,)."""

    features: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    groups: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.features)
        assert self.features.ndim == 3 and n == len(self.targets) == len(self.weights) == len(self.groups)

    def subset(self, rows: np.ndarray) -> HeadData:
        """The same for fewer rows."""
        return HeadData(self.features[rows], self.targets[rows], self.weights[rows], self.groups[rows])


def train_head(
    data: HeadData,
    start: LinearHead | None,
    loss: Loss,
    settings: TrainSettings,
    *,
    stage: str = "train",
    averaging: float = 0.0,
) -> Stage[tuple[LinearHead, list[EpochLoss]]]:
    """Train on all views of every face; keep the epoch with the lowest loss on held-out groups.

    `start` is the head to begin from (the baseline's); None begins at zero on standardised features, for
    backbones whose features have another scale. With `averaging` the head is the moving average over the steps,
    which keeps that share of itself at each. Returns the head for unscaled features and its curve.
    """
    torch.manual_seed(settings.seed)
    train_rows, val_rows = grouped_holdout(data.groups, settings.validation_share, settings.seed)
    mean, scale = _scaling(data.features[train_rows], start)
    layer = _layer(start, data.features.shape[2], data.targets.shape[1])
    optimizer = torch.optim.AdamW(layer.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    train, val = (_tensors(data.subset(rows), mean, scale) for rows in (train_rows, val_rows))
    mean_layer = _MovingAverage(layer, averaging)
    curve: list[EpochLoss] = []
    best, best_loss, since = _copied(layer), float("inf"), 0
    for epoch in range(settings.epochs):
        with _one_thread():
            train_loss = _train_epoch(layer, optimizer, train, loss, settings, mean_layer)
            val_loss = _mean_loss(mean_layer.layer, val, loss)
        curve.append(EpochLoss(epoch, train_loss, val_loss))
        yield EpochDone(stage, epoch + 1, settings.epochs, f"loss {train_loss:.3f}", curve[-1])
        if len(val_rows) == 0 or val_loss < best_loss - 1e-5:
            best, best_loss, since = _copied(mean_layer.layer), val_loss, 0
        else:
            since += 1
            if since >= settings.patience:
                break
    return _unscaled(best, mean, scale), curve


def shuffled_batches(count: int, batch_size: int) -> Iterator[Tensor]:
    """Row numbers 0..count-1 in random order, in batches; torch's own generator decides."""
    order = torch.randperm(count)
    yield from (order[start : start + batch_size] for start in range(0, count, batch_size))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Batches of a linear layer are too small to share: waiting for a second core costs up to ten times the work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _scaling(features: np.ndarray, start: LinearHead | None) -> tuple[np.ndarray, np.ndarray]:
    width = features.shape[2]
    if start is not None:
        return np.zeros(width, np.float32), np.ones(width, np.float32)
    flat = features.reshape(-1, width)
    return flat.mean(0), np.maximum(flat.std(0), 1e-3)


def _layer(start: LinearHead | None, width: int, classes: int) -> nn.Linear:
    layer = nn.Linear(width, classes)
    with torch.no_grad():
        if start is None:
            layer.weight.zero_()
            layer.bias.zero_()
        else:
            layer.weight.copy_(torch.from_numpy(start.weight))
            layer.bias.copy_(torch.from_numpy(start.bias))
    return layer


_Part = tuple[Tensor, Tensor, Tensor]


def _tensors(data: HeadData, mean: np.ndarray, scale: np.ndarray) -> _Part:
    """Every view becomes a row of its own: (N*V, D), (N*V, K), (N*V,)."""
    views = data.features.shape[1]
    flat = ((data.features - mean) / scale).astype(np.float32).reshape(-1, data.features.shape[2])
    targets = np.repeat(data.targets, views, axis=0).astype(np.float32)
    weights = np.repeat(data.weights, views).astype(np.float32)
    return torch.from_numpy(flat), torch.from_numpy(targets), torch.from_numpy(weights)


class _MovingAverage:
    """The mean of a layer over its steps; the layer itself where nothing of the past is kept."""

    def __init__(self, layer: nn.Linear, kept: float) -> None:
        self._source, self._kept = layer, kept
        self.layer = copy.deepcopy(layer) if kept > 0 else layer

    @torch.no_grad()
    def step(self) -> None:
        if self.layer is not self._source:
            for mean, current in zip(self.layer.parameters(), self._source.parameters(), strict=True):
                mean.lerp_(current, 1.0 - self._kept)


def _train_epoch(
    layer: nn.Linear,
    optimizer: torch.optim.Optimizer,
    part: _Part,
    loss: Loss,
    settings: TrainSettings,
    mean_layer: _MovingAverage,
) -> float:
    features, targets, weights = part
    total = 0.0
    for rows in shuffled_batches(len(features), settings.batch_size):
        dropped = nn.functional.dropout(features[rows], settings.dropout, training=True)
        values = training_loss(loss, layer(dropped), targets[rows], rows) * weights[rows]
        value = values.sum() / weights[rows].sum().clamp_min(1e-6)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        mean_layer.step()
        total += float(value.detach()) * len(rows)
    return total / max(len(features), 1)


@torch.no_grad()
def _mean_loss(layer: nn.Linear, part: _Part, loss: Loss) -> float:
    features, targets, weights = part
    if len(features) == 0:
        return float("nan")
    return float((loss(layer(features), targets) * weights).sum() / weights.sum().clamp_min(1e-6))


def _copied(layer: nn.Linear) -> LinearHead:
    return LinearHead(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())


def _unscaled(head: LinearHead, mean: np.ndarray, scale: np.ndarray) -> LinearHead:
    weight = head.weight / scale
    return LinearHead(weight.astype(np.float32), (head.bias - weight @ mean).astype(np.float32))
