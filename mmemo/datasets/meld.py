"""MELD: lines of a sitcom with clip, emotion, sentiment, speaker and times (Poria et al. 2019)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmemo.datasets.dialogue import contexts_around
from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import CORRUPT, LEFT_OVER, MISSING, ODD, ProblemLog
from mmemo.datasets.sources import ClipFrames, SoundFiles, on_disk
from mmemo.datasets.tables import decode
from mmemo.episode.video import probe
from mmemo.errors import InputError
from mmemo.labels import EKMAN7, SENTIMENT3, to_ekman7

SPLITS = ("train", "dev", "test")
PUBLISHED = {"train": 9_989, "dev": 1_109, "test": 2_610}
CLIP_FOLDERS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
COLUMNS = (
    "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode",
    "StartTime", "EndTime",
)  # fmt: skip
# Clips of the published archive that are no clips of their line; `check` finds others.
KNOWN_BAD = {
    "train": ("dia125_utt3",),
    "dev": ("dia110_utt7",),
    "test": ("dia220_utt0", "dia38_utt4"),
}
LONG_MS = 60_000
_MAX_LABEL = 40  # a longer one is no label, and no error should be as long
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


@dataclass(frozen=True, slots=True)
class _Clips:
    """Where the clips of a split are, which lines have a usable one, and what was wrong."""

    folder: Path
    names: tuple[str, ...]
    present: np.ndarray


def meld_set(
    folder: Path, split: str, target: str = "emotion", context_lines: int = 2, next_lines: int = 0
) -> PairedSet:
    """A split with the frames and the sound of its clips, `dia0_utt1.mp4` in the published folder of the split.

    That folder is below `folder` or beside it. `target` is "emotion" (EKMAN7) or "sentiment" (SENTIMENT3); a dialogue
    is a group. Clips that are missing, that no row names, and, of those that are known to be bad, that cannot be read
    or run for minutes are counted as problems and give no frames and no sound. Errors as in `read_meld`.
    """
    if target not in ("emotion", "sentiment"):
        raise InputError(f"MELD has no {target!r}", hint="choose emotion or sentiment")
    lines = read_meld(folder, split, context_lines, next_lines)
    vocabulary = EKMAN7 if target == "emotion" else SENTIMENT3
    names = tuple(f"dia{line.dialogue_id}_utt{line.utterance_id}" for line in lines)
    ids = tuple(f"{split}/{name}" for name in names)
    log = ProblemLog()
    for name, line in zip(ids, lines, strict=True):
        if line.end_ms <= line.start_ms:
            log.add(ODD, "lines that end before they start; times are not used", name)
    clips = _clips(folder, split, names, log)
    return PairedSet(
        name="MELD",
        split=split,
        vocabulary=vocabulary,
        ids=ids,
        groups=tuple(f"{split}/dia{line.dialogue_id}" for line in lines),
        labels=np.array([vocabulary.index(getattr(line, target)) for line in lines], np.int64),
        texts=tuple(line.text for line in lines),
        contexts=tuple(line.context for line in lines),
        pictures={} if clips is None else {CONTEXT: ClipFrames(clips.folder, clips.names, ids, clips.present)},
        audio=None if clips is None else SoundFiles(clips.folder, clips.names, ids, clips.present),
        problems=log.problems(),
    )


def _clips(folder: Path, split: str, names: tuple[str, ...], log: ProblemLog) -> _Clips | None:
    place = next((f for f in _clip_folders(folder, split) if f.is_dir()), None)
    if place is None:
        log.add(MISSING, "missing folder of clips (the text is there)", CLIP_FOLDERS[split])
        return None
    listing = Listing()
    files = tuple(f"{name}.mp4" for name in names)
    present = on_disk(place, files, listing)
    for row in np.flatnonzero(~present).tolist():
        log.add(MISSING, "missing clips", files[row])
    for name in sorted(listing.names(place) - set(files)):
        if name.endswith(".mp4") and not name.startswith("."):
            log.add(LEFT_OVER, "clips without a row", name)
    for row, name in enumerate(names):
        if present[row] and name in KNOWN_BAD[split]:
            present[row] = _is_good(place / files[row], log)
    return _Clips(place, files, present)


def _clip_folders(folder: Path, split: str) -> list[Path]:
    name = CLIP_FOLDERS[split]
    return [folder / name, folder / split / name, folder.parent / name, folder.parent / "MELD.Raw" / name]


def _is_good(path: Path, log: ProblemLog) -> bool:
    try:
        duration_ms = probe(path).duration_ms
    except InputError:
        log.add(CORRUPT, "unreadable clips", path.name)
        return False
    if duration_ms > LONG_MS:
        log.add(ODD, "clips that run for minutes where one line is said", path.name)
    return duration_ms <= LONG_MS


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
    texts, dialogues = [line.text for line in lines], [line.dialogue_id for line in lines]
    contexts = contexts_around(texts, dialogues, context_lines, next_lines)
    return [replace(line, context=context) for line, context in zip(lines, contexts, strict=True)]


def _line(row: Mapping[str, str]) -> MeldLine:
    sentiment = row["Sentiment"].strip().lower()[:_MAX_LABEL]
    SENTIMENT3.index(sentiment)
    return MeldLine(
        text=row["Utterance"],
        context="",
        speaker=row["Speaker"],
        emotion=to_ekman7(row["Emotion"][:_MAX_LABEL]),
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
        raise ValueError(f"{text[:40]!r} is no time like 00:16:16,059")
    hours, minutes, seconds, fraction = match.groups()
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))
