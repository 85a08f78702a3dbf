"""Losses against values worked out by hand, and their gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmemo.student.losses import (
    FROM_NOISE,
    PLAIN,
    EarlyLearning,
    forward_correction,
    generalized_cross_entropy,
    line_likelihood,
    logit_adjusted,
    soft_cross_entropy,
    symmetric_cross_entropy,
    training_loss,
)
from mmemo.student.noise import NoiseModel


def test_soft_cross_entropy_of_even_odds():
    logits, target = torch.zeros(2, 4), torch.tensor([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]])
    torch.testing.assert_close(soft_cross_entropy(logits, target), torch.full((2,), math.log(4)))


def test_generalized_cross_entropy_of_a_known_probability():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    loss = generalized_cross_entropy(logits, torch.tensor([[1.0, 0, 0]]), q=0.7)
    torch.testing.assert_close(loss, torch.tensor([(1 - 0.5**0.7) / 0.7]))


def test_generalized_cross_entropy_nears_cross_entropy_for_small_q():
    logits, target = torch.randn(5, 7), torch.softmax(torch.randn(5, 7), 1)
    near = generalized_cross_entropy(logits, target, q=1e-4)
    torch.testing.assert_close(near, soft_cross_entropy(logits, target), rtol=1e-2, atol=1e-2)


def test_a_label_that_the_student_doubts_pulls_less_than_with_cross_entropy():
    target = torch.tensor([[1.0, 0.0]])
    pulls = []
    for loss in (generalized_cross_entropy, soft_cross_entropy):
        logits = torch.tensor([[-3.0, 3.0]], requires_grad=True)
        loss(logits, target).sum().backward()
        assert logits.grad is not None
        pulls.append(float(logits.grad.abs().max()))
    assert pulls[0] < 0.1 * pulls[1]


def test_no_rows():
    assert generalized_cross_entropy(torch.zeros(0, 7), torch.zeros(0, 7)).shape == (0,)


def noise_model() -> NoiseModel:
    confusion = np.full((7, 7), 0.1)
    np.fill_diagonal(confusion, 0.4)
    return NoiseModel(confusion, confusion, np.full(7, 1 / 7), np.zeros((0, 7), np.float32))


@pytest.mark.parametrize("name", [*PLAIN, *FROM_NOISE])
def test_every_loss_takes_no_rows_and_prefers_the_target(name):
    loss = PLAIN[name]() if name in PLAIN else FROM_NOISE[name](noise_model())
    assert loss(torch.zeros(0, 7), torch.zeros(0, 7)).shape == (0,)
    target = torch.eye(7)[:3]
    right, wrong = loss(4 * target, target), loss(4 * target.roll(1, 1), target)
    assert right.shape == (3,)
    assert (right < wrong).all()


def test_symmetric_cross_entropy_by_hand():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    loss = symmetric_cross_entropy(logits, torch.tensor([[1.0, 0, 0]]), alpha=2.0, beta=3.0)
    # The reverse term: half of the answer lies on classes whose log target stops at -4.
    torch.testing.assert_close(loss, torch.tensor([2.0 * math.log(2) + 3.0 * 0.5 * 4.0]))


def test_forward_correction_is_least_where_the_confused_answer_is_the_vote():
    confusion = torch.tensor([[0.6, 0.4], [0.1, 0.9]])
    vote = confusion[:1]
    losses = [float(forward_correction(torch.tensor([[m, -m]]), vote, confusion)) for m in (-5.0, 0.0, 5.0)]
    assert losses[2] < losses[1] < losses[0]


def test_forward_correction_takes_a_persons_word_as_it_is():
    logits, word = torch.tensor([[1.0, -1.0]]), torch.tensor([[1.0, 0.0]])
    confusion = torch.full((2, 2), 0.5)
    torch.testing.assert_close(forward_correction(logits, word, confusion), soft_cross_entropy(logits, word))


def test_logit_adjustment_asks_more_of_the_rare_class():
    prior, even = torch.tensor([0.9, 0.1]), torch.tensor([0.5, 0.5])
    rare, logits = torch.tensor([[0.0, 1.0]]), torch.zeros(1, 2)
    assert logit_adjusted(logits, rare, prior) > logit_adjusted(logits, rare, even)
    torch.testing.assert_close(logit_adjusted(logits, rare, even), generalized_cross_entropy(logits, rare))


def test_early_learning_remembers_each_item_and_rewards_staying():
    loss, target = EarlyLearning(strength=1.0, momentum=0.5), torch.full((2, 3), 1 / 3)
    settled = torch.tensor([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0]])
    for _ in range(5):
        training_loss(loss, settled, target, torch.tensor([4, 1]))
    stayed = training_loss(loss, settled, target, torch.tensor([4, 1]))
    moved = training_loss(loss, settled.roll(1, 1), target, torch.tensor([4, 1]))
    assert (stayed < moved).all()
    torch.testing.assert_close(loss(settled, target), generalized_cross_entropy(settled, target))


def test_a_loss_without_memory_is_trained_as_it_is():
    logits, target = torch.randn(4, 7), torch.eye(7)[:4]
    taught = training_loss(soft_cross_entropy, logits, target, torch.arange(4))
    torch.testing.assert_close(taught, soft_cross_entropy(logits, target))


def test_the_likelihood_of_a_line_against_hand_computed_values():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
    evidence = torch.tensor([[0.1, 0.6, 0.3]])
    expected = torch.tensor([-math.log(0.5 * 0.1 + 0.3 * 0.6 + 0.2 * 0.3)])
    torch.testing.assert_close(line_likelihood(logits, evidence), expected)
    word = torch.tensor([[0.0, 1.0, 0.0]])
    torch.testing.assert_close(line_likelihood(logits, word), soft_cross_entropy(logits, word), rtol=1e-4, atol=1e-4)


def test_an_answer_that_makes_all_lines_likely_costs_least():
    """Faces of one kind whose lines are wrong four times in ten: the answer that is always right is the best one."""
    heard = torch.tensor([[0.6, 0.2, 0.2]] * 6 + [[0.2, 0.6, 0.2]] * 2 + [[0.2, 0.2, 0.6]] * 2)
    always, as_heard = torch.tensor([[20.0, 0, 0]]), torch.log(torch.tensor([[0.6, 0.2, 0.2]]))
    costs = [float(line_likelihood(answer.expand(10, -1), heard).mean()) for answer in (always, as_heard)]
    assert costs[0] < costs[1]
    naive = [float(soft_cross_entropy(answer.expand(10, -1), heard).mean()) for answer in (always, as_heard)]
    assert naive[0] > naive[1]
