"""Votes of a made-up teacher."""

from __future__ import annotations

import numpy as np


def made_votes(
    n: int, *, sureness: float = 0.5, seed: int = 0, share: np.ndarray | None = None, lean: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 7) float32 votes and (N,) gold: a surer teacher's votes lie nearer to the truth; `lean` goes to neutral."""
    draw = np.random.default_rng(seed)
    gold = draw.choice(7, n, p=share)
    logits = draw.normal(0, 1, (n, 7)) + 5 * sureness * np.eye(7)[gold]
    logits[:, 0] += lean
    votes = np.exp(logits)
    probs: np.ndarray = (votes / votes.sum(axis=1, keepdims=True)).astype(np.float32)
    return probs, gold
