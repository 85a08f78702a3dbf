"""Labels that look wrong are found by what students that never saw them say; too little to compare finds none."""

from __future__ import annotations

import numpy as np

from mmemo.student.label_issues import find_label_issues


def test_swapped_labels_are_found():
    draw = np.random.default_rng(0)
    gold = draw.integers(0, 4, 200)
    probs = 0.15 * np.ones((200, 7)) / 7 + 0.85 * np.eye(7)[gold]
    labels = gold.copy()
    labels[:10] = (gold[:10] + 1) % 4
    found = find_label_issues(labels, probs.astype(np.float32))
    assert found.issue[:10].all() and not found.issue[10:].any()
    assert found.quality[:10].max() < found.quality[10:].min()


def test_nothing_one_and_one_class_give_no_issue():
    for n in (0, 1, 5):
        found = find_label_issues(np.zeros(n, int), np.full((n, 7), 1 / 7, np.float32))
        assert found.issue.tolist() == [False] * n and len(found.quality) == n
