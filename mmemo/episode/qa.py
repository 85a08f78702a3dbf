"""What a person should look at: cues that look wrong, faces cut by the frame, and speech that no cue holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd

from mmemo.episode.account import DropReason
from mmemo.episode.video import VideoInfo
from mmemo.errors import InputError

# qa.parquet, in order of time: kind str, a QaKind; start_ms, end_ms int64; cue_id int32, 0 for no cue; what str.
QA_COLUMNS = ("kind", "start_ms", "end_ms", "cue_id", "what")
_Row = tuple[str, int, int, int, str]
_UNSPOKEN = {DropReason.NOT_SPEECH.value, DropReason.MUSIC.value}


class QaKind(str, Enum):
    """What can look wrong; in this order at the same time."""

    OUT_OF_VIDEO = "out_of_video"
    OVERLAPPING_CUES = "overlapping_cues"
    LONG_CUE = "long_cue"
    SHORT_CUE = "short_cue"
    TOO_FAST = "too_fast"
    SAME_LINE_TWICE = "same_line_twice"
    CUT_BY_FRAME = "cut_by_frame"
    CUE_WITHOUT_SPEECH = "cue_without_speech"
    SPEECH_WITHOUT_CUE = "speech_without_cue"

    @property
    def meaning(self) -> str:
        """One short phrase for tables."""
        return _MEANINGS[self]


_MEANINGS = {
    QaKind.OUT_OF_VIDEO: "the cue lies outside the video, or reaches past its end",
    QaKind.OVERLAPPING_CUES: "the cue begins before an earlier one has ended",
    QaKind.LONG_CUE: "the line stands longer than subtitles do",
    QaKind.SHORT_CUE: "the line stands shorter than subtitles do",
    QaKind.TOO_FAST: "more text than is said or read in the time",
    QaKind.SAME_LINE_TWICE: "the same words as in the cue before",
    QaKind.CUT_BY_FRAME: "the speaker's face reaches past the edge of the picture",
    QaKind.CUE_WITHOUT_SPEECH: "nobody is heard near the line",
    QaKind.SPEECH_WITHOUT_CUE: "somebody is heard, and there is no line",
}


@dataclass(frozen=True, slots=True)
class QaSettings:
    """From where on something is suspicious; the limits come from those of professional subtitles.

    A line stands `short_ms` (5/6 of a second) to `long_ms` (7 s): Netflix Timed Text Style Guide, General
    Requirements, 1. The same guide lets adults read 20 characters a second, but of the 11,641 lines of a sitcom in MELD
    (Poria et al. 2019) 18 % are spoken faster than that; 2 % reach `max_characters_a_second`. A line comes at most
    `near_ms` before its speech and stays at most so long after it (BBC Subtitle Guidelines, "Match subtitle to pace
    of speaking"): speech within that of a cue belongs to it. Speech of `min_speech_ms` without a cue is told;
    a cue is held against the speech only when `min_heard_ms` of it were heard in all. `edge_share` is the part of its
    width or height by which a face may reach past the frame; detectors draw boxes that wide around whole faces.
    The words of a cue are told as said twice when they come again within `repeat_ms`. Overlaps up to `overlap_ms` and
    ends of cues up to `after_end_ms` behind the video are rounding.
    """

    long_ms: int = 7_000
    short_ms: int = 833
    max_characters_a_second: float = 30.0
    near_ms: int = 1_500
    min_speech_ms: int = 2_000
    min_heard_ms: int = 10_000
    edge_share: float = 0.05
    overlap_ms: int = 100
    after_end_ms: int = 500
    repeat_ms: int = 3_000

    def __post_init__(self) -> None:
        if not 0 < self.short_ms < self.long_ms or self.max_characters_a_second <= 0:
            raise InputError(
                "a short cue must be shorter than a long one, and a reading speed above 0",
                hint="833 ms, 7000 ms and 30 characters a second are good values",
            )
        if self.min_speech_ms <= 0 or not 0 <= self.edge_share < 1:
            raise InputError("speech needs a length above 0, an edge 0 to 1", hint="2000 ms and 0.05 are good values")


def suspicious(
    cues: pd.DataFrame,
    faces: pd.DataFrame,
    speech_runs: Sequence[tuple[int, int]] | None,
    video: VideoInfo,
    settings: QaSettings | None = None,
) -> pd.DataFrame:
    """QA_COLUMNS, a row for everything that looks wrong, in order of time; a cue may be in several rows.

    `cues` (CUE_COLUMNS) and `faces` (FACE_COLUMNS) are those of a cut; `speech_runs` are (start_ms,
    end_ms) of what was heard, None when nobody listened.
    """
    settings = settings or QaSettings()
    # A cue that was moved to before the video stands behind its end, in its old place of the table.
    cues = cues.sort_values("start_ms", kind="stable")
    spoken = cues[cues["text"].astype(bool) & ~cues["drop_reason"].isin(_UNSPOKEN)]
    rows: list[_Row] = []
    rows += _out_of_video(cues, video, settings)
    rows += _overlapping(cues, settings)
    rows += _durations(spoken, settings)
    rows += _too_fast(spoken, settings)
    rows += _repeated(spoken, settings)
    rows += _cut_by_frame(cues, faces, video, settings)
    if speech_runs is not None:
        runs = _merged(np.array(speech_runs, np.int64).reshape(-1, 2))
        rows += _without_speech(spoken[spoken["drop_reason"] != DropReason.OUT_OF_VIDEO.value], runs, settings)
        rows += _without_cue(cues, runs, settings)
    order = {kind.value: i for i, kind in enumerate(QaKind)}
    rows.sort(key=lambda row: (row[1], row[3], order[row[0]]))
    return _table(rows)


def qa_counts(table: pd.DataFrame) -> dict[str, int]:
    """How often each kind occurs, only kinds that do, in the order of QaKind."""
    counts = table["kind"].value_counts()
    return {kind.value: int(counts[kind.value]) for kind in QaKind if kind.value in counts}


def _out_of_video(cues: pd.DataFrame, video: VideoInfo, settings: QaSettings) -> Iterable[_Row]:
    end_ms = video.duration_ms
    is_out = (cues["drop_reason"] == DropReason.OUT_OF_VIDEO.value) | (cues["start_ms"] >= end_ms)
    late = cues[is_out | (cues["end_ms"] > end_ms + settings.after_end_ms)]
    for cue_id, start, end in _spans(late):
        if start == end_ms:
            what = "lies outside the video"
        elif start > end_ms:
            what = f"begins {_seconds(start - end_ms)} after the end of the video"
        elif end > end_ms + settings.after_end_ms:
            what = f"reaches {_seconds(end - end_ms)} past the end of the video"
        else:
            what = "no picture could be read at its time"
        yield QaKind.OUT_OF_VIDEO.value, start, end, cue_id, what


def _overlapping(cues: pd.DataFrame, settings: QaSettings) -> Iterable[_Row]:
    """Against the cue that lasts longest of those before; voices that share one cue of the file are no overlap."""
    if len(cues) < 2:
        return
    starts, ends = cues["start_ms"].to_numpy(), cues["end_ms"].to_numpy()
    ids, lines = cues["cue_id"].to_numpy(), cues["source_line"].to_numpy()
    latest = np.maximum.accumulate(ends)
    holder = np.maximum.accumulate(np.where(ends == latest, np.arange(len(ends)), 0))
    before = holder[:-1]
    over_ms = np.minimum(ends[before], ends[1:]) - starts[1:]
    for i in np.flatnonzero((over_ms > settings.overlap_ms) & (lines[before] != lines[1:])).tolist():
        what = f"on screen together with cue {ids[before[i]]} for {_seconds(over_ms[i])}"
        yield QaKind.OVERLAPPING_CUES.value, int(starts[i + 1]), int(ends[i + 1]), int(ids[i + 1]), what


def _durations(spoken: pd.DataFrame, settings: QaSettings) -> Iterable[_Row]:
    lasts_ms = spoken["end_ms"] - spoken["start_ms"]
    for cue_id, start, end in _spans(spoken[lasts_ms > settings.long_ms]):
        what = f"stands for {_seconds(end - start)}, longer than {_seconds(settings.long_ms)}"
        yield QaKind.LONG_CUE.value, start, end, cue_id, what
    for cue_id, start, end in _spans(spoken[lasts_ms < settings.short_ms]):
        what = f"stands for {_seconds(end - start)}, shorter than {_seconds(settings.short_ms)}"
        yield QaKind.SHORT_CUE.value, start, end, cue_id, what


def _too_fast(spoken: pd.DataFrame, settings: QaSettings) -> Iterable[_Row]:
    lasts_ms = np.maximum((spoken["end_ms"] - spoken["start_ms"]).to_numpy(), 1)
    lengths = spoken["text"].astype("str").str.len().to_numpy()
    speeds = 1000 * lengths / lasts_ms
    fast = speeds > settings.max_characters_a_second
    for (cue_id, start, end), length, speed in zip(_spans(spoken[fast]), lengths[fast], speeds[fast], strict=True):
        what = f"{length} characters in {_seconds(end - start)}: {speed:.0f} a second"
        yield QaKind.TOO_FAST.value, start, end, cue_id, what


def _repeated(spoken: pd.DataFrame, settings: QaSettings) -> Iterable[_Row]:
    """The words of the cue right before once more; a single word is said twice often enough."""
    if len(spoken) < 2:
        return
    words = spoken["text"].str.casefold().str.replace(re.compile(r"[^\w\s]+"), "", regex=True).str.strip()
    is_same = (words == words.shift()) & words.str.contains(r"\s")
    is_soon = spoken["start_ms"] - spoken["end_ms"].shift() <= settings.repeat_ms
    ids = spoken["cue_id"].shift()
    found = is_same & is_soon
    for (cue_id, start, end), before in zip(_spans(spoken[found]), ids[found], strict=True):
        yield QaKind.SAME_LINE_TWICE.value, start, end, cue_id, f"says the same as cue {int(before)} right before it"


def _cut_by_frame(cues: pd.DataFrame, faces: pd.DataFrame, video: VideoInfo, settings: QaSettings) -> Iterable[_Row]:
    speakers = faces[faces["role"] == "speaker"]
    if speakers.empty:
        return
    x1, y1, x2, y2 = (speakers[name].to_numpy(np.float64) for name in ("x1", "y1", "x2", "y2"))
    wide, high = np.maximum(x2 - x1, 1e-6), np.maximum(y2 - y1, 1e-6)
    past = np.stack([-x1 / wide, -y1 / high, (x2 - video.width_px) / wide, (y2 - video.height_px) / high], axis=1)
    seen = pd.DataFrame({"cue_id": speakers["cue_id"].to_numpy(), "past": past.max(1), "edge": past.argmax(1)})
    seen["is_cut"] = seen["past"] > settings.edge_share
    seen = seen.sort_values("past", ascending=False, kind="stable")
    of_cue = seen.groupby("cue_id").agg(
        past=("past", "first"), edge=("edge", "first"), cut=("is_cut", "sum"), size=("is_cut", "size")
    )
    both = cues.merge(of_cue[of_cue["cut"] > 0], left_on="cue_id", right_index=True)
    figures = zip(
        both["past"].tolist(), both["edge"].tolist(), both["cut"].tolist(), both["size"].tolist(), strict=True
    )
    for (cue_id, start, end), (share, edge, cut, size) in zip(_spans(both), figures, strict=True):
        where = f"past the {('left', 'upper', 'right', 'lower')[edge]} edge, in {cut} of {size} pictures"
        what = f"up to {min(share, 1.0):.0%} of the speaker's face lies {where}"
        yield QaKind.CUT_BY_FRAME.value, start, end, cue_id, what


def _without_speech(spoken: pd.DataFrame, runs: np.ndarray, settings: QaSettings) -> Iterable[_Row]:
    """Nothing is told when hardly anything was heard at all: then the sound is missing, not the speech."""
    if spoken.empty or (runs[:, 1] - runs[:, 0]).sum() < settings.min_heard_ms:
        return
    starts, ends = spoken["start_ms"].to_numpy() - settings.near_ms, spoken["end_ms"].to_numpy() + settings.near_ms
    first = np.searchsorted(runs[:, 1], starts, "right")  # the first run that ends after the cue begins
    following = np.append(runs[:, 0], np.iinfo(np.int64).max)[first]
    within = _seconds(settings.near_ms)
    for cue_id, start, end in _spans(spoken[following >= ends]):
        yield QaKind.CUE_WITHOUT_SPEECH.value, start, end, cue_id, f"no speech is heard within {within} of it"


def _without_cue(cues: pd.DataFrame, runs: np.ndarray, settings: QaSettings) -> Iterable[_Row]:
    """The parts of the speech that lie outside all cues, which count as wide as they may be off."""
    wide = cues[["start_ms", "end_ms"]].to_numpy(np.int64) + np.array([-settings.near_ms, settings.near_ms])
    for start, end in _outside(runs, _merged(wide)).tolist():
        if end - start >= settings.min_speech_ms:
            what = f"{_seconds(end - start)} of speech, and no cue within {_seconds(settings.near_ms)} of it"
            yield QaKind.SPEECH_WITHOUT_CUE.value, start, end, 0, what


def _merged(spans: np.ndarray) -> np.ndarray:
    """(N, 2) spans in any order -> (M, 2) spans in order that neither touch nor overlap; empty ones are left out."""
    spans = spans[spans[:, 1] > spans[:, 0]]
    if not len(spans):
        return spans
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    latest = np.maximum.accumulate(spans[:, 1])
    is_first = np.append(True, spans[1:, 0] > latest[:-1])
    is_last = np.append(is_first[1:], True)
    return np.stack([spans[is_first, 0], latest[is_last]], axis=1)


def _outside(spans: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The parts of merged (N, 2) spans outside merged (M, 2) others, (K, 2) in order."""
    edges = np.iinfo(np.int64)
    free = np.stack([np.append(edges.min, taken[:, 1]), np.append(taken[:, 0], edges.max)], axis=1)
    first = np.searchsorted(free[:, 1], spans[:, 0], "right")
    stop = np.searchsorted(free[:, 0], spans[:, 1], "left")
    counts = np.maximum(stop - first, 0)
    of_span = np.repeat(np.arange(len(spans)), counts)
    of_free = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    starts = np.maximum(spans[of_span, 0], free[of_free, 0])
    ends = np.minimum(spans[of_span, 1], free[of_free, 1])
    return np.stack([starts, ends], axis=1)


def _spans(cues: pd.DataFrame) -> Iterable[tuple[int, int, int]]:
    """(cue_id, start_ms, end_ms) of every row as plain numbers."""
    return zip(cues["cue_id"].tolist(), cues["start_ms"].tolist(), cues["end_ms"].tolist(), strict=True)


def _seconds(time_ms: float) -> str:
    return f"{time_ms / 1000:.2f} s" if time_ms < 1000 else f"{time_ms / 1000:.1f} s"


def _table(rows: Sequence[_Row]) -> pd.DataFrame:
    kinds: dict[str, Any] = {"kind": "str", "start_ms": np.int64, "end_ms": np.int64, "cue_id": np.int32, "what": "str"}
    return pd.DataFrame(rows, columns=list(QA_COLUMNS)).astype(kinds)
