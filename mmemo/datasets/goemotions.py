"""GoEmotions: forum comments with one or more emotions each (Demszky et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.labels import EKMAN7, to_ekman7

SPLITS = ("train", "dev", "test")
PUBLISHED = {"train": 43_410, "dev": 5_426, "test": 5_427}
LABELS_FILE = "labels.txt"


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment and its emotions in EKMAN7, each once, in the file's order; at least one."""

    comment_id: str
    text: str
    emotions: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.emotions:
            raise InputError("a comment has at least one emotion", hint="correct or remove its row")


def read_goemotions(folder: Path, split: str) -> list[Comment]:
    """All comments of a split: rows of text, comma-separated label numbers, id; numbers count in labels.txt.

    A missing file, an unknown label and a malformed row raise InputError.
    """
    if split not in SPLITS:
        raise InputError(f"GoEmotions has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    labels = [to_ekman7(label[:40]) for label in _text(folder / LABELS_FILE).split()]
    path = folder / f"{split}.tsv"
    # Comments hold stray line separators of other kinds; only "\n" ends a row.
    rows = [row for row in _text(path).replace("\r\n", "\n").split("\n") if row]
    return [_comment(path, number, row, labels) for number, row in enumerate(rows, start=1)]


def goemotions_set(folder: Path, split: str) -> PairedSet:
    """A split as a paired set of text alone, with one or more labels each; a comment is a group."""
    comments = read_goemotions(folder, split)
    labels = np.zeros((len(comments), len(EKMAN7)), np.float32)
    for row, comment in enumerate(comments):
        labels[row, [EKMAN7.index(emotion) for emotion in comment.emotions]] = 1
    ids = tuple(f"{split}/{row} {comment.comment_id}" for row, comment in enumerate(comments))
    return PairedSet(
        name="GoEmotions",
        split=split,
        vocabulary=EKMAN7,
        ids=ids,
        groups=ids,
        labels=labels,
        texts=tuple(comment.text for comment in comments),
    )


def _comment(path: Path, number: int, row: str, labels: list[str]) -> Comment:
    try:
        text, numbers, comment_id = row.rsplit("\t", 2)
        columns = [int(column) for column in numbers.split(",")]
        if min(columns) < 0:
            raise ValueError("a label number is negative")
        emotions = dict.fromkeys(labels[column] for column in columns)
    except (ValueError, IndexError) as error:
        raise InputError(
            f"row {number} of {path} is malformed: {error}",
            hint=f"a row is text, label numbers from 0 to {len(labels) - 1} and an id, with tabs between",
        ) from error
    return Comment(comment_id, text, tuple(emotions))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist", hint="pass the folder with GoEmotions' .tsv files") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="download it again") from error
