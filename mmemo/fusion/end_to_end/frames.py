"""A transformer over frames, or over windows of sound, whose first step gathers what the others say."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.fusion.batch import Signal


class OverTime(nn.Module):
    """(B, T, dim) signal -> (B, dim), and (B, T) how much the last layer looks at each step.

    Layers normalise first; steps know their place in time (sines of Vaswani et al. 2017). A sample without steps gives
    what the gathering step says alone.
    """

    def __init__(self, dim: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        if dim % heads:
            raise InputError(f"{heads} heads do not divide a width of {dim}", hint="choose a multiple of the heads")
        self.gathering = nn.Parameter(torch.randn(dim) * 0.02)
        self.layers = nn.ModuleList(_Layer(dim, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, signal: Signal) -> tuple[Tensor, Tensor]:
        """Only steps that are there count."""
        count, steps, dim = signal.values.shape
        states = signal.values + sines(steps, dim).to(signal.values)
        states = torch.cat([self.gathering.expand(count, 1, dim), states], dim=1)
        mask = torch.cat([signal.mask.new_ones((count, 1)), signal.mask], dim=1)
        looks = states.new_zeros((count, steps + 1))
        for layer in self.layers:
            states, looks = layer(states, mask)
        found: Tensor = self.norm(states[:, 0])
        return found, looks[:, 1:] * signal.mask


class _Layer(nn.Module):
    """Attention and a hidden layer, each added to what comes in."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_hidden = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.into, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.hidden = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * dim, dim))
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, dim) and (B, T) bool -> (B, T, dim), and (B, T) what the first step looks at, over all heads."""
        count, steps, dim = states.shape
        parts = self.into(self.before_attention(states)).view(count, steps, 3, self.heads, dim // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) / math.sqrt(dim / self.heads)
        weights = torch.softmax(scores.masked_fill(~mask[:, None, None], -1e4), dim=3)
        met = (weights @ value).transpose(1, 2).reshape(count, steps, dim)
        states = states + self.dropout(self.out(met))
        return states + self.dropout(self.hidden(self.before_hidden(states))), weights[:, :, 0].mean(dim=1)


def sines(steps: int, dim: int) -> Tensor:
    """(T, dim) places in time; an odd last column is 0."""
    half = dim // 2
    rate = torch.exp(-math.log(10_000) * torch.arange(half) / max(1, half))
    angle = torch.arange(steps)[:, None] * rate
    found = torch.zeros(steps, dim)
    found[:, :half], found[:, half : 2 * half] = torch.sin(angle), torch.cos(angle)
    return found
