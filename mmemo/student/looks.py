"""Looks at a face: as it is, mirrored, and changed at random, prepared for a face network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from mmemo.student.backbones import Backbone
from mmemo.student.backbones.augmentation import STRONG, Augmentation, augment

PLAIN_LOOKS = 2


def prepared_looks(
    backbone: Backbone, batches: Iterable[Sequence[np.ndarray]], count: int, how: Augmentation = STRONG, seed: int = 0
) -> Iterator[Tensor]:
    """Batches of crops (H, W, 3) uint8 RGB -> batches (b, count, 3, px, px): plain, mirrored, and `count` - 2 changed.

    The changes are drawn from `seed` in the order of the faces, so the same faces give the same looks.
    """
    assert count >= PLAIN_LOOKS, "the plain look and its mirror image are judged"
    generator = torch.Generator().manual_seed(seed)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (backbone.preprocessing.mean, backbone.preprocessing.std))
    for crops in batches:
        plain = backbone.prepare(crops)
        shown = (plain * std + mean).clamp(0, 1)
        changed = [(augment(shown, backbone.input_px, how, generator) - mean) / std for _ in range(count - PLAIN_LOOKS)]
        yield torch.stack([plain, plain.flip(3), *changed], 1)
