"""Gold labels from a CSV file, and their match to the cues of an episode by time."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.errors import InputError
from mmemo.labels import to_ekman7

GOLD_COLUMNS = ("cue", "start_ms", "end_ms", "emotion")
MATCH_IOU = 0.5
_MAX_BYTES = 20 << 20
_LATEST_MS = 1000 * 3600 * 1000
_EXPECTED = "the first line must name the columns cue,start_ms,end_ms,emotion"


@dataclass(frozen=True, slots=True, eq=False)
class GoldMatch:
    """What a gold file says of an episode's cues.

    `emotions`: Ekman-7 label by cue_id (index), only cues that have one. `unmatched`: gold rows with an
    emotion whose time fits no cue. `without_emotion`: matched gold rows that leave the emotion empty.
    """

    emotions: pd.Series
    unmatched: int
    without_emotion: int


def read_gold(path: Path) -> pd.DataFrame:
    """Read a gold CSV into cue str, start_ms int64, end_ms int64, emotion Ekman-7 or null, in order of time.

    Times are ms from the start of the video; further columns are left out. An empty emotion means that
    the cue has no gold. UTF-8 (with or without a mark), UTF-16 with a mark, and Windows-1252 are read;
    fields are separated by commas, semicolons or tabs. A file, column, label or time that is wrong
    raises InputError with its line number.
    """
    text = _decoded(path)
    if not text.strip():
        raise InputError(f"the gold file {path} is empty", hint=_EXPECTED)
    stream = io.StringIO(text, newline="")
    reader = csv.DictReader(stream, delimiter=_delimiter(text.lstrip().splitlines()[0]), skipinitialspace=True)
    try:
        reader.fieldnames = [(name or "").strip().lower() for name in reader.fieldnames or []]
        missing = [name for name in GOLD_COLUMNS if name not in reader.fieldnames]
        if missing:
            raise InputError(f"the gold file {path} has no column {', '.join(missing)}", hint=_EXPECTED)
        rows = [_row(record, path, reader.line_num) for record in reader if any(record.values())]
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num + 1}: this is no CSV: {error}", hint=_EXPECTED) from error
    if not rows:
        raise InputError(f"the gold file {path} has a head but no rows", hint="add one row a subtitle line")
    table = pd.DataFrame(rows, columns=list(GOLD_COLUMNS))
    return table.sort_values("start_ms", kind="stable", ignore_index=True)


def match_gold(cues: pd.DataFrame, gold: pd.DataFrame) -> GoldMatch:
    """Give each cue the emotion of the gold row that it shares most of its time with.

    A pair counts when the intersection of both times is over half of their union (IoU > 0.5); the best
    pairs are taken first, each cue and each gold row once. Matching by time and not by number keeps
    gold valid when a reader of subtitles counts other lines.
    """
    pairs = _overlapping(cues, gold)
    cue_used = np.zeros(len(cues), bool)
    gold_used = np.zeros(len(gold), bool)
    emotions: dict[int, str] = {}
    emotion_of, cue_ids = gold["emotion"].tolist(), cues["cue_id"].tolist()
    without = 0
    for _, cue, row in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if cue_used[cue] or gold_used[row]:
            continue
        cue_used[cue] = gold_used[row] = True
        if isinstance(emotion_of[row], str):
            emotions[cue_ids[cue]] = emotion_of[row]
        else:
            without += 1
    labelled = gold["emotion"].notna().to_numpy()
    series = pd.Series(emotions, name="emotion", dtype=object).sort_index()
    return GoldMatch(series, int((labelled & ~gold_used).sum()), without)


def _overlapping(cues: pd.DataFrame, gold: pd.DataFrame) -> list[tuple[float, int, int]]:
    """All (IoU, row in cues, row in gold) over the limit."""
    starts, ends = cues["start_ms"].to_numpy(np.int64), cues["end_ms"].to_numpy(np.int64)
    pairs = []
    for row, (start, end) in enumerate(zip(gold["start_ms"].tolist(), gold["end_ms"].tolist(), strict=True)):
        shared = np.minimum(ends, end) - np.maximum(starts, start)
        union = np.maximum(ends, end) - np.minimum(starts, start)
        for cue in np.flatnonzero(shared > MATCH_IOU * union):
            pairs.append((float(shared[cue] / union[cue]), int(cue), row))
    return pairs


def _decoded(path: Path) -> str:
    try:
        size = path.stat().st_size if path.is_file() else 0
        if size > _MAX_BYTES:
            raise InputError(f"the gold file {path} has {size >> 20} MB, too much for a table of cues", hint=_EXPECTED)
        content = path.read_bytes()
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise InputError(f"the gold file {path} {reason}", hint="pass the path of a CSV file with --gold") from error
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise InputError(f"the gold file {path} is no text", hint=f"save it as CSV in UTF-8; {_EXPECTED}")
    return text


def _delimiter(head: str) -> str:
    return max(",;\t", key=head.count)


def _row(record: dict[str, str | None], path: Path, line: int) -> tuple[str, int, int, str | None]:
    where = f"{path}, line {line}"
    start_ms = _milliseconds(record["start_ms"], "start_ms", where)
    end_ms = _milliseconds(record["end_ms"], "end_ms", where)
    if not 0 <= start_ms < end_ms:
        raise InputError(f"{where}: a cue must end after it starts, and start at 0 or later", hint="correct its times")
    emotion = (record["emotion"] or "").strip()
    try:
        return (record["cue"] or "").strip(), start_ms, end_ms, to_ekman7(emotion) if emotion else None
    except InputError as error:
        raise InputError(f"{where}: {error.message}", hint=error.hint) from None


def _milliseconds(text: str | None, column: str, where: str) -> int:
    try:
        value = float((text or "").strip())
        if value != int(value) or abs(value) > _LATEST_MS:
            raise ValueError
    except (ValueError, OverflowError):
        raise InputError(
            f"{where}: {column} is {text!r}, not a whole number of at most 1000 hours",
            hint="times are milliseconds from the video's start",
        ) from None
    return int(value)
