"""Advanced SubStation Alpha (.ass, .ssa), and which format a text is in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pysubs2
from pysubs2.time import TIMESTAMP, TIMESTAMP_SHORT

from mmemo.episode.subrip import split_lines
from mmemo.episode.subtitle_cues import LineNote, RawCue, SubtitleFile, finish_cues

_SECTION = re.compile(
    r"^\[(?:Script Info|V4\+{0,2} Styles|Events|Fonts|Graphics|Aegisub[^\]]{0,60})\]\s*$", re.IGNORECASE
)
_EVENT = re.compile(r"^(?P<kind>Dialogue|Comment)\s*:\s*(?P<fields>.*)$", re.IGNORECASE)
_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
_NEEDED = frozenset({"start", "end", "text"})
_OVERRIDE = re.compile(r"\{[^{}]{0,1000}\}")
# Shapes to draw, from {\p1} to {\p0}.
_DRAWING = re.compile(r"\{[^{}]{0,400}\\p[1-9][^{}]{0,400}\}.*?(?:(?=\{[^{}]{0,400}\\p0)|$)")
_HEADS = (
    (re.compile(r"WEBVTT\b"), "vtt"),
    (re.compile(r"\[(?:Script Info|V4\+? Styles|Events)\]", re.IGNORECASE), "ass"),
    (re.compile(r"(?:Dialogue|Format)\s*:.{0,80},"), "ass"),
    (re.compile(r"<SAMI", re.IGNORECASE), "SAMI"),
    (re.compile(r"<\?xml|<tt\b", re.IGNORECASE), "XML"),
    (re.compile(r"\{\d+\}\{\d*\}"), "MicroDVD"),
    (re.compile(r"\[\d+\]\[\d*\]"), "MPL2"),
    (re.compile(r"# VobSub index file"), "VobSub"),
    (re.compile(r"\d{1,2}:\d{2}:\d{2}:(?!\s*\d)"), "TMPlayer"),
)


def text_format(text: str, path: Path) -> str:
    """srt, vtt, ass or ssa, or the name of a format that is not read; the content decides, then the file's ending."""
    head = text[:4096].lstrip("\ufeff \r\n\t\0")
    name = next((name for mark, name in _HEADS if mark.match(head)), None)
    ending = path.suffix.lower().lstrip(".")
    if name == "ass" or (name is None and ending in ("ass", "ssa") and "-->" not in text):
        return "ssa" if re.search(r"^\[V4 Styles\]", text, re.IGNORECASE | re.MULTILINE) or ending == "ssa" else "ass"
    return name or ("vtt" if ending == "vtt" else "srt")


def parse_substation(text: str, encoding: str = "utf-8", kind: str = "ass") -> SubtitleFile:
    """Read the text of an .ass or .ssa file; never raises, an unreadable part becomes a refusal with its line.

    Each Dialogue line is checked and put in the usual order of fields, whatever its Format line says, before pysubs2
    reads it: one that cannot be read would end its reading. The actor's name becomes a `<v Name>` in front.
    """
    repaired: list[LineNote] = []
    refused: list[LineNote] = []
    found = _dialogues(split_lines(text, repaired), repaired, refused)
    events = pysubs2.SSAFile.from_string("\n".join(["[Events]", *(line for _, line in found)]), format_="ass")
    assert len(events) == len(found), "every line was checked before"
    raw: list[RawCue] = []
    seen: dict[tuple[int, int, str], int] = {}
    for (line, _), event in zip(found, events, strict=True):
        cue = _raw_cue(line, event, repaired)
        key = (cue.start_ms, cue.end_ms, _OVERRIDE.sub("", cue.text).strip())
        if cue.text and key in seen:
            repaired.append(LineNote(line, f"the same words as line {seen[key]}, drawn once more", cue.text))
        else:
            seen[key] = line
            raw.append(cue)
    return SubtitleFile(finish_cues(raw, repaired), encoding, tuple(repaired), tuple(refused), kind)


def _dialogues(lines: Sequence[str], repaired: list[LineNote], refused: list[LineNote]) -> list[tuple[int, str]]:
    """(line number, Dialogue line of the usual order) of each event that can be read."""
    found: list[tuple[int, str]] = []
    fields: Sequence[str] = _FIELDS
    inside = False
    for number, line in enumerate((line.strip() for line in lines), 1):
        event = _EVENT.match(line)
        if event is None:
            if _SECTION.match(line):
                inside = line.lower().startswith("[events")
            elif inside and line.lower().startswith("format"):
                fields = _format_fields(line, number, repaired)
            elif inside and line and not line.startswith((";", "!")):
                refused.append(LineNote(number, "no Dialogue line", line))
            continue
        values = dict(zip(fields, event["fields"].split(",", len(fields) - 1), strict=False))
        if event["kind"].lower() == "comment":
            repaired.append(LineNote(number, "a comment, shown by no player", values.get("text", line)))
        elif not values.keys() >= _NEEDED:
            refused.append(LineNote(number, f"a Dialogue line of {len(values)} fields, not {len(fields)}", line))
        elif not all(_is_time(values[name]) for name in ("start", "end")):
            refused.append(LineNote(number, "the times cannot be read", line))
        else:
            start, end, name = (values.get(key, "").strip() for key in ("start", "end", "name"))
            found.append((number, f"Dialogue: 0,{start},{end},Default,{name},0,0,0,,{values['text']}"))
    return found


def _format_fields(line: str, number: int, repaired: list[LineNote]) -> Sequence[str]:
    fields = [name.strip().lower() for name in line.partition(":")[2].split(",")]
    if set(fields) >= _NEEDED and fields[-1] == "text" and len(set(fields)) == len(fields):
        return fields
    repaired.append(LineNote(number, "the Format line is wrong; the usual order is taken", line))
    return _FIELDS


def _is_time(text: str) -> bool:
    bare = text.strip().removeprefix("-")
    return bool(TIMESTAMP.fullmatch(bare) or TIMESTAMP_SHORT.fullmatch(bare))


def _raw_cue(line: int, event: pysubs2.SSAEvent, repaired: list[LineNote]) -> RawCue:
    text = _DRAWING.sub("", event.text)
    if text != event.text:
        repaired.append(LineNote(line, "a drawing; its shapes are no words"))
    return RawCue(line, max(0, int(event.start)), max(0, int(event.end)), substation_text(text, event.name))


def substation_text(text: str, name: str = "") -> str:
    """The text of an event with real line ends and its actor as a voice tag; overrides stay for the cleaning."""
    lines = (line.strip() for line in re.split(r"\\[Nn]", text))
    said = "\n".join(line for line in lines if line)
    actor = " ".join(re.sub(r"[<>{}]", " ", name).split())[:60]
    return f"<v {actor}>{said}" if actor and said else said
