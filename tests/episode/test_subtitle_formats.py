from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.episode.cleaning import clean_text
from mmemo.episode.subtitle_formats import parse_substation, text_format
from mmemo.episode.subtitles import read_subtitles
from mmemo.errors import InputError

HEAD = """[Script Info]
; a remark
Title: x
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, Bold
Style: Default,Arial,not a number,x

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def event(start: str, end: str, text: str, name: str = "", kind: str = "Dialogue") -> str:
    return f"{kind}: 0,{start},{end},Default,{name},0,0,0,,{text}\n"


def test_an_ass_file(tmp_path: Path) -> None:
    path = tmp_path / "a.ass"
    path.write_text(
        HEAD
        + event("0:00:03.00", "0:00:04.50", r"{\an8}Yes, {\i1}no{\i0},\Nwell", "Nora")
        + event("0:00:01.00", "0:00:02.00", "First")
    )
    file = read_subtitles(path)
    assert (file.format, file.encoding, file.refused) == ("ass", "utf-8", ())
    assert [(cue.start_ms, cue.end_ms, cue.source_line) for cue in file.cues] == [(1000, 2000, 13), (3000, 4500, 12)]
    said = clean_text(file.cues[1].raw_text)
    assert (said.text, said.speaker, said.rules) == ("Yes, no, well", "Nora", ("voice_tag", "overrides"))


def test_nothing_of_a_damaged_file_is_lost_without_a_line() -> None:
    text = (
        HEAD
        + event("0:00:01.00", "0:00:02.00", "kept")
        + event("0:00:0x.00", "0:00:02.00", "bad time")
        + "Dialogue: 0,0:00:01.00,0:00:02.00\n"
        + "the rest of a broken line\n"
        + event("0:00:03.00", "0:00:02.00", "backwards")
        + event("0:00:05.00", "0:00:06.00", "a remark", kind="Comment")
        + event("0:00:07.00", "0:00:08.00", r"{\p1}m 0 0 l 10 10{\p0}words")
        + event("0:00:07.00", "0:00:08.00", r"{\blur2}words")
        + event("-0:00:01.00", "0:00:00.50", "early")
    )
    file = parse_substation(text)
    assert [clean_text(cue.raw_text).text for cue in file.cues] == ["early", "kept", "backwards", "words"]
    assert [(note.line, note.what) for note in file.refused] == [
        (13, "the times cannot be read"),
        (14, "a Dialogue line of 3 fields, not 10"),
        (15, "no Dialogue line"),
    ]
    assert [(note.line, note.what) for note in file.repaired] == [
        (16, "the cue ended before it began; shown for 1000 ms"),
        (17, "a comment, shown by no player"),
        (18, "a drawing; its shapes are no words"),
        (19, "the same words as line 18, drawn once more"),
        (20, "begins before the cue above it; sorted by time"),
    ]


def test_the_format_line_may_order_the_fields_as_it_likes() -> None:
    lines = "[Events]\nFormat: Start, End, Name, Text\nDialogue: 0:00:01.00,0:00:02.00,Ann,Hi, you\n"
    (cue,) = parse_substation(lines).cues
    assert (cue.start_ms, cue.end_ms, cue.raw_text) == (1000, 2000, "<v Ann>Hi, you")
    wrong = parse_substation("[Events]\nFormat: Text, Start\n" + event("0:00:01.00", "0:00:02.00", "Hi"))
    assert [cue.raw_text for cue in wrong.cues] == ["Hi"]
    assert "Format line is wrong" in wrong.repaired[0].what


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("", "a.srt", "srt"),
        ("Hello", "a.vtt", "vtt"),
        ("\ufeffWEBVTT", "a.srt", "vtt"),
        ("[Script Info]\n[V4 Styles]\n", "a.srt", "ssa"),
        ("[Script Info]\n[V4+ Styles]\n", "a.txt", "ass"),
        ("Dialogue: 0,0:00:01.00,0:00:02.00,", "a.ssa", "ssa"),
        ("1\n00:00:01,000 --> 00:00:02,000\n", "a.ass", "srt"),
        ("[10][20]Hi", "a.txt", "MPL2"),
    ],
)
def test_formats_by_content_and_ending(text: str, name: str, expected: str) -> None:
    assert text_format(text, Path(name)) == expected


def test_an_empty_file_of_events_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ssa"
    path.write_text(HEAD)
    with pytest.raises(InputError, match="no subtitle cue"):
        read_subtitles(path)
