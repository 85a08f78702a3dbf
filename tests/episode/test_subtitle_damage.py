"""Files as they are found: typed by hand, scanned, glued together, converted badly; what is mended says so."""

from __future__ import annotations

import pytest

from mmemo.episode.subtitles import parse_subtitles

A, B = "00:00:01,000 --> 00:00:02,500", "00:00:03,000 --> 00:00:04,000"
READ = [(1000, 2500, "Hi"), (3000, 4000, "Bye")]


def spans(text: str) -> list[tuple[int, int, str]]:
    return [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in parse_subtitles(text).cues]


def notes(text: str) -> list[tuple[int, str]]:
    return [(note.line, note.what) for note in parse_subtitles(text).repaired]


@pytest.mark.parametrize(
    "times",
    [
        "00:00:01，000 --> 00:00:02，500",
        "００：００：０１，０００ －－＞ ００：００：０２，５００",
        "00:00:01,000 00:00:02,500",
        "00:00:01,000 - 00:00:02,500",
        "00:00:01,000 => 00:00:02,500",
        "00:00:01,000 --&gt; 00:00:02,500",
        "00:00:01,0000 --> 00:00:02,5000",
        "00:00:O1,000 --> 00:00:02,5OO",
        "00:00:0l,000 --> 00:00:02,500",
    ],
)
def test_times_that_are_written_wrong_are_read_and_noted(times: str) -> None:
    text = f"1\n{times}\nHi\n\n2\n{B}\nBye\n"
    assert spans(text) == READ
    assert notes(text) == [(2, f"times written as {times!r}")]
    assert parse_subtitles(text).refused == ()


def test_a_missing_end_is_guessed() -> None:
    text = f"1\n00:00:01,000 -->\nHi\n\n2\n{B}\nBye\n"
    assert spans(text) == [(1000, 2000, "Hi"), READ[1]]
    assert notes(text)[0] == (2, "the end of the cue is missing")


def test_a_missing_start_is_refused_with_its_text() -> None:
    file = parse_subtitles(f"1\n--> 00:00:02,500\nHi\n\n2\n{B}\nBye\n")
    assert [cue.raw_text for cue in file.cues] == ["Bye"]
    assert [(note.line, note.text) for note in file.refused] == [(1, "1"), (2, "--> 00:00:02,500\nHi")]


@pytest.mark.parametrize("said", ["Go --> there\nnow", "A -> B --> C", "5 --> 6"])
def test_an_arrow_that_is_said_is_no_time(said: str) -> None:
    text = f"1\n{A}\n{said}\n\n2\n{B}\nBye\n"
    assert spans(text) == [(1000, 2500, said), READ[1]]
    assert notes(text) == []


@pytest.mark.parametrize("said", ["1, 2, 3 - 4, 5, 6", "12:30:15 - 13:00:00", "At 10:20, 10:30.", "00:00:05,000"])
def test_numbers_that_are_said_are_no_times(said: str) -> None:
    assert spans(f"1\n{A}\n{said}\n\n2\n{B}\nBye\n") == [(1000, 2500, said), READ[1]]


def test_hundredths_in_a_whole_file_are_no_milliseconds() -> None:
    hundredths = "1\n00:00:01.00 --> 00:00:02.50\nHi\n\n2\n00:00:03.00 --> 00:00:04.00\nBye\n"
    assert spans(hundredths) == READ
    assert (2, "all times have 2 digits behind the second, not 3") in notes(hundredths)
    mixed = hundredths.replace("04.00", "04.000")
    assert spans(mixed) == [(1000, 2050, "Hi"), (3000, 4000, "Bye")]
    assert spans("1\n00:00:01.0 --> 00:00:02.5\nHi\n") == [(1000, 2500, "Hi")]


@pytest.mark.parametrize("first", ["#1", "1.", "# 1", "1:", "1)"])
def test_numbers_with_a_sign_are_numbers(first: str) -> None:
    text = f"{first}\n{A}\nHi\n\n{first.replace('1', '2')}\n{B}\nBye\n"
    assert spans(text) == READ
    assert notes(text) == [(line, "the cue's number is written in another way") for line in (1, 5)]


def test_a_file_with_a_blank_line_after_every_line() -> None:
    text = f"1\n\n{A}\n\nHi\n\n2\n\n{B}\n\nBye\n\n"
    assert spans(text) == READ
    assert parse_subtitles(text).refused == ()


def test_two_files_one_behind_the_other() -> None:
    text = f"\ufeff1\n{A}\nHi\n\n\ufeff1\n{B}\nBye\n"
    assert spans(text) == READ
    assert [note for note in notes(text) if note[0] == 5] == [
        (5, "1 control characters taken out"),
        (5, "number 1 where 2 was due"),
    ]


def test_a_number_at_the_end_is_no_text() -> None:
    text = f"1\n{A}\nHi\n\n2\n{B}\nBye\n\n3\n"
    assert spans(text) == READ
    assert notes(text) == [(9, "a number without a cue")]
    assert spans(f"1\n{A}\nHi\n\n2\n{B}\nHow many?\n\n42")[1][2] == "How many?\n42"


def test_cues_of_nothing_are_kept_for_the_account() -> None:
    assert [cue[2] for cue in spans(f"1\n{A}\n\n2\n{B}\n\n\n3\n00:00:05,000 --> 00:00:06,000\nHi\n")] == ["", "", "Hi"]
