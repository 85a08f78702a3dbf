"""MELD: lines of a sitcom with emotion, sentiment, speaker and times (Poria et al. 2019)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mmemo.datasets.tables import decode
from mmemo.errors import InputError
from mmemo.labels import SENTIMENT3, to_ekman7

SPLITS = ("train", "dev", "test")
COLUMNS = (
    "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode",
    "StartTime", "EndTime",
)  # fmt: skip
_TIME = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})")


@dataclass(frozen=True, slots=True)
class MeldLine:
    """One utterance; times in ms of the source episode, emotion in EKMAN7, sentiment in SENTIMENT3.

    `context` is the utterances right before and after it in the same dialogue, joined by a space. Some rows of the
    published files end before they start, so times are as written.
    """

    text: str
    context: str
    speaker: str
    emotion: str
    sentiment: str
    dialogue_id: int
    utterance_id: int
    season: int
    episode: int
    start_ms: int
    end_ms: int


def meld_file(folder: Path, split: str) -> Path:
    """The file of a split; an unknown split or a folder without it raises InputError."""
    if split not in SPLITS:
        raise InputError(f"MELD has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    path = folder / f"{split}_sent_emo.csv"
    if not path.is_file():
        raise InputError(f"{path} does not exist", hint="pass the folder with MELD's *_sent_emo.csv files")
    return path


def read_meld(folder: Path, split: str, context_lines: int = 2, next_lines: int = 0) -> list[MeldLine]:
    """All lines of a split in the file's order, each with that many lines before and after it as context.

    A malformed row raises InputError with its number.
    """
    path = meld_file(folder, split)
    reader = csv.DictReader(io.StringIO(decode(path.read_bytes()), newline=""))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{path} has no column {', '.join(missing)}", hint="it must be a MELD *_sent_emo.csv file")
    lines: list[MeldLine] = []
    for number, row in enumerate(reader, start=1):
        try:
            lines.append(_line(row))
        except (InputError, AttributeError, TypeError, ValueError) as error:
            raise InputError(f"row {number} of {path} is malformed: {error}", hint="correct or remove it") from error
    return [replace(line, context=_context(lines, i, context_lines, next_lines)) for i, line in enumerate(lines)]


def _context(lines: list[MeldLine], i: int, context_lines: int, next_lines: int) -> str:
    around = [*lines[max(0, i - context_lines) : i], *lines[i + 1 : i + 1 + next_lines]]
    return " ".join(line.text for line in around if line.dialogue_id == lines[i].dialogue_id)


def _line(row: Mapping[str, str]) -> MeldLine:
    sentiment = row["Sentiment"].strip().lower()
    SENTIMENT3.index(sentiment)
    return MeldLine(
        text=row["Utterance"],
        context="",
        speaker=row["Speaker"],
        emotion=to_ekman7(row["Emotion"]),
        sentiment=sentiment,
        dialogue_id=int(row["Dialogue_ID"]),
        utterance_id=int(row["Utterance_ID"]),
        season=int(row["Season"]),
        episode=int(row["Episode"]),
        start_ms=_milliseconds(row["StartTime"]),
        end_ms=_milliseconds(row["EndTime"]),
    )


def _milliseconds(text: str) -> int:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no time like 00:16:16,059")
    hours, minutes, seconds, fraction = match.groups()
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))
