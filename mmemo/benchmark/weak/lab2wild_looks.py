"""What the lower blocks of the lab's network give for looks at the faces of `lab2wild`, computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.progress import Stage
from mmemo.store.files import hash_value, publish_file
from mmemo.student.backbones import Backbone
from mmemo.student.backbones.augmentation import STRONG, Augmentation, augment
from mmemo.student.backbones.loading import weights_hash
from mmemo.student.looks import PLAIN_LOOKS
from mmemo.student.top_blocks import activations_of

# The more faces, the fewer times a step comes back to one: looks at faces from this number on.
_LOOKS = {0: 8, 1000: 4, 4000: PLAIN_LOOKS}
_CHUNK = 4000
_BATCH = 32


def target_looks(
    cache: Path, backbone: Backbone, lower: nn.Module, images: np.ndarray, count: int
) -> Stage[np.ndarray]:
    """(count, V, C, h, w) float16 of the first `count` faces; chunks are kept apart, so that sizes share them."""
    parts = []
    for start, stop in chunks(count):
        looks = _LOOKS[max(first for first in _LOOKS if first <= start)]
        part = yield from looks_kept(cache, backbone, lower, images[start:stop], looks)
        parts.append(part)
    fewest = min(part.shape[1] for part in parts)
    found = np.empty((count, fewest, *parts[0].shape[2:]), np.float16)
    for (start, stop), part in zip(chunks(count), parts, strict=True):
        found[start:stop] = part[:, :fewest]
    return found


def looks_kept(
    cache: Path,
    backbone: Backbone,
    lower: nn.Module,
    images: np.ndarray,
    count: int = PLAIN_LOOKS,
    how: Augmentation = STRONG,
) -> Stage[np.ndarray]:
    """(N, h, w) uint8 faces -> (N, count, C, h, w) float16, read from the disk when it is asked for."""
    key = [
        weights_hash(lower),
        content_of(images),
        count,
        how if count > PLAIN_LOOKS else None,
    ]
    path = cache / f"looks-{hash_value(key)}.npy"
    if not path.is_file():
        found = yield from activations_of(lower, _looks(backbone, images, count, how), len(images))
        with publish_file(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, found)
    kept: np.ndarray = np.load(path, mmap_mode="r")
    return kept


def content_of(values: np.ndarray) -> str:
    """BLAKE2b of the values, 32 hex digits."""
    return hashlib.blake2b(values.tobytes(), digest_size=16).hexdigest()


def chunks(count: int) -> list[tuple[int, int]]:
    """Bounds of parts that are kept apart, so that a stopped run does not begin anew and sizes share their faces."""
    bounds = sorted({0, count, *(size for size in _LOOKS if 0 < size < count), *range(_CHUNK, count, _CHUNK)})
    return list(pairwise(bounds))


def _looks(backbone: Backbone, images: np.ndarray, count: int, how: Augmentation) -> Iterator[Tensor]:
    """Batches (b, V, 3, px, px): plain, mirrored, and changed at random with pictures at their own size."""
    generator = torch.Generator().manual_seed(0)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (backbone.preprocessing.mean, backbone.preprocessing.std))
    for start in range(0, len(images), _BATCH):
        some = images[start : start + _BATCH]
        plain = backbone.prepare([np.repeat(image[..., None], 3, axis=2) for image in some])
        grey = torch.from_numpy(some.astype(np.float32))[:, None] / 255
        changed = [
            (augment(grey, backbone.input_px, how, generator).expand(-1, 3, -1, -1) - mean) / std
            for _ in range(count - PLAIN_LOOKS)
        ]
        yield torch.stack([plain, plain.flip(3), *changed], 1)
