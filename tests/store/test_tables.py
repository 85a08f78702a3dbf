"""Probabilities go beside ids and come back in any order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmemo.store.tables import PROB_COLUMNS, aligned_probs, probs_of, with_probs


def example(n: int) -> tuple[pd.DataFrame, np.ndarray]:
    ids = pd.DataFrame({"face_id": [f"f{i}" for i in range(n)]}, index=range(5, 5 + n))
    return ids, np.random.default_rng(0).dirichlet(np.ones(7), n).astype(np.float32)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_probs_come_back(n: int):
    ids, probs = example(n)
    table = with_probs(ids, probs)
    assert list(table.columns) == ["face_id", *PROB_COLUMNS]
    assert probs_of(table).dtype == np.float32
    np.testing.assert_array_equal(probs_of(table), probs)


def test_aligned_probs_follow_the_ids():
    ids, probs = example(4)
    aligned = aligned_probs(with_probs(ids, probs), "face_id", ["f3", "f0", "f3"])
    np.testing.assert_array_equal(aligned, probs[[3, 0, 3]])


def test_an_unknown_id_is_a_bug():
    ids, probs = example(2)
    with pytest.raises(KeyError):
        aligned_probs(with_probs(ids, probs), "face_id", ["f9"])


def test_one_row_of_seven_an_id():
    ids, probs = example(2)
    with pytest.raises(AssertionError, match="seven"):
        with_probs(ids, probs[:1])
