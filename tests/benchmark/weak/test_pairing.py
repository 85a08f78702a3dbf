from __future__ import annotations

import numpy as np
import pytest

from mmemo.benchmark.weak.pairing import pair, random_order, some_known
from mmemo.errors import InputError


def test_every_face_gets_a_line_of_its_own_emotion() -> None:
    faces, lines = np.arange(70) % 7, np.arange(210) % 7
    chosen = pair(faces, lines, 3)
    assert (lines[chosen] == faces).all()
    assert len(set(chosen)) > 40, "not the same line for all"


def test_a_seed_draws_one_pairing() -> None:
    faces, lines = np.zeros(50, int), np.zeros(500, int)
    np.testing.assert_array_equal(pair(faces, lines, 1), pair(faces, lines, 1))
    assert (pair(faces, lines, 1) != pair(faces, lines, 2)).any()


def test_no_face_needs_no_line() -> None:
    assert pair(np.zeros(0, int), np.zeros(0, int), 0).shape == (0,)


def test_an_emotion_without_lines_is_wrong_input() -> None:
    with pytest.raises(InputError, match="no line shows joy"):
        pair(np.array([0, 1]), np.array([0, 0]), 0)


def test_the_first_of_an_order_are_known() -> None:
    gold = np.array([3, 4, 5, 6])
    assert some_known(gold, np.array([2, 0, 1, 3]), 2).tolist() == [3, -1, 5, -1]
    assert some_known(gold, np.arange(4), 0).tolist() == [-1] * 4
    assert some_known(gold, np.arange(4), 9).tolist() == [3, 4, 5, 6]


def test_an_order_holds_every_item_once() -> None:
    assert sorted(random_order(30, 0)) == list(range(30))
    assert (random_order(30, 0) != random_order(30, 1)).any()
