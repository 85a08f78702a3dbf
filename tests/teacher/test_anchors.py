from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError, StorageError
from mmemo.teacher.anchors import (
    ANCHORS_FILE,
    TeacherAnchor,
    choose_anchor,
    generic_anchor,
    measure_anchor,
    read_anchors,
    save_anchor,
)
from mmemo.teacher.calibration import log_loss
from tests.teacher.made_votes import made_votes


def votes(n: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.dirichlet(np.ones(7), n).astype(np.float32)


def test_rows_are_the_mean_votes_of_each_gold_emotion() -> None:
    probs, gold = votes(70), np.arange(70) % 7
    anchor = measure_anchor("mine", probs, gold, "made up")
    for z in range(7):
        assert np.allclose(anchor.confusion[z], probs[gold == z].mean(axis=0), atol=1e-6)
    assert np.allclose(anchor.prior, probs.mean(axis=0), atol=1e-6)
    assert (anchor.n, anchor.source) == (70, "made up")


def test_an_emotion_without_lines_gets_the_prior() -> None:
    probs = votes(1)
    anchor = measure_anchor("one", probs, np.array([3]), "")
    assert np.allclose(anchor.confusion, np.repeat(probs, 7, axis=0), atol=1e-6)


def test_no_lines_are_an_input_error() -> None:
    with pytest.raises(InputError, match="none"):
        measure_anchor("none", np.zeros((0, 7), np.float32), np.zeros(0, int), "")


def test_anchors_are_kept_side_by_side_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / ANCHORS_FILE
    first = measure_anchor("first", votes(30), np.arange(30) % 7, "a")
    second = measure_anchor("second", votes(40), np.arange(40) % 7, "b")
    for anchor in (first, second, first):
        save_anchor(path, anchor)
    back = read_anchors(tmp_path)
    assert sorted(back) == ["first", "second"]
    assert np.allclose(back["second"].confusion, second.confusion, atol=2e-5)
    assert np.allclose(back["first"].confusion.sum(axis=1), 1, atol=1e-6)
    assert (back["first"].n, back["first"].source) == (30, "a")


def test_a_teacher_that_nobody_measured_gets_the_generic_anchor(tmp_path: Path) -> None:
    anchor = choose_anchor(read_anchors(tmp_path), "meld_dev")
    assert anchor.name == "generic"
    assert np.allclose(anchor.confusion.sum(axis=1), 1)
    assert (anchor.confusion.argmax(axis=1) == np.arange(7)).all()
    assert np.allclose(anchor.prior, 1 / 7)


def test_an_unknown_anchor_lists_the_choices() -> None:
    with pytest.raises(InputError, match="meld_dev"):
        choose_anchor({"meld_dev": generic_anchor()}, "mled_dev")


def test_rows_that_are_no_probabilities_are_refused() -> None:
    even = np.full(7, 1 / 7, np.float32)
    with pytest.raises(InputError, match="no probabilities"):
        TeacherAnchor("bad", np.ones((7, 7), np.float32), even)
    with pytest.raises(InputError, match="not of 7"):
        TeacherAnchor("bad", np.full((3, 3), 1 / 3, np.float32), even)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / ANCHORS_FILE
    path.write_text('{"a": {"n": 1}}', encoding="utf-8")
    with pytest.raises(InputError, match="holds no anchors"):
        read_anchors(tmp_path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(StorageError):
        read_anchors(tmp_path)


def test_evidence_is_what_a_vote_says_when_no_emotion_is_likelier_than_another(tmp_path: Path) -> None:
    share = np.array([0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05])
    probs, gold = made_votes(2000, sureness=0.6, seed=1, share=share, lean=1.0)
    anchor = measure_anchor("mine", probs, gold, "made up")
    others, theirs = made_votes(2000, sureness=0.6, seed=2, lean=1.0)
    evidence = anchor.evidence(others)
    assert np.allclose(evidence.sum(axis=1), 1, atol=1e-5)
    assert log_loss(evidence, theirs) < log_loss(others, theirs)
    assert (evidence.argmax(axis=1) == theirs).mean() > (others.argmax(axis=1) == theirs).mean()
    read = anchor.of_evidence()
    assert np.allclose(read.prior, 1 / 7) and read.reading is None
    mine = anchor.evidence(probs)
    assert np.allclose(read.confusion, [mine[gold == z].mean(axis=0) for z in range(7)], atol=1e-5)
    save_anchor(tmp_path / ANCHORS_FILE, anchor)
    back = read_anchors(tmp_path)["mine"]
    assert np.allclose(back.evidence(others), evidence, atol=1e-3)
    assert np.allclose(back.of_evidence().confusion, read.confusion, atol=1e-4)


def test_without_a_measured_reading_the_prior_alone_goes_out() -> None:
    anchor = measure_anchor("few", votes(70), np.arange(70) % 7, "made up")
    assert anchor.reading is None
    expected = votes(5) / anchor.prior
    assert np.allclose(anchor.evidence(votes(5)), expected / expected.sum(axis=1, keepdims=True), atol=1e-6)
    read = anchor.of_evidence()
    assert np.allclose(read.prior, 1 / 7) and np.allclose(read.confusion, anchor.evidence(anchor.confusion), atol=1e-6)
    assert np.allclose(generic_anchor().evidence(votes(5)), votes(5), atol=1e-6)
    assert anchor.evidence(votes(5)[:0]).shape == (0, 7)
