"""Damage that lines suffer: letters typed wrongly, words lost; nothing that would change what is meant on purpose.

After Belinkov and Bisk 2018 (swapped and wrong letters) and Wei and Zou 2019 (random deletion of words).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mmemo.errors import InputError

# Neighbours on a keyboard of letters in rows (QWERTY).
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {
    letter: [row[place] for place in (i - 1, i + 1) if 0 <= place < len(row)]
    for row in _ROWS
    for i, letter in enumerate(row)
}


def typos(text: str, share: float, draw: np.random.Generator) -> str:
    """`share` of the letters, each swapped with the next one or replaced by its neighbour on the keyboard."""
    letters = list(text)
    for place in np.flatnonzero(draw.random(len(letters)) < share).tolist():
        near = _NEAR.get(letters[place].lower())
        if near is None:
            continue
        following = letters[place + 1] if place + 1 < len(letters) else ""
        if following.isalpha() and draw.random() < 0.5:
            letters[place], letters[place + 1] = following, letters[place]
        else:
            letters[place] = near[int(draw.integers(len(near)))]
    return "".join(letters)


def dropped_words(text: str, share: float, draw: np.random.Generator) -> str:
    """`share` of the words gone; the last one left stays."""
    words = text.split()
    if not words:
        return text
    kept = draw.random(len(words)) >= share
    if not kept.any():
        kept[int(draw.integers(len(words)))] = True
    return " ".join(word for word, stays in zip(words, kept, strict=True) if stays)


WORDINGS: Mapping[str, Callable[[str, float, np.random.Generator], str]] = {
    "typos": typos,
    "dropped_words": dropped_words,
}


def reworded(texts: list[str], name: str, share: float, seed: int = 0) -> list[str]:
    """The lines with `share` (0 to 1) of their letters or words damaged; the seed draws which."""
    if name not in WORDINGS or not 0 <= share <= 1:
        raise InputError(
            f"there is no damage {name} of {share}", hint=f"choose one of {', '.join(WORDINGS)} and a share from 0 to 1"
        )
    draw = np.random.default_rng([seed, list(WORDINGS).index(name)])
    return [WORDINGS[name](text, share, draw) for text in texts]
