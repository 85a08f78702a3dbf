"""SubRip and WebVTT text, read as a player reads it: tolerant, and nothing is lost without a note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pysrt import SubRipTime

from mmemo.episode.subtitle_cues import LineNote, RawCue, SubtitleFile, finish_cues

_TIME = r"-?\d{1,3}(?:\s?[:.,;]\s?-?\d{1,3}){2,3}"
_ARROW = r"(?:-{1,3}|={1,2}|[–—])\s?(?:>|&gt;)|→"
_TIMING = re.compile(
    rf"^\s*(?:\d{{1,9}}\s+)?(?P<start>{_TIME})\d*\s*(?P<arrow>{_ARROW})\s*(?P<end>{_TIME})\d*(?P<rest>.*)$"
)
# Without an arrow only times in full are taken for times, and nothing may follow them.
_FULL_TIME = r"\d{1,2}:\d{2}:\d{2}[.,]\d{1,3}"
_ARROWLESS = re.compile(rf"^\s*(?P<start>{_FULL_TIME})(?P<arrow>[\s>–—-]{{1,5}})(?P<end>{_FULL_TIME})(?P<rest>)\s*$")
_OPEN = re.compile(rf"^\s*(?P<start>{_TIME})\s*(?P<arrow>{_ARROW})(?P<end>)(?P<rest>)\s*$")
_TIMINGS = (_TIMING, _ARROWLESS, _OPEN)
# Signs of East Asian keyboards, and letters that a scanner takes for digits.
_FULL_WIDTH = str.maketrans("０１２３４５６７８９：，．；－＞", "0123456789:,.;->")
_SCANNED = str.maketrans("OoQlI|", "000111")
# What may follow the times: a place such as "X1:100", or a setting of WebVTT such as "align:start".
_PLACE = re.compile(r"(?:^|\s)[A-Za-z]+\d?:\S+")
_USUAL = re.compile(r"\s*\d{2,3}:\d{2}:\d{2},\d{3}\s*-->\s*\d{2,3}:\d{2}:\d{2},\d{3}(?!\d)")
_USUAL_VTT = re.compile(r"\s*(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}\s*-->\s*(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}(?!\d)")
# At most three, so that a file of nothing but carriage returns takes no quadratic time.
_LINE_END = re.compile(r"\r{0,3}\n|\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufeff]")
# What tells a line of broken times from a text with an arrow in it.
_TIME_LIKE = re.compile(r"\d\s?[:.,;]\s?\w")
_FRACTION = re.compile(r":\s?\d+\s?[.,;]\s?(\d+)$")
_INDEX = re.compile(r"#?\s?(\d{1,9})\s?[.:)]?")
_VTT_BLOCK = re.compile(r"^(?:NOTE(?:\s.*)?|STYLE|REGION)\s*$")


@dataclass(slots=True)
class _Block:
    """A cue while its lines are being collected."""

    line: int
    start_ms: int
    end_ms: int
    lines: list[str]
    digits: frozenset[int] = frozenset()  # of the fractions of a second


def parse_subtitles(text: str, encoding: str = "utf-8") -> SubtitleFile:
    """Read the text of a SubRip file; never raises, an unreadable part becomes a refusal with its line."""
    repaired: list[LineNote] = []
    return _parsed(split_lines(text, repaired), encoding, repaired, is_vtt=False)


def parse_webvtt(text: str, encoding: str = "utf-8") -> SubtitleFile:
    """Read the text of a WebVTT file; never raises.

    Header, NOTE, STYLE and REGION blocks are left out as every player does. The tags stay in the text. pysubs2 is not
    used here: it has no line numbers, takes a line with two karaoke times for the times of a cue, and a NOTE for text.
    """
    repaired: list[LineNote] = []
    return _parsed(_cue_lines(split_lines(text, repaired), repaired), encoding, repaired, is_vtt=True)


def split_lines(text: str, repaired: list[LineNote]) -> list[str]:
    """The lines of a file without line ends and control characters; those taken out are noted."""
    lines = _LINE_END.split(text.lstrip("\ufeff"))
    for position, line in enumerate(lines):
        if _CONTROL.search(line):
            lines[position], count = _CONTROL.subn("", line)
            repaired.append(LineNote(position + 1, f"{count} control characters taken out"))
    return lines


def _parsed(lines: Sequence[str], encoding: str, repaired: list[LineNote], *, is_vtt: bool) -> SubtitleFile:
    refused: list[LineNote] = []
    blocks = _collect(lines, repaired, refused, is_vtt)
    raw = [RawCue(b.line, b.start_ms, b.end_ms, "\n".join(line.strip() for line in b.lines)) for b in blocks]
    cues = finish_cues(raw, repaired)
    refused.sort(key=lambda note: note.line)
    return SubtitleFile(cues, encoding, tuple(repaired), tuple(refused), "vtt" if is_vtt else "srt")


def _cue_lines(lines: Sequence[str], repaired: list[LineNote]) -> list[str]:
    """The lines with everything that is no cue made blank, so that line numbers stay."""
    kept: list[str] = []
    is_header = bool(lines) and lines[0].lstrip().startswith("WEBVTT")
    if not is_header:
        repaired.append(LineNote(1, "the WEBVTT header is missing"))
    inside = is_header
    for i, line in enumerate(lines):
        if inside:
            inside = bool(line.strip()) and _TIMING.match(line) is None
            # An identifier right above the first times, with no blank line after the header, is left out too.
        elif _VTT_BLOCK.match(line) and (i == 0 or not lines[i - 1].strip()):
            inside = True
        kept.append("" if inside else line)
    return kept


def _collect(lines: Sequence[str], repaired: list[LineNote], refused: list[LineNote], is_vtt: bool) -> list[_Block]:
    """Split the lines at the lines that hold times; what stands between belongs to the cue before."""
    blocks: list[_Block] = []
    lost: list[str] | None = [""]  # a list while lines cannot belong to a cue, None inside a cue
    lost_line = 0
    number = 0
    for position, line in enumerate(lines):
        match = _timing(line)
        if match is None:
            if "-->" in line and (lost is not None or _TIME_LIKE.search(line)):
                _refuse(lost, lost_line, refused)
                number = _drop_index(
                    blocks[-1].lines if blocks and lost is None else [], number, repaired, position, is_vtt
                )
                lost, lost_line = [line], position + 1
            elif lost is not None:
                lost.append(line)
            else:
                blocks[-1].lines.append(line)
            continue
        before = blocks[-1].lines if lost is None else lost
        number = _drop_index(before, number, repaired, position, is_vtt)
        if lost is not None:
            _refuse(lost, lost_line, refused)
        lost = None
        blocks.append(_timed(match, line, position + 1, repaired, is_vtt))
    _refuse(lost, lost_line, refused)
    if blocks and lost is None:
        _drop_last_index(blocks[-1].lines, number, repaired, len(lines))
    for block in blocks:
        _tidy(block, repaired, refused)
    _widen_fractions(blocks, repaired)
    return blocks


def _timing(line: str) -> re.Match[str] | None:
    """The times on a line, also when they were typed full width, scanned, without an arrow, or have no end."""
    for form in _TIMINGS:
        if match := form.match(line):
            return match
    if ">" in line or "＞" in line:
        plain = line.translate(_FULL_WIDTH)
        if match := _TIMING.match(plain):
            return match
        match = _TIMING.match(plain.translate(_SCANNED))
        return match if match and not match["rest"].strip() else None
    return None


def _widen_fractions(blocks: Sequence[_Block], repaired: list[LineNote]) -> None:
    """Read ".5" as half a second and ".50" too, where a whole file writes its times so; else they count as ms."""
    digits = frozenset[int]().union(*(block.digits for block in blocks))
    if digits not in ({1}, {2}):
        return
    factor = 100 if digits == {1} else 10
    for block in blocks:
        block.start_ms += (factor - 1) * (block.start_ms % 1000)
        block.end_ms += (factor - 1) * (block.end_ms % 1000)
    repaired.append(LineNote(blocks[0].line, f"all times have {min(digits)} digits behind the second, not 3"))


def _refuse(lost: list[str] | None, line: int, refused: list[LineNote]) -> None:
    text = "\n".join(lost or []).strip()
    if not text:
        return
    first = next(i for i, content in enumerate(lost or []) if content.strip())
    what = "the times cannot be read" if "-->" in text else "text without times"
    refused.append(LineNote(line + first, what, text))


def _drop_index(before: list[str], number: int, repaired: list[LineNote], position: int, is_vtt: bool) -> int:
    """Take the cue's number off the lines before its times; returns the number that this cue has.

    In WebVTT any words may stand there, and nothing need.
    """
    blanks = 0 if is_vtt else next((i for i, line in enumerate(reversed(before)) if line.strip()), 0)
    place = len(before) - 1 - blanks
    index = before[place].strip() if before else ""
    stands_alone = place < 1 or not before[place - 1].strip()
    if is_vtt:
        if index and len(before) > 1 and stands_alone:
            if not index.isdecimal():
                repaired.append(LineNote(position, "taken for the cue's identifier", index))
            before.pop()
        return number + 1
    bare = _INDEX.fullmatch(index)
    is_due = bare is not None and int(bare[1]) == number + 1
    if bare and (is_due or (stands_alone and not blanks)) and (stands_alone or index.isdecimal()):
        del before[place:]
        if blanks or not index.isdecimal():
            repaired.append(LineNote(position - blanks, "the cue's number is written in another way", index))
        if not is_due and not (number == 0 and int(bare[1]) == 0):
            repaired.append(LineNote(position - blanks, f"number {int(bare[1])} where {number + 1} was due"))
        return int(bare[1])
    repaired.append(LineNote(position + 1, "the cue's number is missing"))
    return number + 1


def _drop_last_index(lines: list[str], number: int, repaired: list[LineNote], last_line: int) -> None:
    """Take off a number that stands alone at the end of a file, where a cue was to follow."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    if end > 1 and lines[end - 1].strip() == str(number + 1) and not lines[end - 2].strip():
        repaired.append(LineNote(last_line - len(lines) + end, "a number without a cue", lines[end - 1].strip()))
        del lines[end - 1 :]


def _timed(match: re.Match[str], written: str, line: int, repaired: list[LineNote], is_vtt: bool) -> _Block:
    start, end = match["start"], match["end"]
    if not end:
        repaired.append(LineNote(line, "the end of the cue is missing"))
    elif not (_USUAL_VTT if is_vtt else _USUAL).match(written):
        repaired.append(LineNote(line, f"times written as {written.strip()[:60]!r}"))
    said = _PLACE.sub(" ", match["rest"]).strip()
    if said:
        repaired.append(LineNote(line, "text on the line of the times"))
    digits = frozenset(len(found[1]) for time in (start, end) if (found := _FRACTION.search(time)))
    times = (_milliseconds(start), _milliseconds(end or start))
    return _Block(line, *times, [said] if said else [], digits)


def _milliseconds(time: str) -> int:
    """Integer ms of a time of three or four parts; a negative one counts as 0."""
    if "-" in time:
        return 0
    parts = re.split(r"\s?[:.,;]\s?", time)
    if len(parts) == 3:
        has_fraction = re.search(r"[.,;]\s?\d+$", time) is not None
        parts = ["0", *parts] if has_fraction else [*parts, "0"]
    return int(SubRipTime(*(int(part) for part in parts)).ordinal)


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
