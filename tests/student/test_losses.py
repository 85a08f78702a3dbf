"""Losses against values worked out by hand, and their gradients."""

from __future__ import annotations

import math

import torch

from mmemo.student.losses import generalized_cross_entropy, soft_cross_entropy


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
