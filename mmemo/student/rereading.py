"""How far to believe an image opinion on a show that it was not made for, told by the show's lines alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmemo.student.fusion import OPINION_PSEUDO_COUNTS, softmax_rows

# That an emotion is as frequent as the opinion has it weighs like so many faces. Chosen on film faces, pairings 100 to
# 109; 3 to 10 differed by half a point.
SHARE_PSEUDO_COUNTS = 5.0
_FLOOR = 1e-6
_SUREST = 3.0
_CHANCE = 0.02


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
    strength = np.concatenate([[OPINION_PSEUDO_COUNTS], np.full(opinion.shape[1], SHARE_PSEUDO_COUNTS)])

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much likelier the lines are under a second opinion of the faces than under the first: nats a face, the same
    in standard errors, and how many groups of faces that was told from."""

    gain: float
    errors: float
    groups: int

    @property
    def second_is_better(self) -> bool:
        """One-sided t-test over groups at 2 %; never with fewer than two groups."""
        return self._proves(self.errors)

    @property
    def first_is_better(self) -> bool:
        """The same test the other way round."""
        return self._proves(-self.errors)

    def _proves(self, errors: float) -> bool:
        if self.groups < 2:
            return False
        from scipy.stats import t

        return errors > float(t.ppf(1.0 - _CHANCE, self.groups - 1))


def judged_by_lines(first: np.ndarray, second: np.ndarray, evidence: np.ndarray, groups: np.ndarray) -> Verdict:
    """(N, K) two opinions of the same faces, (N, K) evidence of their lines, (N,) groups -> which one the lines bear out.

    Both are read anew by these lines, so that it is not the surer one that wins, and compared by the likelihood of the
    lines; each group counts as one observation, and fewer than two prove nothing. Neither may have learned from the
    line that it is judged by: then no label is needed to choose between models (held-out likelihood; errors by
    clusters as in Liang and Zeger 1986, with their factor for few of them). That all groups of one half are seen by
    one student is not in the error.
    """
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return Verdict(0.0, 0.0, len(names))
    likely = [
        np.log(np.maximum((read_by_lines(said, evidence).apply(said) * evidence).sum(1), 1e-300))
        for said in (first, second)
    ]
    gain = likely[1] - likely[0]
    off = np.bincount(group, gain - gain.mean())
    error = float(np.sqrt((off**2).sum() * len(names) / (len(names) - 1))) / len(gain)
    return Verdict(float(gain.mean()), float(gain.mean()) / max(error, _FLOOR), len(names))
