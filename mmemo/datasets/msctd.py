"""MSCTD: dialogue of films with a picture and the sentiment of every line (Liang et al. 2022)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.dialogue import contexts_before
from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import LEFT_OVER, MISSING, ProblemLog
from mmemo.datasets.sources import PictureFiles, on_disk
from mmemo.datasets.tables import read_lines
from mmemo.errors import InputError
from mmemo.labels import SENTIMENT3

SPLITS = ("train", "dev", "test")
# Lines of the English-German part; the English-Chinese part has the same files with other lines.
PUBLISHED = {"train": 20_240, "dev": 5_063, "test": 5_067}
LANGUAGES = ("english", "german", "chinese")
_FORM = "pass the folder with MSCTD's .txt files"
# The numbers of the published files, in their order.
_SENTIMENTS = ("neutral", "negative", "positive")
_IMAGE_FOLDERS = {"train": ("train_ende", "train_enzh", "train"), "dev": ("dev",), "test": ("test",)}
_INDEX_NAMES = ("image_index_{}.txt", "img_index_{}.txt")


@dataclass(frozen=True, slots=True)
class MsctdLine:
    """One utterance, its sentiment in SENTIMENT3, and the number of its dialogue within the split."""

    text: str
    sentiment: str
    dialogue_id: int

    def __post_init__(self) -> None:
        SENTIMENT3.index(self.sentiment)


def read_msctd(folder: Path, split: str, language: str = "english") -> list[MsctdLine]:
    """All lines of a split in the file's order, from `english_*.txt`, `sentiment_*.txt` and `image_index_*.txt`.

    `language` is one of LANGUAGES; the sentiment is of the same line in each. Files of different length, an
    unknown sentiment and dialogues that do not cover the lines raise InputError.
    """
    if split not in SPLITS:
        raise InputError(f"MSCTD has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    if language not in LANGUAGES:
        raise InputError(f"MSCTD is not in {language!r}", hint=f"choose one of {', '.join(LANGUAGES)}")
    texts = _rows(folder / f"{language}_{split}.txt")
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


def msctd_set(folder: Path, split: str, language: str = "english", context_lines: int = 2) -> PairedSet:
    """A split with its pictures: line n, from 0, has `n.jpg` in the folder of the split (train_ende, dev or test).

    A dialogue is a group. Lines without a picture, and pictures that no line has, are counted as problems; there are
    no pictures at all where the folder is not there. Errors as in `read_msctd`.
    """
    lines = read_msctd(folder, split, language)
    ids = tuple(f"{split}/{number}" for number in range(len(lines)))
    texts = tuple(line.text for line in lines)
    dialogues = [line.dialogue_id for line in lines]
    log, pictures = ProblemLog(), {}
    images = next((folder / name for name in _IMAGE_FOLDERS[split] if (folder / name).is_dir()), None)
    if images is None:
        log.add(MISSING, "missing folder of pictures (the text is there)", _IMAGE_FOLDERS[split][0])
    else:
        pictures[CONTEXT] = _pictures(images, ids, log)
    return PairedSet(
        name="MSCTD",
        split=split,
        vocabulary=SENTIMENT3,
        ids=ids,
        groups=tuple(f"{split}/dialogue {number}" for number in dialogues),
        labels=np.array([SENTIMENT3.index(line.sentiment) for line in lines], np.int64),
        texts=texts,
        contexts=contexts_before(texts, dialogues, context_lines),
        pictures=pictures,
        problems=log.problems(),
    )


def _pictures(folder: Path, ids: tuple[str, ...], log: ProblemLog) -> PictureFiles:
    listing = Listing()
    names = [f"{number}.jpg" for number in range(len(ids))]
    present = on_disk(folder, names, listing)
    for row in np.flatnonzero(~present).tolist():
        log.add(MISSING, "missing pictures", names[row])
    for name in sorted(listing.names(folder) - set(names)):
        if re.fullmatch(r"\d+\.jpg", name):  # pictures of another split would go on after the last line
            log.add(LEFT_OVER, "pictures without a line", name)
    return PictureFiles(folder, names, ids, present)


def _rows(path: Path) -> list[str]:
    if not path.is_file():
        raise InputError(f"{path} does not exist", hint=_FORM)
    return read_lines(path, _FORM)


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
