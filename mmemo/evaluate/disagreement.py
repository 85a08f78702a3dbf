"""Where two models see different things in the same face."""

from __future__ import annotations

import numpy as np


def disagreement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, 7) and (N, 7) probabilities -> (N,) float: how much probability sits elsewhere, from 0 to 1.

    Half of the summed absolute difference (total variation distance).
    """
    assert first.shape == second.shape, "one row of each model a face"
    distances: np.ndarray = 0.5 * np.abs(first.astype(np.float64) - second.astype(np.float64)).sum(axis=1)
    return distances


def largest_disagreements(first: np.ndarray, second: np.ndarray, groups: np.ndarray, limit: int = 24) -> list[int]:
    """Rows with the largest disagreement, largest first, at most one row a group and `limit` in all.

    `groups` (N,) names the track of each face: neighbouring frames of one face say the same thing twice.
    """
    distances = disagreement(first, second)
    assert len(groups) == len(distances), "one group a face"
    chosen: dict[object, int] = {}
    for row in np.argsort(-distances, kind="stable").tolist():
        if len(chosen) == limit:
            break
        chosen.setdefault(groups[row], row)
    return list(chosen.values())
