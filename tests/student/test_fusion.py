"""Fusing two opinions, before and after people spoke."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.student.fusion import fuse

K = 7


def made(n: int, seed: int = 0, image_sure: float = 2.0, text_sure: float = 1.7) -> tuple[np.ndarray, ...]:
    """Gold (n,), and opinions (n, K) of two sources that err independently."""
    draw = np.random.default_rng(seed)
    gold = draw.integers(0, K, n)

    def opinion(sure: float) -> np.ndarray:
        logits = draw.normal(0, 1, (n, K))
        logits[np.arange(n), gold] += sure
        raised = np.exp(logits)
        return (raised / raised.sum(1, keepdims=True)).astype(np.float32)

    return gold, opinion(image_sure), opinion(text_sure)


def test_both_together_are_right_more_often_than_either_alone() -> None:
    gold, image, text = made(3000)
    posterior, weights = fuse(image, text, np.full(3000, -1))
    right = [(probs.argmax(1) == gold).mean() for probs in (posterior, image, text)]
    assert right[0] > max(right[1:]) + 0.05
    assert (weights.image, weights.text) == (1.0, 1.0) and not weights.bias.any()
    np.testing.assert_allclose(posterior.sum(1), 1, atol=1e-5)


def test_an_opinion_that_knows_nothing_changes_no_order() -> None:
    _, image, _ = made(500)
    posterior, _ = fuse(image, np.full((500, K), 1 / K, np.float32), np.full(500, -1))
    prior = image.mean(0) ** 0.5
    np.testing.assert_array_equal(posterior.argmax(1), (image / prior).argmax(1))


def test_corrections_take_the_weight_from_a_source_that_is_wrong() -> None:
    gold, image, text = made(1500, image_sure=-1.5)
    known = np.where(np.arange(1500) < 300, gold, -1)
    unknown = known < 0
    before, _ = fuse(image, text, np.full(1500, -1))
    after, weights = fuse(image, text, known)
    assert 0 <= weights.image < 0.5 < weights.text
    right = [(probs.argmax(1) == gold)[unknown].mean() for probs in (before, after)]
    assert right[1] > right[0] + 0.1


def test_a_few_corrections_move_little_and_are_certain_themselves() -> None:
    gold, image, text = made(400)
    known = np.full(400, -1)
    known[:3] = (gold[:3] + 1) % K
    posterior, weights = fuse(image, text, known)
    np.testing.assert_array_equal(posterior[:3], np.eye(K, dtype=np.float32)[known[:3]])
    assert abs(weights.image - 1) < 0.2 and abs(weights.text - 1) < 0.2 and np.abs(weights.bias).max() < 0.3


@pytest.mark.parametrize("n", [0, 1])
def test_none_or_one_face(n: int) -> None:
    _, image, text = made(n)
    posterior, _ = fuse(image, text, np.full(n, 2))
    assert posterior.shape == (n, K) and (posterior.argmax(1) == 2).all()


def test_certain_opinions_that_contradict_each_other_stay_numbers() -> None:
    image, text = np.eye(K, dtype=np.float32)[[0, 1]], np.eye(K, dtype=np.float32)[[3, 1]]
    posterior, _ = fuse(image, text, np.array([-1, -1]))
    assert np.isfinite(posterior).all() and posterior[1].argmax() == 1
