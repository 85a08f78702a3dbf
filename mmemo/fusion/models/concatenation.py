"""Concatenation: the vectors of all modalities side by side, and a small network on them.

With one modality this is the model of that modality alone, which every other model has to beat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from mmemo.fusion.batch import Batch
from mmemo.fusion.encoders import Encoder
from mmemo.fusion.model import Answer, FusionModel
from mmemo.fusion.models.towers import Tower, drop_modalities
from mmemo.fusion.task import Task


@dataclass(frozen=True, slots=True)
class ConcatenationSettings:
    """Numbers a modality and in the hidden layer; how steps in time become one; chances of dropping."""

    width: int = 64
    hidden: int = 64
    pooling: str = "average"
    dropout: float = 0.3
    drop_modality: float = 0.0


class Concatenation(FusionModel):
    """Towers of `width`, side by side, then a hidden layer and the logits."""

    name = "concat"
    Settings = ConcatenationSettings

    def __init__(self, encoders: Mapping[str, Encoder], task: Task, settings: Any = None) -> None:
        super().__init__(encoders, task, settings)
        s = self.settings
        self.towers = nn.ModuleDict(
            {name: Tower(one.dim, s.width, s.pooling, s.dropout) for name, one in encoders.items()}
        )
        self.hidden = nn.Sequential(nn.Linear(len(encoders) * s.width, s.hidden), nn.GELU(), nn.Dropout(s.dropout))
        self.head = nn.Linear(s.hidden, task.classes)
        self.numbers = nn.Linear(s.hidden, len(task.dimensions)) if task.dimensions else None

    def forward(self, batch: Batch) -> Answer:
        """Logits, and the hidden layer as `fused`."""
        signals = drop_modalities(self.encoded(batch), self.settings.drop_modality, self.training)
        fused = self.hidden(torch.cat([self.towers[name](one) for name, one in signals.items()], dim=1))
        numbers = None if self.numbers is None else self.numbers(fused) * self.task.scale
        return Answer(self.head(fused), {"fused": fused}, numbers)
