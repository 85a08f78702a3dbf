"""SubRip files, read as a player reads them: tolerant, and nothing is lost without a note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pysrt import SubRipTime

from mmemo.episode.encoding import decode_text
from mmemo.errors import InputError

MAX_BYTES = 20 << 20
# A cue whose end is missing or wrong is shown as long as its text takes to read, 15 characters a second.
_READING_MS_A_CHARACTER = 67
_MIN_SHOWN_MS = 1000
_MAX_SHOWN_MS = 7000
# A screen holds some 200 characters. What is far longer is no cue but a damaged or a hostile file.
_MAX_CHARACTERS = 2000

_TIME = r"-?\d{1,3}(?:\s?[:.,;]\s?\d{1,3}){2,3}"
_TIMING = re.compile(rf"^\s*(?P<start>{_TIME})\s*(?P<arrow>-{{1,3}}\s?>|[–—]\s?>|→)\s*(?P<end>{_TIME})(?P<rest>.*)$")
_STRICT_TIME = re.compile(r"^\d{2,3}:\d{2}:\d{2},\d{3}$")
_OTHER_FORMATS = (("WEBVTT", "WebVTT"), ("[Script Info]", "ASS/SSA"), ("<?xml", "XML"), ("{1}{", "MicroDVD"))


@dataclass(frozen=True, slots=True)
class LineNote:
    """What happened to the text at a line of the file, counted from 1."""

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
    """All cues in order of time, with the notes on what was repaired and what could not be read."""

    cues: tuple[SubtitleCue, ...]
    encoding: str
    repaired: tuple[LineNote, ...] = ()
    refused: tuple[LineNote, ...] = ()


@dataclass(slots=True)
class _Block:
    """A cue while its lines are being collected."""

    line: int
    start_ms: int
    end_ms: int
    lines: list[str]


def read_subtitles(path: Path) -> SubtitleFile:
    """Read an .srt of any common encoding; InputError when it is no such file or holds no cue."""
    try:
        size = path.stat().st_size if path.is_file() else -1
        if size > MAX_BYTES:
            raise InputError(f"{path} has {size >> 20} MB, too much for a subtitle", hint="is it really the .srt?")
        data = path.read_bytes() if size >= 0 else b""
    except OSError as error:
        raise InputError(f"the subtitle {path} cannot be read", hint=str(error.strerror)) from error
    if size < 0:
        raise InputError(f"there is no subtitle file {path}", hint="check the path")
    if size == 0:
        raise InputError(f"the subtitle {path} is empty (0 bytes)", hint="download or export it again")
    text, encoding = decode_text(data)
    _refuse_other_formats(path, text)
    parsed = parse_subtitles(text, encoding)
    if not parsed.cues:
        raise InputError(
            f"{path} holds no subtitle cue",
            hint='an .srt has lines such as "00:00:01,000 --> 00:00:03,500" above each text',
        )
    return parsed


def parse_subtitles(text: str, encoding: str = "utf-8") -> SubtitleFile:
    """Read the text of a SubRip file; never raises, an unreadable part becomes a refusal with its line."""
    lines = re.split(r"\r*\n|\r", text.lstrip("\ufeff"))
    repaired: list[LineNote] = []
    refused: list[LineNote] = []
    blocks = _collect(lines, repaired, refused)
    late = next((b for a, b in pairwise(blocks) if b.start_ms < a.start_ms), None)
    if late is not None:
        repaired.append(LineNote(late.line, "cues were out of order and are sorted by time"))
    blocks.sort(key=lambda block: (block.start_ms, block.line))
    cues = tuple(_finished(block, repaired) for block in blocks)
    repaired.sort(key=lambda note: note.line)
    return SubtitleFile(cues, encoding, tuple(repaired), tuple(refused))


def _refuse_other_formats(path: Path, text: str) -> None:
    head = text.lstrip("\ufeff \r\n\t")[:200]
    for mark, name in _OTHER_FORMATS:
        if head.startswith(mark):
            raise InputError(f"{path} is a {name} file, not SubRip", hint="convert it to .srt first")
    if "\0" in head:
        raise InputError(f"{path} is no text file", hint="give the .srt file of the episode")


def _collect(lines: Sequence[str], repaired: list[LineNote], refused: list[LineNote]) -> list[_Block]:
    """Split the lines at the lines that hold times; what stands between belongs to the cue before."""
    blocks: list[_Block] = []
    lost: list[str] | None = []  # a list while lines cannot belong to a cue, None inside a cue
    lost_line = 1
    number = 0
    for position, line in enumerate(lines):
        match = _TIMING.match(line)
        if match is None:
            if "-->" in line:
                _refuse(lost, lost_line, refused)
                number = _drop_index(blocks[-1].lines if blocks and lost is None else [], number, repaired, position)
                lost, lost_line = [line], position + 1
            elif lost is not None:
                lost.append(line)
            else:
                blocks[-1].lines.append(line)
            continue
        before = blocks[-1].lines if lost is None else lost
        number = _drop_index(before, number, repaired, position)
        if lost is not None:
            _refuse(lost, lost_line, refused)
        lost = None
        blocks.append(_timed(match, position + 1, repaired))
    _refuse(lost, lost_line, refused)
    for block in blocks:
        _tidy(block, repaired, refused)
    return blocks


def _refuse(lost: list[str] | None, line: int, refused: list[LineNote]) -> None:
    text = "\n".join(lost or []).strip()
    if not text:
        return
    first = next(i for i, content in enumerate(lost or []) if content.strip())
    what = "the times cannot be read" if "-->" in text else "text without times"
    refused.append(LineNote(line + first, what, text))


def _drop_index(before: list[str], number: int, repaired: list[LineNote], position: int) -> int:
    """Take the cue's number off the lines before its times; returns the number that this cue has."""
    index = before[-1].strip() if before else ""
    stands_alone = len(before) < 2 or not before[-2].strip()
    if index.isdecimal() and len(index) < 10 and (stands_alone or int(index) == number + 1):
        before.pop()
        if int(index) != number + 1 and not (number == 0 and index == "0"):
            repaired.append(LineNote(position, f"number {int(index)} where {number + 1} was due"))
        return int(index)
    repaired.append(LineNote(position + 1, "the cue's number is missing"))
    return number + 1


def _timed(match: re.Match[str], line: int, repaired: list[LineNote]) -> _Block:
    start, end, arrow = match["start"], match["end"], match["arrow"]
    if arrow != "-->" or not (_STRICT_TIME.match(start) and _STRICT_TIME.match(end)):
        repaired.append(LineNote(line, f"times written as {match[0].strip()[:60]!r}"))
    return _Block(line, _milliseconds(start), _milliseconds(end), [])


def _milliseconds(time: str) -> int:
    """Integer ms of a time of three or four parts; a negative one counts as 0."""
    parts = re.split(r"\s?[:.,;]\s?", time.lstrip("-"))
    if len(parts) == 3:
        has_fraction = re.search(r"[.,;]\s?\d+$", time) is not None
        parts = ["0", *parts] if has_fraction else [*parts, "0"]
    return 0 if time.startswith("-") else int(SubRipTime(*(int(part) for part in parts)).ordinal)


def _tidy(block: _Block, repaired: list[LineNote], refused: list[LineNote]) -> None:
    """Trim blank lines; a numbered paragraph inside the text is a cue that lost its times."""
    while block.lines and not block.lines[-1].strip():
        block.lines.pop()
    for i in range(1, len(block.lines) - 1):
        if not block.lines[i - 1].strip() and block.lines[i].strip().isdecimal() and block.lines[i + 1].strip():
            text = "\n".join(block.lines[i:]).strip()
            refused.append(LineNote(block.line + i + 1, "a numbered text without times", text))
            del block.lines[i:]
            break
    inside = "\n".join(block.lines).strip("\n")
    if re.search(r"\n[ \t]*\n", inside):
        repaired.append(LineNote(block.line, "a blank line inside the text"))
    block.lines = [line for line in inside.split("\n") if line.strip()]


def _finished(block: _Block, repaired: list[LineNote]) -> SubtitleCue:
    text = "\n".join(line.strip() for line in block.lines)
    if len(text) > _MAX_CHARACTERS:
        repaired.append(LineNote(block.line, f"{len(text)} characters of text; the first {_MAX_CHARACTERS} are kept"))
        text = text[:_MAX_CHARACTERS].rstrip()
    end_ms = block.end_ms
    if end_ms <= block.start_ms:
        shown_ms = min(max(len(text) * _READING_MS_A_CHARACTER, _MIN_SHOWN_MS), _MAX_SHOWN_MS)
        end_ms = block.start_ms + shown_ms
        repaired.append(LineNote(block.line, f"the cue ended before it began; shown for {shown_ms} ms"))
    return SubtitleCue(block.start_ms, end_ms, text, block.line)
