"""What sessions pressed is compared with what is kept, and whatever differs is counted."""

from __future__ import annotations

from mmemo.benchmark.labelling.browsers import notes_of
from mmemo.benchmark.labelling.notes import Notes, Press, compared, spread

ONE, TWO = Press("a-1", "e/c/1", "joy", "ana"), Press("a-2", "e/c/2", "anger", "ana")


def test_presses_that_are_all_kept_as_they_were_made_are_neither_lost_nor_wrong():
    found = compared(Notes([ONE, TWO], [10.0, 30.0], [8.0]), [TWO, ONE])
    assert (found["presses"], found["saved_rows"], found["lost"], found["wrong"]) == (2, 2, 0, 0)
    assert found["save_ms"] == {"median": 20.0, "p95": 29.0, "p99": 29.8, "max": 30.0}


def test_what_is_lost_and_what_is_wrong_is_counted():
    assert compared(Notes([ONE, TWO]), [ONE])["lost"] == 1
    for wrong in (
        ONE._replace(item="e/c/3"),
        ONE._replace(label="fear"),
        ONE._replace(person="ben"),
    ):
        assert compared(Notes([ONE]), [wrong])["wrong"] == 1
    assert compared(Notes([ONE]), [ONE, ONE])["wrong"] == 1, "a press that is kept twice"
    assert compared(Notes([ONE]), [ONE, TWO])["wrong"] == 1, "a row that nobody pressed"


def test_nothing_pressed_has_no_times():
    assert spread([]) is None
    assert compared(Notes(), [])["save_ms"] is None


def test_the_notes_of_a_page_are_read():
    seen = {
        "presses": [{"id": "a-1", "item": "e/c/1", "key": 2, "at": 100.0}, {"id": "a-2", "item": "e/c/2", "key": 4, "at": 1}],
        "acks": {"a-1": 112.5},
        "requests": [9.0],
        "refused": 1,
        "untaken": 2,
    }  # fmt: skip
    notes = notes_of(seen, "ana")
    assert notes.presses == [ONE, TWO]
    assert (notes.save_ms, notes.request_ms, notes.refused, notes.untaken, notes.unanswered) == ([12.5], [9.0], 1, 2, 1)
    both = Notes.together([notes, notes])
    assert len(both.presses) == 4 and both.save_ms == [12.5, 12.5] and (both.refused, both.unanswered) == (2, 2)
