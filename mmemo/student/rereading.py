"""How far to believe an image baseline on a show that it was not made for, told by the show's lines alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmemo.student.fusion import EMOTION_PSEUDO_COUNTS, OPINION_PSEUDO_COUNTS, softmax_rows

_FLOOR = 1e-6
_SUREST = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """log opinion read anew = sureness * log opinion + bias (K,), up to a constant."""

    sureness: float
    bias: np.ndarray

    def apply(self, opinion: np.ndarray) -> np.ndarray:
        """(N, K) opinions -> (N, K), rows sum to 1."""
        return softmax_rows(self.sureness * np.log(np.maximum(opinion, _FLOOR)) + self.bias)


def read_by_lines(opinion: np.ndarray, evidence: np.ndarray) -> Reading:
    """(N, K) opinions of the image and (N, K) evidence of the lines -> the reading under which the lines are likeliest.

    The largest of sum_i log sum_z opinion'(z | face i) evidence(z | line i), with normal priors around the opinion as
    it is: the marginal likelihood of lines that know of the face no more than its emotion (learning from a likelihood
    a label, Jin and Ghahramani 2002, eq. 6; shifting an opinion to another prior, Saerens et al. 2002). An image
    network that is too sure, or says neutral of all faces, is toned down as far as the lines contradict it. Evidence
    that is certain of one emotion is a person's word.
    """
    start = np.concatenate([[1.0], np.zeros(opinion.shape[1])])
    if len(opinion) == 0:
        return Reading(1.0, start[1:])
    from scipy.optimize import minimize

    log_opinion = np.log(np.maximum(opinion, _FLOOR)).astype(np.float64)
    strength = np.concatenate([[OPINION_PSEUDO_COUNTS], np.full(opinion.shape[1], EMOTION_PSEUDO_COUNTS)])

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        read = softmax_rows(values[0] * log_opinion + values[1:])
        joint = read * evidence
        likelihood = np.maximum(joint.sum(1), 1e-300)
        missing = read - joint / likelihood[:, None]
        slope = np.concatenate([[(missing * log_opinion).sum()], missing.sum(0)])
        away = values - start
        return float(-np.log(likelihood).sum() + 0.5 * (strength * away**2).sum()), slope + strength * away

    # An opinion may lose all its weight, and is never turned into its contrary.
    bounds = [(0.0, _SUREST), *[(None, None)] * opinion.shape[1]]
    values = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Reading(float(values[0]), values[1:])
