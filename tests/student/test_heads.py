"""Head training: it learns, repeats itself, stops early, and folds the scaling of features away."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.progress import Progress, run
from mmemo.student.heads import HeadData, LinearHead, train_head
from mmemo.student.losses import generalized_cross_entropy, soft_cross_entropy
from mmemo.student.settings import TrainSettings

K, D = 3, 8
SETTINGS = TrainSettings(epochs=30, learning_rate=0.02)


def blobs(n: int = 120, scale: float = 1.0, seed: int = 0) -> tuple[HeadData, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % K
    centres = np.random.default_rng(9).normal(size=(K, D)) * 3
    features = (centres[truth][:, None] + rng.normal(size=(n, 2, D))) * scale
    data = HeadData(features.astype(np.float32), np.eye(K)[truth], np.ones(n), np.arange(n) // 3)
    return data, truth


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_it_learns_whatever_the_scale_of_the_features(scale):
    data, truth = blobs(scale=scale)
    head, curve = run(train_head(data, None, soft_cross_entropy, SETTINGS))
    assert (head.probs(data.features).argmax(1) == truth).mean() > 0.95
    assert curve[-1].train < curve[0].train


def test_the_same_seed_gives_the_same_head():
    data, _ = blobs()
    first, _ = run(train_head(data, None, soft_cross_entropy, SETTINGS))
    second, _ = run(train_head(data, None, soft_cross_entropy, SETTINGS))
    np.testing.assert_array_equal(first.weight, second.weight)


def test_it_starts_from_the_given_head():
    data, _ = blobs()
    start = LinearHead(np.full((K, D), 0.5, np.float32), np.zeros(K, np.float32))
    settings = TrainSettings(epochs=1, learning_rate=1e-9)
    head, _ = run(train_head(data, start, soft_cross_entropy, settings))
    np.testing.assert_allclose(head.weight, start.weight, atol=1e-4)


def test_it_stops_when_held_out_loss_rises_and_keeps_the_best_epoch():
    rng = np.random.default_rng(0)
    data = HeadData(
        rng.normal(size=(60, 2, D)).astype(np.float32), np.eye(K)[rng.integers(0, K, 60)], np.ones(60), np.arange(60)
    )
    _, curve = run(train_head(data, None, soft_cross_entropy, TrainSettings(epochs=200, patience=5, learning_rate=0.1)))
    best = int(np.argmin([e.val for e in curve]))
    assert len(curve) == best + 6 < 200


def test_rows_without_weight_teach_nothing():
    data, truth = blobs()
    wrong = np.eye(K)[(truth + 1) % K]
    half = np.arange(len(truth)) % 2 == 0
    mixed = HeadData(data.features, np.where(half[:, None], wrong, data.targets), np.where(half, 0.0, 1.0), data.groups)
    head, _ = run(train_head(mixed, None, generalized_cross_entropy, SETTINGS))
    assert (head.probs(data.features).argmax(1) == truth).mean() > 0.95


def test_it_tells_how_far_it_is():
    data, _ = blobs(30)
    seen: list[Progress] = []
    run(train_head(data, None, soft_cross_entropy, TrainSettings(epochs=3), stage="here"), seen.append)
    assert [(p.stage, p.done, p.total) for p in seen] == [("here", i, 3) for i in (1, 2, 3)]


def test_probabilities_are_the_mean_over_views():
    head = LinearHead(np.eye(K, D, dtype=np.float32), np.zeros(K, np.float32))
    views = np.random.default_rng(0).normal(size=(4, 2, D)).astype(np.float32)
    mean = (head.probs(views[:, :1]) + head.probs(views[:, 1:])) / 2
    np.testing.assert_allclose(head.probs(views), mean, atol=1e-6)
    assert head.probs(views[:0]).shape == (0, K)
