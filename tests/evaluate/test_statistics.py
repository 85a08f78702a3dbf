from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.metrics import f1_score

from mmemo.evaluate.statistics import Gain, paired_gain


def _noisy(gold: np.ndarray, right: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(gold)) < right, gold, rng.integers(0, 7, len(gold)))


def test_point_estimates_and_interval_agree_with_a_plain_loop() -> None:
    rng = np.random.default_rng(1)
    gold, units = rng.integers(0, 5, 200), rng.integers(0, 40, 200)
    student, baseline = _noisy(gold, 0.6, 2), _noisy(gold, 0.4, 3)
    gain = paired_gain(gold, student, baseline, units)

    def differences(rows: np.ndarray) -> tuple[float, float]:
        g, s, b = gold[rows], student[rows], baseline[rows]
        f1 = [f1_score(g, p, labels=np.unique(g), average="macro", zero_division=0) for p in (s, b)]
        return float((s == g).mean() - (b == g).mean()), float(f1[0] - f1[1])

    assert (gain.accuracy, gain.macro_f1) == pytest.approx(differences(np.arange(200)))
    names = np.unique(units)
    members = [np.flatnonzero(units == name) for name in names]
    loop = [
        differences(np.concatenate([members[u] for u in rng.integers(0, len(names), len(names))])) for _ in range(400)
    ]
    low, high = np.percentile(np.array(loop), [2.5, 97.5], axis=0)
    assert gain.accuracy_ci95 == pytest.approx((low[0], high[0]), abs=0.03)
    assert gain.macro_f1_ci95 == pytest.approx((low[1], high[1]), abs=0.03)


def test_same_seed_same_interval() -> None:
    gold = np.arange(60) % 7
    first, second, other = (
        paired_gain(gold, _noisy(gold, 0.7, 1), _noisy(gold, 0.5, 2), gold, seed=s) for s in (4, 4, 5)
    )
    assert first == second
    assert first.accuracy_ci95 != other.accuracy_ci95


def test_whole_units_are_resampled() -> None:
    # 400 frames, but only 10 films that are each all right or all wrong: frames would feign certainty.
    films = np.repeat(np.arange(10), 40)
    gold = np.arange(400) % 7
    student = np.where(films < 6, gold, (gold + 1) % 7)
    baseline = np.where(films >= 6, gold, (gold + 1) % 7)
    by_film = paired_gain(gold, student, baseline, films)
    by_frame = paired_gain(gold, student, baseline, np.arange(400))
    assert by_film.accuracy == by_frame.accuracy == pytest.approx(0.2)
    assert by_frame.proven
    assert by_film.outcome == "none"


def test_unit_names_may_be_any_text() -> None:
    gold = np.arange(40) % 7
    names = np.array([f"film {i // 2}" for i in range(40)], dtype=object)
    assert paired_gain(gold, gold, (gold + 1) % 7, names).units == 20


def test_no_difference_is_never_proven() -> None:
    gold = np.arange(70) % 7
    gain = paired_gain(gold, _noisy(gold, 0.5, 1), _noisy(gold, 0.5, 1), np.arange(70))
    assert gain.accuracy_ci95 == (0.0, 0.0)
    assert gain.outcome == "none"


def test_empty_gold_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        paired_gain(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))


def test_one_unit_has_no_interval() -> None:
    gold = np.zeros(5, int)
    gain = paired_gain(gold, gold, gold + 1, np.zeros(5))
    assert gain.units == 1
    assert gain.accuracy == 1.0
    assert gain.accuracy_ci95 is None
    assert gain.macro_f1_ci95 is None
    assert not gain.proven


def test_few_units_prove_nothing_even_when_all_agree() -> None:
    gold = np.arange(9) % 7
    gain = paired_gain(gold, gold, (gold + 1) % 7, np.arange(9))
    assert gain.accuracy_ci95 == (1.0, 1.0)
    assert gain.outcome == "unknown"
    assert not gain.proven


@pytest.mark.parametrize(
    ("accuracy", "macro_f1", "outcome"),
    [
        ((0.01, 0.1), (-0.1, 0.1), "gain"),
        ((0.01, 0.1), (0.01, 0.1), "gain"),
        ((0.01, 0.1), (-0.1, -0.01), "mixed"),
        ((-0.1, -0.01), (0.01, 0.1), "mixed"),
        ((-0.1, -0.01), (-0.1, 0.1), "loss"),
        ((-0.1, 0.1), (-0.1, -0.01), "loss"),
        ((-0.1, 0.1), (0.01, 0.1), "none"),
        ((0.0, 0.1), (-0.1, 0.1), "none"),
    ],
)
def test_outcomes(accuracy: tuple[float, float], macro_f1: tuple[float, float], outcome: str) -> None:
    gain = Gain(0.0, accuracy, 0.0, macro_f1, 50)
    assert gain.outcome == outcome
    assert gain.proven == (outcome == "gain")


def test_five_thousand_units_take_under_two_seconds() -> None:
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(5000), 3)
    gold = rng.integers(0, 7, len(units))
    started = time.process_time()
    gain = paired_gain(gold, _noisy(gold, 0.6, 1), _noisy(gold, 0.5, 2), units)
    assert gain.proven
    assert time.process_time() - started < 2.0
