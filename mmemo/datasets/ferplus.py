"""FER+: grey 48-pixel faces with the votes of ten people each.

Barsoum et al. 2016, "Training deep networks for facial expression recognition with crowd-sourced label
distribution". Two forms are read. One holds a split a file: `images` (N, 48, 48) uint8 and `votes` (N, 10). The
published one is a folder of pictures a split with `label.csv`: name, box, ten votes, without a header.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.paired import FACE, PairedSet, Pictures
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import LEFT_OUT, MISSING, ProblemLog
from mmemo.datasets.sources import PictureArray, PictureFiles, on_disk, read_archive
from mmemo.datasets.tables import read_plain_table
from mmemo.errors import InputError
from mmemo.labels import EKMAN7

SPLITS = {"train": "FER2013Train", "valid": "FER2013Valid", "test": "FER2013Test"}
PUBLISHED = {"train": 28_558, "valid": 3_579, "test": 3_573}
_LABEL_FORM = "a row of label.csv is a picture's name, its box, and ten numbers of votes"
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
    kept, labels = majority_of(votes)
    if not kept.any():
        raise InputError(f"{path} holds no face with one of the seven emotions", hint="choose another split")
    ours = votes[kept][:, _OURS].astype(np.float32)
    return FerPlus(images[kept], labels[kept], ours / ours.sum(axis=1, keepdims=True))


def majority_of(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of (N, 10) votes: (N,) bool, whether the majority is one of the seven emotions, and (N,) int64 which one."""
    majority = votes.argmax(axis=1)
    kept = np.isin(majority, _OURS) & (votes[np.arange(len(votes)), majority] > 0)
    column = np.zeros(len(VOTES), np.int64)
    column[_OURS] = np.arange(len(EKMAN7))
    return kept, column[majority]


def array_set(path: Path, split: str = "") -> PairedSet:
    """A split in one file of arrays; faces without a majority for one of the seven are left out and counted."""
    images, votes = _read_arrays(path)
    ids = tuple(f"{path.stem}/{row}" for row in range(len(images)))
    return _set(ids, votes, PictureArray(images, ids), split, ProblemLog())


def folder_set(folder: Path, split: str = "") -> PairedSet:
    """The published folder of one split, such as FER2013Train: pictures and label.csv.

    Nobody knows who is on the pictures, so each is a group of its own. Faces whose majority is contempt, unknown or no
    face, and pictures that are missing, are counted. A malformed row raises InputError.
    """
    path = folder / "label.csv"
    names, rows = [], []
    for number, row in read_plain_table(path, _LABEL_FORM):
        if number == 1 and row[0].strip().lower() in ("file", "image", "image name"):
            continue
        try:
            votes = [int(float(value)) for value in row[2:]]
        except ValueError:
            votes = []
        if len(votes) != len(VOTES) or min(votes) < 0:
            raise InputError(f"row {number} of {path} is {','.join(row)[:80]!r}", hint=_LABEL_FORM)
        names.append(row[0].strip())
        rows.append(votes)
    log = ProblemLog()
    present = on_disk(folder, names, Listing())
    for row_number in np.flatnonzero(~present).tolist():
        log.add(MISSING, "missing pictures", names[row_number])
    ids = tuple(names)
    votes_of_all = np.array(rows, np.int64).reshape(-1, len(VOTES))
    return _set(ids, votes_of_all, PictureFiles(folder, names, ids, present), split, log)


def _set(ids: tuple[str, ...], votes: np.ndarray, pictures: Pictures, split: str, log: ProblemLog) -> PairedSet:
    kept, labels = majority_of(votes)
    for row in np.flatnonzero(~kept).tolist():
        log.add(LEFT_OUT, "faces without a majority for one of the seven emotions", ids[row])
    return PairedSet(
        name="FER+",
        split=split,
        vocabulary=EKMAN7,
        ids=ids,
        groups=ids,
        labels=np.where(kept, labels, 0),
        pictures={FACE: pictures},
        problems=log.problems(),
    ).subset(kept)


def _read_arrays(path: Path) -> tuple[np.ndarray, np.ndarray]:
    form = "give an .npz with images (N, 48, 48) and votes (N, 10)"
    images, votes = read_archive(path, ("images", "votes"), "FER+ split", form)
    if images.ndim != 3 or images.dtype != np.uint8 or votes.shape != (len(images), len(VOTES)):
        raise InputError(
            f"{path} holds images {images.shape} {images.dtype} and votes {votes.shape}",
            hint="expected images (N, 48, 48) uint8 and votes (N, 10)",
        )
    return images, votes
