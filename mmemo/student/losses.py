"""Losses against soft targets; each returns one value a row, and a lower one for a better answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from mmemo.student.noise import NoiseModel

Loss = Callable[[Tensor, Tensor], Tensor]
_TINY = 1e-7


def soft_cross_entropy(logits: Tensor, target_probs: Tensor) -> Tensor:
    """(B, K) logits, (B, K) rows summing to 1 -> (B,) cross-entropy."""
    return -(target_probs * torch.log_softmax(logits, dim=1)).sum(1)


def generalized_cross_entropy(logits: Tensor, target_probs: Tensor, q: float = 0.7) -> Tensor:
    """(B, K) logits, (B, K) rows summing to 1 -> (B,) loss between mean absolute error (q = 1) and
    cross-entropy (q -> 0), which forgets labels that the student keeps disagreeing with.

    Zhang and Sabuncu 2018, eq. 6, as the mean over the soft target.
    """
    probs = torch.softmax(logits, dim=1)
    return (target_probs * (1.0 - probs.clamp_min(_TINY) ** q) / q).sum(1)


def symmetric_cross_entropy(
    logits: Tensor, target_probs: Tensor, alpha: float = 0.1, beta: float = 1.0, log_zero: float = -4.0
) -> Tensor:
    """(B, K), (B, K) -> (B,): cross-entropy, and the same with student and label exchanged, which a wrong label
    cannot drive far because its logarithm stops at `log_zero`.

    Wang et al. 2019, eq. 5 to 7, with their weights for CIFAR-10.
    """
    probs = torch.softmax(logits, dim=1)
    reverse = -(probs * torch.log(target_probs.clamp_min(_TINY)).clamp_min(log_zero)).sum(1)
    return alpha * soft_cross_entropy(logits, target_probs) + beta * reverse


def forward_correction(logits: Tensor, target_probs: Tensor, confusion: Tensor) -> Tensor:
    """(B, K) logits, (B, K) votes of a noisy source, (K, K) row = true class, column = mean vote -> (B,): the
    student's answer is first confused as the source would, then held against the vote.

    A row that is certain of one class is a person's word and is not confused. Patrini et al. 2017, theorem 2.
    """
    probs = torch.softmax(logits, dim=1)
    certain = (target_probs.max(1, keepdim=True).values >= 1.0).to(probs.dtype)
    expected = certain * probs + (1.0 - certain) * (probs @ confusion.to(probs.dtype))
    return -(target_probs * torch.log(expected.clamp_min(_TINY))).sum(1)


def line_likelihood(logits: Tensor, evidence: Tensor) -> Tensor:
    """(B, K) logits, (B, K) how likely the line is under each emotion, up to a factor -> (B,) minus the logarithm of
    the line's probability given the face: sum over emotions of answer times evidence.

    It asks of no face to show what its line says, only that all faces together make all lines likely, so that the
    errors of the lines average out. A row that is certain of one emotion gives the cross-entropy with it. Jin and
    Ghahramani 2002, eq. 6, with a likelihood in place of a set of possible labels.
    """
    return -torch.logsumexp(torch.log_softmax(logits, dim=1) + torch.log(evidence.clamp_min(_TINY)), dim=1)


def logit_adjusted(logits: Tensor, target_probs: Tensor, prior: Tensor, tau: float = 0.5) -> Tensor:
    """(B, K), (B, K), (K,) class prior -> (B,) generalised cross-entropy of logits + tau * log prior, so that a
    rare class has to win by a margin in training and is not starved afterwards.

    Menon et al. 2021, eq. 10, on a noise-robust loss instead of cross-entropy.
    """
    shift = tau * torch.log(prior.to(logits.dtype).clamp_min(_TINY))
    return generalized_cross_entropy(logits + shift, target_probs)


@runtime_checkable
class ItemLoss(Protocol):
    """A loss that remembers every item: called with the items' numbers in training, without them to judge."""

    def __call__(self, logits: Tensor, target_probs: Tensor) -> Tensor:
        """(B, K), (B, K) -> (B,); nothing is remembered."""

    def of_items(self, logits: Tensor, target_probs: Tensor, items: Tensor) -> Tensor:
        """(B, K), (B, K), (B,) numbers that name the same item in every epoch -> (B,)."""


class EarlyLearning:
    """Generalised cross-entropy held near what the student said of an item earlier, before it memorised labels.

    `strength` is the weight of log(1 - <answer, memory>), `momentum` how slowly the memory of an item moves.
    One object serves one fit. Liu et al. 2020, eq. 6 and 9.
    """

    def __init__(self, strength: float = 1.0, momentum: float = 0.7) -> None:
        self._strength, self._momentum = strength, momentum
        self._memory = torch.zeros(0)

    def __call__(self, logits: Tensor, target_probs: Tensor) -> Tensor:
        """(B, K), (B, K) -> (B,) without the regularisation."""
        return generalized_cross_entropy(logits, target_probs)

    def of_items(self, logits: Tensor, target_probs: Tensor, items: Tensor) -> Tensor:
        """(B, K), (B, K), (B,) -> (B,); moves the memory of these items."""
        probs = torch.softmax(logits, dim=1)
        self._make_room(int(items.max()) + 1 if len(items) else 0, logits.shape[1])
        answer = probs.detach()
        kept = self._momentum * self._memory[items] + (1.0 - self._momentum) * answer / answer.sum(1, keepdim=True)
        self._memory[items] = kept
        agreement = (probs * kept).sum(1).clamp_max(1.0 - 1e-4)
        return self(logits, target_probs) + self._strength * torch.log(1.0 - agreement)

    def _make_room(self, count: int, classes: int) -> None:
        if count > len(self._memory):
            fresh = torch.zeros(count - len(self._memory), classes)
            self._memory = torch.cat([self._memory.reshape(-1, classes), fresh])


def training_loss(loss: Loss, logits: Tensor, target_probs: Tensor, items: Tensor) -> Tensor:
    """(B,) loss in training: one that remembers items is told which they are."""
    return loss.of_items(logits, target_probs, items) if isinstance(loss, ItemLoss) else loss(logits, target_probs)


def _forward_correction(noise: NoiseModel) -> Loss:
    confusion = torch.from_numpy(noise.teacher.astype("float32"))
    return lambda logits, target_probs: forward_correction(logits, target_probs, confusion)


def _logit_adjusted(noise: NoiseModel) -> Loss:
    prior = torch.from_numpy(noise.prior.astype("float32"))
    return lambda logits, target_probs: logit_adjusted(logits, target_probs, prior)


PLAIN: Mapping[str, Callable[[], Loss]] = {
    "soft_cross_entropy": lambda: soft_cross_entropy,
    "generalized_cross_entropy": lambda: generalized_cross_entropy,
    "symmetric_cross_entropy": lambda: symmetric_cross_entropy,
    "early_learning": EarlyLearning,
    "line_likelihood": lambda: line_likelihood,
}
# These need what the targets' noise model estimated.
FROM_NOISE: Mapping[str, Callable[[NoiseModel], Loss]] = {
    "forward_correction": _forward_correction,
    "logit_adjusted": _logit_adjusted,
}
