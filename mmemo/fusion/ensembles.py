"""Several models as one: the average of what they say, a weighted one, or a small model on top of them."""

from __future__ import annotations

import torch
from torch import Tensor

from mmemo.fusion.task import Task

_ROUNDS = 200
_TINY = 1e-6


def average(probs: Tensor) -> Tensor:
    """(N, M, K) probabilities of M members -> (N, K)."""
    return probs.mean(dim=1)


def weighted(probs: Tensor, weights: Tensor) -> Tensor:
    """(N, M, K) and (M,) weights that sum to 1 -> (N, K)."""
    return (probs * weights[:, None]).sum(dim=1)


def search_weights(probs: Tensor, labels: Tensor) -> Tensor:
    """(M,) weights, summing to 1, under which (N, M, K) probabilities make the labels most likely.

    The log-likelihood of a mixture has one summit, which expectation maximisation climbs without a grid (Dempster
    et al. 1977, section 4.3). Labels (N,) or (N, K) in 0..1. Without samples all weights are equal.
    """
    members = probs.shape[1]
    weights = torch.full((members,), 1 / members)
    if not len(labels):
        return weights
    if labels.ndim == 1:
        likely = probs[torch.arange(len(labels)), :, labels]
    else:
        truth = labels[:, None] > 0.5
        likely = torch.where(truth, probs, 1 - probs).transpose(1, 2).reshape(-1, members)
    likely = likely.clamp(min=_TINY)
    for _ in range(_ROUNDS):
        shares = likely * weights
        weights = (shares / shares.sum(dim=1, keepdim=True)).mean(dim=0)
    return weights


def member_logits(probs: Tensor, task: Task) -> Tensor:
    """(N, M, K) probabilities as logits: the logarithm, or the log-odds where several labels may hold."""
    safe = probs.clamp(_TINY, 1 - _TINY)
    return torch.logit(safe) if task.several else safe.log()


def stacked(probs: Tensor, strength: Tensor, bias: Tensor, task: Task) -> Tensor:
    """(N, M, K), a strength (M,) a member and a bias (K,) a class -> (N, K) logits."""
    return (member_logits(probs, task) * strength[:, None]).sum(dim=1) + bias


def fit_stack(probs: Tensor, labels: Tensor, task: Task, penalty: float = 1e-3) -> tuple[Tensor, Tensor]:
    """Strengths (M,) and biases (K,) of least loss on out-of-fold (N, M, K) probabilities (Wolpert 1992).

    A member and a class have one number each, so that few samples are enough. The penalty draws towards the average.
    """
    members = probs.shape[1]
    strength = torch.full((members,), 1 / members, requires_grad=True)
    bias = torch.zeros(probs.shape[2], requires_grad=True)
    optimizer = torch.optim.LBFGS([strength, bias], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        off = (strength - 1 / members).square().sum() + bias.square().sum()
        loss = task.loss(stacked(probs, strength, bias, task), labels) + penalty * off
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[no-untyped-call]
    return strength.detach(), bias.detach()
