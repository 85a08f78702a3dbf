from __future__ import annotations

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.teacher.calibration import (
    Calibration,
    balanced_weights,
    choose_calibration,
    expected_calibration_error,
    fit_calibration,
    fit_evidence,
    log_loss,
)
from tests.teacher.tiny import assert_probs


def opinions(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Opinions that are right as often as they say, and gold drawn from them."""
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(7, 0.6), n).astype(np.float32)
    gold = np.array([rng.choice(7, p=row / row.sum()) for row in probs.astype(np.float64)])
    return probs, gold


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def test_an_opinion_that_is_too_certain_is_cooled_down() -> None:
    honest, gold = opinions(3000)
    bold = softmax(np.log(np.maximum(honest, 1e-4)) * 2)
    found = fit_calibration(bold, gold, with_bias=False)
    assert found.temperature == pytest.approx(2, rel=0.15)
    assert log_loss(found.apply(bold), gold) < log_loss(bold, gold)
    assert expected_calibration_error(found.apply(bold), gold) < expected_calibration_error(bold, gold)
    assert (found.apply(bold).argmax(axis=1) == bold.argmax(axis=1)).all()


def test_a_bias_is_found_and_taken_back() -> None:
    honest, gold = opinions(3000)
    shift = np.array([1.5, 0, 0, 0, 0, 0, -1.0])
    leaning = softmax(np.log(np.maximum(honest, 1e-4)) + shift)
    found = choose_calibration(leaning, gold, np.arange(3000) // 10)
    assert np.array(found.bias)[0] - np.array(found.bias)[1] == pytest.approx(-1.5, abs=0.25)
    assert log_loss(found.apply(leaning), gold) < log_loss(leaning, gold) - 0.05


def test_nothing_is_fitted_to_opinions_that_are_honest_or_to_one_dialogue() -> None:
    probs, gold = opinions(300, seed=2)
    assert choose_calibration(probs, gold, np.zeros(300)) == Calibration()
    chosen = choose_calibration(probs, gold, np.arange(300))
    assert abs(np.log(chosen.temperature)) < 0.3
    assert Calibration().apply(probs) is probs


def test_the_fit_is_a_minimum() -> None:
    probs, gold = opinions(400, seed=3)
    best = fit_calibration(probs, gold, with_bias=False)
    loss = log_loss(best.apply(probs), gold)
    for factor in (0.9, 1.1):
        assert log_loss(Calibration(best.temperature * factor).apply(probs), gold) > loss


def test_zeros_and_single_lines_do_no_harm() -> None:
    certain = np.eye(7, dtype=np.float32)[[0]]
    found = fit_calibration(certain, np.array([3]), with_bias=True)
    assert_probs(found.apply(certain), 1)
    assert_probs(Calibration(2.0).apply(np.zeros((0, 7), np.float32)), 0)


def test_calibration_errors_are_the_textbook_ones() -> None:
    probs = np.array([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6], [0.4, 0.6]], np.float32)
    # Confidence 0.8, right half the time; confidence 0.6, always right: (0.3 * 2 + 0.4 * 2) / 4.
    assert expected_calibration_error(probs, np.array([0, 1, 1, 1])) == pytest.approx(0.35)
    assert log_loss(probs[:1], np.array([1])) == pytest.approx(-np.log(0.2))


def test_values_that_are_no_calibration_are_refused() -> None:
    for bad in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="no numbers"):
            Calibration(bad)
    with pytest.raises(InputError, match="of 2 labels, not of 7"):
        Calibration(1.0, (0.1, 0.2)).apply(np.full((1, 7), 1 / 7, np.float32))


def test_lines_of_a_rare_label_count_as_much_as_those_of_a_frequent_one() -> None:
    gold = np.array([0, 0, 0, 2])
    weights = balanced_weights(gold)
    assert weights.sum() == pytest.approx(1)
    assert weights[gold == 0].sum() == pytest.approx(weights[gold == 2].sum())


def test_evidence_takes_prior_and_boldness_out() -> None:
    honest, gold = opinions(3000)
    prior = np.array([8, 1, 1, 1, 1, 1, 1]) / 14
    bold = softmax(2 * (np.log(np.maximum(honest, 1e-4)) + np.log(prior)))
    sharpened = prior**2 / (prior**2).sum()
    found = fit_evidence(bold, gold, sharpened)
    assert found.temperature == pytest.approx(2, rel=0.15)
    assert np.abs(found.apply(bold) - honest).mean() < 0.02


def test_weights_that_are_alike_change_nothing() -> None:
    probs, gold = opinions(300)
    plain = fit_calibration(probs, gold, with_bias=True)
    assert fit_calibration(probs, gold, with_bias=True, weights=np.full(300, 2.0)) == plain
