"""A head on many frozen features in seconds: a correction of twenty thousand faces must pay off while a person waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.progress import Stage
from mmemo.student.fitters import Fitted, Fitter, HeadFitter, Task
from mmemo.student.heads import EpochDone, EpochLoss, LinearHead
from mmemo.student.settings import TrainSettings
from mmemo.student.splits import grouped_holdout

# From so many faces on, a pass over all of them takes longer than the head needs to learn.
MANY_FACES = 5_000
_BATCH = 256
_ROUNDS = 10
_ROUND_STEPS = 40
_PATIENCE = 3
_DRAWN_ROWS = 4 * _BATCH
_VALIDATION_FACES = 2_000


def quick_for_many(fitter: Fitter) -> Fitter:
    """The same fitter, or a quick one in its place where it trains a head that starts somewhere on many faces."""
    if type(fitter) is not HeadFitter or fitter.start is None or len(fitter.features) < MANY_FACES:
        return fitter
    return QuickHeadFitter(fitter.features, fitter.start)


def for_halves(fitter: Fitter) -> Fitter:
    """The same fitter for students of one half of the faces, who take half of the steps where steps are counted."""
    return replace(fitter, rounds=_ROUNDS // 2) if isinstance(fitter, QuickHeadFitter) else fitter


@dataclass(frozen=True, slots=True, eq=False)
class QuickHeadFitter(HeadFitter):
    """Trains the head on a bounded number of batches, however many faces there are.

    At most `rounds` rounds of 40 batches of 256 faces, each face seen from one side at random, nothing copied but the
    batch; the round with the lowest loss on at most 2,000 faces of held-out groups is kept, and three rounds
    without a better one end it. `epochs`, `batch_size` and `patience` of the settings do not apply.
    """

    rounds: int = _ROUNDS

    def fit(self, task: Task, settings: TrainSettings, stage: str) -> Stage[Fitted]:
        """About a second, and no more with more faces."""
        assert self.start is not None, "the head to begin from"
        draw = np.random.default_rng(settings.seed)
        torch.manual_seed(settings.seed)
        train, held_out = grouped_holdout(task.groups, settings.validation_share, settings.seed)
        if len(held_out) > _VALIDATION_FACES:
            held_out = draw.choice(held_out, _VALIDATION_FACES, replace=False)
        layer = nn.Linear(self.features.shape[2], task.targets.shape[1])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(self.start.weight))
            layer.bias.copy_(torch.from_numpy(self.start.bias))
        optimizer = torch.optim.AdamW(layer.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
        batches = _batches(train, draw)
        # Most of a step's time would go into drawing dropout anew: a batch takes a window of one large drawing.
        kept = torch.from_numpy(draw.random((_DRAWN_ROWS, self.features.shape[2]), np.float32) >= settings.dropout)
        masks = kept.float() / (1.0 - settings.dropout)
        best, least, since, curve = _copied(layer), float("inf"), 0, []
        for number in range(self.rounds):
            losses = [self._step(layer, optimizer, task, next(batches), masks, draw) for _ in range(_ROUND_STEPS)]
            value = self._loss(layer, task, held_out)
            curve.append(EpochLoss(number, float(np.mean(losses)), value))
            yield EpochDone(stage, number + 1, self.rounds, f"loss {np.mean(losses):.3f}", curve[-1])
            if len(held_out) == 0 or value < least - 1e-5:
                best, least, since = _copied(layer), value, 0
            else:
                since += 1
                if since >= _PATIENCE:
                    break
        head = best
        tensors = {"head.weight": head.weight, "head.bias": head.bias}
        return Fitted(tensors, tuple(curve), lambda rows: head.probs(self.features[rows]))

    def _step(
        self,
        layer: nn.Linear,
        optimizer: torch.optim.Optimizer,
        task: Task,
        items: np.ndarray,
        masks: Tensor,
        draw: np.random.Generator,
    ) -> float:
        views = draw.integers(0, self.features.shape[1], len(items))
        features = torch.from_numpy(self.features[task.rows[items], views].astype(np.float32, copy=False))
        first = int(draw.integers(0, len(masks) - len(items) + 1))
        value = _weighted(task, layer(features * masks[first : first + len(items)]), items)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return float(value.detach())

    @torch.no_grad()
    def _loss(self, layer: nn.Linear, task: Task, items: np.ndarray) -> float:
        if len(items) == 0:
            return float("nan")
        features = torch.from_numpy(self.features[task.rows[items], 0].astype(np.float32, copy=False))
        return float(_weighted(task, layer(features), items))


def _weighted(task: Task, logits: Tensor, items: np.ndarray) -> Tensor:
    targets, weights = (torch.from_numpy(a[items].astype(np.float32)) for a in (task.targets, task.weights))
    value: Tensor = (task.loss(logits, targets) * weights).sum() / weights.sum().clamp_min(1e-6)
    return value


def _batches(rows: np.ndarray, draw: np.random.Generator) -> Iterator[np.ndarray]:
    """Batches without end: every face once before any comes again."""
    while True:
        order = draw.permutation(rows)
        for start in range(0, len(order), _BATCH):
            yield order[start : start + _BATCH]


def _copied(layer: nn.Linear) -> LinearHead:
    return LinearHead(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
