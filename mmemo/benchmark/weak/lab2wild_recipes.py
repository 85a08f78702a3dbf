"""Recipes that `lab2wild` compares beside the registered ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mmemo.errors import InputError
from mmemo.progress import Stage
from mmemo.student.crossfit import TrainingSet, lesson_of
from mmemo.student.fitters import Fitted, Fitter
from mmemo.student.lesson import Lesson
from mmemo.student.recipes import RECIPES, Opinions, Recipe, Targets, recipe_named
from mmemo.student.rereading import read_by_lines
from mmemo.student.schemes import Scheme, self_training
from mmemo.student.settings import TrainSettings

_TWICE = "_twice"


def reread_fusion(opinions: Opinions) -> Targets:
    """Product of the line's evidence and the image opinion, which is first read anew by the evidence of all lines."""
    evidence = opinions.text_evidence().astype(np.float64)
    told = opinions.known >= 0
    evidence[told] = np.eye(evidence.shape[1])[opinions.known[told]]
    posterior = read_by_lines(opinions.image, evidence).apply(opinions.image) * evidence
    return Targets((posterior / posterior.sum(1, keepdims=True)).astype(np.float32))


CANDIDATES: Mapping[str, Recipe] = {
    "reread_fusion": Recipe(
        "reread_fusion",
        reread_fusion,
        "generalized_cross_entropy",
        "multiplies the text opinion with the image opinion, which is first toned down as far as all lines contradict "
        "it",
    )
}


def recipe_of(name: str) -> tuple[Recipe, Scheme]:
    """A candidate or a registered recipe with its scheme; with `_twice` behind it, in two rounds.

    InputError for other names, and for two rounds of a recipe that has a scheme of its own.
    """
    twice = name.endswith(_TWICE) and name not in RECIPES
    plain = name.removesuffix(_TWICE) if twice else name
    recipe = CANDIDATES[plain] if plain in CANDIDATES and plain not in RECIPES else recipe_named(plain)
    if twice and recipe.scheme != "plain":
        raise InputError(f"{plain!r} has the scheme {recipe.scheme!r} already", hint=f"leave out {_TWICE!r}")
    return recipe, self_training if twice else recipe.scheme_function()


def fit_named(training: TrainingSet, fitter: Fitter, name: str, settings: TrainSettings) -> Stage[Fitted]:
    """One student of all faces by a recipe of that name."""
    recipe, scheme = recipe_of(name)
    fitted = yield from scheme(lesson_named(training, name, settings), fitter, _of(settings, recipe), "train")
    return fitted


def lesson_named(training: TrainingSet, name: str, settings: TrainSettings) -> Lesson:
    """What a student of all faces learns from by a recipe of that name."""
    recipe, _ = recipe_of(name)
    return lesson_of(training, np.arange(len(training.group_of_item)), recipe, _of(settings, recipe))


def _of(settings: TrainSettings, recipe: Recipe) -> TrainSettings:
    return replace(settings, recipe=recipe.name)
