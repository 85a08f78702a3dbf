"""From steps in time to one vector: the mean, the largest value, or an average whose weights are learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.fusion.batch import Signal

POOLINGS = ("average", "max", "attention")


class Pool(nn.Module):
    """(B, T, D) signal -> (B, D); steps that are not there do not count, and a sample with none gives 0.

    attention: weights are a softmax over time of a linear score (Yang et al. 2016, eq. 5 to 7, without the tanh).
    """

    def __init__(self, how: str, dim: int) -> None:
        super().__init__()
        if how not in POOLINGS:
            raise InputError(f"unknown pooling {how!r}", hint=f"choose one of {', '.join(POOLINGS)}")
        self.how = how
        self.score = nn.Linear(dim, 1) if how == "attention" else None

    def weights(self, signal: Signal) -> Tensor:
        """(B, T) shares of the steps, each row sums to 1, or to 0 where nothing is there."""
        mask = signal.mask.float()
        if self.score is None:
            return mask / mask.sum(dim=1, keepdim=True).clamp(min=1)
        scores = self.score(signal.values)[..., 0].masked_fill(~signal.mask, -1e4)
        return torch.softmax(scores, dim=1) * mask

    def forward(self, signal: Signal) -> Tensor:
        """(B, T, D) -> (B, D)."""
        if self.how == "max":
            lowest = signal.values.masked_fill(~signal.mask[..., None], torch.finfo(signal.values.dtype).min)
            return lowest.amax(dim=1) * signal.present[:, None]
        return (signal.values * self.weights(signal)[..., None]).sum(dim=1)
