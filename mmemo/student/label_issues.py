"""Labels that look wrong: where students that never saw an item are sure of another class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class LabelIssues:
    """Of N items: issue (N,) bool, and quality (N,) 0 to 1, the out-of-fold probability of the given label."""

    issue: np.ndarray
    quality: np.ndarray


def find_label_issues(labels: np.ndarray, out_of_fold: np.ndarray) -> LabelIssues:
    """Confident learning over (N,) int labels and (N, K) probabilities of students that never saw the item.

    An item is an issue when its probability of another class reaches that class's threshold, the mean
    self-confidence of the items that are labelled so. Northcutt, Jiang and Chuang 2021, section 3, as cleanlab
    implements it (filter by the confident joint's off-diagonal). A class without items has no threshold and is
    left out; fewer than two classes give no issue.
    """
    from cleanlab.filter import find_label_issues as confident_learning
    from cleanlab.rank import get_self_confidence_for_each_label

    n, _ = out_of_fold.shape
    assert labels.shape == (n,)
    present = np.unique(labels)
    if len(present) < 2:
        return LabelIssues(np.zeros(n, bool), np.ones(n))
    probs = np.maximum(out_of_fold[:, present].astype(np.float64), 1e-9)
    probs /= probs.sum(1, keepdims=True)
    given = np.searchsorted(present, labels)
    issue = confident_learning(given, probs, filter_by="confident_learning", n_jobs=1)
    return LabelIssues(np.asarray(issue, bool), np.asarray(get_self_confidence_for_each_label(given, probs)))
