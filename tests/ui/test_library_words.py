"""What the library says, said again in the reader's language, with its numbers in the signs of that language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.evaluate.collapse import collapse_alarm
from mmemo.evaluate.comparison import Comparison, compare
from mmemo.store.export.data_sheet import Terms
from mmemo.store.team import Round
from mmemo.ui.compare.tab import verdict_html
from mmemo.ui.compare.table import table_html
from mmemo.ui.text import in_language, words
from mmemo.ui.text.figures import as_written, figure, moment_words
from mmemo.ui.text.library import retold
from tests.evaluate.examples import GOLD, right_in


def test_numbers_and_moments_follow_the_language():
    ms = 1_773_000_000_000
    english = moment_words(ms)
    assert (figure(1234.56, 1), figure(0.5, 3, sign=True), as_written("+12.3")) == ("1,234.6", "+0.500", "+12.3")
    with in_language("de"):
        assert (figure(1234.56, 1), figure(0.5, 3, sign=True), as_written("+12.3")) == ("1.234,6", "+0,500", "+12,3")
        assert moment_words(ms) != english and "März" in moment_words(ms) and "Mar " in english


def comparisons() -> list[Comparison]:
    """Some of which every note is said at least once."""
    fused = right_in(0.9)
    fused[:14] = np.nan
    always = np.tile(np.eye(7)[3], (len(GOLD), 1))
    ids = np.arange(len(GOLD))
    return [
        compare(GOLD, ids, {"image_only": right_in(0.4), "student": right_in(0.7), "fused": fused}, "track"),
        compare(GOLD, ids // 50, {"image_only": right_in(0.1), "student": always}, "episode"),
        compare(GOLD[:7], ids[:7], {"image_only": right_in(0.4)[:7], "student": right_in(0.7)[:7]}, "track"),
        compare(
            np.full(9, 3), np.arange(9), {"image_only": np.eye(7)[[1] * 9], "student": np.eye(7)[[3] * 9]}, "track"
        ),
        compare(
            np.array([0, 1] * 9),
            np.arange(18),
            {"image_only": np.eye(7)[[1] * 18], "student": np.eye(7)[[0, 1] * 9]},
            "cue",
        ),
    ]


def test_every_note_on_a_comparison_is_known_in_german():
    said = {note for one in comparisons() for note in [*one.notes, *(row.note for row in one.rows if row.note)]}
    with in_language("de"):
        german = {note: retold(note) for note in said}
    assert len(said) > 10 and [note for note, told in german.items() if told == note] == []
    assert all(retold(note) == note for note in said), "in English it stays as it is"


def test_a_german_page_has_german_numbers_and_notes():
    one = comparisons()[0]
    with in_language("de"):
        page = verdict_html(one, None) + table_html(one)
    assert "an 126 von 140; der Schüler hat dort 69,0 % Genauigkeit" in page
    assert "69.0" not in page and "The majority row" not in page and "has an opinion" not in page


def test_an_alarm_says_where_it_was_counted_and_keeps_its_figures():
    alarm = collapse_alarm(np.eye(7)[[0] * 19 + [1]], np.full((20, 7), 1 / 7))
    with in_language("de"):
        told = retold(f"in training, {alarm}")
    assert told == "im Training: Kollaps: 95 % der Antworten sind neutral, richtig wären etwa 14 %"


def test_a_sentence_that_is_not_known_stays_and_case_and_full_stop_too():
    with in_language("de"):
        assert retold("The moon is made of cheese.") == "The moon is made of cheese."
        assert retold("Nobody is chosen.") == "Es ist niemand gewählt." and retold("1,234.5") == "1.234,5"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Terms(publish=True),
        lambda: Round("", ("ada",), ("one",), "all", 0, 1, 0, "ada", "press"),
        lambda: Round("x", (), ("one",), "all", 0, 1, 0, "ada", "press"),
        lambda: Round("x", ("ada",), ("one",), "all", 0.5, 2, 0, "ada", "press"),
    ],
)
def test_what_the_forms_of_team_and_export_refuse_is_known(wrong: Callable[[], Any]):
    with pytest.raises(InputError) as refused:
        wrong()
    with in_language("de"):
        for part in (refused.value.message, refused.value.hint):
            assert retold(part) != part, part


def test_a_template_is_a_part_of_a_sentence_without_a_full_stop():
    assert [key for key, text in words().items() if key.startswith("library.") and text["en"].endswith(".")] == []
