"""Intermediate fusion: hidden layers of a network a modality meet, with their products, before the last layers.

Each modality keeps an answer of its own with a loss of its own, so none of them is left untrained because another one
learns faster (Wang et al. 2020, "What makes training multi-modal classification networks hard?").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import torch
from torch import Tensor, nn

from mmemo.fusion.batch import Batch
from mmemo.fusion.encoders import Encoder
from mmemo.fusion.model import Answer, FusionModel
from mmemo.fusion.models.towers import Tower, drop_modalities
from mmemo.fusion.task import Task

_OWN = "own_"


@dataclass(frozen=True, slots=True)
class IntermediateSettings:
    """own_loss: how much the answers of single modalities count in the loss; the rest as for concatenation."""

    width: int = 64
    hidden: int = 64
    pooling: str = "average"
    dropout: float = 0.3
    drop_modality: float = 0.1
    own_loss: float = 0.3


class Intermediate(FusionModel):
    """Hidden vectors (B, width) of M modalities, and the products of every two, into a hidden layer and the logits."""

    name = "intermediate"
    Settings = IntermediateSettings

    def __init__(self, encoders: Mapping[str, Encoder], task: Task, settings: Any = None) -> None:
        super().__init__(encoders, task, settings)
        s = self.settings
        self.towers = nn.ModuleDict(
            {name: Tower(one.dim, s.width, s.pooling, s.dropout) for name, one in encoders.items()}
        )
        self.own = nn.ModuleDict({name: nn.Linear(s.width, task.classes) for name in encoders})
        count = len(encoders)
        inside = (count + count * (count - 1) // 2) * s.width
        self.hidden = nn.Sequential(nn.Linear(inside, s.hidden), nn.GELU(), nn.Dropout(s.dropout))
        self.head = nn.Linear(s.hidden, task.classes)
        self.numbers = nn.Linear(s.hidden, len(task.dimensions)) if task.dimensions else None

    def forward(self, batch: Batch) -> Answer:
        """Logits; `fused` (B, hidden), and the logits of each modality alone as `own_NAME`."""
        signals = drop_modalities(self.encoded(batch), self.settings.drop_modality, self.training)
        parts = {name: self.towers[name](one) for name, one in signals.items()}
        products = [parts[a] * parts[b] for a, b in combinations(parts, 2)]
        fused = self.hidden(torch.cat([*parts.values(), *products], dim=1))
        own = {f"{_OWN}{name}": self.own[name](part) for name, part in parts.items()}
        numbers = None if self.numbers is None else self.numbers(fused) * self.task.scale
        return Answer(self.head(fused), {"fused": fused, **own}, numbers)

    def loss(self, answer: Answer, batch: Batch) -> Tensor:
        """The joint answer's loss, and `own_loss` times the mean of those of the modalities where they are there."""
        loss = super().loss(answer, batch)
        assert batch.labels is not None
        losses = []
        for name in self.modalities:
            there = batch.signals[name].present
            if there.any():
                logits = answer.vectors[f"{_OWN}{name}"][there]
                losses.append(self.task.loss(logits, batch.labels[there], self.class_weights))
        return loss + self.settings.own_loss * torch.stack(losses).mean() if losses else loss
