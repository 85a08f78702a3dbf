"""Is a model as often right as it says: the error, what chance makes of it, and the words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmemo.evaluate.calibration import Reliability, reliability
from mmemo.evaluate.plots import reliability_figure
from mmemo.evaluate.style import figure_to_svg


def sure(n: int, said: float, right: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Gold and opinions that say `said` of their first choice and are right in `right` of the cases."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 7, n)
    choice = np.where(rng.random(n) < right, gold, (gold + 1) % 7)
    probs = np.full((n, 7), (1 - said) / 6)
    probs[np.arange(n), choice] = said
    return gold, probs


def test_who_is_too_sure_is_told_by_how_much():
    found = reliability("student", *sure(2000, 0.9, 0.6))
    assert found.error == pytest.approx(0.3, abs=0.03) and found.overconfidence > 0 and found.n == 2000
    assert ": too sure, by 28 points" in found.says()
    shy = reliability("student", *sure(2000, 0.4, 0.8))
    assert shy.overconfidence < 0 and "not sure enough" in shy.says()


def test_few_faces_look_wrong_by_chance_alone_and_that_is_said():
    found = reliability("student", *sure(20, 0.75, 0.75))
    assert found.by_chance > 0.05
    assert "as far as 20 faces can tell" in found.says()
    many = reliability("student", *sure(5000, 0.75, 0.75))
    assert many.by_chance < 0.01 and many.error < 0.02


def test_the_error_is_the_weighed_distance_of_the_classes():
    gold = np.zeros(4, np.int64)
    probs = np.zeros((4, 7))
    probs[:, 0] = [0.95, 0.95, 0.35, 0.35]
    probs[3, 1] = 0.55  # wrong, 55 % sure
    found = reliability("student", gold, probs)
    assert found.counts.tolist() == [0, 0, 0, 1, 0, 1, 0, 0, 0, 2]
    assert found.error == pytest.approx((0.65 + 0.55 + 2 * 0.05) / 4)


def test_certainty_and_one_face_and_no_face():
    assert reliability("student", np.array([0]), np.eye(7)[[0]]).error == 0
    none = reliability("student", np.zeros(0, np.int64), np.zeros((0, 7)))
    assert none.error == none.by_chance == none.n == none.overconfidence == 0


def test_it_is_kept_and_drawn_whole():
    found = [reliability(name, *sure(60, 0.8, 0.5, seed)) for seed, name in enumerate(("image_only", "student"))]
    again = Reliability.from_contract(json.loads(json.dumps(found[0].to_contract())))
    assert again.to_contract() == found[0].to_contract() and again.says() == found[0].says()
    svg = figure_to_svg(reliability_figure(found), "How sure")
    assert "right in %" in svg and "how sure the model says it is" in svg and "student, error" in svg
    assert "<svg" in figure_to_svg(reliability_figure([]), "Nothing")
