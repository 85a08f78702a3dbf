"""Figures against ones that are counted by hand, and the trap of one-hot labels."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.fusion.scoring import (
    best_thresholds,
    score_dimensions,
    score_one,
    score_retrieval,
    score_several,
    weighted_accuracy,
)

LABELS = ("a", "b", "c")


def test_one_of_several_by_hand():
    gold = np.array([0, 0, 1, 1])
    probs = np.eye(3)[[0, 1, 1, 1]]
    figures = score_one(gold, probs, LABELS)
    assert figures["accuracy"] == 0.75
    assert figures["recall"] == {"a": 0.5, "b": 1.0, "c": None}
    assert figures["f1"]["a"] == pytest.approx(2 / 3)
    assert figures["f1"]["b"] == pytest.approx(0.8)
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert figures["weighted_f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert figures["majority_accuracy"] == 0.5


def test_saying_no_to_six_one_hot_labels_looks_like_83_percent():
    gold = np.arange(60) % 6
    silent = np.full((60, 6), 1 / 6)
    figures = score_one(gold, silent, list("abcdef"))
    assert figures["binary_accuracy"] == pytest.approx(5 / 6)
    assert figures["binary_accuracy_of_no"] == pytest.approx(5 / 6)
    assert figures["accuracy"] == pytest.approx(1 / 6)
    several = score_several(np.eye(6, dtype=np.float32)[gold], silent, list("abcdef"))
    assert several["binary_accuracy"] == pytest.approx(5 / 6)
    assert several["weighted_accuracy"] == pytest.approx(0.5)
    assert several["macro_f1"] == 0


def test_several_by_hand():
    gold = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], np.float32)
    probs = np.array([[0.9, 0.2], [0.4, 0.8], [0.3, 0.7], [0.1, 0.6]])
    figures = score_several(gold, probs, ("a", "b"))
    assert figures["average_precision"] == {"a": 1.0, "b": 1.0}
    assert figures["f1"]["a"] == pytest.approx(2 / 3)
    assert figures["f1"]["b"] == pytest.approx(0.8)
    assert figures["exact_match"] == 0.5
    assert figures["weighted_accuracy_by_class"]["b"] == pytest.approx(0.75)


def test_weighted_accuracy_needs_both_answers_in_gold():
    assert np.isnan(weighted_accuracy(np.ones(3, bool), np.ones(3, bool)))
    assert weighted_accuracy(np.array([1, 0], bool), np.array([1, 1], bool)) == 0.5


def test_thresholds_lie_between_what_is_and_what_is_not():
    gold = np.array([[1], [1], [0], [0]], np.float32)
    probs = np.array([[0.42], [0.31], [0.19], [0.1]])
    assert 0.19 < best_thresholds(gold, probs)[0] <= 0.31
    assert best_thresholds(np.zeros((4, 1)), probs)[0] == 0.5


def test_dimensions_leave_out_what_is_not_known():
    gold = np.array([[1.0, np.nan], [3.0, np.nan]])
    figures = score_dimensions(gold, np.array([[1.0, 5.0], [2.0, 5.0]]), ("valence", "arousal"))
    assert figures["mean_absolute_error"] == 0.5
    assert figures["dimensions"] == {"valence": {"mean_absolute_error": 0.5, "of_the_mean": 1.0, "n": 2}}


def test_retrieval_of_equal_vectors_is_chance_and_of_own_ones_perfect():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 8))
    assert score_retrieval(vectors, vectors)["recall_at_1_forth"] == 1
    same = score_retrieval(np.ones((50, 8)), np.ones((50, 8)))
    assert same["median_rank_back"] == 25.5
    assert same["recall_at_10_forth"] == 0
    assert same["chance_at_10"] == 0.2


def test_nothing_to_score():
    with pytest.raises(InputError, match="nothing to score"):
        score_one(np.zeros(0, np.int64), np.zeros((0, 3)), LABELS)
