"""Recipes are judged on groups that they never saw, by the training that the app uses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmemo.benchmark.weak.protocol import gold_ceiling, judged, out_of_fold
from mmemo.errors import InputError
from mmemo.progress import run
from mmemo.student.recipes import recipe_named
from tests.benchmark.weak.made import trial


def accuracy(probs: np.ndarray, gold: np.ndarray) -> float:
    return float((probs.argmax(axis=1) == gold).mean())


def test_all_systems_are_judged_on_every_seed() -> None:
    trials = [trial(seed=seed) for seed in (0, 1)]
    systems = run(judged(trials, ["teacher_soft"]))
    assert list(systems) == ["image_only", "teacher", "teacher_soft", "gold_ceiling"]
    assert all(len(opinions) == 2 and opinions[0].shape == (140, 7) for opinions in systems.values())
    assert accuracy(systems["teacher_soft"][0], trials[0].gold) > accuracy(systems["teacher"][0], trials[0].gold)
    assert accuracy(systems["gold_ceiling"][0], trials[0].gold) > 0.9


def test_an_unknown_recipe_is_wrong_input() -> None:
    with pytest.raises(InputError, match="unknown recipe"):
        run(judged([trial()], ["magic"]))


def test_what_a_person_says_of_a_face_does_not_judge_it() -> None:
    """Lies about one group change nothing in the opinions on that very group."""
    plain = trial()
    mine = plain.training.group_of_item == 4
    lies = np.where(mine, (plain.gold + 1) % 7, -1)
    recipe = recipe_named("teacher_soft")
    before, after = run(out_of_fold(plain, recipe)), run(out_of_fold(plain.with_known(lies), recipe))
    np.testing.assert_array_equal(before[mine], after[mine])
    assert (before[~mine] != after[~mine]).any()


def test_a_few_known_labels_alone() -> None:
    one = trial()
    known = np.where(np.arange(140) < 35, one.gold, -1)
    assert accuracy(run(gold_ceiling(one, known)), one.gold) > 0.6


def test_gold_must_fit_the_items() -> None:
    with pytest.raises(AssertionError):
        replace(trial(), gold=np.zeros(3, int))
