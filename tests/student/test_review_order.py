"""The review order: disagreement, doubt and company raise it; labels and neighbours lower it."""

from __future__ import annotations

import numpy as np

from mmemo.student.review_order import clusters_of, expected_gain

_SURE, _DOUBT = [0.98, 0.01, 0.01], [1 / 3, 1 / 3, 1 / 3]


def order(teacher, image, posterior, cluster=None, known=None):
    n = len(teacher)
    cluster = np.arange(n) if cluster is None else np.array(cluster)
    known = np.full(n, -1) if known is None else np.array(known)
    return expected_gain(np.array(teacher), np.array(image), np.array(posterior), cluster, known)


def test_nothing_and_one():
    none = expected_gain(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, int), np.zeros(0, int))
    assert none.order().tolist() == []
    assert order([_SURE], [_DOUBT], [_DOUBT]).order().tolist() == [0]


def test_where_sources_differ_and_the_posterior_doubts_comes_first():
    other = [0.01, 0.98, 0.01]
    found = order([_SURE, _SURE, _SURE], [_SURE, other, other], [_DOUBT, _SURE, _DOUBT])
    assert found.order().tolist() == [2, 1, 0]
    assert found.gain[0] == 0.0


def test_a_large_cluster_comes_first_and_its_second_later():
    found = order([_SURE] * 4, [_DOUBT] * 4, [_DOUBT] * 4, cluster=[0, 1, 1, 1])
    assert found.size.tolist() == [1, 3, 3, 3]
    np.testing.assert_allclose(found.gain / found.gain[0], [1, 3, 1.5, 1])


def test_a_labelled_item_promises_nothing_and_takes_from_its_neighbours():
    found = order([_SURE] * 3, [_DOUBT] * 3, [_DOUBT] * 3, cluster=[0, 0, 1], known=[2, -1, -1])
    assert found.gain[0] == 0.0
    np.testing.assert_allclose(found.gain[1], found.gain[2])


def test_alike_items_share_a_cluster():
    draw = np.random.default_rng(0)
    kinds = draw.normal(0, 1, (5, 40)).astype(np.float32)
    which = np.repeat(np.arange(5), 8)
    cluster = clusters_of(kinds[which] + draw.normal(0, 0.01, (40, 40)).astype(np.float32))
    for kind in range(5):
        others = cluster[which != kind]
        assert not set(cluster[which == kind]) & set(others)
    assert clusters_of(kinds).tolist() == [0, 1, 2, 3, 4], "too few to be put together"
