"""Recipes: each makes probabilities, keeps a person's word, and does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.student.recipes import RECIPES, Opinions, fused, recipe_named, teacher_hard, teacher_soft

K = 7


def opinions(n: int, known: np.ndarray | None = None, seed: int = 0) -> Opinions:
    rng = np.random.default_rng(seed)
    teacher, image = (rng.dirichlet(np.ones(K), n).reshape(n, K).astype(np.float32) for _ in range(2))
    confusion = np.full((K, K), 0.1)
    np.fill_diagonal(confusion, 0.4)
    return Opinions(teacher, image, np.full(n, -1) if known is None else known, confusion, confusion, np.full(K, 1 / K))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("n", [0, 1, 50])
def test_targets_are_probabilities(name, n):
    probs = recipe_named(name).targets(opinions(n)).probs
    assert probs.shape == (n, K)
    assert (probs >= 0).all()
    np.testing.assert_allclose(probs.sum(1), 1.0, atol=1e-5)


@pytest.mark.parametrize("name", RECIPES)
def test_a_persons_word_is_the_target(name):
    known = np.full(20, -1)
    known[[3, 7]] = [5, 2]
    probs = recipe_named(name).targets(opinions(20, known)).probs
    np.testing.assert_array_equal(probs[[3, 7]], np.eye(K, dtype=np.float32)[[5, 2]])


def test_hard_is_the_first_choice_and_soft_is_a_copy():
    given = opinions(30)
    np.testing.assert_array_equal(teacher_hard(given).probs.argmax(1), given.teacher.argmax(1))
    np.testing.assert_allclose(teacher_soft(given).probs, given.teacher)


def test_fused_follows_the_formula():
    given = opinions(10)
    log_q = np.log(given.image) - 0.5 * np.log(given.image.mean(0)) + np.log(given.teacher) - np.log(1 / K)
    expected = np.exp(log_q) / np.exp(log_q).sum(1, keepdims=True)
    np.testing.assert_allclose(fused(given).probs, expected, rtol=1e-4)


def test_targets_never_touch_the_opinions():
    known = np.full(10, -1)
    known[0] = 1
    given = opinions(10, known)
    before = given.teacher.copy(), given.image.copy()
    for recipe in RECIPES.values():
        recipe.targets(given)
    np.testing.assert_array_equal(given.teacher, before[0])
    np.testing.assert_array_equal(given.image, before[1])


def test_an_unknown_recipe_lists_the_choices():
    with pytest.raises(InputError, match="anchored_em"):
        recipe_named("magic")


def test_only_the_recipe_that_estimates_noise_gives_a_noise_model():
    assert recipe_named("anchored_em").targets(opinions(10)).noise is not None
    assert recipe_named("fused").targets(opinions(10)).noise is None
