"""A CSV of lines with their emotion, in the order in which they are said."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from mmemo.datasets.dialogue import contexts_before
from mmemo.datasets.paired import PairedSet
from mmemo.datasets.tables import decode, first_line
from mmemo.errors import InputError
from mmemo.labels import EKMAN7, to_ekman7

_TEXT_COLUMNS, _EMOTION_COLUMNS = ("text", "utterance", "line"), ("emotion", "label")
_FORM = "give a CSV with the columns text,emotion"


def read_labelled_lines(path: Path) -> list[tuple[str, str]]:
    """Text and Ekman-7 emotion of every row in the file's order, from the columns text and emotion.

    Other names: utterance or line, and label. Rows without a text or without an emotion are left out. A missing file,
    missing columns, an unknown emotion and a file without a line raise InputError.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path} with lines", hint=_FORM)
    try:
        reader = csv.DictReader(io.StringIO(decode(path.read_bytes()), newline=""))
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"{path} cannot be read: {error}", hint=_FORM) from error
    names = {name.strip().lower(): name for name in reader.fieldnames or () if name}
    text_column = next((names[name] for name in _TEXT_COLUMNS if name in names), None)
    emotion_column = next((names[name] for name in _EMOTION_COLUMNS if name in names), None)
    if text_column is None or emotion_column is None:
        raise InputError(f"{path} needs the columns text and emotion", hint=f"it has {', '.join(names) or 'none'}")
    lines = []
    for number, row in enumerate(rows, 2):
        text, emotion = " ".join((row[text_column] or "").split()), (row[emotion_column] or "").strip()
        if not text or not emotion:
            continue
        try:
            lines.append((text, to_ekman7(emotion[:40])))
        except InputError as error:
            raise InputError(f"row {number} of {path}: {error.message}", hint=error.hint) from error
    if not lines:
        raise InputError(f"{path} holds no line with an emotion", hint=_FORM)
    return lines


def is_lines(path: Path) -> bool:
    """Whether a CSV begins with columns for a text and an emotion."""
    names = {name.strip().lower() for name in first_line(path).split(",")}
    return path.suffix.lower() == ".csv" and bool(names & {*_TEXT_COLUMNS}) and bool(names & {*_EMOTION_COLUMNS})


def lines_set(path: Path, context_lines: int = 2) -> PairedSet:
    """The lines as a paired set of text alone; nothing says where a dialogue ends, so each line is a group.

    The lines before are context all the same. Errors as in `read_labelled_lines`.
    """
    lines = read_labelled_lines(path)
    texts = tuple(text for text, _ in lines)
    ids = tuple(f"line {number}" for number in range(1, len(lines) + 1))
    return PairedSet(
        name="lines",
        vocabulary=EKMAN7,
        ids=ids,
        groups=ids,
        labels=np.array([EKMAN7.index(emotion) for _, emotion in lines], np.int64),
        texts=texts,
        contexts=contexts_before(texts, [0] * len(texts), context_lines),
    )
