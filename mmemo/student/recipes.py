"""Recipes: from the opinions on a face to its training target, the loss that goes with it, and how it is fitted.

Adding a recipe is one function and one line in RECIPES; targets, losses and schemes that exist can be combined by
name without either, as in "anchored_em+symmetric_cross_entropy+averaged".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.student.noise import NoiseModel
from mmemo.student.targets import (
    TARGETS,
    Opinions,
    Targets,
    balanced_em,
    calibrated_fusion,
    confident_em,
    em_and_fused,
    expectation_maximization,
    fused,
    lines_alone,
    reread_fusion,
    teacher_hard,
    teacher_soft,
    teacher_votes,
    trust_weighed,
)

if TYPE_CHECKING:
    from torch import Tensor

    from mmemo.student.schemes import Scheme


@dataclass(frozen=True, slots=True)
class Recipe:
    """A target function, the names of its loss and its scheme, and one plain sentence for people.

    `offered`: shown in the app. The others are for experiments: none of them was measured to be better.
    """

    name: str
    targets: Callable[[Opinions], Targets]
    loss: str
    says: str
    scheme: str = "plain"
    offered: bool = False

    def loss_function(self, noise: NoiseModel | None = None) -> Callable[[Tensor, Tensor], Tensor]:
        """A new loss for one fit; torch is only imported here.

        A loss that needs a noise model raises InputError where the targets estimate none.
        """
        from mmemo.student import losses

        if self.loss in losses.PLAIN:
            return losses.PLAIN[self.loss]()
        if noise is None:
            raise _no_noise(self.loss)
        return losses.FROM_NOISE[self.loss](noise)

    def scheme_function(self) -> Scheme:
        """The scheme itself; torch is only imported here."""
        from mmemo.student.schemes import scheme_named

        return scheme_named(self.scheme)


_GCE = "generalized_cross_entropy"
_CE = "soft_cross_entropy"
RECIPES: Mapping[str, Recipe] = {
    r.name: r
    for r in (
        Recipe("best_witness", calibrated_fusion, _GCE, "image and text opinion together; where the lines show nothing more to learn than how often each emotion occurs, only that; where they show that the face network does not know the show, students of the lines speak in its place (default)", "best_witness", offered=True),
        Recipe("calibrated_fusion", calibrated_fusion, _GCE, "image and text opinion together, each as sure as it was measured to be right", offered=True),
        Recipe("anchored_em", expectation_maximization, _GCE, "estimates on this show how far text and image can be trusted; loses where the labelled text is not like the show", offered=True),
        Recipe("anchored_em_ce", expectation_maximization, _CE, "the same targets with plain cross-entropy, for comparison"),
        Recipe("reread_fusion", reread_fusion, _GCE, "calibrated_fusion with an image opinion that is first toned down as far as all lines contradict it: better targets, no better students"),
        Recipe("lines_alone", lines_alone, "line_likelihood", "learns from all lines together, from no line for itself, and asks no face network: for thousands of faces"),
        Recipe("fused", fused, _GCE, "image and text opinion together, each as sure as it says it is", offered=True),
        Recipe("teacher_soft", teacher_soft, _CE, "copies the text opinion as it is: naive, measured to hurt on real faces", offered=True),
        Recipe("teacher_hard", teacher_hard, _CE, "copies the text's first choice: naive, measured to hurt on real faces", offered=True),
        Recipe("averaged", expectation_maximization, _GCE, "anchored_em's student, averaged with the image-only baseline: less spread, and less gain where the baseline is poor", "averaged"),
        Recipe("symmetric", expectation_maximization, "symmetric_cross_entropy", "anchored_em's targets with a loss that doubts labels in another way"),
        Recipe("logit_adjusted", expectation_maximization, "logit_adjusted", "anchored_em's targets with a margin for rare emotions"),
        Recipe("early_learning", expectation_maximization, "early_learning", "anchored_em's targets, holding on to what was learned before wrong labels were memorised: measured to lose rare emotions"),
        Recipe("forward", teacher_votes, "forward_correction", "learns from the text alone, through the estimated confusion of text and face"),
        Recipe("confident", confident_em, _GCE, "learns only from faces on which the sources are sure enough: measured worse than the default"),
        Recipe("balanced", balanced_em, _GCE, "anchored_em's targets, in which rare emotions count more"),
        Recipe("em_and_fused", em_and_fused, _GCE, "halfway between anchored_em's targets and the fused ones"),
        Recipe("trust_weighed", trust_weighed, _GCE, "fused as far as the face network knows this show, otherwise anchored_em"),
        Recipe("mean_teacher", expectation_maximization, _GCE, "anchored_em's student, averaged over its own training steps", "mean_teacher"),
        Recipe("self_training", expectation_maximization, _GCE, "a second round in which the student's opinion replaces the image baseline's: measured no better", "self_training"),
        Recipe("two_components", expectation_maximization, _GCE, "sorts faces into clean and doubtful ones, and relabels the doubtful", "two_components"),
        Recipe("co_teaching", expectation_maximization, _GCE, "two students pick the easy faces for each other", "co_teaching"),
        Recipe("attentive_bags", expectation_maximization, _GCE, "the face of a track that shows the emotion best counts most", "attentive_bags"),
    )
}  # fmt: skip


def recipe_named(name: str) -> Recipe:
    """Recipe of that name, or targets+loss or targets+loss+scheme; an unknown one raises InputError with the choices."""
    if "+" in name:
        return _combined(name)
    if name not in RECIPES:
        raise InputError(f"unknown recipe {name!r}", hint=f"choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


def _combined(name: str) -> Recipe:
    from mmemo.student import losses
    from mmemo.student.schemes import scheme_named

    targets, loss, *rest = name.split("+")
    if len(rest) > 1:
        raise InputError(f"{name!r} has too many parts", hint="use targets+loss or targets+loss+scheme")
    if targets not in TARGETS:
        raise InputError(f"unknown targets {targets!r} in {name!r}", hint=f"choose one of {', '.join(TARGETS)}")
    if loss not in losses.PLAIN and loss not in losses.FROM_NOISE:
        choices = ", ".join([*losses.PLAIN, *losses.FROM_NOISE])
        raise InputError(f"unknown loss {loss!r} in {name!r}", hint=f"choose one of {choices}")
    if loss in losses.FROM_NOISE and TARGETS[targets](_nothing()).noise is None:
        raise _no_noise(loss)
    scheme = rest[0] if rest else "plain"
    scheme_named(scheme)
    return Recipe(name, TARGETS[targets], loss, f"{targets} targets, {loss}, fitted {scheme}", scheme)


def _no_noise(loss: str) -> InputError:
    return InputError(f"the loss {loss!r} needs a noise model", hint="combine it with targets that estimate one")


def _nothing() -> Opinions:
    k = len(EKMAN7)
    even = np.full((k, k), 1.0 / k)
    none = np.zeros((0, k), np.float32)
    return Opinions(none, none, np.zeros(0, np.int64), even, even, even[0])
