"""Feature maps of which only some places are left, and convolution at these places alone, with PyTorch only.

A place that was dropped counts as 0 for its neighbours and gets no value itself (Graham and van der Maaten 2017,
submanifold sparse convolution). With all places left the result is that of an ordinary convolution.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

# 8 MB at once: what is gathered stays near the processor.
_STRIP_NUMBERS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """P places of N maps: `features` (P, C); `index` (P,) int64 rising, (map * H + row) * W + column; `size` (N, H, W)."""

    features: Tensor
    index: Tensor
    size: tuple[int, int, int]

    @property
    def map_of(self) -> Tensor:
        """(P,) int64: which map a place is of."""
        return self.index // (self.size[1] * self.size[2])

    @property
    def share(self) -> float:
        """How many of all places are left, 0 to 1; 1 when there are no maps."""
        every = self.size[0] * self.size[1] * self.size[2]
        return len(self.index) / every if every else 1.0

    def only(self, rows: Tensor) -> Places:
        """Those of these (P,) bool."""
        return replace(self, features=self.features[rows], index=self.index[rows])

    def with_features(self, features: Tensor) -> Places:
        """The same places with other features (P, C')."""
        return replace(self, features=features)

    def neighbours(self) -> Tensor:
        """(P, 9) int64: rows of the 3 x 3 places around each, left to right and down; P where none is left."""
        maps, height, width = self.size
        row = self.index // width
        column = self.index % width
        # A border of one place around each map, so that no neighbour lies on the next line or map.
        padded = ((row // height) * (height + 2) + row % height + 1) * (width + 2) + column + 1
        table = self.index.new_full((maps * (height + 2) * (width + 2),), len(self.index))
        table[padded] = torch.arange(len(self.index), device=self.index.device)
        steps = torch.arange(-1, 2, device=self.index.device)
        return table[padded[:, None] + (steps[:, None] * (width + 2) + steps).flatten()]

    def dense(self) -> Tensor:
        """(N, C, H, W), 0 at the places that were dropped."""
        maps, height, width = self.size
        channels = self.features.shape[1]
        flat = self.features.new_zeros((maps * height * width, channels))
        flat = flat.index_copy(0, self.index, self.features)
        return flat.view(maps, height, width, channels).permute(0, 3, 1, 2)

    def halved(self) -> Places:
        """The largest of each 2 x 2 places, where one of them is left; features are 0 or more. A last odd line ends."""
        _, height, width = self.size
        pooled = nn.functional.max_pool2d(self.dense(), 2)
        row, column = self.index // width % height, self.index % width
        inside = (row // 2 < height // 2) & (column // 2 < width // 2)
        parent = (self.map_of * (height // 2) + row // 2) * (width // 2) + column // 2
        return at(pooled, torch.unique(parent[inside]))


def everywhere(maps: Tensor) -> Places:
    """All places of (N, C, H, W)."""
    count = maps.shape[0] * maps.shape[2] * maps.shape[3]
    return at(maps, torch.arange(count, device=maps.device))


def at(maps: Tensor, index: Tensor) -> Places:
    """These places of (N, C, H, W)."""
    count, channels, height, width = maps.shape
    flat = maps.permute(0, 2, 3, 1).reshape(count * height * width, channels)
    return Places(flat.index_select(0, index), index, (count, height, width))


def convolved(places: Places, neighbours: Tensor, weight: Tensor) -> Places:
    """3 x 3 convolution without bias at the places that are left; weight (O, C, 3, 3)."""
    return places.with_features(_Convolution.apply(places.features, neighbours, weight))


def _strips(features: Tensor, neighbours: Tensor) -> Iterator[Tensor]:
    """(P, C) and (P, 9) -> (1, C, 3, 3 p) at a time: what lies around p places, side by side."""
    filled = torch.cat([features, features.new_zeros((1, features.shape[1]))])
    for part in torch.split(neighbours, max(1, _STRIP_NUMBERS // (9 * features.shape[1]))):
        rows = part.view(-1, 3, 3).transpose(0, 1).reshape(-1)
        yield filled.index_select(0, rows).view(1, 3, 3 * len(part), -1).permute(0, 3, 1, 2)


def _sums(features: Tensor, neighbours: Tensor, weight: Tensor) -> Tensor:
    """(P, C), (P, 9) and (O, C, 3, 3) -> (P, O).

    A convolution in steps of 3 over the strips: the same numbers as one matrix product, by the processor's routine for
    3 x 3 filters, which is up to twice as fast.
    """
    if not len(neighbours):
        return features.new_zeros((0, weight.shape[0]))
    filters = weight.contiguous(memory_format=torch.channels_last)
    strips = _strips(features, neighbours)
    return torch.cat([nn.functional.conv2d(strip, filters, stride=3)[0, :, 0].T for strip in strips])


class _Convolution(torch.autograd.Function):
    """Forth and back at the places that are left; what lies around is gathered again instead of being kept in memory."""

    @staticmethod
    def forward(ctx: FunctionCtx, features: Tensor, neighbours: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(features, neighbours, weight)
        return _sums(features, neighbours, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, Tensor | None]:
        features, neighbours, weight = ctx.saved_tensors
        above = gradients[0].contiguous()
        for_features = for_weight = None
        if ctx.needs_input_grad[0]:
            # i lies in direction k of j as j lies in the opposite one of i: a convolution with the turned filter.
            for_features = _sums(above, neighbours, weight.flip(2, 3).transpose(0, 1))
        if ctx.needs_input_grad[2]:
            filled = torch.cat([features, features.new_zeros((1, features.shape[1]))])
            around = filled.index_select(0, neighbours.flatten()).view(len(neighbours), 9 * weight.shape[1])
            for_weight = (above.T @ around).view(-1, 3, 3, weight.shape[1]).permute(0, 3, 1, 2)
        return for_features, None, for_weight
