"""The labelled lines of public files as examples that a text teacher learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.goemotions import read_goemotions
from mmemo.datasets.meld import read_meld
from mmemo.datasets.msctd import read_msctd
from mmemo.errors import InputError
from mmemo.labels import EKMAN7, SENTIMENT3
from mmemo.teacher.lines import Line, with_context
from mmemo.teacher.training import TeacherExamples

# MELD is the text that is most like a show's, and small: it counts twice.
_MELD_TIMES = 2
# Where an emotion makes the sentiment clear; surprise does not.
_CLEAR = {"neutral": "neutral", "joy": "positive", "sadness": "negative", "anger": "negative", "fear": "negative",
          "disgust": "negative"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TeacherSources:
    """Folders of the public files, any of them, and how many lines around a line are its context."""

    meld: Path | None = None
    goemotions: Path | None = None
    msctd: Path | None = None
    context_lines: int = 2
    next_lines: int = 0

    def __post_init__(self) -> None:
        if self.meld is None and self.goemotions is None and self.msctd is None:
            raise InputError("there is nothing to learn from", hint="pass --meld, --goemotions or --msctd")
        if self.context_lines < 0 or self.next_lines < 0:
            raise InputError("lines of context are 0 or more", hint="2 before and 0 after is what ships")


def training_examples(sources: TeacherSources) -> tuple[TeacherExamples, dict[str, int]]:
    """Examples of all sources, and how many lines each gave; development parts of MELD and MSCTD stay unread."""
    parts: dict[str, list[tuple[Line, np.ndarray, np.ndarray]]] = {}
    if sources.goemotions is not None:
        parts["GoEmotions train"] = _comments(sources.goemotions, "train")
        parts["GoEmotions dev"] = _comments(sources.goemotions, "dev")
    if sources.meld is not None:
        parts["MELD train, twice"] = _dialogue(sources.meld, sources) * _MELD_TIMES
    if sources.msctd is not None:
        parts["MSCTD train"] = _films(sources.msctd, sources)
    rows = [row for part in parts.values() for row in part]
    examples = TeacherExamples(
        tuple(row[0] for row in rows),
        np.array([row[1] for row in rows], np.float32).reshape(-1, len(EKMAN7)),
        np.array([row[2] for row in rows], np.float32).reshape(-1, len(SENTIMENT3)),
    )
    return examples, {name: len(part) for name, part in parts.items()}


def _comments(folder: Path, split: str) -> list[tuple[Line, np.ndarray, np.ndarray]]:
    """Comments without context; several emotions share the target, and what they make clear is the sentiment."""
    return [
        (Line(row.text), _emotions(row.emotions), _clear_sentiment(row.emotions))
        for row in read_goemotions(folder, split)
    ]


def _dialogue(folder: Path, sources: TeacherSources) -> list[tuple[Line, np.ndarray, np.ndarray]]:
    return [
        (Line(row.text, row.context), _emotions([row.emotion]), _sentiment(row.sentiment))
        for row in read_meld(folder, "train", sources.context_lines, sources.next_lines)
    ]


def _films(folder: Path, sources: TeacherSources) -> list[tuple[Line, np.ndarray, np.ndarray]]:
    rows = read_msctd(folder, "train")
    lines = with_context(
        [row.text for row in rows], sources.context_lines, sources.next_lines, [row.dialogue_id for row in rows]
    )
    nothing = np.zeros(len(EKMAN7), np.float32)
    return [(line, nothing, _sentiment(row.sentiment)) for line, row in zip(lines, rows, strict=True)]


def _emotions(emotions: Sequence[str]) -> np.ndarray:
    target = np.zeros(len(EKMAN7), np.float32)
    target[[EKMAN7.index(emotion) for emotion in emotions]] = 1 / len(emotions)
    return target


def _clear_sentiment(emotions: Sequence[str]) -> np.ndarray:
    told = {_CLEAR.get(emotion) for emotion in emotions}
    (sentiment,) = told if len(told) == 1 else (None,)
    return np.zeros(len(SENTIMENT3), np.float32) if sentiment is None else _sentiment(sentiment)


def _sentiment(sentiment: str) -> np.ndarray:
    target = np.zeros(len(SENTIMENT3), np.float32)
    target[SENTIMENT3.index(sentiment)] = 1
    return target
