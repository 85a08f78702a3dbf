"""How the text teacher errs about *faces*: estimated from what people said of them, by show and by character."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmemo.student.noise import Anchor

# A row of the matrix moves half of the way from what is known above it to what was counted with so many corrections.
SHOW_PSEUDO_COUNTS = 10.0
CHARACTER_PSEUDO_COUNTS = 10.0
# A person is taken to name what the face shows four times in five, until others' words and the sources say more.
_PERSON_RIGHT = 0.8
_PERSON_PSEUDO_COUNTS = 20.0
_ITERATIONS = 30
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class FaceNoise:
    """What the teacher says where a face shows an emotion.

    counts (K,): corrected faces by what they show. matrix (K, K): row = shown, column = mean vote, rows sum to 1.
    spread (K, K): standard deviation of each cell under the Dirichlet posterior: how sure the matrix is.
    """

    counts: np.ndarray
    matrix: np.ndarray
    spread: np.ndarray

    def to_plain(self) -> dict[str, Any]:
        """Plain values for noise.json."""
        return {"counts": self.counts.tolist(), "matrix": self.matrix.tolist(), "spread": self.spread.tolist()}


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """What several people together say: posterior (N, K), zero where nobody spoke, and each person's confusion."""

    posterior: np.ndarray
    people: Mapping[str, np.ndarray]


def face_noise(
    votes: np.ndarray, shown: np.ndarray, characters: np.ndarray, anchor: np.ndarray
) -> tuple[FaceNoise, dict[int, FaceNoise]]:
    """The confusion of a show, and of each of its characters that has corrected faces.

    votes (N, K) the teacher's rows; shown (N, K) what people say that the face shows, a zero row where nobody spoke;
    characters (N,) int, 0 for nobody; anchor (K, K) the teacher's confusion on labelled text. A hierarchical
    Dirichlet prior, each level around the mean of the one above: character around show around text (Gelman et al.,
    Bayesian Data Analysis, section 5.3, with fixed concentrations). A soft vote counts as a part of an observation.
    """
    show = _posterior(votes, shown, Anchor(anchor, SHOW_PSEUDO_COUNTS))
    above = Anchor(show.matrix, CHARACTER_PSEUDO_COUNTS)
    spoken = shown.sum(1) > 0
    return show, {
        int(character): _posterior(votes[characters == character], shown[characters == character], above)
        for character in np.unique(characters[spoken])
        if character > 0
    }


def _posterior(votes: np.ndarray, shown: np.ndarray, above: Anchor) -> FaceNoise:
    counts = shown.sum(0)
    weights = above.pseudo_counts * above.confusion + shown.T @ votes.astype(np.float64)
    total = weights.sum(1, keepdims=True)
    matrix = weights / total
    return FaceNoise(counts, matrix, np.sqrt(matrix * (1.0 - matrix) / (total + 1.0)))


def agreement(
    words: Mapping[str, np.ndarray],
    sources: Mapping[str, tuple[np.ndarray, np.ndarray]],
    decided: np.ndarray | None = None,
) -> Agreement:
    """What faces show when several people spoke of them and may differ.

    words: {person: (N,) int class, -1 where silent}; sources: {name: ((N, K) votes, (K, K) confusion)} of teacher and
    image baseline, which break ties and whose confusions are held. Each person has a confusion of their own,
    estimated from the faces that they share with others, with a Dirichlet prior of 20 faces a class around being
    right four times in five. Dawid and Skene 1979, section 3, by EM. Where all who spoke agree, their word is certain,
    and so is what was decided: (N,) int class, -1 for no decision.
    """
    (n, k) = next(iter(sources.values()))[0].shape
    one_hot = np.eye(k)
    said = {person: np.where((w >= 0)[:, None], one_hot[np.maximum(w, 0)], 0.0) for person, w in words.items()}
    total = sum(said.values(), np.zeros((n, k)))
    spoken = total.sum(1) > 0
    agreed = spoken & (total.max(1) == total.sum(1))
    start = _PERSON_RIGHT * one_hot + (1 - _PERSON_RIGHT) / (k - 1) * (1 - one_hot)
    people = dict.fromkeys(said, start)
    evidence = np.zeros((n, k))
    for votes, confusion in sources.values():
        evidence += votes @ np.log(np.maximum(confusion, _FLOOR)).T
    posterior = np.where(agreed[:, None], total / np.maximum(total.sum(1, keepdims=True), 1), 0.0)
    if decided is not None:
        over = decided >= 0
        posterior[over] = one_hot[decided[over]]
        agreed, spoken = agreed | over, spoken | over
    for _ in range(_ITERATIONS):
        posterior = _shown(evidence, said, people, agreed, spoken, posterior)
        for person, votes in said.items():
            weights = _PERSON_PSEUDO_COUNTS * start + posterior.T @ votes
            people[person] = weights / weights.sum(1, keepdims=True)
    return Agreement(posterior, people)


def _shown(
    evidence: np.ndarray,
    said: Mapping[str, np.ndarray],
    people: Mapping[str, np.ndarray],
    agreed: np.ndarray,
    spoken: np.ndarray,
    before: np.ndarray,
) -> np.ndarray:
    log_q = evidence + sum(votes @ np.log(people[person]).T for person, votes in said.items())
    q = np.exp(log_q - log_q.max(1, keepdims=True))
    q /= q.sum(1, keepdims=True)
    posterior: np.ndarray = np.where(agreed[:, None], before, np.where(spoken[:, None], q, 0.0))
    return posterior


def settled(posterior: np.ndarray, at_least: float = 0.6) -> np.ndarray:
    """(N,) int: the class that people settled on, -1 where they did not or nobody spoke."""
    chosen: np.ndarray = np.where(posterior.max(1) >= at_least, posterior.argmax(1), -1)
    return chosen
