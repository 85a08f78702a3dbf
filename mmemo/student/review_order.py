"""In which order a person should look at faces: first those whose correction should change the most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FACES_A_CLUSTER = 8
_MOST_CLUSTERS = 400
_PROJECTIONS = 64
_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class ReviewOrder:
    """What N items (tracks) promise.

    gain (N,) 0 or more: disagreement x uncertainty x cluster size, smaller for the second of a cluster and the third.
    cluster (N,) int and size (N,): how many items look alike. A labelled item promises nothing: its gain is 0.
    """

    gain: np.ndarray
    cluster: np.ndarray
    size: np.ndarray

    def order(self) -> np.ndarray:
        """(N,) rows, the most promising first."""
        return np.argsort(-self.gain, kind="stable")


def expected_gain(
    teacher: np.ndarray, image: np.ndarray, posterior: np.ndarray, cluster: np.ndarray, known: np.ndarray
) -> ReviewOrder:
    """Rank items by how much one word about them should change.

    teacher, image, posterior (N, K) rows sum to 1; cluster (N,) int; known (N,) int, -1 where nobody spoke.
    Disagreement is the total variation between the two sources, uncertainty the entropy of the posterior over log K,
    size the share of unlabelled items in the cluster. The j-th item of a cluster counts 1/j, after those that were
    labelled already: neighbours say the same thing twice. A product in the manner of density-weighted uncertainty
    sampling (Settles and Craven 2008, eq. 14), with disagreement between the sources in place of a committee.
    What is chosen so is no sample of the show: `pipelines.benchmark corrections` measures it against a random order.
    """
    n, k = posterior.shape
    assert teacher.shape == image.shape == (n, k) and cluster.shape == known.shape == (n,)
    if n == 0:
        return ReviewOrder(np.zeros(0), cluster, np.zeros(0, np.int64))
    disagreement = 0.5 * np.abs(teacher.astype(np.float64) - image).sum(1)
    p = np.maximum(posterior.astype(np.float64), _FLOOR)
    uncertainty = -(p * np.log(p)).sum(1) / np.log(k)
    size = np.bincount(cluster, minlength=int(cluster.max()) + 1)[cluster]
    alone = disagreement * uncertainty * (known < 0)
    gain = alone * size / _place_in_cluster(alone, cluster, known)
    return ReviewOrder(gain, cluster, size)


def clusters_of(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """(N, D) features of items -> (N,) int: items that look alike share a number, about eight, more of many items.

    K-means into at most 400 clusters on 64 random projections of the features' directions (Johnson and
    Lindenstrauss 1984); fewer than 16 items are one cluster each.
    """
    from sklearn.cluster import MiniBatchKMeans

    n = len(features)
    if n < 2 * FACES_A_CLUSTER:
        return np.arange(n)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    project = np.random.default_rng(seed).standard_normal((features.shape[1], _PROJECTIONS), dtype=np.float32)
    directions = (features @ project / np.maximum(length, _FLOOR)).astype(np.float32)
    count = min(n // FACES_A_CLUSTER, _MOST_CLUSTERS)
    means = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=1024, max_iter=20)
    _, cluster = np.unique(means.fit_predict(directions), return_inverse=True)
    return np.asarray(cluster, np.int64)


def _place_in_cluster(gain: np.ndarray, cluster: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N,) 1 for the best unlabelled item of a cluster without labels, 2 for the next, one more for every label."""
    order = np.lexsort((-gain, cluster))
    start = np.zeros(len(order), np.int64)
    first = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    start[first] = np.arange(len(order))[first]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.maximum.accumulate(start) + 1
    labelled = np.bincount(cluster, known >= 0, minlength=int(cluster.max()) + 1)
    result: np.ndarray = place + labelled[cluster]
    return result
