"""Subtitles in which every line has the colour of its speaker's emotion, and its name in brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mmemo.progress import Progress, Stage
from mmemo.store.export.content import Content
from mmemo.store.export.line_moods import LineMood, line_moods
from mmemo.store.export.moods import MOOD_COLOURS, rgb
from mmemo.store.export.safe import plain

STEM = "emotions"
# Invisible, and no letter: behind it a "<" begins no tag, a backslash no command, and digits are no time.
_JOINER = "\u2060"
_TIME = re.compile(r"(?<=\d):(?=\d)")
_STYLE = "mood-"


def write_mood_subtitles(content: Content, folder: Path) -> Stage[None]:
    """emotions.srt, emotions.vtt and emotions.ass; lines without a read face stay white and have no name."""
    lines = line_moods(content)
    for done, (ending, text) in enumerate(
        (("srt", srt_text(lines)), ("vtt", vtt_text(lines)), ("ass", ass_text(lines, content.episode_id))), start=1
    ):
        (folder / f"{STEM}.{ending}").write_text(text, encoding="utf-8", newline="\n")
        yield Progress("write subtitles", done, 3, ending)


def srt_text(lines: Sequence[LineMood]) -> str:
    """SubRip with <font color>."""
    blocks = []
    for number, line in enumerate(lines, start=1):
        said = _rows(line).replace("<", f"<{_JOINER}")
        coloured = f'<font color="{MOOD_COLOURS[line.label]}">{said}</font>' if line.label else said
        blocks.append(f"{number}\n{_stamp(line.start_ms)} --> {_stamp(line.end_ms)}\n{coloured}\n")
    return "\n".join(blocks)


def vtt_text(lines: Sequence[LineMood]) -> str:
    """WebVTT with a class for every emotion."""
    colours = "\n".join(f"::cue(.{label}) {{ color: {colour}; }}" for label, colour in MOOD_COLOURS.items())
    blocks = ["WEBVTT\n", f"STYLE\n{colours}\n"]
    for line in lines:
        said = _rows(line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        coloured = f"<c.{line.label}>{said}</c>" if line.label else said
        start, end = (_stamp(ms).replace(",", ".") for ms in (line.start_ms, line.end_ms))
        blocks.append(f"{start} --> {end}\n{coloured}\n")
    return "\n".join(blocks)


def ass_text(lines: Sequence[LineMood], title: str) -> str:
    """Advanced SubStation with a style for every emotion.

    The format has no way to write braces, which begin a command: they become round brackets.
    """
    import pysubs2

    subtitles = pysubs2.SSAFile()
    subtitles.info["Title"] = " ".join(plain(title).split())
    for label, colour in MOOD_COLOURS.items():
        style = pysubs2.SSAStyle(fontsize=22, primarycolor=pysubs2.Color(*rgb(colour)), outline=1.5)
        subtitles.styles[f"{_STYLE}{label}"] = style
    for line in lines:
        said = _rows(line).replace("{", "(").replace("}", ")").replace("\\", f"\\{_JOINER}").replace("\n", "\\N")
        style_name = f"{_STYLE}{line.label}" if line.label else "Default"
        subtitles.append(pysubs2.SSAEvent(start=line.start_ms, end=line.end_ms, text=said, style=style_name))
    text: str = subtitles.to_string("ass")
    return text


def _rows(line: LineMood) -> str:
    """The words as rows that end no cue early: no empty row, no arrow, no times; the emotion's name in front."""
    text = _TIME.sub(f":{_JOINER}", plain(line.text).replace("-->", "→"))
    rows = [row.strip() for row in text.split("\n") if row.strip()]
    if line.label:
        rows[:1] = [f"[{line.label}] {rows[0]}" if rows else f"[{line.label}]"]
    return "\n".join(rows)


def _stamp(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{rest:03d}"
