"""CK+: emotions posed in a laboratory, 48 px grey, with the person of every face; contempt is left out.

Lucey et al. 2010, "The Extended Cohn-Kanade Dataset (CK+)". The form that is read here is one file with `images`
(N, 48, 48) uint8, `label` (N,) and `subject` (N,) text. It holds no neutral faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.paired import FACE, PairedSet
from mmemo.datasets.problems import LEFT_OUT, Problem
from mmemo.datasets.sources import PictureArray, read_archive
from mmemo.errors import InputError
from mmemo.labels import EKMAN7, to_ekman7

_LEFT_OUT = "contempt"
_FORM = "give an .npz with images (N, 48, 48), label and subject (N,)"


@dataclass(frozen=True, slots=True, eq=False)
class CkPlus:
    """`images` (N, 48, 48) uint8 grey, `labels` (N,) int64 columns of EKMAN7, `subjects` (N,) names of persons."""

    images: np.ndarray
    labels: np.ndarray
    subjects: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.images) == len(self.labels) == len(self.subjects), "one label and one person a face"


def read_ckplus(path: Path) -> CkPlus:
    """Read the file; an unknown label, another form or a file without our emotions raises InputError."""
    images, names, subjects = read_archive(path, ("images", "label", "subject"), "CK+ file", _FORM)
    if images.ndim != 3 or images.dtype != np.uint8 or not names.shape == subjects.shape == (len(images),):
        raise InputError(
            f"{path} holds images {images.shape} {images.dtype}, label {names.shape}, subject {subjects.shape}",
            hint="expected images (N, 48, 48) uint8, label (N,) and subject (N,)",
        )
    kept = names != _LEFT_OUT
    if not kept.any():
        raise InputError(f"{path} holds no face with one of the seven emotions", hint="choose another file")
    labels = np.array([EKMAN7.index(to_ekman7(str(name))) for name in names[kept]], np.int64)
    return CkPlus(images[kept], labels, subjects[kept].astype(str))


def ckplus_set(path: Path) -> PairedSet:
    """The faces as a paired set; a person is a group. Errors as in `read_ckplus`."""
    faces = read_ckplus(path)
    (names,) = read_archive(path, ("label",), "CK+ file", _FORM)
    left_out = len(names) - len(faces.labels)
    ids = tuple(f"{path.stem}/{row}" for row in range(len(faces.labels)))
    return PairedSet(
        name="CK+",
        vocabulary=EKMAN7,
        ids=ids,
        groups=tuple(faces.subjects.tolist()),
        labels=faces.labels,
        pictures={FACE: PictureArray(faces.images, ids)},
        problems=(Problem(LEFT_OUT, f"faces that show {_LEFT_OUT}", left_out),) if left_out else (),
    )


def with_neutral(faces: CkPlus, neutral: np.ndarray, count: int, seed: int) -> CkPlus:
    """Add `count` of the (M, 48, 48) neutral faces, drawn by the seed; nobody knows who they are, so each is a
    person of its own. Fewer than `count` raises InputError."""
    if len(neutral) < count:
        raise InputError(f"{len(neutral)} neutral faces, {count} are needed", hint="give the valid part of FER+")
    drawn = np.sort(np.random.default_rng(seed).choice(len(neutral), count, replace=False))
    return CkPlus(
        np.concatenate([faces.images, neutral[drawn]]),
        np.concatenate([faces.labels, np.full(count, EKMAN7.index("neutral"), np.int64)]),
        np.concatenate([faces.subjects, [f"neutral {number}" for number in drawn]]),
    )
