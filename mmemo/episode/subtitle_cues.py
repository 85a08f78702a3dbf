"""Cues as values, and the repairs that every subtitle format shares: order, durations, overlaps, adverts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mmemo.episode.cleaning import is_advert
from mmemo.errors import InputError

# A cue whose end is missing or wrong is shown as long as its text takes to read, 15 characters a second.
_READING_MS_A_CHARACTER = 67
_MIN_SHOWN_MS = 1000
_MAX_SHOWN_MS = 7000
# A screen holds some 200 characters. What is far longer is no cue but a damaged or a hostile file.
_MAX_CHARACTERS = 2000
# A short overlap is careless timing, a long one is two lines that are meant to stand on screen together.
_CARELESS_MS = 500
ADVERT_NOTE = "an advert; nobody says it"


@dataclass(frozen=True, slots=True)
class LineNote:
    """What happened to the text at a line of the file, counted from 1; in a stream inside a video, at a packet."""

    line: int
    what: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class SubtitleCue:
    """One cue as it stands in the file; times in ms from the start of the video, `source_line` from 1."""

    start_ms: int
    end_ms: int
    raw_text: str
    source_line: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms < self.end_ms:
            raise InputError(
                f"the cue at line {self.source_line} must end after it starts", hint="correct its times in the file"
            )


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """All cues in order of time, with the notes on what was repaired and what could not be read.

    `format` is srt, vtt, ass, ssa or the codec of a stream; `stream` is the number of that stream inside the video,
    `streams` describes all its subtitle streams.
    """

    cues: tuple[SubtitleCue, ...]
    encoding: str
    repaired: tuple[LineNote, ...] = ()
    refused: tuple[LineNote, ...] = ()
    format: str = "srt"
    stream: int | None = None
    streams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RawCue:
    """A cue as a format's reader found it: its times may be wrong, its text may be too long."""

    line: int
    start_ms: int
    end_ms: int
    text: str


def finish_cues(raw: Sequence[RawCue], repaired: list[LineNote]) -> tuple[SubtitleCue, ...]:
    """Sort cues by time and repair them as a player would; every repair is noted, no cue is left out."""
    repaired.extend(
        LineNote(b.line, "begins before the cue above it; sorted by time")
        for a, b in pairwise(raw)
        if b.start_ms < a.start_ms
    )
    ordered = sorted(raw, key=lambda cue: (cue.start_ms, cue.line))
    cues = []
    for i, cue in enumerate(ordered):
        text = _short(cue, repaired)
        later_ms = next((other.start_ms for other in ordered[i + 1 : i + 9] if other.start_ms > cue.start_ms), None)
        end_ms = _end_ms(cue, text, later_ms, repaired)
        if i + 1 < len(ordered):
            end_ms = _apart(cue, end_ms, ordered[i + 1], repaired)
        if is_advert(text):
            repaired.append(LineNote(cue.line, ADVERT_NOTE, text))
        cues.append(SubtitleCue(max(0, cue.start_ms), end_ms, text, cue.line))
    repaired.sort(key=lambda note: note.line)
    return tuple(cues)


def _short(cue: RawCue, repaired: list[LineNote]) -> str:
    text = cue.text
    if len(text) <= _MAX_CHARACTERS:
        return text
    what = f"{len(text)} characters of text; the first {_MAX_CHARACTERS} are kept"
    repaired.append(LineNote(cue.line, what, text[_MAX_CHARACTERS:]))
    return text[:_MAX_CHARACTERS].rstrip()


def _end_ms(cue: RawCue, text: str, later_ms: int | None, repaired: list[LineNote]) -> int:
    """The cue's end; a missing or wrong one is guessed from the text, at most up to the next cue if that leaves time."""
    if cue.end_ms > max(0, cue.start_ms):
        return cue.end_ms
    shown_ms = min(max(len(text) * _READING_MS_A_CHARACTER, _MIN_SHOWN_MS), _MAX_SHOWN_MS)
    start_ms = max(0, cue.start_ms)
    if later_ms is not None and later_ms - start_ms >= _CARELESS_MS:
        shown_ms = min(shown_ms, later_ms - start_ms)
    repaired.append(LineNote(cue.line, f"the cue ended before it began; shown for {shown_ms} ms"))
    return start_ms + shown_ms


def _apart(cue: RawCue, end_ms: int, after: RawCue, repaired: list[LineNote]) -> int:
    """The end of a cue that runs into the next one: cut where that begins, or left when both are meant at once."""
    over_ms = end_ms - max(0, after.start_ms)
    if over_ms <= 0:
        return end_ms
    half_ms = min(end_ms - cue.start_ms, max(after.end_ms - after.start_ms, _MIN_SHOWN_MS)) // 2
    if over_ms <= min(_CARELESS_MS, half_ms):
        repaired.append(LineNote(cue.line, f"ran {over_ms} ms into the cue at line {after.line}; ends where it begins"))
        return after.start_ms
    repaired.append(LineNote(cue.line, f"on screen together with the cue at line {after.line} for {over_ms} ms"))
    return end_ms
