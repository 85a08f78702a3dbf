"""How a teacher's votes spread over text whose emotions are known: what another text's votes are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7

K = len(EKMAN7)
# With fewer lines a spread in six directions is a guess.
MIN_LINES = 100
# An emotion with few lines borrows the spread of all, which counts like so many lines of its own.
_SHRINK_LINES = 10.0
_RIDGE = 1e-2
_FLOOR = 1e-4
_EM_STEPS, _SMOOTHING_LINES = 100, 1.0


def _basis() -> np.ndarray:
    """(7, 6) orthonormal directions in which the logarithms of probabilities can differ (Egozcue et al. 2003)."""
    basis = np.zeros((K, K - 1))
    for j in range(K - 1):
        basis[: j + 1, j], basis[j + 1, j] = 1.0 / (j + 1), -1.0
        basis[:, j] *= np.sqrt((j + 1) / (j + 2))
    return basis


_BASIS = _basis()


@dataclass(frozen=True, slots=True, eq=False)
class VoteDensity:
    """One normal distribution a true emotion over log-ratios of votes: means (7, 6), covariances (7, 6, 6)."""

    means: np.ndarray
    covariances: np.ndarray

    def __post_init__(self) -> None:
        if self.means.shape != (K, K - 1) or self.covariances.shape != (K, K - 1, K - 1):
            raise InputError("a spread of votes is not that of seven emotions", hint="compute the anchor again")
        try:
            np.linalg.cholesky(self.covariances)
        except np.linalg.LinAlgError as error:
            raise InputError("a spread of votes is no covariance", hint="compute the anchor again") from error

    def log_density(self, probs: np.ndarray) -> np.ndarray:
        """(N, 7) log density of (N, 7) votes given each true emotion."""
        ratios = log_ratios(probs)
        out = np.empty((len(ratios), K))
        for z in range(K):
            root = np.linalg.cholesky(self.covariances[z])
            away = np.linalg.solve(root, (ratios - self.means[z]).T)
            out[:, z] = -0.5 * (away**2).sum(axis=0) - np.log(np.diag(root)).sum()
        density: np.ndarray = out - 0.5 * (K - 1) * np.log(2 * np.pi)
        return density

    def to_plain(self) -> dict[str, Any]:
        """What is stored of it."""
        return {"means": np.round(self.means, 4).tolist(), "covariances": np.round(self.covariances, 4).tolist()}

    @classmethod
    def from_plain(cls, value: dict[str, Any]) -> VoteDensity:
        """The stored values back."""
        return cls(np.asarray(value["means"], np.float64), np.asarray(value["covariances"], np.float64))


def log_ratios(probs: np.ndarray) -> np.ndarray:
    """(N, 7) probabilities -> (N, 6) isometric log-ratios, in which votes of one emotion form about one cloud."""
    ratios: np.ndarray = np.log(np.maximum(probs.astype(np.float64), _FLOOR)) @ _BASIS
    return ratios


def fit_density(probs: np.ndarray, gold: np.ndarray) -> VoteDensity | None:
    """The spread of (N, 7) votes by (N,) gold columns; None with under 100 lines.

    An emotion that no line shows gets the mean and spread of all lines.
    """
    if len(probs) < MIN_LINES:
        return None
    ratios = log_ratios(probs)
    shown = np.bincount(gold, minlength=K) > 0
    means = np.stack([ratios[gold == z].mean(axis=0) if shown[z] else ratios.mean(axis=0) for z in range(K)])
    away = ratios - means[gold]
    within = away.T @ away / len(away) + _RIDGE * np.eye(K - 1)
    covariances = np.empty((K, K - 1, K - 1))
    for z in range(K):
        mine = away[gold == z]
        covariances[z] = (mine.T @ mine + _SHRINK_LINES * within) / (len(mine) + _SHRINK_LINES)
    return VoteDensity(means, covariances + _RIDGE * np.eye(K - 1))


def emotion_shares(log_density: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the emotions (7,) that explain votes of (N, 7) log densities best, and each vote's log density (N,).

    Expectation-maximisation over the mixture's weights alone (Saerens et al. 2002), one line a class as smoothing: the
    text's own prior is found, and so does not decide what text it resembles.
    """
    most = log_density.max(axis=1, keepdims=True)
    likelihood = np.exp(log_density - most)
    shares = np.full(K, 1.0 / K)
    for _ in range(_EM_STEPS):
        belongs = likelihood * shares
        belongs /= belongs.sum(axis=1, keepdims=True)
        shares = (belongs.sum(axis=0) + _SMOOTHING_LINES) / (len(belongs) + K * _SMOOTHING_LINES)
    return shares, np.log(likelihood @ shares) + most[:, 0]
