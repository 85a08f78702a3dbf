"""CMU-MOSEI: monologues with six emotions, several at once (Zadeh et al. 2018), raw labels or as MME2E arranges it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.datasets.mme2e import find_arrangement, frames_and_sound, read_utterances
from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.problems import LEFT_OUT, ProblemLog
from mmemo.datasets.tables import read_table, read_text
from mmemo.errors import InputError
from mmemo.labels import MOSEI6

PUBLISHED = {"train": 14_524, "valid": 1_765, "test": 4_188}
# Its frames were kept twice a second.
FRAME_MS = 500
_ANSWERS = tuple(f"Answer.{label}" for label in MOSEI6.labels)
_COLUMNS = ("Input.VIDEO_ID", "Input.CLIP", *_ANSWERS)
_FORM = "give a folder with MOSEI_RAW_PROCESSED and MOSEI_SPLIT, or one with Labels and Transcript of the raw release"


def mosei_set(folder: Path, split: str, interval_ms: int = FRAME_MS) -> PairedSet:
    """A split as MME2E arranges it: text, a frame every `interval_ms` (at least 500), and the sound.

    Labels are (N, 6) float32 of 0 and 1, and a row may have none. A video is a group. A folder of another form
    raises InputError.
    """
    place = find_arrangement(folder, "MOSEI")
    if place is None:
        raise InputError(f"{folder} holds no CMU-MOSEI as MME2E arranges it", hint=_FORM)
    log = ProblemLog()
    utterances = read_utterances(place, split, _is_label, log)
    ids = tuple(utterance.name for utterance in utterances)
    step = max(1, interval_ms // FRAME_MS)
    pictures, sound = frames_and_sound(place.processed, ids, ids, [""] * len(ids), step, log)
    return PairedSet(
        name="CMU-MOSEI",
        split=split,
        vocabulary=MOSEI6,
        ids=ids,
        groups=tuple(video_of(name) for name in ids),
        labels=np.array([list(u.label) for u in utterances], np.float32).reshape(-1, len(MOSEI6)),
        texts=tuple(utterance.text for utterance in utterances),
        pictures={CONTEXT: pictures},
        audio=sound,
        problems=log.problems(),
    )


def _is_label(label: Any) -> bool:
    return (
        isinstance(label, list | tuple | np.ndarray) and len(label) == len(MOSEI6) and all(v in (0, 1) for v in label)
    )


def video_of(utterance: str) -> str:
    """The video of an utterance: the name before the last _, which may itself hold _."""
    return utterance.rpartition("_")[0] or utterance


def raw_set(folder: Path) -> PairedSet:
    """The raw release, text and labels alone: Labels/*.csv and Transcript/Combined/*.txt (or Transcript/*.txt).

    Several people answered for a clip: an emotion that any of them gave more than 0 counts. Clips without a line in
    the transcripts are left out and counted.
    """
    tables = sorted((folder / "Labels").glob("*.csv"))
    scripts = sorted((folder / "Transcript" / "Combined").glob("*.txt")) or sorted(
        (folder / "Transcript").glob("*.txt")
    )
    if not tables:
        raise InputError(f"{folder} holds no labels of CMU-MOSEI", hint=_FORM)
    votes: dict[str, np.ndarray] = {}
    for path in tables:
        for number, row in enumerate(read_table(path, _COLUMNS, _FORM), 1):
            name = f"{row['Input.VIDEO_ID'].split('/')[-1]}_{row['Input.CLIP']}"
            votes[name] = votes.get(name, np.zeros(len(MOSEI6), bool)) | _votes(row, path, number)
    texts: dict[str, str] = {}
    for path in scripts:
        texts.update(parse_transcript(read_text(path, _FORM)))
    log = ProblemLog()
    for name in votes.keys() - texts.keys():
        log.add(LEFT_OUT, "clips without a line in the transcripts", name)
    ids = tuple(sorted(votes.keys() & texts.keys()))
    return PairedSet(
        name="CMU-MOSEI",
        vocabulary=MOSEI6,
        ids=ids,
        groups=tuple(video_of(name) for name in ids),
        labels=np.array([votes[name] for name in ids], np.float32).reshape(-1, len(MOSEI6)),
        texts=tuple(texts[name] for name in ids),
        problems=log.problems(),
    )


def _votes(row: dict[str, str], path: Path, number: int) -> np.ndarray:
    try:
        return np.array([float(row[answer] or 0) > 0 for answer in _ANSWERS])
    except ValueError as error:
        raise InputError(f"row {number} of {path} is malformed: {error}", hint="answers are numbers") from error


def parse_transcript(text: str) -> dict[str, str]:
    """The text of each clip: `video___clip___start___end___text`."""
    found = {}
    for line in text.splitlines():
        parts: Sequence[str] = line.split("___", 4)
        if len(parts) == 5:
            found[f"{parts[0].split('/')[-1]}_{parts[1]}"] = parts[4].strip()
    return found
