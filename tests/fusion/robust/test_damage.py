"""Damage of pictures and lines: it grows with its strength, a seed repeats it, and odd input is told."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.fusion.robust.corruptions import CORRUPTIONS, STRENGTHS, corrupted, damaged_anyhow
from mmemo.fusion.robust.wording import reworded


def smooth_pictures() -> np.ndarray:
    ramp = np.linspace(60, 190, 96)
    checks = 20 * ((np.indices((96, 96)) // 6).sum(0) % 2)
    return np.repeat((ramp[None, :, None] + ramp[:, None, None]) / 2 + checks[..., None], 3, 2)[None].astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_more_strength_is_more_damage(name):
    pictures = np.repeat(smooth_pictures(), 6, axis=0)
    off = [np.abs(corrupted(pictures, name, s).astype(float) - pictures).mean() for s in STRENGTHS]
    assert off[0] > 0 and off == sorted(off)
    again, other = corrupted(pictures, name, 3), corrupted(pictures, name, 3, seed=1)
    assert (again == corrupted(pictures, name, 3)).all()
    assert name in ("jpeg", "blur") or (again != other).any()
    assert (pictures == np.repeat(smooth_pictures(), 6, axis=0)).all(), "what is given stays as it is"


def test_odd_damage_is_told():
    empty = smooth_pictures()[:0]
    assert corrupted(empty, "blur", 1).shape == empty.shape == damaged_anyhow(empty).shape
    for name, strength in (("rain", 1), ("blur", 0), ("blur", 6)):
        with pytest.raises(InputError, match="no corruption"):
            corrupted(empty, name, strength)
    assert len({one.tobytes() for one in damaged_anyhow(np.repeat(smooth_pictures(), 8, axis=0))}) > 4


def test_typos_keep_words_apart_and_dropped_words_keep_one():
    lines = ["I never wanted you to go away from here.", "No!", "", "..."]
    typed = reworded(lines, "typos", 0.3)
    assert typed[0] != lines[0] and len(typed[0].split()) == len(lines[0].split())
    assert typed[2:] == lines[2:] and reworded(lines, "typos", 0) == lines
    dropped = reworded(lines, "dropped_words", 1.0)
    assert dropped[0] in lines[0].split() and dropped[1] == "No!" and dropped[2] == ""
    half = reworded([lines[0]] * 50, "dropped_words", 0.5)
    assert 2.5 < np.mean([len(one.split()) for one in half]) < 6.5
    assert reworded([], "typos", 0.1) == []
    with pytest.raises(InputError, match="no damage"):
        reworded(lines, "synonyms", 0.1)
