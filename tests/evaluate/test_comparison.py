from __future__ import annotations

import json

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.evaluate.comparison import Comparison, compare
from mmemo.labels import EKMAN7
from mmemo.store.files import to_json
from tests.evaluate.examples import GOLD, make_comparison, probs, right_in


def test_rows_come_in_the_fixed_order_whatever_the_input_order() -> None:
    comparison = make_comparison(
        own=right_in(0.1), gold_ceiling=right_in(0.9), fused=right_in(0.5), teacher=right_in(0.6)
    )
    names = [row.name for row in comparison.rows]
    assert names == ["majority", "image_only", "teacher", "fused", "student", "gold_ceiling", "own"]
    assert comparison.row("own").title == "own"
    assert comparison.row("audio") is None


def test_majority_is_the_majority_of_gold_and_says_so() -> None:
    gold = np.array([3] * 30 + [0] * 20)
    comparison = compare(gold, np.arange(50), {"image_only": probs(gold), "student": probs(gold)}, "track")
    majority = comparison.rows[0]
    assert majority.scores.accuracy == 0.6
    assert majority.title == "Majority class (anger)"
    assert any("always says anger" in note for note in comparison.notes)


def test_a_gain_is_proven_in_words_and_figures() -> None:
    comparison = make_comparison()
    assert comparison.gain.accuracy == pytest.approx(0.3)
    assert comparison.gain.proven
    assert comparison.verdict().startswith("Proven gain: +30.0 points of accuracy [95 % CI +")
    assert comparison.verdict().endswith("over 140 tracks.")


def test_no_gain_and_loss_are_said_as_plainly() -> None:
    same = make_comparison(student=right_in(0.4))
    assert same.verdict().startswith("No proven gain: 0.0 points of accuracy")
    assert "contains 0" in same.verdict()
    worse = make_comparison(student=right_in(0.1))
    assert worse.verdict().startswith("Proven loss: -30.0 points")
    assert "baseline is the better choice" in worse.verdict()


def test_more_accuracy_for_fewer_classes_is_no_proven_gain() -> None:
    gold = np.array([0] * 200 + [1, 2, 3, 4, 5, 6] * 10)
    order = np.arange(260)
    baseline = np.where((gold == 0) & (order % 3 > 0), 1 + order % 6, gold)
    comparison = compare(gold, order, {"image_only": probs(baseline), "student": probs(np.zeros(260, int))}, "cue")
    assert comparison.gain.accuracy > 0
    assert comparison.gain.outcome == "mixed"
    assert "one rose and one fell" in comparison.verdict()
    assert "collapse" in comparison.notes[0]


@pytest.mark.parametrize(("units", "words"), [(1, "1 film is too few units"), (9, "9 films are too few units")])
def test_few_units(units: int, words: str) -> None:
    comparison = compare(
        GOLD, GOLD * 0 + np.arange(140) % units, {"image_only": right_in(0.1), "student": right_in(0.9)}, "film"
    )
    assert words in comparison.verdict()
    assert comparison.verdict().startswith("No proven gain")
    assert comparison.to_contract()["gain"]["proven"] is False
    assert (comparison.to_contract()["gain"]["accuracy_ci95"] is None) == (units == 1)
    assert any("independent units" in note for note in comparison.notes)


def test_weak_gold_is_noted() -> None:
    gold = np.array([0] * 20 + [4] * 3)
    comparison = compare(gold, np.arange(23), {"image_only": probs(gold), "student": probs(gold)}, "track")
    text = " ".join(comparison.notes)
    assert "Fewer than 5 gold examples of surprise (3)" in text
    assert "Gold holds no joy" in text
    only = compare(gold[:20], np.arange(20), {"image_only": probs(gold[:20]), "student": probs(gold[:20])}, "track")
    assert "Gold holds only neutral" in " ".join(only.notes)


def test_below_the_majority_class_is_noted() -> None:
    gold = np.array([0] * 100 + [1] * 40)
    comparison = compare(
        gold, np.arange(140), {"image_only": right_in(0.5, gold), "student": right_in(0.9, gold)}, "track"
    )
    below = [note for note in comparison.notes if "below the majority class" in note]
    assert len(below) == 1
    assert below[0].startswith("Image only, not adapted (50.0 %)")


def test_a_rival_without_an_opinion_is_scored_on_the_rest() -> None:
    teacher = right_in(0.6)
    teacher[100:] = np.nan
    comparison = make_comparison(teacher=teacher, fused=np.full((140, 7), np.nan))
    assert comparison.row("teacher").scores.n == 100
    assert comparison.row("fused") is None
    assert "Text teacher has an opinion on 100 of 140 examples and is scored on those." in comparison.notes


def test_the_contract_survives_json_and_comes_back() -> None:
    comparison = make_comparison(teacher=right_in(0.6))
    value = json.loads(to_json(comparison.to_contract()))
    assert value["unit"] == "track"
    row = value["rows"][0]
    assert {"name", "n", "accuracy", "macro_f1", "recall"} <= set(row)
    assert set(row["recall"]) == set(EKMAN7.labels)
    assert {"accuracy", "accuracy_ci95", "macro_f1", "macro_f1_ci95", "proven"} <= set(value["gain"])
    low, high = value["gain"]["accuracy_ci95"]
    assert low < value["gain"]["accuracy"] < high
    again = Comparison.from_contract(value)
    assert again.to_contract() == comparison.to_contract()
    assert again.verdict() == comparison.verdict()


def test_one_example() -> None:
    one = probs(np.array([2]))
    comparison = compare(np.array([2]), np.array([7]), {"image_only": one, "student": one}, "track")
    assert comparison.rows[0].scores.accuracy == 1.0
    assert comparison.gain.outcome == "unknown"


def test_no_gold_is_an_input_error() -> None:
    none = np.empty((0, 7))
    with pytest.raises(InputError, match="nothing to score"):
        compare(np.empty(0, int), np.empty(0), {"image_only": none, "student": none}, "track")


@pytest.mark.parametrize("missing", ["image_only", "student"])
def test_both_sides_are_needed(missing: str) -> None:
    systems = {"image_only": right_in(0.4), "student": right_in(0.7)}
    del systems[missing]
    with pytest.raises(InputError, match=f"no predictions of {missing}"):
        compare(GOLD, GOLD, systems, "track")


def test_an_unknown_unit_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="unit is one of"):
        compare(GOLD, np.arange(140), {"image_only": right_in(0.4), "student": right_in(0.7)}, "frame")
