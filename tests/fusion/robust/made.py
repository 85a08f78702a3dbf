"""A face network small enough to attack in a test: it tells bright from dark, top from bottom."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from mmemo.student.backbones import Backbone, Preprocessing
from mmemo.student.heads import LinearHead

SIDE = 16
PREPROCESSING = Preprocessing(SIDE, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), grey=True)


def made_backbone() -> Backbone:
    """Mean brightness of the four quarters: (B, 3, 16, 16) -> (B, 12)."""
    return Backbone("made", 12, PREPROCESSING, nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), _Shape()))


class _Shape(nn.Module):
    """Has a weight, as networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.scale * values


def bright_or_dark(sharpness: float = 1.0) -> LinearHead:
    """Class 1 is brighter than the middle, class 0 darker."""
    return LinearHead(np.stack([np.full(12, -sharpness), np.full(12, sharpness)]).astype(np.float32), np.zeros(2, "f4"))


def faces(n: int = 8, seed: int = 0, away: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """(n, 16, 16, 3) uint8, `away` grey levels brighter or darker than the middle, and their classes."""
    labels = np.arange(n) % 2
    noise = np.random.default_rng(seed).integers(-3, 4, (n, SIDE, SIDE, 3))
    middle = np.where(labels == 1, 128 + away, 127 - away)[:, None, None, None]
    return (middle + noise).astype(np.uint8), labels
