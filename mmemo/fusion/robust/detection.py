"""Which training samples look poisoned: by what a trained model makes of them, or by opinions that labels cannot reach.

The last one needs two modalities: a text network and a face network that never saw the labels each say what they think,
and a label that both together contradict is suspect. An attacker of labels would have to change faces and lines, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmemo.student.label_issues import find_label_issues

# Fewer samples of a class than this are not split in two clusters.
_FEWEST = 12
_DIMENSIONS = 10
# A cluster with more of its class than this is taken for a part of the class (Chen et al. 2018, relative size).
_LARGEST_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector flagged: how many, which share of them was poison, and which share of the poison they are.

    precision is None where nothing was flagged, recall where there was no poison. by_chance: the precision of flagging
    at random, which is the share of poison; its recall is the share flagged.
    """

    flagged: int
    precision: float | None
    recall: float | None
    by_chance: float
    recall_by_chance: float


def found(flagged: np.ndarray, poison: np.ndarray) -> Found:
    """(N,) bool flagged against (N,) bool poison; N may be 0."""
    hits, many = int((flagged & poison).sum()), max(1, len(poison))
    return Found(
        int(flagged.sum()),
        hits / int(flagged.sum()) if flagged.any() else None,
        hits / int(poison.sum()) if poison.any() else None,
        float(poison.sum() / many),
        float(flagged.sum() / many),
    )


def activation_clusters(hidden: np.ndarray, labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """(N, D) hidden states of a trained model, (N,) its labels -> (N,) bool suspects.

    Each class is split in two; the smaller part is suspect if it holds at most 35 % of the class. Chen et al. 2018
    (activation clustering) with ART's steps: principal components, then k-means.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    suspects = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) < _FEWEST:
            continue
        reduced = PCA(min(_DIMENSIONS, hidden.shape[1]), random_state=seed).fit_transform(hidden[rows])
        cluster = KMeans(2, n_init=4, random_state=seed).fit_predict(reduced)
        smaller = cluster == np.bincount(cluster, minlength=2).argmin()
        if smaller.mean() <= _LARGEST_SHARE:
            suspects[rows[smaller]] = True
    return suspects


def spectral_signatures(hidden: np.ndarray, labels: np.ndarray, expected: float) -> np.ndarray:
    """(N, D) hidden states, (N,) labels -> (N,) bool: in each class, the 1.5 * `expected` share that stands out most.

    Tran et al. 2018, algorithm 1, with ART's score: the length along the first singular vector of the class. It has to
    be told the share of poison, which nobody knows who is attacked.
    """
    from art.defences.detector.poison import SpectralSignatureDefense

    suspects = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        centred = hidden[rows] - hidden[rows].mean(0)
        score = SpectralSignatureDefense.spectral_signature_scores(centred)[:, 0]
        suspects[rows[np.argsort(-score)[: round(1.5 * expected * len(rows))]]] = True
    return suspects


def contradicted(labels: np.ndarray, opinions: np.ndarray) -> np.ndarray:
    """(N,) labels, (N, K) opinions that these labels did not make -> (N,) bool: where confident learning doubts them.

    With opinions of models trained on the other samples this is cleanlab's way (Northcutt et al. 2021). With what text
    and image say together (student.fusion) the opinions are those of two networks that no label of this set has reached.
    """
    return find_label_issues(labels, opinions).issue


def agreed_against(labels: np.ndarray, face: np.ndarray, text: np.ndarray) -> np.ndarray:
    """(N,) labels, (N, K) opinions of a face and of its line -> (N,) bool: both name one class, and the label another.

    Two witnesses who never met and say the same are seldom both wrong (co-training's view of two modalities: Blum and
    Mitchell 1998); there is nothing to set.
    """
    seen, heard = face.argmax(1), text.argmax(1)
    return np.asarray((seen == heard) & (seen != labels))
