"""Training targets: what the opinions on a face say together, each way of putting them together a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mmemo.student.fusion import fuse
from mmemo.student.noise import Anchor, NoiseModel, anchored_em, noise_given
from mmemo.student.rereading import read_by_lines

# A strong image prior fails where the baseline does not know the show; the teacher reads text, which is text
# in every show, so its anchor may count nearly as much as the show itself.
TEACHER_PSEUDO_COUNTS_A_FACE = 3.0 / 7.0
IMAGE_PSEUDO_COUNTS = 20.0
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Opinions:
    """What is known of N items (tracks): all that a target may be derived from.

    teacher, image (N, K) rows sum to 1; known (N,) int, -1 where no person spoke; teacher_confusion and
    image_confusion (K, K) from labelled text and labelled faces; teacher_prior (K,) the teacher's mean vote there.
    evidence (N, K) the teacher's votes read as evidence: each emotion as likely as any other before the line is read,
    and no surer than labelled text bears out; None where that was not measured.
    """

    teacher: np.ndarray
    image: np.ndarray
    known: np.ndarray
    teacher_confusion: np.ndarray
    image_confusion: np.ndarray
    teacher_prior: np.ndarray
    evidence: np.ndarray | None = None

    def __post_init__(self) -> None:
        n, k = self.teacher.shape
        assert self.image.shape == (n, k) and self.known.shape == (n,)
        assert self.evidence is None or self.evidence.shape == (n, k)
        assert self.teacher_confusion.shape == self.image_confusion.shape == (k, k)

    def text_evidence(self) -> np.ndarray:
        """(N, K) the evidence; where it was not measured, the votes divided by their prior. Rows sum to 1."""
        if self.evidence is not None:
            return self.evidence
        divided = self.teacher / np.maximum(self.teacher_prior, _FLOOR)
        even: np.ndarray = divided / np.maximum(divided.sum(1, keepdims=True), _FLOOR)
        return even

    def certain_evidence(self) -> np.ndarray:
        """(N, K) the evidence, in which a person's word is certain."""
        return _with_known(self.text_evidence(), self.known)

    def subset(self, rows: np.ndarray) -> Opinions:
        """The same knowledge about fewer items."""
        return Opinions(
            self.teacher[rows],
            self.image[rows],
            self.known[rows],
            self.teacher_confusion,
            self.image_confusion,
            self.teacher_prior,
            None if self.evidence is None else self.evidence[rows],
        )


@dataclass(frozen=True, slots=True)
class Targets:
    """Training targets (N, K), rows sum to 1, and the noise model where the recipe estimates one.

    weights (N,) 0 or more: what an item counts, 0 where the recipe abstains; None when all count alike.
    """

    probs: np.ndarray
    noise: NoiseModel | None = None
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        assert self.weights is None or self.weights.shape == (len(self.probs),)


def teacher_hard(opinions: Opinions) -> Targets:
    """One-hot of the teacher's first choice: the naive way, kept as a rival."""
    k = opinions.teacher.shape[1]
    return Targets(_with_known(np.eye(k, dtype=np.float32)[opinions.teacher.argmax(1)], opinions.known))


def teacher_soft(opinions: Opinions) -> Targets:
    """The teacher's probabilities as they are: the other naive way."""
    return Targets(_with_known(opinions.teacher, opinions.known))


def fused(opinions: Opinions) -> Targets:
    """Product of the image opinion and the teacher's opinion, each corrected for its own prior.

    softmax(log p_image - 0.5 log mean p_image + log p_teacher - log prior_teacher): both sources are taken as
    independent given the face's emotion; the image prior is only half removed because it is partly the show's.
    """
    image_prior = opinions.image.sum(0) / max(len(opinions.image), 1)
    log_q = (
        np.log(np.maximum(opinions.image, _FLOOR))
        - 0.5 * np.log(np.maximum(image_prior, _FLOOR))
        + np.log(np.maximum(opinions.teacher, _FLOOR))
        - np.log(np.maximum(opinions.teacher_prior, _FLOOR))
    )
    q = np.exp(log_q - log_q.max(1, keepdims=True))
    return Targets(_with_known(q / q.sum(1, keepdims=True), opinions.known))


def calibrated_fusion(opinions: Opinions) -> Targets:
    """Product of the image opinion and the line's evidence, weighed anew by what people said (see fusion.py).

    A text network is far surer of itself than it should be; multiplied with a face's opinion as it is, it wins where
    it ought not to. The evidence is flatter, as far as labelled text says, so that a sure face outvotes an unsure line
    and the other way round. Where nobody measured it, the votes divided by their prior stand in, as in `fused`.
    """
    posterior, _ = fuse(opinions.image, opinions.text_evidence(), opinions.known)
    return _with_noise(posterior, opinions)


def reread_fusion(opinions: Opinions) -> Targets:
    """The same, of an image opinion that is first read anew by the evidence of all lines (see rereading.py)."""
    read = read_by_lines(opinions.image, opinions.certain_evidence().astype(np.float64)).apply(opinions.image)
    posterior, _ = fuse(read, opinions.text_evidence(), opinions.known, prior_removed=0.0)
    return _with_noise(posterior, opinions)


def _with_noise(posterior: np.ndarray, opinions: Opinions) -> Targets:
    teacher, image = _anchors(opinions)
    return Targets(posterior, noise_given(posterior, opinions.teacher, opinions.image, teacher, image))


def lines_alone(opinions: Opinions) -> Targets:
    """What each line is evidence for, whatever the image baseline says: for a loss that lets its errors average out."""
    return Targets(opinions.certain_evidence())


def expectation_maximization(opinions: Opinions) -> Targets:
    """Posterior of the anchored EM: how far to trust each source is estimated on this show (see noise.py)."""
    noise = anchored_em(opinions.teacher, opinions.image, *_anchors(opinions), opinions.known)
    return Targets(noise.posterior, noise)


def _anchors(opinions: Opinions) -> tuple[Anchor, Anchor]:
    """What is known of teacher and image baseline before the show, and how much it counts."""
    text = max(TEACHER_PSEUDO_COUNTS_A_FACE * len(opinions.teacher), 1.0)
    return Anchor(opinions.teacher_confusion, text), Anchor(opinions.image_confusion, IMAGE_PSEUDO_COUNTS)


def confident_em(opinions: Opinions, threshold: float = 0.6) -> Targets:
    """The same posterior, but an item teaches only when it is sure enough for its class.

    The threshold of a class falls with the number of its sure items, so that rare ones are not shut out.
    Zhang et al. 2021 (FlexMatch), eq. 5 to 7 with their convex mapping, on posteriors in place of a student's answers.
    """
    targets = expectation_maximization(opinions)
    if len(targets.probs) == 0:
        return targets
    best, confidence = targets.probs.argmax(1), targets.probs.max(1)
    sure = np.bincount(best[confidence >= threshold], minlength=targets.probs.shape[1])
    status = sure / max(sure.max(), 1)
    passed = confidence >= (threshold * status / (2.0 - status))[best]
    return replace(targets, weights=(passed | (opinions.known >= 0)).astype(np.float64))


def balanced_em(opinions: Opinions, power: float = 0.5) -> Targets:
    """The same posterior; an item counts by how rare its class is on this show, to the power of -`power`.

    After Cui et al. 2019 (class-balanced loss), with the posterior's own class shares; the mean weight is 1.
    """
    targets = expectation_maximization(opinions)
    if len(targets.probs) == 0:
        return targets
    share = np.maximum(targets.probs.mean(0), 1.0 / (10 * targets.probs.shape[1]))
    weights = (targets.probs @ share**-power).astype(np.float64)
    return replace(targets, weights=weights / weights.mean())


def em_and_fused(opinions: Opinions) -> Targets:
    """Halfway between the posterior of the anchored EM and the fused posterior: each fails on other shows."""
    targets, other = expectation_maximization(opinions), fused(opinions).probs
    return replace(targets, probs=((targets.probs + other) / 2).astype(np.float32))


def trust_weighed(opinions: Opinions) -> Targets:
    """Between the two posteriors as far as the image baseline is found to know the show: fused where it does.

    Trust is the mean diagonal of the baseline's estimated confusion, above chance and against the same of its anchor:
    1 where the baseline is as good as at home, 0 where it only guesses. The fused posterior gets its square as
    share, because it is the surer of the two and would decide at less than half of the weight.
    """
    targets, other = expectation_maximization(opinions), fused(opinions).probs
    assert targets.noise is not None
    chance = 1.0 / opinions.image.shape[1]
    here, home = (float(np.diag(m).mean()) - chance for m in (targets.noise.image, opinions.image_confusion))
    trust = float(np.clip(here / home, 0.0, 1.0)) if home > _FLOOR else 0.0
    share = trust**2
    return replace(targets, probs=(share * other + (1.0 - share) * targets.probs).astype(np.float32))


def teacher_votes(opinions: Opinions) -> Targets:
    """The teacher's probabilities as they are, with the noise model that says how they err: for losses that undo it."""
    noise = expectation_maximization(opinions).noise
    return Targets(_with_known(opinions.teacher, opinions.known), noise)


def _with_known(probs: np.ndarray, known: np.ndarray) -> np.ndarray:
    out = probs.astype(np.float32).copy()
    told = known >= 0
    out[told] = np.eye(probs.shape[1], dtype=np.float32)[known[told]]
    return out


TARGETS: Mapping[str, Callable[[Opinions], Targets]] = {
    "calibrated_fusion": calibrated_fusion,
    "reread_fusion": reread_fusion,
    "lines_alone": lines_alone,
    "anchored_em": expectation_maximization,
    "confident_em": confident_em,
    "balanced_em": balanced_em,
    "em_and_fused": em_and_fused,
    "trust_weighed": trust_weighed,
    "fused": fused,
    "teacher_votes": teacher_votes,
    "teacher_soft": teacher_soft,
    "teacher_hard": teacher_hard,
}
