"""Losses against soft targets; each returns one value a row."""

from __future__ import annotations

import torch
from torch import Tensor


def soft_cross_entropy(logits: Tensor, target_probs: Tensor) -> Tensor:
    """(B, K) logits, (B, K) rows summing to 1 -> (B,) cross-entropy."""
    return -(target_probs * torch.log_softmax(logits, dim=1)).sum(1)


def generalized_cross_entropy(logits: Tensor, target_probs: Tensor, q: float = 0.7) -> Tensor:
    """(B, K) logits, (B, K) rows summing to 1 -> (B,) loss between mean absolute error (q = 1) and
    cross-entropy (q -> 0), which forgets labels that the student keeps disagreeing with.

    Zhang and Sabuncu 2018, eq. 6, as the mean over the soft target.
    """
    probs = torch.softmax(logits, dim=1)
    return (target_probs * (1.0 - probs.clamp_min(1e-7) ** q) / q).sum(1)
