"""Any bytes give cues within bounds or one InputError, and nothing of a well-formed file is lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mmemo.episode.cleaning import clean_text, split_voices
from mmemo.episode.sentences import SpokenLine, apart_voices, join_sentences
from mmemo.episode.subtitles import SubtitleFile, read_subtitles
from mmemo.errors import InputError
from tests.media import srt_text

QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
ENDINGS = (".srt", ".vtt", ".ass", ".ssa", ".txt")
# Pieces that the readers know, so that chance meets them together.
PIECES = (
    "1", "2", "007", "", " ", "\t", "00:00:01,000 --> 00:00:02,000", "00:00:02.000 --> 00:00:01.000", "00:01.000 --> 00:02.000",
    "99:99:99,999 --> 99:99:99,999", "-1:00:00,000 --> 00:00:01,000", "١:٠٠:٠١,٠٠٠ --> 00:00:09,000", "-->", "a --> b",
    "00:00:01,000 --> 00:00:02,000 said here", "WEBVTT", "NOTE x", "STYLE", "REGION", "<v Nora>Hi</v>", "<i>", "{\\an8}",
    "[Script Info]", "[Events]", "[V4 Styles]", "[Fonts]", "Format: Start, End, Text", "Format: Text", "Format:",
    "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Hi\\Nyou", "Dialogue: 0:00:01.00,0:00:02.00,Hi", "Dialogue:",
    "Dialogue: 0,0:00:0١.00,0:00:02.00,,,,,,,{\\p1}m 0 0", "Comment: 0,0:00:01.00,0:00:02.00,,,,,,,Hi", "Style: a,b,&HZZ",
    "- Hi", "- No", "NORA: Hi", "♪ la", "[door", "(x)", "Subtitles by me", "&lt;", "\0", "\x1c", "\x85", "\u2028", "\ufeff",
    "00:00:01，000 --> 00:00:02，000", "00:00:O1,0000 --> 00:00:02,000", "00:00:01,50 --> 00:00:02,50", "00:00:01,000 -->",
    "00:00:01,000 - 00:00:02,000", "a => b", "#3", "2.", "- A. - B", "[Ann]: hi", "(V.O.): hi", "— and so", "&#10;", "&#x0;",
    "{\\an8", "</i", "<font a=", "¶", "â™ª", "((a))", "[[", "A:B", ">>> X: y", "--", "-",
    "{1}{2}Hi", "<SAMI>", "\\N", "\\h", "x" * 2100,
)  # fmt: skip


def read(data: bytes, ending: str = ".srt") -> SubtitleFile | None:
    """The file as it is read from disk; None when it is refused, as only InputError may do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        path.write_bytes(data)
        try:
            file = read_subtitles(path)
        except InputError:
            return None
    assert file.cues
    assert [cue.start_ms for cue in file.cues] == sorted(cue.start_ms for cue in file.cues)
    lines = data.count(b"\n") + data.count(b"\r") + len(data) + 1
    for cue in file.cues:
        assert 0 <= cue.start_ms < cue.end_ms < 1000 * 3600 * 1100
        assert len(cue.raw_text) <= 2000
        assert "\0" not in cue.raw_text
        assert 1 <= cue.source_line <= lines
    assert all(note.what and 1 <= note.line <= lines for note in (*file.repaired, *file.refused))
    for cue in apart_voices(file.cues):
        clean_text(cue.raw_text)
    return file


@QUICK
@given(st.binary(max_size=400), st.sampled_from([*ENDINGS, ".mkv", ".mp4"]))
@example(b"\x1aE\xdf\xa3", ".srt")
@example(b"\0\0\0\x18ftypisom", ".srt")
@example(b"\xff\xfe", ".srt")
@example(b"\xff\xfe\0\0\xff", ".srt")
@example(b"\xff\xfe1\0\n\0\xd8", ".vtt")
def test_any_bytes(data: bytes, ending: str) -> None:
    read(data, ending)


@QUICK
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=25),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    st.sampled_from(ENDINGS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1251", "cp932", "gb18030", "cp949"]),
)
def test_any_lines(lines: list[str], newline: str, ending: str, encoding: str) -> None:
    read(newline.join(lines).encode(encoding, "replace"), ending)


# Words that no rule of the format can take for something else: a line of digits may be the number of a cue.
SAID = st.text(st.characters(codec="utf-8", categories=("L", "Zs", "Po")), min_size=1, max_size=30).map(
    lambda text: " ".join(f"x{text}y".replace("\ufeff", "").split())
)
TIMES = st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 6_000)), min_size=1, max_size=20)


@QUICK
@given(TIMES, st.data(), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_nothing_of_a_well_formed_file_is_lost(
    times: list[tuple[int, int]], data: st.DataObject, newline: str, encoding: str
) -> None:
    cues, now_ms = [], 0
    for pause_ms, shown_ms in times:
        said = data.draw(st.lists(SAID, min_size=1, max_size=3))
        cues.append((now_ms + pause_ms, now_ms + pause_ms + shown_ms, "\n".join(said)))
        now_ms += pause_ms + shown_ms
    file = read(srt_text(cues).replace("\n", newline).encode(encoding))
    assert file is not None
    assert [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in file.cues] == cues
    assert file.refused == ()


@QUICK
@given(st.lists(st.sampled_from([piece for piece in PIECES if "-->" not in piece]), min_size=1, max_size=6))
def test_cleaning_and_joining_answer_for_any_text(pieces: list[str]) -> None:
    raw = "\n".join(pieces)
    assert "".join("".join(split_voices(raw)).split()) == "".join(raw.split())
    assert clean_text(raw).voices >= len(split_voices(raw))
    clean = [clean_text(piece) for piece in pieces]
    lines = [SpokenLine(line.text, i * 1000, i * 1000 + 900, line.speaker) for i, line in enumerate(clean)]
    assert len(join_sentences(lines)) == len(lines)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 7, 8, 11, 12])
def test_a_container_that_is_cut_off_anywhere(size: int) -> None:
    for head in (
        b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1f",
        b"\0\0\0\x18ftypisom",
        b"RIFF\x10\0\0\0AVI ",
        b"OggS\0\x02" + bytes(6),
    ):
        assert read(head[:size], ".mkv") is None
