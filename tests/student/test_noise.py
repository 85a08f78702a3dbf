"""The noise model: what it recovers on made-up votes, what a person's word does, and that it never collapses."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.student.noise import Anchor, anchored_em

K = 7


def _confusion(right: float) -> np.ndarray:
    matrix = np.full((K, K), (1 - right) / (K - 1))
    np.fill_diagonal(matrix, right)
    return matrix


def _votes(rng: np.random.Generator, truth: np.ndarray, confusion: np.ndarray, sure: float = 0.9) -> np.ndarray:
    """Soft votes: mass `sure` on a class drawn from the confusion row, the rest spread evenly."""
    said = np.array([rng.choice(K, p=confusion[z]) for z in truth])
    votes = np.full((len(truth), K), (1 - sure) / (K - 1))
    votes[np.arange(len(truth)), said] = sure
    return votes


def _calibrated_votes(rng: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """Soft votes of a voter that is right as often as it is sure, and is not equally sure every time."""
    parts = [
        _votes(rng, np.array([z]), _confusion(sure), sure)
        for z, sure in zip(truth, rng.uniform(0.2, 0.95, len(truth)), strict=True)
    ]
    return np.concatenate(parts)


@pytest.fixture
def made() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, K, 700)
    return truth, _calibrated_votes(rng, truth), _calibrated_votes(rng, truth)


def _fit(teacher: np.ndarray, image: np.ndarray, known: np.ndarray | None = None, right: float = 0.6):
    known = np.full(len(teacher), -1) if known is None else known
    return anchored_em(teacher, image, Anchor(_confusion(right), 300.0), Anchor(_confusion(0.5), 20.0), known)


def test_two_voters_together_are_better_than_each_alone(made):
    truth, teacher, image = made
    posterior = _fit(teacher, image).posterior
    accuracy = (posterior.argmax(1) == truth).mean()
    assert accuracy > (teacher.argmax(1) == truth).mean()
    assert accuracy > (image.argmax(1) == truth).mean()


def test_rows_are_probabilities_and_shapes_hold(made):
    _, teacher, image = made
    noise = _fit(teacher, image)
    assert noise.posterior.shape == (700, K) and noise.posterior.dtype == np.float32
    for rows in (noise.teacher, noise.image, noise.posterior):
        np.testing.assert_allclose(rows.sum(1), 1.0, atol=1e-5)
    assert noise.prior.sum() == pytest.approx(1.0)


def test_an_image_voter_that_knows_nothing_of_the_show_is_found_out():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, K, 700)
    teacher = _votes(rng, truth, _confusion(0.7))
    blind = _votes(rng, np.zeros(700, int), _confusion(0.9))  # says the first class whatever is shown
    noise = _fit(teacher, blind, right=0.7)
    assert (noise.posterior.argmax(1) == truth).mean() > 0.65
    # Whatever the true class, the blind voter is now expected to name the first one most.
    assert (noise.image.argmax(1) == 0).all()


def test_what_a_person_said_is_certain_and_sharpens_the_rest(made):
    truth, teacher, image = made
    known = np.full(len(truth), -1)
    known[:200] = truth[:200]
    noise = _fit(teacher, image, known)
    np.testing.assert_array_equal(noise.posterior[:200], np.eye(K, dtype=np.float32)[truth[:200]])


def test_no_class_takes_all_when_votes_are_weak():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, K, 400)
    flat = _votes(rng, truth, _confusion(0.3), sure=0.3)
    noise = _fit(flat, flat[::-1].copy(), right=0.3)
    assert noise.prior.max() < 0.35
    assert len(np.unique(noise.posterior.argmax(1))) == K


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_and_one_face(n):
    votes = np.full((n, K), 1 / K)
    noise = _fit(votes, votes)
    assert noise.posterior.shape == (n, K)
    assert np.isfinite(noise.teacher).all() and np.isfinite(noise.prior).all()


def test_an_anchor_must_be_of_probabilities():
    with pytest.raises(AssertionError):
        Anchor(np.ones((K, K)), 10.0)
