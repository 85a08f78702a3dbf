"""Fusing a face's opinion with its line's: a product of experts, weighed anew by what people said of some faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FLOOR = 1e-6
# What is assumed before anybody speaks (both opinions count as they are, no emotion is favoured) weighs like so many
# corrected faces in the curvature of the loss. Chosen on film faces, pairings 100 to 109, with 25 to 200 corrections;
# (10, 3) to (100, 30) differed by half a point.
OPINION_PSEUDO_COUNTS = 30.0
EMOTION_PSEUDO_COUNTS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class FusionWeights:
    """log posterior = image * log image opinion + text * log evidence + bias (K,), up to a constant."""

    image: float
    text: float
    bias: np.ndarray


def fuse(
    image: np.ndarray, evidence: np.ndarray, known: np.ndarray, *, prior_removed: float = 0.5
) -> tuple[np.ndarray, FusionWeights]:
    """(N, K) image opinions, (N, K) evidence of the lines, (N,) known classes or -1 -> posterior (N, K), its weights.

    Both sources are taken as independent given what the face shows, so their opinions multiply (Hinton 2002, products
    of experts); half of the image opinions' own prior is removed, because it is partly the show's, or none of it where
    the opinion was read anew by the show. Where people named
    faces, the weight of either opinion and a bias a class are those of the largest posterior probability of these
    names, with normal priors around 1 and 0 (logistic regression as in Wolpert 1992, stacked generalization). Rows that
    a person named are certain. All rows sum to 1.
    """
    prior = np.maximum(image.sum(0) / max(len(image), 1), _FLOOR)
    log_image = np.log(np.maximum(image, _FLOOR)).astype(np.float64) - prior_removed * np.log(prior)
    log_text = np.log(np.maximum(evidence, _FLOOR)).astype(np.float64)
    told = known >= 0
    weights = _fitted(log_image[told], log_text[told], known[told])
    posterior = softmax_rows(weights.image * log_image + weights.text * log_text + weights.bias).astype(np.float32)
    posterior[told] = np.eye(image.shape[1], dtype=np.float32)[known[told]]
    return posterior, weights


def _fitted(log_image: np.ndarray, log_text: np.ndarray, shown: np.ndarray) -> FusionWeights:
    k = log_image.shape[1]
    start = np.concatenate([[1.0, 1.0], np.zeros(k)])
    if len(shown) == 0:
        return FusionWeights(1.0, 1.0, np.zeros(k))
    from scipy.optimize import minimize

    strength = np.concatenate([np.full(2, OPINION_PSEUDO_COUNTS), np.full(k, EMOTION_PSEUDO_COUNTS)])
    one_hot = np.eye(k)[shown]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        probs = softmax_rows(values[0] * log_image + values[1] * log_text + values[2:])
        away, wrong = values - start, probs - one_hot
        slope = np.concatenate([[(wrong * log_image).sum(), (wrong * log_text).sum()], wrong.sum(0)])
        told = np.maximum(probs[np.arange(len(shown)), shown], 1e-300)
        return float(-np.log(told).sum() + 0.5 * (strength * away**2).sum()), slope + strength * away

    # Convex; an opinion may lose all its weight, and is never turned into its contrary.
    bounds = [(0.0, 3.0), (0.0, 3.0), *[(None, None)] * k]
    values = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return FusionWeights(float(values[0]), float(values[1]), values[2:])


def softmax_rows(logits: np.ndarray) -> np.ndarray:
    """(N, K) -> (N, K), rows sum to 1."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    rows: np.ndarray = raised / raised.sum(1, keepdims=True)
    return rows
