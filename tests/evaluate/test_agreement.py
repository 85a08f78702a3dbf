"""Agreement against published examples, and what is said of too few faces."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from mmemo.evaluate.agreement import coincidences, group_agreement, pair_agreement, share

# Krippendorff 2011, section C: four observers, twelve units, categories 1 to 5, "." for missing; alpha 0.743.
NOMINAL = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .")
# Section A: two observers, ten units, two categories; alpha 0.095.
BINARY = ("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")


def words(rows: tuple[str, ...], first: int = 0) -> dict[str, np.ndarray]:
    return {
        str(who): np.array([-1 if one == "." else int(one) - first for one in row.split()])
        for who, row in enumerate(rows)
    }


def test_alpha_is_that_of_the_published_examples():
    found = group_agreement(words(NOMINAL, 1), 5)
    assert found.alpha.value == pytest.approx(0.743, abs=5e-4)
    assert (found.faces, found.words) == (11, 40), "a unit that one observer saw alone does not count"
    assert group_agreement(words(BINARY), 2).alpha.value == pytest.approx(0.095, abs=5e-4)


def test_the_coincidences_are_those_of_the_published_example():
    table = np.array([[int(c in column) * column.count(c) for c in range(1, 6)] for column in _columns()])
    pairs = coincidences(table[table.sum(1) >= 2]).sum(0)
    assert np.diag(pairs) == pytest.approx([7, 10, 8, 4, 3]) and pairs.sum(1) == pytest.approx([9, 13, 10, 5, 3])
    assert pairs[0, 1] == pytest.approx(4 / 3) and pairs[0, 2] == pytest.approx(1 / 3)


def _columns() -> list[list[int]]:
    return [
        [int(one) for one in column if one != "."] for column in zip(*(row.split() for row in NOMINAL), strict=True)
    ]


def test_kappa_is_that_of_the_published_example_and_of_sklearn():
    # Cohen 1960, table 1, in counts of 200: kappa 0.492.
    counts = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    first, second = (np.repeat(axis.ravel(), counts.ravel()) for axis in np.indices((3, 3)))
    found = pair_agreement(first, second, 3)
    assert found.kappa.value == pytest.approx(0.492, abs=5e-4) and found.same.value == pytest.approx(0.70)
    assert np.array_equal(found.counts, counts) and found.faces == 200
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 7, 50), rng.integers(0, 7, 50)
    b[:25] = a[:25]
    assert pair_agreement(a, b, 8).kappa.value == pytest.approx(cohen_kappa_score(a, b))


def test_silence_is_left_out_and_the_interval_holds_the_figure():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 7, 200)
    people = {name: np.where(rng.random(200) < 0.7, truth, rng.integers(0, 7, 200)) for name in "abc"}
    people["a"][:50] = -1
    people["b"][40:60] = -1
    found = group_agreement(people, 8)
    assert found.faces == 190 and found.alpha.ci95 is not None and found.same.ci95 is not None
    assert found.alpha.value and found.alpha.ci95[0] < found.alpha.value < found.alpha.ci95[1]
    assert found.by_class[7] == (None, 0) and sum(n for _, n in found.by_class) == found.words
    assert group_agreement(people, 8).alpha == found.alpha, "the same seed, the same interval"
    pair = pair_agreement(people["a"], people["b"], 8)
    assert pair.faces == 140 and pair.kappa.ci95 and pair.kappa.ci95[0] < (pair.kappa.value or 0) < pair.kappa.ci95[1]


def test_too_few_faces_have_no_interval_and_nothing_is_nothing():
    few = group_agreement({"a": np.array([0, 1, 2]), "b": np.array([0, 1, -1])}, 8)
    assert few.is_few and few.faces == 2 and few.alpha.value == 1.0 and few.alpha.ci95 is None
    none = group_agreement({}, 8)
    assert (none.faces, none.alpha.value, none.same.value, none.is_few) == (0, None, None, True)
    alone = group_agreement({"a": np.array([1, 2])}, 8)
    assert alone.faces == 0 and alone.alpha.value is None
    pair = pair_agreement(np.array([-1]), np.array([2]), 8)
    assert pair.is_few and pair.kappa.value is None and pair.same.value is None


def test_where_nothing_varies_alpha_and_kappa_are_not_known():
    same = {"a": np.zeros(20, int), "b": np.zeros(20, int)}
    found = group_agreement(same, 8)
    assert found.alpha.value is None and found.alpha.ci95 is None and found.same.value == 1.0
    assert pair_agreement(same["a"], same["b"], 8).kappa.value is None


def test_the_interval_of_a_share_is_wilsons():
    assert share(0, 0).value is None and share(0, 0).ci95 is None
    # Newcombe 1998, table I, method 3: 15 of 148, and none of 20.
    assert share(15, 148).ci95 == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert share(0, 20).ci95 == pytest.approx((0.0, 0.1611), abs=5e-5)
