"""From its votes alone: which labelled text a show is like, and whether it is like none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.teacher.anchors import ANCHORS_FILE, TeacherAnchor, generic_anchor, measure_anchor, read_anchors, save_anchor
from mmemo.teacher.resemblance import AUTO, mixed_anchor, resembling_anchor
from tests.teacher.made_votes import made_votes

DULL = np.array([0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05])


def anchors() -> dict[str, TeacherAnchor]:
    """One text on which the teacher is sure of itself, and one on which it is not."""
    return {
        "meld_dev": measure_anchor("meld_dev", *made_votes(1500, sureness=0.4, seed=1, share=DULL), "vague talk"),
        "clear": measure_anchor("clear", *made_votes(1500, sureness=1.0, seed=2, share=DULL), "clear talk"),
    }


@pytest.mark.parametrize(("sureness", "like"), [(0.4, "meld_dev"), (1.0, "clear")])
@pytest.mark.parametrize("share", [DULL, DULL[::-1]])
def test_a_text_is_told_by_its_votes_whatever_emotions_it_shows(sureness: float, like: str, share: np.ndarray) -> None:
    probs, gold = made_votes(200, sureness=sureness, seed=5, share=share)
    anchor, told = resembling_anchor(anchors(), probs)
    assert told is not None and max(told.shares, key=lambda name: told.shares[name]) == like
    assert told.shares[like] > 0.9 and not told.is_strange
    assert np.allclose(told.emotions, np.bincount(gold, minlength=7) / len(gold), atol=0.12)
    assert like in told.says() and "none of them" not in told.says()
    assert anchor.name == AUTO and np.allclose(anchor.confusion, anchors()[like].confusion, atol=0.05)
    assert anchor.reading is not None and np.allclose(anchor.evidence(probs).sum(axis=1), 1, atol=1e-5)


def test_a_mixed_anchor_lies_between_its_parts() -> None:
    mine = anchors()
    mixed = mixed_anchor(mine, {"meld_dev": 0.25, "clear": 0.75})
    assert np.allclose(mixed.confusion, 0.25 * mine["meld_dev"].confusion + 0.75 * mine["clear"].confusion, atol=1e-5)
    assert mixed.source == "75 % clear talk; 25 % vague talk" and mixed.n == 3000
    readings = [anchor.reading for anchor in (mine["clear"], mixed, mine["meld_dev"])]
    temperatures = [reading.calibration.temperature for reading in readings if reading is not None]
    assert temperatures == sorted(temperatures) and len(set(temperatures)) == 3


def test_lines_that_are_like_no_labelled_text_are_told_in_words() -> None:
    flat = np.random.default_rng(0).dirichlet(np.full(7, 50.0), 200).astype(np.float32)
    leaning = flat * np.array([0.5, 0.5, 0.5, 0.5, 0.5, 9, 9], np.float32)
    _, told = resembling_anchor(anchors(), leaning / leaning.sum(axis=1, keepdims=True))
    assert told is not None and told.is_strange and told.misfit > told.usual
    assert "none of them" in told.says() and "gold" in told.says()


@pytest.mark.parametrize("lines", [0, 1, 24])
def test_a_few_lines_tell_nothing(lines: int) -> None:
    anchor, told = resembling_anchor(anchors(), made_votes(lines, seed=3)[0])
    assert anchor.name == "meld_dev" and told is not None and "too few" in told.says()
    assert not told.is_strange


def test_anchors_without_a_spread_of_votes_mean_the_default(tmp_path: Path) -> None:
    probs, gold = made_votes(60, seed=3)
    old = {"meld_dev": measure_anchor("meld_dev", probs, gold, "few"), "other": generic_anchor()}
    assert resembling_anchor(old, probs) == (old["meld_dev"], None)
    assert resembling_anchor({}, probs)[0].name == "generic"
    save_anchor(tmp_path / ANCHORS_FILE, measure_anchor("mine", *made_votes(300, seed=4), "mine"))
    anchor, told = resembling_anchor(read_anchors(tmp_path), probs)
    assert anchor.source == "100 % mine" and told is not None and dict(told.shares) == {"mine": 1.0}
