"""Poison and its detectors on made samples where both are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmemo.errors import InputError
from mmemo.fusion.robust.detection import activation_clusters, contradicted, found, spectral_signatures
from mmemo.fusion.robust.poisoning import chosen, colliding, flipped, triggered
from mmemo.fusion.robust.seeing import FaceFeatures, as_pixels
from mmemo.progress import run
from tests.fusion.robust.made import SIDE, faces, made_backbone


def test_the_share_is_drawn_among_those_asked_for():
    among = np.arange(100) < 40
    poison = chosen(100, 0.2, 0, among)
    assert poison.sum() == 20 and not poison[40:].any()
    assert (poison == chosen(100, 0.2, 0, among)).all() and (poison != chosen(100, 0.2, 1, among)).any()
    assert chosen(100, 0.5, 0, among).sum() == 40, "no more than there are"
    assert chosen(0, 0.5, 0).shape == (0,)
    with pytest.raises(InputError, match="share"):
        chosen(10, 1.5, 0)


def test_flipped_labels_are_others_that_occur():
    labels = np.repeat([0, 2, 5], 20)
    poison = chosen(60, 0.5, 0)
    changed = flipped(labels, poison, 7, 0)
    assert ((changed != labels) == poison).all() and set(changed) <= {0, 2, 5}
    with pytest.raises(InputError, match="one class"):
        flipped(np.zeros(4, int), np.ones(4, bool), 7, 0)


def test_the_trigger_is_a_corner():
    pictures, _ = faces(3)
    marked = triggered(pictures)
    assert (marked[:, :-2] == pictures[:, :-2]).all() and set(np.unique(marked[:, -2:, -2:])) == {0, 255}
    assert triggered(pictures[:0]).shape == (0, SIDE, SIDE, 3)


def test_colliding_faces_have_the_features_of_the_target_and_the_looks_of_the_base():
    pictures, labels = faces(6, away=30)
    bases, target = pictures[labels == 0], pictures[1]
    features = FaceFeatures(made_backbone(), mirror=True)
    made = run(colliding(features, target, bases, steps=80, likeness=0.01))

    def apart(some: np.ndarray) -> float:
        return float(
            (features(torch.from_numpy(as_pixels(some))) - features(torch.from_numpy(as_pixels(target[None])))).norm()
        )

    assert apart(made) < 0.25 * apart(bases)
    assert run(colliding(features, target, bases[:0])).shape == (0, SIDE, SIDE, 3)


def two_classes(n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hidden states of two classes; a tenth of class 1 looks like nothing else, as triggered samples do."""
    draw = np.random.default_rng(0)
    labels = np.arange(n) % 2
    poison = (labels == 1) & (np.arange(n) < n // 5)
    hidden = draw.normal(0, 1, (n, 16))
    hidden[:, 0] += 6 * labels
    hidden[poison, 1] += 12
    return hidden, labels, poison


def test_clusters_and_spectra_find_what_stands_out():
    hidden, labels, poison = two_classes()
    by_cluster = found(activation_clusters(hidden, labels) & (labels == 1), poison)
    assert by_cluster.recall == 1.0 and by_cluster.precision == 1.0
    by_spectrum = found(spectral_signatures(hidden, labels, 0.2) & (labels == 1), poison)
    assert by_spectrum.recall == 1.0 and by_spectrum.precision == pytest.approx(20 / 30)
    assert not activation_clusters(hidden[:5], labels[:5]).any(), "too few to split"
    assert not spectral_signatures(hidden[:0], labels[:0], 0.1).any()


def test_opinions_that_labels_cannot_reach_find_flipped_labels():
    labels = np.arange(300) % 3
    opinions = np.full((300, 3), 0.15) + 0.55 * np.eye(3)[labels]
    poison = chosen(300, 0.1, 0)
    report = found(contradicted(flipped(labels, poison, 3, 0), opinions), poison)
    assert report.recall == 1.0 and report.precision == 1.0 and report.by_chance == pytest.approx(0.1)


def test_nothing_flagged_has_no_precision():
    nothing = found(np.zeros(4, bool), np.array([True, False, False, False]))
    assert nothing.precision is None and nothing.recall == 0.0 and nothing.recall_by_chance == 0.0
    assert found(np.zeros(0, bool), np.zeros(0, bool)).recall is None
