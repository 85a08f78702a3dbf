"""Synthetic pairings: a real face gets a real line of the same emotion, drawn at random.

The noise of the targets is then the real noise of the text teacher, and nothing else: no wrong face, no irony that
the face gives away. Every figure that comes from a pairing is called synthetic.
"""

from __future__ import annotations

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7


def pair(face_gold: np.ndarray, line_gold: np.ndarray, seed: int) -> np.ndarray:
    """(N,) a row of the lines for every face, of the face's own emotion; evenly drawn, and lines may come twice.

    face_gold (N,), line_gold (L,) columns of EKMAN7. An emotion that has faces but no line raises InputError.
    """
    draw = np.random.default_rng(seed)
    chosen = np.empty(len(face_gold), np.int64)
    for emotion in np.unique(face_gold):
        lines = np.flatnonzero(line_gold == emotion)
        if len(lines) == 0:
            raise InputError(
                f"no line shows {EKMAN7.labels[emotion]}, but faces do", hint="pair with a file of all seven emotions"
            )
        faces = np.flatnonzero(face_gold == emotion)
        chosen[faces] = draw.choice(lines, len(faces))
    return chosen


def some_known(gold: np.ndarray, order: np.ndarray, count: int) -> np.ndarray:
    """(M,) gold of the first `count` items of `order`, -1 elsewhere: what a person would have corrected first."""
    known = np.full(len(gold), -1, np.int64)
    first = order[:count]
    known[first] = gold[first]
    return known


def random_order(items: int, seed: int) -> np.ndarray:
    """(M,) all items in an order drawn by the seed; not the stream that draws the pairing."""
    return np.random.default_rng([seed, 1]).permutation(items)
