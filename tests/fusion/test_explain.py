"""What modalities are worth: shares that sum up, and the known answers of games that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.fusion.explain import importance_of, modality_importance, opinion_importance
from mmemo.fusion.training import FusionTraining, train
from mmemo.progress import run
from mmemo.student.fusion import softmax_rows
from tests.fusion.made import agreeing_set, fresh, three_task, xor_set, yes_no_task


def test_a_glove_game_is_shared_as_the_textbook_says():
    """One left glove and two right ones: a pair is worth 1. Shapley: 2/3, 1/6, 1/6."""
    worth = lambda has: np.array([float("left" in has and len(has) > 1)])  # noqa: E731
    shared = importance_of(("left", "right", "another"), worth)
    assert [shared.shares[name][0] for name in ("left", "right", "another")] == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert shared.without["left"][0] == 1 and shared.without["right"][0] == 0


def test_one_modality_has_it_all():
    alone = importance_of(("text",), lambda has: np.array([0.8 if has else 0.2, 0.3]))
    assert alone.shares["text"] == pytest.approx([0.6, 0.0])


def test_shares_sum_to_what_is_known_and_xor_is_shared_evenly():
    data = xor_set()
    settings = FusionTraining(epochs=30, learning_rate=3e-3)
    model = run(train(fresh("concat", yes_no_task(), {"drop_modality": 0.3}), data, settings)).model
    batch = data.batch(np.arange(100))
    found = modality_importance(model, batch, data.labels[:100])
    assert found.shares["text"] + found.shares["face"] == pytest.approx(found.worth - found.empty, abs=1e-5)
    assert found.worth.mean() > 0.8 and found.without["text"].mean() > 0.2
    assert abs(found.shares["text"].mean() - found.shares["face"].mean()) < 0.1


def test_what_is_said_is_asked_for_without_a_class():
    data = agreeing_set(60)
    model = fresh("concat", three_task())
    found = modality_importance(model, data.batch(np.arange(60)))
    assert found.worth.shape == (60,) and (found.worth >= 1 / 3).all()


def test_of_two_opinions_the_sure_one_counts():
    image, evidence = np.full((1, 3), 1 / 3), np.array([[0.8, 0.1, 0.1]])
    found = opinion_importance(image, evidence, lambda a, b: softmax_rows(np.log(a) + np.log(b)), np.array([0]))
    assert found.shares["face"][0] == pytest.approx(0) and found.shares["text"][0] == pytest.approx(0.8 - 1 / 3)
