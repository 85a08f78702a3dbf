from __future__ import annotations

import random
from pathlib import Path

import pytest

from mmemo.episode.cleaning import clean_text
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
        (b"WEBVTT\n\nNOTE 00:01.000 it says nothing\n", "no subtitle cue"),
        (b"\xef\xbb\xbf[Script Info]\nTitle: x\n", "no subtitle cue"),
        (b"\x00\x01\x02\x03" * 100, "no text file|no subtitle cue"),
        (b"{1}{25}Hi\n", "MicroDVD"),
        (b"<SAMI><BODY>", "SAMI"),
        (b'<?xml version="1.0"?><tt/>', "XML"),
        (b"# VobSub index file, v7\n", "VobSub"),
        (b"00:00:01:Hello\n", "TMPlayer"),
        (b"PG\x00\x00", "PGS"),
        (b"\x00\x00\x01\xba\x44", "VobSub"),
        (b"PK\x03\x04", "zip archive"),
        (b"Rar!\x1a\x07", "RAR archive"),
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


def notes(text: str) -> list[tuple[int, str]]:
    return [(note.line, note.what) for note in parse_subtitles(text).repaired]


def test_text_on_the_line_of_the_times_is_kept() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000 Hello,\nyou\n\n2 00:00:03,000 --> 00:00:04,000  X1:1 Y1:2\nBye\n"
    assert spans(text) == [(1000, 2000, "Hello,\nyou"), (3000, 4000, "Bye")]
    assert (2, "text on the line of the times") in notes(text)


def test_negative_parts_of_times_count_as_nothing() -> None:
    text = "1\n00:00:-1,500 --> 00:00:02,000\nHi\n\n2\n-00:00:05,000 --> -00:00:04,000\nNo\n"
    assert spans(text) == [(0, 2000, "Hi"), (0, 1000, "No")]


def test_every_cue_out_of_order_is_noted() -> None:
    text = srt_text([(5000, 6000, "c"), (1000, 2000, "a"), (3000, 4000, "b"), (2000, 2900, "x")])
    assert [what for what in notes(text) if what[1].startswith("begins")] == [
        (6, "begins before the cue above it; sorted by time"),
        (14, "begins before the cue above it; sorted by time"),
    ]


def test_a_careless_overlap_is_cut_and_a_meant_one_is_kept() -> None:
    text = srt_text([(1000, 3200, "a"), (3000, 5000, "b"), (4000, 9000, "c"), (4000, 9000, "d")])
    assert spans(text) == [(1000, 3000, "a"), (3000, 5000, "b"), (4000, 9000, "c"), (4000, 9000, "d")]
    assert notes(text) == [
        (2, "ran 200 ms into the cue at line 6; ends where it begins"),
        (6, "on screen together with the cue at line 10 for 1000 ms"),
        (10, "on screen together with the cue at line 14 for 5000 ms"),
    ]


def test_a_guessed_end_does_not_reach_into_the_next_cue() -> None:
    text = srt_text(
        [(1000, 1000, "A text that takes four seconds to read, or some more than that."), (3000, 4000, "b")]
    )
    assert spans(text)[0][:2] == (1000, 3000)
    assert notes(text) == [(2, "the cue ended before it began; shown for 2000 ms")]


def test_adverts_are_noted_and_kept_for_the_account() -> None:
    file = parse_subtitles(
        srt_text([(0, 900, "Hi"), (1000, 2000, "Synced and corrected by someone\nwww.addic7ed.com")])
    )
    assert [(note.line, note.what) for note in file.repaired] == [(6, "an advert; nobody says it")]
    assert len(file.cues) == 2


def test_control_characters_are_taken_out_with_a_note() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nH\0ell\0o\x1b\n"
    assert spans(text) == [(1000, 2000, "Hello")]
    assert notes(text) == [(3, "3 control characters taken out")]


VTT = """WEBVTT - made here
Kind: captions

STYLE
::cue { color: red }

NOTE a remark
over two lines

intro
00:01.000 --> 00:02.500 align:start position:10%
<v Nora>Salt &amp; <i>pepper</i></v>

00:00:03.000 --> 00:00:04.000
<00:00:03.000><c>one</c> <00:00:03.500><c>two</c>

2
00:00:05.000 --> 00:00:06.000
NOTE this is said
"""


def test_webvtt(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text(VTT)
    file = read_subtitles(path)
    assert (file.format, file.refused) == ("vtt", ())
    assert [(cue.start_ms, cue.end_ms, cue.source_line) for cue in file.cues] == [
        (1000, 2500, 11), (3000, 4000, 14), (5000, 6000, 18),
    ]  # fmt: skip
    assert [note.what for note in file.repaired] == ["taken for the cue's identifier"]
    said = [clean_text(cue.raw_text) for cue in file.cues]
    assert [(line.text, line.speaker) for line in said] == [
        ("Salt & pepper", "Nora"), ("one two", None), ("NOTE this is said", None),
    ]  # fmt: skip


def test_the_content_tells_the_format_and_the_ending_helps(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(VTT)
    assert read_subtitles(path).format == "vtt"
    bare = tmp_path / "bare.vtt"
    bare.write_text("1\n00:01.000 --> 00:02.000\nHi\n")
    file = read_subtitles(bare)
    assert [(cue.start_ms, cue.raw_text) for cue in file.cues] == [(1000, "Hi")]
    assert "header is missing" in file.repaired[0].what
    bare.write_text(TWO)
    assert [cue.raw_text for cue in read_subtitles(bare).cues] == ["Hello\nthere", "Bye"]


def test_hostile_files_take_no_quadratic_time(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    cue = b"1\n00:00:01,000 --> 00:00:02,000\n"
    for body in (
        b"\r" * 900_000,
        b"<b>" * 300_000,
        b"{\\p1" * 200_000,
        b"(" * 500_000,
        b" " * 1_000_000,
        b"1\n\n" * 200_000,
    ):
        path.write_bytes(cue + body + b"\n\n" + cue)
        file = read_subtitles(path)
        for found in file.cues:
            clean_text(found.raw_text)
        assert len(file.cues) == 2


def test_more_lines_than_any_episode_has_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\n" + b"\r" * 2_000_001)
    with pytest.raises(InputError, match="millions of lines"):
        read_subtitles(path)


def test_more_cues_than_any_episode_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmemo.episode.subtitles.MAX_CUES", 3)
    path = tmp_path / "a.srt"
    path.write_text(srt_text([(i * 1000, i * 1000 + 900, "x") for i in range(4)]))
    with pytest.raises(InputError, match="4 cues, too many"):
        read_subtitles(path)
