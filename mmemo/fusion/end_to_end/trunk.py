"""The convolutional trunk of frames and of windows of sound: one set of weights, on all places or on those that count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.fusion.end_to_end.attention import CrossModalAttention, top_share
from mmemo.fusion.end_to_end.positions import Places, convolved, everywhere

_RAW = 3  # more channels than a colour picture has are features of a network already
_LARGE = 32  # maps of this side or more are halved at once


@dataclass(frozen=True, slots=True)
class Sparsity:
    """threshold: the attention that is kept, 0 to 1. trained: whether the attention learns from what it keeps."""

    threshold: float
    trained: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise InputError(f"a threshold of {self.threshold}", hint="give one above 0 and up to 1, which keeps all")


class Block(nn.Module):
    """Two 3 x 3 convolutions with batch normalisation and ReLU, then perhaps the largest of each 2 x 2 places."""

    def __init__(self, inside: int, out: int, halves: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inside, out, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(out)
        self.second = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(out)
        self.halves = halves

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H', W'), every place."""
        maps = torch.relu(self.first_norm(self.first(maps)))
        maps = torch.relu(self.second_norm(self.second(maps)))
        return F.max_pool2d(maps, 2) if self.halves else maps

    def at(self, places: Places) -> Places:
        """The same at the places that are left."""
        around = places.neighbours()
        for layer, norm in ((self.first, self.first_norm), (self.second, self.second_norm)):
            places = convolved(places, around, layer.weight)
            places = places.with_features(torch.relu(_normalised(places.features, norm)))
        return places.halved() if self.halves else places


def _normalised(features: Tensor, norm: nn.BatchNorm2d) -> Tensor:
    """(P, C) by a normalisation of maps; the statistics of a single place would be nothing, so stored ones stand in."""
    learning = norm.training and len(features) > 1
    momentum = norm.momentum or 0.0
    return F.batch_norm(
        features, norm.running_mean, norm.running_var, norm.weight, norm.bias, learning, momentum, norm.eps
    )


class Trunk(nn.Module):
    """(N, C, H, W) maps -> (N, dim) vectors.

    A first layer on every place (5 x 5 on raw pictures and sound, 1 x 1 on the features of a network), `stem_blocks`
    blocks of the same width on raw input, then a block a further width of `widths`, then two linear layers over the
    `feature_dim` numbers in between. With `sparsity` an attention before each block of the second kind keeps the
    places that the line finds important, and the rest is not computed any more.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        widths: Sequence[int],
        stem_blocks: int,
        feature_dim: int,
        dim: int,
        text_dim: int = 0,
        sparsity: Sparsity | None = None,
    ) -> None:
        super().__init__()
        channels, *sides = shape
        raw = channels <= _RAW
        self.sparsity, self.dim = sparsity, dim
        large = min(sides) >= _LARGE
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 5 if raw else 1, padding=2 if raw else 0, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
            *([nn.MaxPool2d(2)] if large else []),
            *(Block(widths[0], widths[0], False) for _ in range(stem_blocks if raw else 0)),
        )
        sides = [side // 2 for side in sides] if large else sides
        blocks, looks = [], []
        for inside, out in pairwise(widths):
            halves = min(sides) >= 4
            looks.append(CrossModalAttention(inside, text_dim, inside) if sparsity else nn.Identity())
            blocks.append(Block(inside, out, halves))
            sides = [side // 2 for side in sides] if halves else sides
        self.blocks, self.looks = nn.ModuleList(blocks), nn.ModuleList(looks)
        flat = widths[-1] * sides[0] * sides[1]
        self.flatten = nn.Sequential(nn.Linear(flat, feature_dim), nn.ReLU(), nn.Linear(feature_dim, dim))

    def forward(self, maps: Tensor, text: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Maps and (N, D) the line of each -> (N, dim), and the share of places that each block computed."""
        maps = self.stem(maps.contiguous(memory_format=torch.channels_last))
        if self.sparsity is None:
            for block in self.blocks:
                maps = block(maps)
            return self.flatten(maps.flatten(1)), torch.ones(len(self.blocks))
        places, shares = everywhere(maps), []
        for look, block in zip(self.looks, self.blocks, strict=True):
            places = kept(places, look(places, text), self.sparsity)
            shares.append(places.share)
            assert isinstance(block, Block)
            places = block.at(places)
        return self.flatten(places.dense().flatten(1)), torch.tensor(shares)


def kept(places: Places, shares: Tensor, sparsity: Sparsity) -> Places:
    """The places with the largest shares; (P,) shares sum to 1 in each map.

    A choice has no gradient. So that the attention learns what is worth keeping, features go on as they are, and back
    through them comes the gradient that their product with the shares would have (straight-through estimator, Bengio
    et al. 2013).
    """
    chosen = top_share(shares, places.map_of, sparsity.threshold)
    left = places.only(chosen)
    if not (sparsity.trained and torch.is_grad_enabled()):
        return left
    of_map = torch.bincount(places.map_of, minlength=places.size[0])[left.map_of]
    gate = shares[chosen] * of_map  # 1 on average
    return left.with_features(left.features * (1 + gate - gate.detach())[:, None])
