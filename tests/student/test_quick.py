"""The quick head: used for many faces alone, it learns what there is, whatever their number, and always the same."""

from __future__ import annotations

import numpy as np

from mmemo.progress import run
from mmemo.student import quick
from mmemo.student.fitters import HeadFitter, Task
from mmemo.student.heads import LinearHead
from mmemo.student.losses import soft_cross_entropy
from mmemo.student.quick import QuickHeadFitter, for_halves, quick_for_many
from mmemo.student.settings import TrainSettings

_START = LinearHead(np.zeros((7, 16), np.float32), np.zeros(7, np.float32))


def made(n: int) -> tuple[np.ndarray, Task, np.ndarray]:
    draw = np.random.default_rng(0)
    gold = draw.integers(0, 7, n)
    features = draw.normal(0, 1, (n, 2, 16)).astype(np.float32) + 4 * np.eye(7, 16, dtype=np.float32)[gold][:, None]
    task = Task(np.arange(n), np.eye(7, dtype=np.float32)[gold], np.ones(n), np.arange(n) // 4, soft_cross_entropy)
    return features, task, gold


def test_few_faces_keep_the_thorough_fitter(monkeypatch):
    fitter = HeadFitter(np.zeros((10, 2, 16), np.float32), _START)
    assert quick_for_many(fitter) is fitter
    monkeypatch.setattr(quick, "MANY_FACES", 10)
    assert type(quick_for_many(fitter)) is QuickHeadFitter
    fresh = HeadFitter(fitter.features, None)
    assert quick_for_many(fresh) is fresh, "a head that begins at zero needs its features put on a scale"


def test_it_learns_and_gives_the_same_again():
    features, task, gold = made(900)
    settings = TrainSettings(learning_rate=0.01)
    first, again = (run(QuickHeadFitter(features, _START).fit(task, settings, "x")) for _ in range(2))
    assert (first.probs(np.arange(900)).argmax(1) == gold).mean() > 0.95
    assert len(first.curve) <= 10 and first.curve[-1].train < first.curve[0].train
    for name, value in first.tensors.items():
        np.testing.assert_array_equal(value, again.tensors[name])


def test_students_of_one_half_take_half_of_the_steps():
    features, task, gold = made(300)
    fitter = QuickHeadFitter(features, _START)
    half = for_halves(fitter)
    fitted = run(half.fit(task, TrainSettings(learning_rate=0.002), "x"))
    assert len(fitted.curve) == 5 and (fitted.probs(np.arange(300)).argmax(1) == gold).mean() > 0.9
    thorough = HeadFitter(features, _START)
    assert for_halves(thorough) is thorough


def test_few_faces_without_a_held_out_part():
    features, task, _ = made(5)
    fitted = run(QuickHeadFitter(features, _START).fit(task, TrainSettings(), "x"))
    assert np.isnan(fitted.curve[-1].val) and fitted.probs(np.arange(5)).shape == (5, 7)
