from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.ui.episode.account import account_html, account_of
from mmemo.ui.episode.cut_tables import CutTables
from mmemo.ui.html import card, chip, clock, duration, empty, file_url, opinion, percent
from mmemo.ui.words import sentences

UNIFORM = dict.fromkeys(EKMAN7.labels, 1 / 7)


def test_text_of_people_and_files_is_escaped_everywhere():
    evil = "<img src=x onerror=alert(1)>"
    for made in (card(title=evil), empty(evil, evil), chip("joy", evil), opinion(evil, None, absent=evil)):
        assert "<img" not in made
        assert "&lt;img" in made


def test_an_opinion_shows_seven_bars_and_marks_the_largest():
    made = opinion("Student", UNIFORM | {"joy": 0.8})
    assert made.count('class="track"') == 7
    assert 'data-top="joy"' in made
    assert "80 %" in made


def test_a_source_that_is_silent_says_so_and_has_no_bars():
    made = opinion("Student", None, absent="not trained yet")
    assert "not trained yet" in made
    assert "mm-bars" not in made


def test_a_file_address_is_relative_and_quoted():
    assert file_url(Path("/a b/#1?.jpg")) == "gradio_api/file=/a%20b/%231%3F.jpg"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (percent(0.634), "63 %"),
        (clock(83_999), "1:23"),
        (clock(0), "0:00"),
        (clock(3_723_000), "1:02:03"),
        (duration(7.6), "8 s"),
        (duration(125), "2 min 5 s"),
    ],
)
def test_figures_are_said_as_people_read_them(made: str, words: str):
    assert made == words


def cut_of(*reasons: str | None) -> CutTables:
    cues = pd.DataFrame({"drop_reason": pd.Series(list(reasons), dtype=object)})
    cues = cues.assign(start_ms=0, text="Hello.", raw_text="Hello.")
    return CutTables(Path("cut"), 1000, cues, pd.DataFrame(), None, None, None)


def test_the_account_adds_up_to_all_lines():
    table = cut_of(None, "no_face", None, "music", "no_face")
    assert account_of(table.cues) == [("gives training faces", 2), ("no_face", 2), ("music", 1)]
    made = account_html(table)
    assert "2 kept + 3 dropped" in made
    assert "no face was found" in made


def test_the_account_of_no_lines_is_all_zeros():
    made = account_html(cut_of())
    assert "0 kept + 0 dropped" in made
    assert "–" in made


def test_an_account_of_one_line_of_an_unknown_reason_is_shown_as_it_is():
    assert account_of(cut_of("too_dark").cues) == [("gives training faces", 0), ("too_dark", 1)]
    assert "too dark" in account_html(cut_of("too_dark"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InputError("there is no video", hint="choose one"), "There is no video. Choose one."),
        (InputError("a.mp4 is empty"), "a.mp4 is empty."),
        (InputError("the disk is full.", hint=""), "The disk is full."),
    ],
)
def test_errors_become_sentences(error: InputError, words: str):
    assert sentences(error) == words
