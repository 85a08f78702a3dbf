"""Recipes: from the opinions on a face to its training target, and the loss that goes with it.

Adding a recipe is one function and one line in RECIPES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmemo.errors import InputError
from mmemo.student.noise import Anchor, NoiseModel, anchored_em

if TYPE_CHECKING:
    from torch import Tensor

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
    """

    teacher: np.ndarray
    image: np.ndarray
    known: np.ndarray
    teacher_confusion: np.ndarray
    image_confusion: np.ndarray
    teacher_prior: np.ndarray

    def __post_init__(self) -> None:
        n, k = self.teacher.shape
        assert self.image.shape == (n, k) and self.known.shape == (n,)
        assert self.teacher_confusion.shape == self.image_confusion.shape == (k, k)

    def subset(self, rows: np.ndarray) -> Opinions:
        """The same knowledge about fewer items."""
        return Opinions(
            self.teacher[rows],
            self.image[rows],
            self.known[rows],
            self.teacher_confusion,
            self.image_confusion,
            self.teacher_prior,
        )


@dataclass(frozen=True, slots=True)
class Targets:
    """Training targets (N, K), rows sum to 1, and the noise model where the recipe estimates one."""

    probs: np.ndarray
    noise: NoiseModel | None = None


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


def expectation_maximization(opinions: Opinions) -> Targets:
    """Posterior of the anchored EM: how far to trust each source is estimated on this show (see noise.py)."""
    n = len(opinions.teacher)
    noise = anchored_em(
        opinions.teacher,
        opinions.image,
        Anchor(opinions.teacher_confusion, max(TEACHER_PSEUDO_COUNTS_A_FACE * n, 1.0)),
        Anchor(opinions.image_confusion, IMAGE_PSEUDO_COUNTS),
        opinions.known,
    )
    return Targets(noise.posterior, noise)


def _with_known(probs: np.ndarray, known: np.ndarray) -> np.ndarray:
    out = probs.astype(np.float32).copy()
    told = known >= 0
    out[told] = np.eye(probs.shape[1], dtype=np.float32)[known[told]]
    return out


@dataclass(frozen=True, slots=True)
class Recipe:
    """A target function and the name of its loss, with one plain sentence for people."""

    name: str
    targets: Callable[[Opinions], Targets]
    loss: str
    says: str

    def loss_function(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The loss itself; torch is only imported here."""
        from mmemo.student import losses

        chosen: Callable[[Tensor, Tensor], Tensor] = getattr(losses, self.loss)
        return chosen


_GCE = "generalized_cross_entropy"
_CE = "soft_cross_entropy"
RECIPES: Mapping[str, Recipe] = {
    r.name: r
    for r in (
        Recipe("anchored_em", expectation_maximization, _GCE, "estimates on this show how far text and image can be trusted (default)"),
        Recipe("anchored_em_ce", expectation_maximization, _CE, "the same targets with plain cross-entropy, for comparison"),
        Recipe("fused", fused, _GCE, "multiplies image and text opinion, each corrected for its prior"),
        Recipe("teacher_soft", teacher_soft, _CE, "copies the text opinion as it is: naive, measured to hurt on real faces"),
        Recipe("teacher_hard", teacher_hard, _CE, "copies the text's first choice: naive, measured to hurt on real faces"),
    )
}  # fmt: skip


def recipe_named(name: str) -> Recipe:
    """Recipe of that name; an unknown one raises InputError with the choices."""
    if name not in RECIPES:
        raise InputError(f"unknown recipe {name!r}", hint=f"choose one of {', '.join(RECIPES)}")
    return RECIPES[name]
