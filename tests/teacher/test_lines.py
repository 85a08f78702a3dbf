from __future__ import annotations

import pandas as pd
import pytest

from mmemo.store.tables import CUE_COLUMNS
from mmemo.teacher.lines import Line, lines_of, spoken, with_context


def cues(*rows: tuple[str | None, str | None]) -> pd.DataFrame:
    """A cue table of (text, drop_reason) rows."""
    table = [
        {"cue_id": i, "start_ms": 1000 * i, "end_ms": 1000 * i + 500, "text": text, "raw_text": text, "speaker": None,
         "source_line": i, "drop_reason": reason}
        for i, (text, reason) in enumerate(rows, start=1)
    ]  # fmt: skip
    return pd.DataFrame(table, columns=list(CUE_COLUMNS))


def test_context_is_the_two_spoken_lines_before() -> None:
    table = cues(("one", None), ("two", None), ("three", None), ("four", None))
    assert lines_of(table) == [
        Line("one"),
        Line("two", "one"),
        Line("three", "one two"),
        Line("four", "two three"),
    ]


@pytest.mark.parametrize("reason", ["not_speech", "music"])
def test_what_nobody_speaks_is_neither_read_nor_context(reason: str) -> None:
    table = cues(("hello", None), ("thunder", reason), ("who is there", None))
    assert spoken(table).tolist() == [True, False, True]
    assert lines_of(table) == [Line("hello"), Line("who is there", "hello")]


def test_cues_dropped_for_other_reasons_are_read_and_are_context() -> None:
    table = cues(("hello", "no_face"), ("you", "off_screen"))
    assert lines_of(table) == [Line("hello"), Line("you", "hello")]


def test_a_cue_without_text_is_not_spoken() -> None:
    table = cues(("", None), ("  ", None), (None, None), ("hi", None))
    assert lines_of(table) == [Line("hi")]


def test_line_breaks_become_spaces_and_context_can_be_switched_off() -> None:
    table = cues(("one\ntwo", None), ("three", None))
    assert lines_of(table, context_lines=0) == [Line("one two"), Line("three")]


def test_no_cues_give_no_lines() -> None:
    assert lines_of(cues()) == []


def test_context_can_hold_what_is_said_next() -> None:
    table = cues(("one", None), ("two", None), ("hush", "music"), ("three", None))
    assert lines_of(table, 1, 1) == [Line("one", "two"), Line("two", "one three"), Line("three", "two")]
    assert lines_of(table, 0, 2) == [Line("one", "two three"), Line("two", "three"), Line("three")]


def test_context_stays_in_its_group() -> None:
    lines = with_context(["a", "b", "c", "d"], 2, 1, groups=[0, 0, 1, 1])
    assert [line.context for line in lines] == ["b", "a", "d", "c"]
    assert with_context([], 2, 1, groups=[]) == []
