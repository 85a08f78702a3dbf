"""How every benchmark of weak supervision judges a recipe: trained without labels, judged on other groups.

The training is that of the app (`student.crossfit`): nothing is built twice, so what is measured is what ships.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmemo.evaluate.rows import GOLD_CEILING, IMAGE_ONLY, TEACHER
from mmemo.progress import Progress, Stage, run
from mmemo.student.crossfit import TrainingSet, cross_fit, cross_fit_gold
from mmemo.student.fitters import Fitter
from mmemo.student.losses import soft_cross_entropy
from mmemo.student.recipes import Recipe, recipe_named
from mmemo.student.settings import TrainSettings


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One seed of an experiment: the material with its pairing or its episode, and the gold to judge by.

    `gold` (M,) columns of EKMAN7 of the items of `training` (faces or tracks), -1 where nobody knows; `settings`
    hold the trial's seed, which draws folds, order and dropout.
    """

    training: TrainingSet
    fitter: Fitter
    gold: np.ndarray
    settings: TrainSettings

    def __post_init__(self) -> None:
        assert len(self.gold) == len(self.training.group_of_item), "one gold label an item"

    def with_known(self, known: np.ndarray) -> Trial:
        """The same after a person has named some items: known (M,) columns of EKMAN7, -1 elsewhere."""
        opinions = replace(self.training.opinions, known=known)
        return replace(self, training=replace(self.training, opinions=opinions))


def rivals(trial: Trial) -> dict[str, np.ndarray]:
    """(M, 7) opinions that need no training: image only, and the teacher on the paired lines."""
    opinions = trial.training.opinions
    return {IMAGE_ONLY: opinions.image, TEACHER: opinions.teacher}


def out_of_fold(trial: Trial, recipe: Recipe) -> Stage[np.ndarray]:
    """(M, 7) opinions of students that never saw the item's group, nor a target derived from it."""
    settings = replace(trial.settings, recipe=recipe.name)
    fit = yield from cross_fit(trial.training, trial.fitter, recipe, settings)
    return trial.training.mean_by_track(fit.out_of_fold)


def gold_ceiling(trial: Trial, known: np.ndarray | None = None) -> Stage[np.ndarray]:
    """The same student trained on gold, or on the `known` labels alone (M,), -1 where there is none."""
    labels = trial.gold if known is None else known
    fit = yield from cross_fit_gold(trial.training, labels, trial.fitter, soft_cross_entropy, trial.settings)
    return trial.training.mean_by_track(fit.out_of_fold)


def judged(
    trials: Sequence[Trial], recipes: Sequence[str], *, stage: str = "train"
) -> Stage[dict[str, list[np.ndarray]]]:
    """Opinions (M, 7) of every rival, recipe and the ceiling, by name, one array a trial."""
    systems: dict[str, list[np.ndarray]] = {}
    done, total = 0, len(trials) * (len(recipes) + 1)
    for number, trial in enumerate(trials, 1):
        for name, probs in rivals(trial).items():
            systems.setdefault(name, []).append(probs)
        for name in [*recipes, GOLD_CEILING]:
            yield Progress(stage, done, total, f"seed {number} of {len(trials)}, {name}")
            fitted = gold_ceiling(trial) if name == GOLD_CEILING else out_of_fold(trial, recipe_named(name))
            systems.setdefault(name, []).append(run(fitted))
            done += 1
    return systems
