"""Which optimizer takes the steps of training, how far each part moves, and how the learning rate goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import nn

from mmemo.fusion.model import FusionModel, Lesson

OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("cosine", "constant")
_MOMENTUM = 0.9
_FACTOR = "factor"


class Steps(Protocol):
    """What training says of its steps; see `training.FusionTraining`."""

    @property
    def optimizer(self) -> str: ...
    @property
    def schedule(self) -> str: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def warm_up(self) -> float: ...
    @property
    def epochs(self) -> int: ...


def new_optimizer(how: Steps, lesson: Lesson, model: FusionModel) -> torch.optim.Optimizer:
    """Over the weights of a lesson that may change, grouped by the rate that the model gives them."""
    owner = lesson.module if isinstance(lesson.module, FusionModel) else model
    factor_of = {id(one): owner.rate(name) for name, one in owner.named_parameters()}
    groups: dict[float, list[nn.Parameter]] = {}
    for one in lesson.module.parameters():
        if one.requires_grad:
            groups.setdefault(factor_of.get(id(one), 1.0), []).append(one)
    told = [{"params": weights, _FACTOR: factor} for factor, weights in sorted(groups.items())]
    told = told or [{"params": [nn.Parameter(torch.zeros(1))], _FACTOR: 1.0}]
    if how.optimizer == "sgd":
        return torch.optim.SGD(told, how.learning_rate, momentum=_MOMENTUM, weight_decay=how.weight_decay)
    kind = torch.optim.Adam if how.optimizer == "adam" else torch.optim.AdamW
    return kind(told, how.learning_rate, weight_decay=how.weight_decay)


def set_rate(optimizer: torch.optim.Optimizer, how: Steps, step: int, steps: int) -> None:
    """The learning rates of this step of `steps`: a rise, then half a cosine down to 0, or the same to the end."""
    warm = max(1, round(how.warm_up * steps))
    share = 1.0
    if step < warm:
        share = (step + 1) / warm
    elif how.schedule == "cosine":
        share = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
    for group in optimizer.param_groups:
        group["lr"] = how.learning_rate * share * group[_FACTOR]


def clip(weights: Sequence[nn.Parameter], most: float) -> None:
    """Shorten the gradient to a length of `most`; 0 leaves it as it is."""
    if most > 0:
        nn.utils.clip_grad_norm_(list(weights), most)
