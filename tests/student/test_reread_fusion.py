"""Targets whose image opinion is read anew by the lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmemo.student.targets import Opinions, fused, reread_fusion

K = 7


def opinions(n: int = 2000) -> tuple[np.ndarray, Opinions]:
    """Gold, and an image baseline that knows a little and says neutral of nearly all."""
    draw = np.random.default_rng(0)
    gold = draw.integers(0, K, n)
    heard = np.where(draw.random(n) < 0.5, gold, draw.integers(0, K, n))
    teacher = np.full((n, K), 0.05)
    teacher[np.arange(n), heard] = 0.7
    seen = np.where(draw.random(n) < 0.5, gold, draw.integers(0, K, n))
    image = np.full((n, K), 0.03)
    image[np.arange(n), seen] = 0.2
    image[:, 0] = 6.0
    image /= image.sum(1, keepdims=True)
    even = np.full((K, K), 1 / K)
    return gold, Opinions(
        teacher.astype(np.float32), image.astype(np.float32), np.full(n, -1), even, even, even[0], teacher
    )


def test_a_baseline_that_says_neutral_of_all_is_read_anew():
    gold, given = opinions()
    worth = [float((targets(given).probs.argmax(1) == gold).mean()) for targets in (fused, reread_fusion)]
    assert worth[1] > worth[0] + 0.05
    found = reread_fusion(given).probs
    assert found.dtype == np.float32 and found.shape == (2000, K)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    without = reread_fusion(replace(given, evidence=None)).probs
    np.testing.assert_allclose(without, found, atol=1e-4)


def test_a_persons_word_is_the_target_and_no_faces_are_none():
    gold, given = opinions(50)
    known = np.where(np.arange(50) < 10, (gold + 1) % K, -1)
    found = reread_fusion(replace(given, known=known)).probs
    np.testing.assert_allclose(found[:10], np.eye(K)[known[:10]], atol=1e-6)
    assert reread_fusion(given.subset(np.arange(0))).probs.shape == (0, K)
    assert reread_fusion(given.subset(np.arange(1))).probs.shape == (1, K)
