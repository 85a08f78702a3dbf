"""FER+: grey 48-pixel faces with the votes of ten people each.

Barsoum et al. 2016, "Training deep networks for facial expression recognition with crowd-sourced label
distribution". The form that is read here holds one split a file: `images` (N, 48, 48) uint8 and `votes` (N, 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7

# Columns of `votes`, in the order of the published table.
VOTES = ("neutral", "joy", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "no face")
_OURS = np.array([VOTES.index(label) for label in EKMAN7.labels])


@dataclass(frozen=True, slots=True, eq=False)
class FerPlus:
    """Faces of one split whose majority is one of the seven emotions.

    `images` (N, 48, 48) uint8 grey; `labels` (N,) int64 columns of EKMAN7; `votes` (N, 7) float32, the share of
    each emotion among the votes for the seven; rows sum to 1.
    """

    images: np.ndarray
    labels: np.ndarray
    votes: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.images) == len(self.labels) == len(self.votes), "one label and one row of votes a face"

    def crops(self) -> list[np.ndarray]:
        """The faces as (48, 48, 3) uint8, all channels equal."""
        return [np.repeat(image[..., None], 3, axis=2) for image in self.images]


def read_ferplus(path: Path) -> FerPlus:
    """Read one split; the majority counts over all ten columns, a tie goes to the earlier one.

    Raises InputError when the file is no such split or holds no face of the seven emotions.
    """
    images, votes = _read_arrays(path)
    majority = votes.argmax(axis=1)
    kept = np.isin(majority, _OURS) & (votes[np.arange(len(votes)), majority] > 0)
    if not kept.any():
        raise InputError(f"{path} holds no face with one of the seven emotions", hint="choose another split")
    column = np.zeros(len(VOTES), np.int64)
    column[_OURS] = np.arange(len(EKMAN7))
    ours = votes[kept][:, _OURS].astype(np.float32)
    return FerPlus(images[kept], column[majority[kept]], ours / ours.sum(axis=1, keepdims=True))


def _read_arrays(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            images, votes = stored["images"], stored["votes"]
    except (OSError, KeyError, ValueError, BadZipFile, EOFError) as error:
        raise InputError(
            f"{path} is missing or is no FER+ split", hint="give an .npz with images (N, 48, 48) and votes (N, 10)"
        ) from error
    if images.ndim != 3 or images.dtype != np.uint8 or votes.shape != (len(images), len(VOTES)):
        raise InputError(
            f"{path} holds images {images.shape} {images.dtype} and votes {votes.shape}",
            hint="expected images (N, 48, 48) uint8 and votes (N, 10)",
        )
    return images, votes
