"""What the fusion benchmark is made of: faces, lines, and which line goes with which face.

No public dataset that may be shipped has faces with lines, so real lines meet real faces of the same class. Which line
meets which face is drawn at random, and called synthetic. Faces and lines of one fold stay in it: no line is ever both
learned from and judged on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.benchmark.weak.data import film_faces
from mmemo.datasets.ferplus import read_ferplus
from mmemo.datasets.meld import meld_set
from mmemo.datasets.msctd import msctd_set
from mmemo.datasets.paired import FACE, PairedSet
from mmemo.errors import InputError
from mmemo.fusion.prepared import Kept
from mmemo.labels import EKMAN7, SENTIMENT3, Vocabulary
from mmemo.student.splits import grouped_folds

FOLDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """N samples: row numbers of a face and of a line, the class, the independent unit, and the fold that judges it."""

    face: np.ndarray
    line: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    fold: np.ndarray

    def __post_init__(self) -> None:
        assert len({len(one) for one in (self.face, self.line, self.labels, self.groups, self.fold)}) == 1


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """One part of the table: a set of faces, a set of lines, and the pairing that a seed draws."""

    name: str
    says: str
    unit: str
    vocabulary: Vocabulary
    faces: PairedSet
    lines: PairedSet
    pairing: Callable[[int], Pairing]


def pair_within_folds(
    face_labels: np.ndarray, face_fold: np.ndarray, line_labels: np.ndarray, line_fold: np.ndarray, seed: int
) -> np.ndarray:
    """(N,) a line of its own class and fold for every face; one line comes twice only where there are too few.

    A fold that has faces of a class but no line gets -1 there.
    """
    draw = np.random.default_rng(seed)
    chosen = np.full(len(face_labels), -1)
    for fold in np.unique(face_fold):
        for label in np.unique(face_labels):
            faces = np.flatnonzero((face_fold == fold) & (face_labels == label))
            lines = np.flatnonzero((line_fold == fold) & (line_labels == label))
            if len(lines):
                rounds = -(-len(faces) // len(lines))
                chosen[faces] = np.concatenate([draw.permutation(lines) for _ in range(max(1, rounds))])[: len(faces)]
    return chosen


def meld_film(data: Path, limit: int | None = None) -> Material:
    """Faces of 49 films with lines of MELD test: neither network has learned from them. The unit is the film."""
    crops = film_faces(data / "film_faces_train")
    rows = np.arange(len(crops.gold)) if limit is None else _some(len(crops.gold), limit)
    faces = face_set(
        "film faces", EKMAN7, [crops.crops[int(row)] for row in rows], crops.groups[rows], crops.gold[rows]
    )
    lines = meld_set(data / "meld", "test")
    return _paired("meld_film", "real MELD test lines with real film faces of the same emotion", "film", faces, lines)


def msctd_ferplus(data: Path, limit: int = 2000) -> Material:
    """Faces of FER+ test with lines of MSCTD test by sentiment; surprise is neither. The unit is the dialogue."""
    found = read_ferplus(data / "ferplus" / "test.npz")
    sentiment = np.array([_SENTIMENT[label] for label in EKMAN7.labels])[found.labels]
    rows = np.flatnonzero(sentiment >= 0)
    rows = rows[_some(len(rows), limit)]
    crops = [np.repeat(found.images[row][..., None], 3, axis=2) for row in rows]
    # A face here has no person's name, so faces are spread over folds, and the lines' dialogues are the units.
    faces = face_set("FER+ test", SENTIMENT3, crops, np.arange(len(rows)).astype(str), sentiment[rows])
    lines = _first_dialogues(msctd_set(data / "msctd", "test"), 2 * limit)
    says = "real MSCTD test lines with real FER+ test faces of the same sentiment"
    return _paired("msctd_ferplus", says, "dialogue", faces, lines)


_SENTIMENT = {"neutral": 0, "sadness": 1, "anger": 1, "fear": 1, "disgust": 1, "joy": 2, "surprise": -1}


def face_set(
    name: str, vocabulary: Vocabulary, crops: list[np.ndarray], groups: np.ndarray, labels: np.ndarray
) -> PairedSet:
    """Stills with their labels."""
    return PairedSet(
        name=name,
        vocabulary=vocabulary,
        ids=[str(row) for row in range(len(crops))],
        groups=[str(group) for group in groups],
        labels=np.asarray(labels, np.int64),
        pictures={FACE: [[crop] for crop in crops]},
    )


def _paired(name: str, says: str, unit: str, faces: PairedSet, lines: PairedSet) -> Material:
    assert faces.labels is not None and lines.labels is not None
    if not len(lines) or not len(faces):
        raise InputError(f"{name} has no samples", hint="look at the folder that was given with --data")
    face_labels, line_labels = faces.labels, lines.labels
    face_groups, line_groups = np.array(faces.groups), np.array(lines.groups)

    def draw(seed: int) -> Pairing:
        face_fold = grouped_folds(face_groups, FOLDS, seed)
        line_fold = grouped_folds(line_groups, FOLDS, seed)
        line = pair_within_folds(face_labels, face_fold, line_labels, line_fold, seed)
        face = np.flatnonzero(line >= 0)
        groups = face_groups[face] if unit == "film" else line_groups[line[face]]
        return Pairing(face, line[face], face_labels[face], groups, face_fold[face])

    return Material(name, says, unit, faces.vocabulary, faces, lines, draw)


def _first_dialogues(lines: PairedSet, least: int) -> PairedSet:
    """Whole dialogues from the start with at least so many lines: no more is read than is paired."""
    if len(lines) <= least:
        return lines
    last = lines.groups[least - 1]
    end = next((row for row in range(least, len(lines)) if lines.groups[row] != last), len(lines))
    return lines.subset(range(end))


def _some(count: int, limit: int) -> np.ndarray:
    """Row numbers of at most `limit` of `count`, always the same ones."""
    return np.sort(np.random.default_rng(0).permutation(count)[:limit])


def taken(kept: Kept, rows: np.ndarray) -> Kept:
    """The steps of some samples, in the order of `rows`."""
    parts = [kept.steps[kept.starts[row] : kept.starts[row + 1]] for row in rows]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return Kept(np.concatenate([kept.steps[:0], *parts]), starts)
