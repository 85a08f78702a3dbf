from __future__ import annotations

import random
from pathlib import Path

import pytest

from mmemo.episode.subtitles import MAX_BYTES, parse_subtitles, read_subtitles
from mmemo.errors import InputError
from tests.media import srt_text

TWO = "1\n00:00:01,000 --> 00:00:02,500\nHello\nthere\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n"


def spans(text: str) -> list[tuple[int, int, str]]:
    return [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in parse_subtitles(text).cues]


def test_a_good_file_needs_no_repair() -> None:
    file = parse_subtitles(TWO)
    assert spans(TWO) == [(1000, 2500, "Hello\nthere"), (3000, 4000, "Bye")]
    assert [cue.source_line for cue in file.cues] == [2, 7]
    assert (file.repaired, file.refused) == ((), ())


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_kind_of_line_end(newline: str) -> None:
    assert spans(TWO.replace("\n", newline)) == spans(TWO)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("00:00:01.000 --> 00:00:02.500", (1000, 2500)),
        ("00:00:01,000-->00:00:02,500", (1000, 2500)),
        ("00:00:01,000 -> 00:00:02,500", (1000, 2500)),
        ("0:0:1,0 --> 0:0:2,500", (1000, 2500)),
        ("00:00:01 --> 00:00:10", (1000, 10000)),
        ("00:01.000 --> 00:02.500", (1000, 2500)),
        ("00:00:01,000 --> 00:00:02,500  X1:000 X2:000 Y1:050 Y2:100", (1000, 2500)),
        ("100:00:01,000 --> 100:00:02,500", (360_001_000, 360_002_500)),
        ("-00:00:01,000 --> 00:00:02,500", (0, 2500)),
    ],
)
def test_times_as_people_write_them(times: str, expected: tuple[int, int]) -> None:
    assert spans(f"1\n{times}\nHi\n") == [(*expected, "Hi")]


def test_missing_numbers_and_blank_lines_are_repaired_with_a_note() -> None:
    text = "00:00:01,000 --> 00:00:02,000\nA\n2\n00:00:03,000 --> 00:00:04,000\nB\n\nstill B\n\n9\n00:00:05,000 --> 00:00:06,000\nC"
    file = parse_subtitles(text)
    assert [cue.raw_text for cue in file.cues] == ["A", "B\nstill B", "C"]
    assert [(note.line, note.what) for note in file.repaired] == [
        (1, "the cue's number is missing"),
        (4, "a blank line inside the text"),
        (9, "number 9 where 3 was due"),
    ]


def test_a_number_that_is_said_stays() -> None:
    assert spans("1\n00:00:01,000 --> 00:00:02,000\n42\n\n2\n00:00:03,000 --> 00:00:04,000\nSeven\n") == [
        (1000, 2000, "42"),
        (3000, 4000, "Seven"),
    ]


def test_order_and_durations_are_repaired() -> None:
    text = srt_text([(5000, 6000, "late"), (1000, 1000, "no length"), (3000, 2000, "backwards")])
    file = parse_subtitles(text)
    assert [cue.raw_text for cue in file.cues] == ["no length", "backwards", "late"]
    assert all(cue.start_ms < cue.end_ms for cue in file.cues)
    assert len(file.repaired) == 3


def test_what_cannot_be_read_is_refused_with_its_line() -> None:
    text = (
        "An advert\n\n"
        + TWO
        + "\n3\n00:00:x5,000 --> 00:00:06,000\nlost\n\n4\n00:00:07,000 --> 00:00:08,000\nD\n\n5\nno times\n\n6\n00:00:09,000 --> 00:00:10,000\nE\n"
    )
    file = parse_subtitles(text)
    assert [cue.raw_text for cue in file.cues] == ["Hello\nthere", "Bye", "D", "E"]
    assert [(note.line, note.text) for note in sorted(file.refused, key=lambda n: n.line)] == [
        (1, "An advert"),
        (13, "00:00:x5,000 --> 00:00:06,000\nlost"),
        (20, "5\nno times"),
    ]


SAID = "Où êtes-vous, François ? Ça alors, voilà l'été déjà, à bientôt — là-bas, près du château. "
RUSSIAN = "Что ты здесь делаешь? Я не знаю, где мой брат. Пойдём отсюда скорее, пока не поздно. "


@pytest.mark.parametrize(
    ("encoding", "said", "reported"),
    [
        ("utf-8", SAID, "utf-8"),
        ("utf-8-sig", SAID, "utf-8"),
        ("utf-16", SAID, "utf-16-le"),
        ("utf-16-le", SAID, "utf-16-le"),
        ("utf-16-be", SAID, "utf-16-be"),
        ("utf-32", SAID, "utf-32-le"),
        ("utf-32-be", SAID, "utf-32-be"),
        ("utf-16-le", "Plain words.", "utf-16-le"),
        ("utf-16-be", "Plain words.", "utf-16-be"),
        ("utf-32-le", "Plain words.", "utf-32-le"),
        ("cp1252", SAID.replace("—", "-"), "cp1252"),
        ("cp1251", RUSSIAN, "cp1251"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, said: str, reported: str) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(srt_text([(i * 2000, i * 2000 + 1500, said.strip()) for i in range(20)]).encode(encoding))
    file = read_subtitles(path)
    assert file.encoding == reported
    assert {cue.raw_text for cue in file.cues} == {said.strip()}


def test_a_few_broken_bytes_do_not_change_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    data = srt_text([(i * 2000, i * 2000 + 1500, SAID) for i in range(20)]).encode()
    path.write_bytes(data[:100].replace(b"\xc3", b"\xff", 1) + data[100:])
    file = read_subtitles(path)
    assert file.encoding == "utf-8 with damage"
    assert file.cues[-1].raw_text == SAID.strip()


def test_files_that_are_no_subtitle_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    with pytest.raises(InputError, match="no subtitle file"):
        read_subtitles(path)
    path.touch()
    with pytest.raises(InputError, match="0 bytes"):
        read_subtitles(path)
    for content, message in [
        (b"just some words\n", "no subtitle cue"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n", "WebVTT"),
        (b"\xef\xbb\xbf[Script Info]\nTitle: x\n", "ASS"),
        (b"\x00\x01\x02\x03" * 100, "no text file|no subtitle cue"),
    ]:
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_subtitles(path)
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match="too much"):
        read_subtitles(path)


PIECES = [
    "",
    "1",
    "2",
    "00:00:01,000 --> 00:00:02,000",
    "00:00:09,5 --> 00:00:02,0",
    "x --> y",
    "Hi",
    "- No.",
    "\0 \x85",
]


def test_no_line_is_lost_and_no_text_breaks_the_reader() -> None:
    chance = random.Random(0)
    for _ in range(2000):
        lines = chance.choices(PIECES, k=chance.randrange(20))
        file = parse_subtitles("\n".join(lines))
        kept = "\n".join([cue.raw_text for cue in file.cues] + [note.text for note in file.refused])
        assert [cue.start_ms for cue in file.cues] == sorted(cue.start_ms for cue in file.cues)
        assert [kept.count(said) for said in ("Hi", "- No.")] == [lines.count(said) for said in ("Hi", "- No.")], lines


def test_a_text_that_no_screen_holds_is_cut_short() -> None:
    file = parse_subtitles(srt_text([(0, 1000, "Hello."), (2000, 3000, "(" + " x" * 50_000)]))
    assert [len(cue.raw_text) for cue in file.cues] == [6, 1999]
    assert [note.what for note in file.repaired] == ["100001 characters of text; the first 2000 are kept"]
