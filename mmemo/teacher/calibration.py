"""Opinions that mean what they say: temperature and bias fitted on labelled lines, and how far off opinions are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmemo.errors import InputError

# A probability of 0 would be beyond repair, and the logarithm needs a floor.
_LEAST = 1e-4
_FOLDS = 5
_ECE_BINS = 15
_MOST_TEMPERATURE = 12.0
_NEWTON_STEPS, _HALVINGS = 100, 20
_LOSS_PRECISION = 1e-10
# Pulls a bias towards 0 as one line in a thousand would: a label that the lines hardly show stays where it is.
_BIAS_PENALTY = 1e-3


@dataclass(frozen=True, slots=True)
class Calibration:
    """p becomes softmax(log p / temperature + bias); `bias` has one entry a label, or none for zeros.

    Temperature: Guo et al. 2017, section 4.2. The bias, which also corrects the prior: Alexandari et al. 2020, section 3.
    """

    temperature: float = 1.0
    bias: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature > 0 and np.isfinite(self.bias).all()):
            raise InputError("a calibration holds values that are no numbers", hint="fit it again")

    def apply(self, probs: np.ndarray) -> np.ndarray:
        """(N, K) probabilities -> (N, K) float32; the identity leaves them as they are."""
        if self == Calibration():
            return probs
        if self.bias and len(self.bias) != probs.shape[1]:
            raise InputError(
                f"the calibration is of {len(self.bias)} labels, not of {probs.shape[1]}", hint="fit it again"
            )
        logits = np.log(np.maximum(probs, _LEAST)) / self.temperature + (np.array(self.bias) if self.bias else 0.0)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        calibrated: np.ndarray = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
        return calibrated


def fit_calibration(
    probs: np.ndarray, gold: np.ndarray, *, with_bias: bool, weights: np.ndarray | None = None
) -> Calibration:
    """The calibration of least log loss on (N, K) opinions with (N,) gold columns; N is at least 1.

    `weights` (N,) are what each line counts, none for all alike. The loss is convex in 1/temperature and bias;
    Newton's method with halved steps finds its one minimum.
    """
    assert len(probs) == len(gold) > 0, "there are labelled lines"
    shares = np.full(len(gold), 1 / len(gold)) if weights is None else weights / weights.sum()
    logs = np.log(np.maximum(probs, _LEAST)).astype(np.float64)
    size = 1 + (probs.shape[1] if with_bias else 0)
    values = np.zeros(size)
    values[0] = 1.0
    loss, slope, curvature = _loss(values, logs, gold, shares)
    for _ in range(_NEWTON_STEPS):
        step = np.linalg.solve(curvature, slope)
        for _ in range(_HALVINGS):
            tried = values - step
            tried[0] = np.clip(tried[0], 1 / _MOST_TEMPERATURE, _MOST_TEMPERATURE)
            if _loss(tried, logs, gold, shares)[0] <= loss:
                break
            step /= 2
        else:
            break
        before, values = loss, tried
        loss, slope, curvature = _loss(values, logs, gold, shares)
        if before - loss < _LOSS_PRECISION:
            break
    return Calibration(float(1 / values[0]), tuple(float(value) for value in values[1:]))


def _loss(
    values: np.ndarray, logs: np.ndarray, gold: np.ndarray, shares: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log loss with its penalty, slope (D,) and curvature (D, D) at 1/temperature and the biases, if there are any."""
    n, k = logs.shape
    inverse, bias = values[0], values[1:]
    logits = logs * inverse + (bias if len(bias) else 0.0)
    logits -= logits.max(axis=1, keepdims=True)
    estimated = np.exp(logits)
    estimated /= estimated.sum(axis=1, keepdims=True)
    # Inputs of each logit: the line's own logarithm, then one indicator a label: (N, K, D).
    inputs = logs[:, :, None] if not len(bias) else np.dstack([logs[:, :, None], np.broadcast_to(np.eye(k), (n, k, k))])
    mean = np.einsum("nk,nkd->nd", estimated, inputs)
    penalty = np.full(len(values), _BIAS_PENALTY)
    penalty[0] = 0.0
    loss = -(shares * np.log(np.maximum(estimated[np.arange(n), gold], 1e-300))).sum() + (penalty * values**2).sum()
    slope = shares @ (mean - inputs[np.arange(n), gold]) + 2 * penalty * values
    weighed = shares[:, None]
    curvature = np.einsum("nk,nkd,nke->de", weighed * estimated, inputs, inputs) - mean.T @ (weighed * mean)
    return float(loss), slope, curvature + np.diag(2 * penalty + 1e-9)


def balanced_weights(gold: np.ndarray) -> np.ndarray:
    """(N,) what each line counts when all labels that the (N,) gold columns show count alike; they sum to 1."""
    counts = np.bincount(gold)
    weights: np.ndarray = 1.0 / (counts[gold] * (counts > 0).sum())
    return weights


def fit_evidence(probs: np.ndarray, gold: np.ndarray, prior: np.ndarray) -> Calibration:
    """What makes of an opinion the evidence for each label: softmax((log p - log prior) / temperature).

    The (K,) prior of the opinions goes out, so that no label is likelier than another before the line is read, and
    the temperature is that of least log loss on (N,) gold columns whose labels all count alike: how far to believe
    what is then left. It is the likelihood of Alexandari et al. 2020, section 3, for a prior that is even.
    """
    logs = np.log(np.maximum(prior, _LEAST))
    even = Calibration(1.0, tuple(float(value) for value in -logs)).apply(probs)
    temperature = fit_calibration(even, gold, with_bias=False, weights=balanced_weights(gold)).temperature
    return Calibration(temperature, tuple(float(value) for value in -logs / temperature))


def choose_calibration(probs: np.ndarray, gold: np.ndarray, groups: Sequence[int] | np.ndarray) -> Calibration:
    """None, temperature, or temperature and bias: whichever has the least log loss on held-out groups (5 folds).

    The groups are dialogues: neighbouring lines are never on both sides. With fewer than two groups nothing is fitted.
    """
    numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
    folds = min(_FOLDS, int(numbers.max(initial=-1)) + 1)
    if folds < 2:
        return Calibration()
    held_out = {kind: np.zeros(len(gold)) for kind in (None, False, True)}
    for fold in range(folds):
        test = numbers % folds == fold
        for kind, losses in held_out.items():
            fitted = Calibration() if kind is None else fit_calibration(probs[~test], gold[~test], with_bias=kind)
            losses[test] = losses_of(fitted.apply(probs[test]), gold[test])
    best = min(held_out, key=lambda kind: float(held_out[kind].mean()))
    return Calibration() if best is None else fit_calibration(probs, gold, with_bias=best)


def losses_of(probs: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """(N,) negative logarithm of the probability of gold, at most 9.2 a line."""
    losses: np.ndarray = -np.log(np.maximum(probs[np.arange(len(gold)), gold], _LEAST))
    return losses


def log_loss(probs: np.ndarray, gold: np.ndarray) -> float:
    """Mean negative log-likelihood of (N,) gold columns in nats."""
    return float(losses_of(probs, gold).mean())


def expected_calibration_error(probs: np.ndarray, gold: np.ndarray) -> float:
    """Mean gap between confidence and accuracy over 15 bins of confidence, weighted by size (Guo et al. 2017, eq. 3)."""
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == gold
    bins = np.minimum((confidence * _ECE_BINS).astype(int), _ECE_BINS - 1)
    gaps = [abs(float((confidence[bins == b] - right[bins == b]).sum())) for b in np.unique(bins)]
    return sum(gaps) / len(gold)
