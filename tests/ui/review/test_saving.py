"""Presses in Review: each is saved once, for the face that it names, and can be taken back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmemo.errors import InputError, StorageError
from mmemo.flow.review.human_labels import read_words
from mmemo.store import files
from mmemo.store.labels import REJECT, SKIP, FacePin, HumanLabel, LabelStore
from mmemo.ui.review.desk import ReviewDesk
from mmemo.ui.review.save import save_presses
from mmemo.ui.review.tab import answered
from tests.ui.made import EPISODE_ID, RUN_IDS, label_of
from tests.ui.review_made import ASKED, desk, holds, item, made, press, undo

__all__ = ["desk", "made"]  # fixtures


def test_a_press_is_saved_once_however_often_it_is_sent(desk: ReviewDesk):
    for _ in range(3):
        answer = press(desk, "a-1", "fear", 4, blind=True)
        assert answer["acks"] == ["a-1"]
        assert answer["now"] == {item(4): {"said": "fear", "who": "local", "skipped": False}}
    history = desk.store.events()
    assert len(history) == 1
    row = history.iloc[0]
    assert row[["track_id", "label", "annotator", "scope", "way", "press"]].tolist() == [
        4,
        "fear",
        "local",
        "track",
        "chosen",
        "a-1",
    ]
    assert row["blind"] is True
    assert row[["cut_key", "time_ms", "x1", "y1", "x2", "y2"]].tolist() == ["made", 6800, 38, 20, 122, 104]


def test_presses_that_mean_nothing_are_refused_and_the_others_saved(desk: ReviewDesk):
    wrong = [
        {"id": "w-1", "items": [item(1)], "label": "bored"},
        {"id": "w-2", "items": [], "label": "joy"},
        {"id": "w-3", "items": [item(99)], "label": "joy"},
        {"id": "w-4", "items": ["nonsense"], "label": "joy"},
        {"id": "w-5", "items": [item(1)], "label": "joy", "scope": "planet"},
        {"id": "w-6", "items": [item(1)], "label": "joy", "me": "somebody else"},
        {"id": "w-7", "items": [item(1), item(2)], "labels": ["joy"]},
        {"id": "w-8", "items": [item(1)], "label": "joy", "scope": "frame", "face": "f2"},
        {"id": "w-9", "undoes": "never"},
        {"id": "", "items": [item(1)], "label": "joy"},
        "no press",
    ]
    answer = save_presses(desk, {"presses": [*wrong, {"id": "ok", "items": [item(1)], "label": "joy"}]}, "local")
    assert answer["acks"] == ["ok"]
    assert [one["id"] for one in answer["refused"]] == [*(f"w-{i}" for i in range(1, 10)), "", ""]
    assert holds(desk) == {1: "joy"}
    with pytest.raises(InputError, match="whole"):
        save_presses(desk, {"presses": "x"}, "local")


def test_a_press_whose_faces_are_lost_is_refused_alone_and_without_a_path(
    desk: ReviewDesk, caplog: pytest.LogCaptureFixture
):
    source = desk.workspace.episode_folder(EPISODE_ID)
    lost = source.with_name("lost")
    shutil.copytree(source, lost)
    record = json.loads((source / "episode.json").read_text())
    (lost / "episode.json").write_text(json.dumps({**record, "episode_id": "lost"}))
    for table in lost.rglob("cues.parquet"):
        table.unlink()
    sent = ["lost/made/1", f"{EPISODE_ID}/made/²", "unknown/made/1", "../made/1"]
    presses = [{"id": f"w-{n}", "items": [one], "label": "joy"} for n, one in enumerate(sent)]
    answer = save_presses(desk, {"presses": [*presses, {"id": "ok", "items": [item(1)], "label": "joy"}]}, "local")
    assert (answer["acks"], [one["id"] for one in answer["refused"]]) == (["ok"], [f"w-{n}" for n in range(4)])
    assert holds(desk) == {1: "joy"}
    assert not any(str(desk.workspace.root) in one["why"] for one in answer["refused"])
    assert "refused" in caplog.text


def test_what_was_saved_is_acknowledged_though_its_faces_are_lost_since(
    desk: ReviewDesk, monkeypatch: pytest.MonkeyPatch
):
    press(desk, "a-1", "joy", 1)

    def gone(*_: object) -> None:
        raise StorageError("lost")

    monkeypatch.setattr(ReviewDesk, "part", gone)
    answer = press(desk, "a-1", "joy", 1)
    assert (answer["acks"], answer["refused"], answer["now"]) == (["a-1"], [], {})


def test_what_cannot_be_written_is_not_acknowledged(desk: ReviewDesk, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise StorageError("the label was not saved", hint="is the disk full?")

    monkeypatch.setattr(LabelStore, "add_once", full)
    answer = answered(
        lambda asked, me: save_presses(desk, asked, me),
        {"presses": [{"id": "a", "items": [item(1)], "label": "joy"}]},
        None,
    )
    assert list(answer) == ["error"] and "not saved" in answer["error"]


def test_undo_goes_back_press_by_press_and_erases_nothing(desk: ReviewDesk):
    press(desk, "a-1", "joy", 1)
    press(desk, "a-2", REJECT, 1, 2, 3)
    press(desk, "a-3", SKIP, 4)
    press(desk, "a-4", "fear", 1, scope="cue")
    waiting = desk.open(ASKED, "local")["undo"]
    assert [one["press"] for one in waiting] == ["a-1", "a-2", "a-3", "a-4"]
    assert waiting[1]["items"] == [item(1), item(2), item(3)]
    assert holds(desk) == {1: "fear", 2: REJECT, 3: REJECT}
    undo(desk, "u-1", "a-4")
    assert holds(desk) == {1: REJECT, 2: REJECT, 3: REJECT}
    assert undo(desk, "u-2", "a-3")["now"][item(4)] == {"said": None, "who": None, "skipped": False}
    for number in ("u-3", "u-4"):  # twice is once
        undo(desk, number, "a-2")
    assert holds(desk) == {1: "joy"}
    undo(desk, "u-5", "a-1")
    assert holds(desk) == {}
    assert desk.open(ASKED, "local")["undo"] == []
    assert desk.store.events()["label"].tolist()[:6] == ["joy", REJECT, REJECT, REJECT, SKIP, "fear"]


def test_undo_brings_back_a_skip_and_a_word_of_another_cut(desk: ReviewDesk):
    press(desk, "a-1", SKIP, 1)
    press(desk, "a-2", "joy", 1)
    assert undo(desk, "u-1", "a-2")["now"][item(1)] == {"said": None, "who": None, "skipped": True}
    desk.store.add(HumanLabel(EPISODE_ID, 77, 9, "anger", pin=FacePin("before", 4800, 38, 20, 122, 104)))
    press(desk, "a-3", "joy", 3)
    assert undo(desk, "u-2", "a-3")["now"][item(3)]["said"] == "anger"
    assert holds(desk) == {3: "anger"}


def test_an_undo_changes_nothing_that_somebody_else_said_since(desk: ReviewDesk):
    press(desk, "a-1", "joy", 1, me="ana")
    press(desk, "b-1", "fear", 1, me="ben")
    press(desk, "a-2", "anger", 1, me="ana")
    before = desk.log.refresh()
    assert undo(desk, "a-3", "a-2", me="ana")["now"][item(1)] == {"said": "fear", "who": "ben", "skipped": False}
    assert holds(desk) == {1: "fear"}
    assert desk.page({**ASKED, "filters": {"person": "fear"}}, "ana")["total"] == 1
    assert desk.page({**ASKED, "filters": {"person": "anger"}, "as_of": before}, "ana")["total"] == 1, "as it was then"
    assert desk.store.events()["label"].tolist() == ["joy", "fear", "anger", "joy"], "nothing is erased"
    assert undo(desk, "a-4", "a-3", me="ana")["refused"], "an undo cannot be undone"
    undo(desk, "b-2", "b-1", me="ben")
    assert holds(desk) == {1: "joy"}


def test_people_undo_only_what_they_said_themselves(desk: ReviewDesk):
    press(desk, "a-1", "joy", 1, me="ana")
    press(desk, "b-1", "fear", 1, me="ben")
    assert undo(desk, "b-2", "a-1", me="ben")["refused"]
    assert undo(desk, "b-3", "b-1", me="ben")["now"][item(1)] == {"said": "joy", "who": "ana", "skipped": False}
    assert holds(desk) == {1: "joy"}
    page = desk.page({**ASKED, "filters": {"annotator": "ana"}}, "ben")
    assert [row["track"] for row in page["rows"]] == [1]


def test_a_label_for_the_whole_line_is_for_the_one_who_speaks(desk: ReviewDesk):
    path = desk.workspace.cut_folder(desk.workspace.episode(EPISODE_ID)) / "faces.parquet"
    faces = files.read_table(path)
    line = faces.loc[faces["track_id"] == 1, "cue_id"].iloc[0]
    files.write_table(path, faces.assign(cue_id=faces["cue_id"].where(~faces["track_id"].isin([2, 27, 28]), line)))
    press(desk, "a-1", "joy", 1, scope="cue")
    assert desk.store.events()["track_id"].tolist() == [1, 2], "both shots of the speaker"
    press(desk, "a-2", "fear", 27, scope="cue")
    assert desk.store.events()["track_id"].tolist() == [1, 2, 27], "another listener is somebody else"
    rows = {row["track"]: row["line"] for row in desk.page({**ASKED, "filters": {"use": ""}}, "local")["rows"]}
    assert rows[1] == rows[2] and len({rows[1], rows[27], rows[28]}) == 3


def test_bulk_presses_may_have_a_label_for_each_face(desk: ReviewDesk):
    one = {"id": "a-1", "items": [item(1), item(2)], "labels": ["joy", "fear"], "way": "accepted"}
    save_presses(desk, {"presses": [one]}, "local")
    assert holds(desk) == {1: "joy", 2: "fear"}
    undo(desk, "a-2", "a-1")
    assert holds(desk) == {}


def test_a_single_picture_is_rejected_and_the_face_keeps_its_label(desk: ReviewDesk):
    press(desk, "a-1", "joy", 1)
    press(desk, "a-2", REJECT, 1, scope="frame", face="f1")
    said = read_words(desk.workspace, desk.workspace.episode(EPISODE_ID))
    assert said.rejected_pictures() == ["f1"] and holds(desk) == {1: "joy"}
    assert desk.face({**ASKED, "item": item(1)}, "local")["frames"] == {"f1": REJECT}
    assert desk.corrections(EPISODE_ID, RUN_IDS[0]) == 2
    undo(desk, "a-3", "a-2")
    assert read_words(desk.workspace, desk.workspace.episode(EPISODE_ID)).rejected_pictures() == []
    assert desk.corrections(EPISODE_ID, None) == 0


def test_of_a_single_picture_the_page_shows_what_a_training_uses(desk: ReviewDesk):
    one: dict[str, Any] = {"scope": "frame", "face": "f1"}
    press(desk, "a-1", REJECT, 1, me="ana", **one)
    press(desk, "b-1", "joy", 1, me="ben", **one)
    assert shown_and_used(desk) == ("joy", [])
    undo(desk, "b-2", "b-1", me="ben")
    assert shown_and_used(desk) == (REJECT, ["f1"]), "ben's word is gone, ana's is not"
    undo(desk, "a-2", "a-1", me="ana")
    assert shown_and_used(desk) == (None, [])


def shown_and_used(desk: ReviewDesk) -> tuple[str | None, list[str]]:
    """What the page shows on the picture f1, and the pictures that training leaves out."""
    said = read_words(desk.workspace, desk.workspace.episode(EPISODE_ID))
    return desk.face({**ASKED, "item": item(1)}, "cleo")["frames"].get("f1"), said.rejected_pictures()


def test_words_on_faces_that_the_cut_does_not_have_are_told(desk: ReviewDesk):
    desk.store.add(HumanLabel(EPISODE_ID, 5, 5, "joy", pin=FacePin("another", 800, 0, 0, 10, 10)))
    opened = desk.open(ASKED, "local")
    assert "1 label is not in this cut" in opened["resting"]
    assert desk.page({**ASKED, "filters": {}}, "local")["rows"][4]["said"] is None, (
        "the number is the same, the face is not"
    )
    desk.store.add(HumanLabel(EPISODE_ID, 99, 70, "joy", pin=FacePin("another", 8800, 38.0, 20.0, 122.0, 104.0)))
    assert desk.page({**ASKED, "filters": {}}, "local")["rows"][4]["said"] == "joy"


def test_all_episodes_are_one_list(desk: ReviewDesk, tmp_path: Path):
    source = desk.workspace.episode_folder(EPISODE_ID)
    shutil.copytree(source, source.with_name("second"))
    record = json.loads((source / "episode.json").read_text())
    (source.with_name("second") / "episode.json").write_text(json.dumps({**record, "episode_id": "second"}))
    page = desk.page({**ASKED, "all": True, "filters": {}}, "local")
    assert page["total"] == 52
    assert {row["item"].split("/")[0] for row in page["rows"]} == {EPISODE_ID, "second"}
    mine = f"second/made/{page['rows'][0]['track']}"
    save_presses(desk, {"presses": [{"id": "a", "items": [mine], "label": "joy"}]}, "local")
    said = [row["item"] for row in desk.page({**ASKED, "all": True, "filters": {}}, "local")["rows"] if row["said"]]
    assert said == [mine]


def test_without_an_answer_there_is_a_sentence():
    assert "reload" in answered(lambda *_: {}, "nonsense", None)["error"].lower()

    def broken(*_: object) -> dict[str, Any]:
        raise ZeroDivisionError

    assert "bug" in answered(broken, {}, None)["error"]


def test_who_labels_is_who_signed_in():
    seen: list[str] = []
    answered(lambda asked, me: seen.append(me) or {}, {}, None)
    assert seen == ["local"]
    app = SimpleNamespace(auth=object(), cookie_id="c", tokens={"secret": "ana"})
    request: Any = SimpleNamespace(app=app, cookies={"access-token-c": "forged"}, headers={})
    assert "signed in" in answered(lambda asked, me: seen.append(me) or {}, {}, request)["error"] and len(seen) == 1


def test_labels_were_drawn(desk: ReviewDesk):
    target = desk.page({**ASKED, "filters": {}}, "local")["rows"]
    right = [row["tops"]["target"][0] == label_of(row["track"]) for row in target]
    assert sum(right) > len(right) / 2
