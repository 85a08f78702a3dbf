"""Grouped splits keep a group on one side and cover every row."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.settings import REPOSITORY
from mmemo.student.splits import grouped_folds, grouped_holdout

GROUPS = np.repeat(np.arange(20), 3)


def test_a_group_has_one_fold_and_every_fold_has_rows():
    folds = grouped_folds(GROUPS, 5, seed=0)
    assert sorted(set(folds)) == [0, 1, 2, 3, 4]
    assert all(len(set(folds[g == GROUPS])) == 1 for g in range(20))


def test_folds_repeat_with_the_seed_and_differ_without():
    np.testing.assert_array_equal(grouped_folds(GROUPS, 5, 1), grouped_folds(GROUPS, 5, 1))
    assert (grouped_folds(GROUPS, 5, 1) != grouped_folds(GROUPS, 5, 2)).any()


def test_fewer_groups_than_folds_gives_fewer_folds():
    assert set(grouped_folds(np.array([4, 4, 9, 9]), 5, 0)) == {0, 1}


@pytest.mark.parametrize("groups", [np.array([], int), np.array([1, 1, 1])])
def test_fewer_than_two_groups_is_told(groups):
    with pytest.raises(InputError, match="cannot be trained"):
        grouped_folds(groups, 5, 0)


def test_the_holdout_shares_no_group():
    train, val = grouped_holdout(GROUPS, 0.2, 0)
    assert len(train) + len(val) == len(GROUPS) and len(val) > 0
    assert not set(GROUPS[train]) & set(GROUPS[val])


def test_few_groups_or_no_share_leave_no_holdout():
    assert len(grouped_holdout(np.arange(5), 0.2, 0)[1]) == 0
    assert len(grouped_holdout(GROUPS, 0.0, 0)[1]) == 0


def test_every_split_is_made_here_by_group():
    splitters = re.compile(r"sklearn\.model_selection|random_split|KFold|ShuffleSplit|train_test_split")
    found = {
        path.relative_to(REPOSITORY).as_posix()
        for folder in ("mmemo", "pipelines")
        for path in (REPOSITORY / folder).rglob("*.py")
        if splitters.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"mmemo/student/splits.py"}, "a split elsewhere may tear a group apart"
