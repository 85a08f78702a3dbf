from __future__ import annotations

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.evaluate.metrics import score


def test_scores_by_hand() -> None:
    # Three neutral (two found, one taken for joy), one joy (found); the other five classes have no gold.
    scores = score(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
    assert scores.n == 4
    assert scores.accuracy == 0.75
    assert scores.recall["neutral"] == pytest.approx(2 / 3)
    assert scores.recall["joy"] == 1.0
    assert scores.recall["fear"] is None
    assert scores.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert scores.confusion[0].tolist() == [2, 1, 0, 0, 0, 0, 0]
    assert scores.confusion.sum() == 4


def test_a_class_without_gold_costs_its_misses_and_nothing_more() -> None:
    gold = np.array([0, 0, 1, 1])
    towards_absent = score(gold, np.array([0, 6, 1, 1]))
    assert towards_absent.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert towards_absent.confusion[0, 6] == 1


def test_one_example() -> None:
    assert score(np.array([3]), np.array([3])).macro_f1 == 1.0
    assert score(np.array([3]), np.array([2])).macro_f1 == 0.0


def test_nothing_to_score_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no face has a gold label"):
        score(np.array([]), np.array([]))


@pytest.mark.parametrize(
    ("gold", "predicted"), [([0, 7], [0, 1]), ([0, 1], [0, -1]), ([0, 1], [0]), ([[0], [1]], [[0], [1]])]
)
def test_malformed_arrays_are_bugs(gold: list[int], predicted: list[int]) -> None:
    with pytest.raises(AssertionError):
        score(np.array(gold), np.array(predicted))
