"""The noise model: how the text teacher and the image baseline confuse the emotions of this show's faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is known of a voter before the show: its mean soft vote by true class, and how much that counts.

    confusion (K, K): row = true class, column = mean vote; rows sum to 1. pseudo_counts: faces a class.
    """

    confusion: np.ndarray
    pseudo_counts: float

    def __post_init__(self) -> None:
        assert self.confusion.ndim == 2 and self.confusion.shape[0] == self.confusion.shape[1]
        assert np.allclose(self.confusion.sum(1), 1.0, atol=1e-3) and self.pseudo_counts > 0


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Estimated confusion of teacher and image baseline with the face (K, K), class prior (K,), posterior (N, K)."""

    teacher: np.ndarray
    image: np.ndarray
    prior: np.ndarray
    posterior: np.ndarray


def anchored_em(
    teacher_probs: np.ndarray,
    image_probs: np.ndarray,
    teacher_anchor: Anchor,
    image_anchor: Anchor,
    known: np.ndarray,
    *,
    iterations: int = 50,
    prior_smoothing: float = 1.0,
) -> NoiseModel:
    """Dawid-Skene on two soft voters, each held by a Dirichlet prior around its anchor.

    teacher_probs, image_probs (N, K) rows sum to 1; known (N,) int: the class that a person gave, -1 where
    nobody did. `prior_smoothing` times N faces are spread evenly over the class prior: soft votes are weak
    evidence, and an unsmoothed prior runs away to one class. A vote enters the likelihood as the exponent of
    its confusion column. Only the rows that a person labelled are certain.
    After Dawid and Skene 1979, section 3, with soft votes and informative priors.
    """
    n, k = teacher_probs.shape
    assert image_probs.shape == (n, k) and known.shape == (n,)
    confusion_t, confusion_b = teacher_anchor.confusion, image_anchor.confusion
    prior = np.full(k, 1.0 / k)
    posterior = _posterior(teacher_probs, image_probs, confusion_t, confusion_b, prior, known)
    for _ in range(iterations):
        confusion_t = _estimate(posterior, teacher_probs, teacher_anchor)
        confusion_b = _estimate(posterior, image_probs, image_anchor)
        prior = posterior.sum(0) + prior_smoothing * n / k + _FLOOR
        prior = prior / prior.sum()
        posterior = _posterior(teacher_probs, image_probs, confusion_t, confusion_b, prior, known)
    return NoiseModel(confusion_t, confusion_b, prior, posterior.astype(np.float32))


def noise_given(
    posterior: np.ndarray,
    teacher_probs: np.ndarray,
    image_probs: np.ndarray,
    teacher_anchor: Anchor,
    image_anchor: Anchor,
    *,
    prior_smoothing: float = 1.0,
) -> NoiseModel:
    """The confusions and the class prior that a posterior (N, K) made elsewhere implies: one step of the same EM."""
    n, k = posterior.shape
    prior = posterior.sum(0) + prior_smoothing * n / k + _FLOOR
    return NoiseModel(
        _estimate(posterior, teacher_probs, teacher_anchor),
        _estimate(posterior, image_probs, image_anchor),
        prior / prior.sum(),
        posterior,
    )


def _estimate(posterior: np.ndarray, votes: np.ndarray, anchor: Anchor) -> np.ndarray:
    counts = anchor.pseudo_counts * anchor.confusion + posterior.T @ votes
    estimate: np.ndarray = counts / counts.sum(1, keepdims=True)
    return estimate


def _posterior(
    teacher_probs: np.ndarray,
    image_probs: np.ndarray,
    confusion_t: np.ndarray,
    confusion_b: np.ndarray,
    prior: np.ndarray,
    known: np.ndarray,
) -> np.ndarray:
    log_q = (
        np.log(prior)
        + teacher_probs @ np.log(np.maximum(confusion_t, _FLOOR)).T
        + image_probs @ np.log(np.maximum(confusion_b, _FLOOR)).T
    )
    log_q -= log_q.max(1, keepdims=True)
    q: np.ndarray = np.exp(log_q)
    q /= q.sum(1, keepdims=True)
    told = known >= 0
    q[told] = np.eye(q.shape[1])[known[told]]
    return q
