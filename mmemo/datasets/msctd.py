"""MSCTD: dialogue of films with the sentiment of every line (Liang et al. 2022)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mmemo.errors import InputError
from mmemo.labels import SENTIMENT3

SPLITS = ("train", "dev", "test")
# The numbers of the published files, in their order.
_SENTIMENTS = ("neutral", "negative", "positive")
_INDEX_NAMES = ("image_index_{}.txt", "img_index_{}.txt")


@dataclass(frozen=True, slots=True)
class MsctdLine:
    """One utterance, its sentiment in SENTIMENT3, and the number of its dialogue within the split."""

    text: str
    sentiment: str
    dialogue_id: int

    def __post_init__(self) -> None:
        SENTIMENT3.index(self.sentiment)


def read_msctd(folder: Path, split: str) -> list[MsctdLine]:
    """All lines of a split in the file's order, from `english_*.txt`, `sentiment_*.txt` and `image_index_*.txt`.

    Files of different length, an unknown sentiment and dialogues that do not cover the lines raise InputError.
    """
    if split not in SPLITS:
        raise InputError(f"MSCTD has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    texts = _rows(folder / f"english_{split}.txt")
    path = folder / f"sentiment_{split}.txt"
    sentiments = [_sentiment(path, number, row) for number, row in enumerate(_rows(path), start=1)]
    if len(texts) != len(sentiments):
        raise InputError(
            f"{folder} has {len(texts)} lines of {split} and {len(sentiments)} sentiments", hint="download it again"
        )
    dialogues = _dialogues(_index_file(folder, split), len(texts))
    return [
        MsctdLine(text.strip(), sentiment, dialogue)
        for text, sentiment, dialogue in zip(texts, sentiments, dialogues, strict=True)
    ]


def _rows(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist", hint="pass the folder with MSCTD's .txt files") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="download it again") from error
    # Lines may hold separators of other kinds; only "\n" ends a row.
    rows = text.replace("\r\n", "\n").split("\n")
    return rows[:-1] if rows[-1] == "" else rows


def _sentiment(path: Path, number: int, row: str) -> str:
    if row.strip() not in ("0", "1", "2"):
        raise InputError(f"row {number} of {path} is {row!r}", hint="0 is neutral, 1 negative, 2 positive")
    return _SENTIMENTS[int(row)]


def _index_file(folder: Path, split: str) -> Path:
    paths = [folder / name.format(split) for name in _INDEX_NAMES]
    return next((path for path in paths if path.is_file()), paths[0])


def _dialogues(path: Path, lines: int) -> list[int]:
    """The dialogue of every line; the rows of the file are lists of line numbers that go on from 0."""
    dialogues: list[int] = []
    for number, row in enumerate(_rows(path)):
        try:
            members = json.loads(row)
        except ValueError:
            members = None
        expected = list(range(len(dialogues), len(dialogues) + len(members))) if isinstance(members, list) else None
        if members is None or members != expected:
            raise InputError(
                f"row {number + 1} of {path} does not go on with line {len(dialogues)}",
                hint="each row is one dialogue: its line numbers from 0, such as [0, 1, 2]",
            )
        dialogues += [number] * len(members)
    if len(dialogues) != lines:
        raise InputError(f"{path} is about {len(dialogues)} lines, not {lines}", hint="download it again")
    return dialogues
