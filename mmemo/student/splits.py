"""Grouped splits: no group is ever on both sides."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import GroupKFold, GroupShuffleSplit

from mmemo.errors import InputError


def grouped_folds(groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """(N,) int fold of every row, 0..folds-1; rows of one group share a fold.

    Fewer groups than folds gives as many folds as groups; fewer than two groups raises InputError.
    """
    count = len(np.unique(groups))
    if count < 2:
        raise InputError(
            f"{count} usable face track{'' if count == 1 else 's'}: a student cannot be trained and judged apart",
            hint="use a longer episode, or look at the account of cues for what was dropped",
        )
    fold_of = np.empty(len(groups), np.int64)
    splitter = GroupKFold(n_splits=min(folds, count), shuffle=True, random_state=seed)
    for fold, (_, rows) in enumerate(splitter.split(groups, groups=groups)):
        fold_of[rows] = fold
    return fold_of


def grouped_holdout(groups: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (train, validation); validation is empty when share is 0 or there are under 8 groups."""
    rows = np.arange(len(groups))
    if share <= 0 or len(np.unique(groups)) < 8:
        return rows, rows[:0]
    splitter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    train, validation = next(splitter.split(rows, groups=groups))
    return train, validation
