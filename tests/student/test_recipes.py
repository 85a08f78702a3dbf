"""Recipes: each makes probabilities, keeps a person's word, and does what its name says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.student.fusion import fuse
from mmemo.student.recipes import RECIPES, recipe_named
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import (
    TARGETS,
    Opinions,
    balanced_em,
    calibrated_fusion,
    confident_em,
    fused,
    teacher_hard,
    teacher_soft,
    trust_weighed,
)

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


def test_calibrated_fusion_reads_the_evidence_and_not_the_votes():
    given = opinions(12)
    evidence = opinions(12, seed=1).teacher
    told = replace(given, evidence=evidence)
    np.testing.assert_allclose(calibrated_fusion(told).probs, fuse(given.image, evidence, given.known)[0])
    np.testing.assert_array_equal(told.subset(np.array([3, 5])).evidence, evidence[[3, 5]])


def test_without_evidence_calibrated_fusion_is_the_fused_posterior():
    given = opinions(12)
    np.testing.assert_allclose(calibrated_fusion(given).probs, fused(given).probs, rtol=1e-4)


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


def test_only_the_recipes_that_estimate_noise_give_a_noise_model():
    for name in ("anchored_em", "calibrated_fusion"):
        noise = recipe_named(name).targets(opinions(10)).noise
        assert noise is not None
        for rows in (noise.teacher, noise.image, noise.prior[None]):
            np.testing.assert_allclose(rows.sum(1), 1.0, atol=1e-6)
    assert recipe_named("fused").targets(opinions(10)).noise is None


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_finds_its_loss_and_scheme_and_says_what_it_does(name):
    recipe = recipe_named(name)
    assert callable(recipe.loss_function(recipe.targets(opinions(5)).noise))
    assert callable(recipe.scheme_function())
    assert recipe.says and recipe.name == name


def test_the_default_and_the_naive_rivals_are_offered():
    offered = [name for name, recipe in RECIPES.items() if recipe.offered]
    assert offered[0] == TrainSettings().recipe
    assert {"teacher_soft", "teacher_hard"} < set(offered) and len(offered) <= 6


def test_weights_are_one_an_item_and_never_all_nought():
    for name, targets_of in TARGETS.items():
        for n in (0, 1, 40):
            weights = targets_of(opinions(n)).weights
            assert weights is None or (weights.shape == (n,) and (weights >= 0).all() and (n == 0 or weights.any())), (
                name
            )


def test_doubtful_items_teach_nothing_but_a_persons_word_always_does():
    known = np.full(200, -1)
    known[:20] = 0
    targets = confident_em(opinions(200, known), threshold=0.9)
    assert targets.weights is not None
    assert (targets.weights[:20] == 1).all()
    assert 0 < targets.weights[20:].mean() < 1
    best, confidence, passed = targets.probs[20:].argmax(1), targets.probs[20:].max(1), targets.weights[20:] > 0
    for label in range(K):
        of_class = best == label
        kept, dropped = confidence[of_class & passed], confidence[of_class & ~passed]
        assert kept.min(initial=1.0) >= dropped.max(initial=0.0)


def test_rare_emotions_weigh_more_and_the_mean_stays():
    known = np.array([0] * 45 + [6] * 5)
    weights = balanced_em(opinions(50, known)).weights
    assert weights is not None
    assert weights[-1] > 2 * weights[0]
    assert weights.mean() == pytest.approx(1.0)


def test_trust_goes_to_the_fused_posterior_only_where_the_baseline_knows_the_show():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, K, 400)
    votes = np.full((400, K), 0.05, np.float32)
    votes[np.arange(400), truth] = 0.7
    teacher = rng.dirichlet(np.ones(K), 400).astype(np.float32) * 0.3 + votes * 0.7
    home = np.full((K, K), 0.05)
    np.fill_diagonal(home, 0.7)
    even = np.full(K, 1 / K)

    def share_of_fused(image: np.ndarray) -> float:
        given = Opinions(teacher, image, np.full(400, -1), home, home, even)
        probs, em = trust_weighed(given).probs, recipe_named("anchored_em").targets(given).probs
        return float(np.abs(probs - em).sum() / np.abs(fused(given).probs - em).sum())

    knows, guesses = share_of_fused(votes), share_of_fused(rng.permutation(votes))
    assert 0.2 < knows <= 1
    assert guesses < knows / 3


def test_parts_combine_by_name():
    recipe = recipe_named("fused+symmetric_cross_entropy+co_teaching")
    given = opinions(10)
    np.testing.assert_array_equal(recipe.targets(given).probs, fused(given).probs)
    assert (recipe.loss, recipe.scheme) == ("symmetric_cross_entropy", "co_teaching")
    assert recipe_named("anchored_em+forward_correction").scheme == "plain"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("magic+soft_cross_entropy", "unknown targets"),
        ("fused+magic", "unknown loss"),
        ("fused+soft_cross_entropy+magic", "unknown scheme"),
        ("fused+soft_cross_entropy+plain+plain", "too many parts"),
        ("fused+forward_correction", "needs a noise model"),
    ],
)
def test_a_wrong_combination_is_bad_input(name, complaint):
    with pytest.raises(InputError, match=complaint):
        recipe_named(name)


def test_a_loss_without_its_noise_model_is_bad_input():
    with pytest.raises(InputError, match="noise model"):
        recipe_named("forward").loss_function(None)
