from __future__ import annotations

import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.flow.human_labels import Words
from mmemo.store.labels import REJECT, FacePin, HumanLabel, LabelStore
from mmemo.store.workspace import Workspace
from mmemo.ui.review import (
    NOT_REVIEWED,
    PAGE_TRACKS,
    Filters,
    corrected_since,
    matching,
    neighbour,
    page_of,
    say,
    undo,
)
from mmemo.ui.review_cards import focus_html, grid_html


def table(n: int = 4) -> pd.DataFrame:
    labels = ["joy", "anger", "joy", "fear"]
    rows = range(n)
    made = pd.DataFrame(
        {
            "track_id": [10 + i for i in rows],
            "cue_id": [100 + i for i in rows],
            "crop": [f"/crops/{i}.jpg" for i in rows],
            "text": [("Hello (you)", "Get <b>out</b>", "No way", "Mind the step")[i % 4] for i in rows],
            "start_ms": [1000 * i for i in rows],
            "end_ms": [1000 * i + 900 for i in rows],
            "cut_key": "k1",
            "time_ms": [1000 * i + 400 for i in rows],
            **{name: float(i) for i, name in enumerate(("x1", "y1", "x2", "y2"))},
            "human_label": pd.Series([None if i != 1 else "sadness" for i in rows], dtype=object),
        }
    )
    for source in ("teacher", "image", "target", "student"):
        made[f"{source}_label"] = [labels[i % 4] for i in rows]
        made[f"{source}_confidence"] = [0.2 + 0.2 * (i % 4) for i in rows]
    if n:
        made.loc[0, "image_label"] = "disgust"
    return made


def said(store: LabelStore) -> Words:
    """Everything said, in the one cut there is."""
    return Words("pilot", store.history("pilot"))


@pytest.mark.parametrize(
    ("filters", "tracks"),
    [
        (Filters(), [10, 11, 12, 13]),
        (Filters(label="joy"), [10, 12]),
        (Filters(source="image", label="joy"), [12]),
        (Filters(source="human", label="sadness"), [11]),
        (Filters(label=NOT_REVIEWED), [10, 12, 13]),
        (Filters(confidence_from=0.5), [12, 13]),
        (Filters(source="human", confidence_from=0.5), [10, 11, 12, 13]),
        (Filters(only_disagreement=True), [10]),
        (Filters(text="(YOU"), [10]),
        (Filters(text="nothing like it"), []),
    ],
)
def test_filters_let_through_what_they_say(filters: Filters, tracks: list[int]):
    assert matching(table(), filters)["track_id"].tolist() == tracks


def test_filters_of_an_empty_table_let_nothing_through():
    assert matching(table(0), Filters(label="joy", text="x")).empty


def test_an_unknown_source_is_refused():
    with pytest.raises(InputError, match="unknown source"):
        Filters(source="astrology")


def test_pages_cover_every_row_once_and_stay_in_range():
    many = table(2 * PAGE_TRACKS + 1)
    first, number, pages = page_of(many, 0)
    last, last_number, _ = page_of(many, 99)
    assert (len(first), number, pages) == (PAGE_TRACKS, 0, 3)
    assert (len(last), last_number) == (1, 2)
    assert page_of(many, -1)[1] == 0
    assert page_of(table(0), 5)[1:] == (0, 1)


def test_the_neighbour_stops_at_the_ends():
    rows = table()
    assert neighbour(rows, 10, 1) == 11
    assert neighbour(rows, 13, 1) == 13
    assert neighbour(rows, 10, -1) == 10
    assert neighbour(rows, 999, 1) == 10
    assert neighbour(rows.iloc[:0], 10, 1) is None


def test_words_are_saved_for_the_track_that_was_meant(workspace: Workspace):
    store = workspace.labels()
    say(store, "pilot", table(), 12, "fear")
    row = store.current("pilot").iloc[0]
    assert (row["track_id"], row["cue_id"], row["label"]) == (12, 102, "fear")
    assert row[["cut_key", "time_ms", "x1", "y1", "x2", "y2"]].tolist() == ["k1", 2400, 0, 1, 2, 3]
    with pytest.raises(InputError, match="no face track 99"):
        say(store, "pilot", table(), 99, "fear")
    with pytest.raises(InputError, match="unknown label"):
        say(store, "pilot", table(), 12, "bored")
    store.close()


def test_rejected_faces_are_found_whosever_label_is_looked_at():
    rows = table()
    rows.loc[3, "human_label"] = REJECT
    assert matching(rows, Filters(label=REJECT))["track_id"].tolist() == [13]


def test_undo_steps_back_through_what_was_said_and_erases_nothing(workspace: Workspace):
    store, rows = workspace.labels(), table()
    for word in ("joy", REJECT):
        say(store, "pilot", rows, 10, word)
    undo(store, said(store), rows, 10)
    assert store.current("pilot")["label"].tolist() == ["joy"]
    undo(store, said(store), rows, 10)
    assert store.current("pilot").empty
    assert len(store.history("pilot")) == 5
    with pytest.raises(InputError, match="nothing to undo"):
        undo(store, said(store), rows, 10)
    store.close()


def test_saying_the_same_twice_is_undone_at_once(workspace: Workspace):
    store, rows = workspace.labels(), table()
    for _ in range(2):
        say(store, "pilot", rows, 10, "joy")
    undo(store, said(store), rows, 10)
    assert store.current("pilot").empty
    store.close()


def test_corrections_are_counted_by_track_since_the_training(workspace: Workspace):
    store, rows = workspace.labels(), table()
    assert corrected_since(said(store), pd.Timestamp(0, tz="UTC")) == 0
    for track, word in ((10, "joy"), (10, "fear"), (11, "anger")):
        say(store, "pilot", rows, track, word)
    history = store.history("pilot")
    assert corrected_since(said(store), pd.Timestamp(0, tz="UTC")) == 2
    assert [corrected_since(said(store), last) for last in (0, 1, 2, 3)] == [2, 2, 1, 0]
    assert corrected_since(said(store), pd.Timestamp.now("UTC") + pd.Timedelta(hours=1)) == 0
    undo(store, said(store), rows, 11)
    assert corrected_since(said(store), pd.Timestamp(0, tz="UTC")) == 1
    before_undo = pd.to_datetime(history["created_at"], utc=True).max()
    assert corrected_since(said(store), before_undo) == 1  # trained on what was then taken back
    store.close()


def test_the_grid_shows_faces_labels_and_lines_as_text():
    made = grid_html(table(), "target", chosen=11)
    assert made.count("data-track=") == 4
    assert made.count("chosen") == 1
    assert "you: sadness" in made
    assert "<b>out</b>" not in made
    assert "Nothing matches" in grid_html(table(0), "target", None)


def test_a_label_that_a_source_did_not_give_is_not_shown():
    rows = table(1).assign(student_label=None, student_confidence=float("nan"))
    assert "mm-chip" not in grid_html(rows, "student", None)


def test_the_focus_keeps_four_opinions_apart_and_marks_what_was_said():
    row = next(table().iloc[[1]].itertuples())
    lines = table()[["text"]]
    votes = {"teacher": dict.fromkeys(("neutral", "joy", "sadness", "anger", "surprise", "fear", "disgust"), 1 / 7)}
    made = focus_html(row, lines.iloc[:1], lines.iloc[2:], votes)
    assert made.count('class="mm-opinion"') == 1
    assert made.count('class="mm-opinion absent"') == 3
    assert made.count('aria-pressed="true"') == 1
    assert made.count('data-track="11"') == 11
    assert "You said: sadness" in made


def test_undo_takes_back_what_was_said_of_the_face_in_another_cut_and_no_other(workspace: Workspace):
    store, rows = workspace.labels(), table()
    store.add(HumanLabel("pilot", 3, 50, "anger", pin=FacePin("k0", 400, 0, 1, 2, 3)))
    store.add(HumanLabel("pilot", 10, 150, "joy", pin=FacePin("k0", 9000, 0, 1, 2, 3)))
    placed = Words("pilot", store.history("pilot").assign(track_id=[10, -1], cue_id=[100, -1]))
    assert corrected_since(placed, 0) == 1, "a word on a face that is not in the cut changes nothing there"
    undo(store, placed, rows, 10)
    last = store.history("pilot").iloc[-1]
    assert (last["label"], last["track_id"], last["cut_key"]) == ("withdraw", 10, "k1")
    with pytest.raises(InputError, match="nothing to undo"):
        undo(store, placed, rows, 11)
    store.close()


def test_the_order_is_by_gain_or_by_time_and_issues_can_be_alone():
    rows = table(4).assign(expected_gain=[0.1, 0.0, 0.7, 0.7], label_issue=[True, False, False, True])
    ids = rows["track_id"].tolist()
    assert matching(rows, Filters())["track_id"].tolist() == ids
    assert matching(rows, Filters(order="gain"))["track_id"].tolist() == [ids[2], ids[3], ids[0], ids[1]]
    assert matching(rows, Filters(only_issues=True))["track_id"].tolist() == [ids[0], ids[3]]
    with pytest.raises(InputError, match="unknown order"):
        Filters(order="beauty")
