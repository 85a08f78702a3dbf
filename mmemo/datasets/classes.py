"""Labels given as words: Ekman's seven where they all are, else a vocabulary of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7, Vocabulary, to_ekman7

_MAX_CLASSES = 1000


def columns_of(names: Sequence[str]) -> tuple[Vocabulary, np.ndarray]:
    """The vocabulary of N labels, and (N,) int64 columns of it.

    Synonyms of Ekman's seven, such as happy, are joined, unless two different names would become one, which says that
    the labels are finer than the seven. More than a thousand different labels raise InputError.
    """
    different = sorted(set(names))
    try:
        seven = [to_ekman7(name) for name in different]
    except InputError:
        seven = []
    if different and seven and len(set(seven)) == len(seven):
        column = {name: EKMAN7.index(label) for name, label in zip(different, seven, strict=True)}
        return EKMAN7, np.array([column[name] for name in names], np.int64)
    if not different or len(different) > _MAX_CLASSES:
        raise InputError(f"there are {len(different)} different labels", hint="is it the right column?")
    column = {name: i for i, name in enumerate(different)}
    return Vocabulary("own", tuple(different)), np.array([column[name] for name in names], np.int64)
