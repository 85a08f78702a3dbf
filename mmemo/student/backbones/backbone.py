"""A pretrained face network as a source of features, whatever library it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.processor import has_bfloat16
from mmemo.progress import Progress, Stage
from mmemo.student.backbones.preprocessing import Preprocessing

BATCH_SIZE = 64
VIEWS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Backbone:
    """A network (B, 3, px, px) float32 -> (B, D) features, and how crops are prepared for it.

    `identity` is the name that was asked for and a hash of the weights. `head` is the network's own emotion
    layer D -> 7 in EKMAN7 order; None where it has none.
    """

    identity: str
    feature_dim: int
    preprocessing: Preprocessing
    module: nn.Module
    head: nn.Linear | None = None

    @property
    def input_px(self) -> int:
        """Side of the square input in pixels."""
        return self.preprocessing.input_px

    def prepare(self, crops: Sequence[np.ndarray]) -> Tensor:
        """N crops (H, W, 3) uint8 RGB of any size -> (N, 3, px, px) float32."""
        return self.preprocessing(crops)

    def features(self, batch: Tensor) -> Tensor:
        """(B, 3, px, px) prepared -> (B, D) float32 on the CPU, without gradients, in the fastest exact-enough type."""
        device = next(self.module.parameters()).device
        self.module.eval()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=_use_bfloat16(device.type)):
            images = batch.to(device).contiguous(memory_format=torch.channels_last)
            found: Tensor = self.module(images)
        return found.float().cpu()


def features_of(backbone: Backbone, crops: Sequence[np.ndarray] | Iterable[Sequence[np.ndarray]]) -> Stage[np.ndarray]:
    """Features of every crop and of its mirror image: (N, 2, D) float32, view 1 is the mirror image; N may be 0.

    Takes the crops themselves, or an iterable that gives them in batches when they do not fit into memory.
    """
    total = len(crops) if isinstance(crops, Sequence) else 0
    parts = [np.zeros((0, VIEWS, backbone.feature_dim), np.float32)]
    done = 0
    for chunk in _chunks(crops):
        batch = backbone.prepare(chunk)
        views = backbone.features(torch.cat([batch, batch.flip(3)]))
        parts.append(views.reshape(VIEWS, len(chunk), -1).transpose(0, 1).numpy())
        done += len(chunk)
        yield Progress("read faces", done, total)
    return np.concatenate(parts)


def _chunks(crops: Sequence[np.ndarray] | Iterable[Sequence[np.ndarray]]) -> Iterator[Sequence[np.ndarray]]:
    if isinstance(crops, Sequence):
        yield from (crops[start : start + BATCH_SIZE] for start in range(0, len(crops), BATCH_SIZE))
        return
    for batch in crops:
        yield from _chunks(list(batch))


def _use_bfloat16(device: str) -> bool:
    return device == "cpu" and has_bfloat16()
