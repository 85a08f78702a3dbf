"""What the page of Review asks of the server, as plain calls; no browser, no server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import event

from mmemo.errors import InputError
from mmemo.flow.characters.names import rename_character
from mmemo.flow.review.human_labels import Words, read_words
from mmemo.labels import EKMAN7
from mmemo.store import files
from mmemo.store.labels import REJECT, SKIP, FacePin, HumanLabel
from mmemo.store.tables import with_probs
from mmemo.store.workspace import Episode, Workspace
from mmemo.ui.review import desk as review_desk
from mmemo.ui.review.desk import ReviewDesk
from mmemo.ui.review.save import save_presses
from mmemo.ui.review.tab import faces_in_full
from mmemo.ui.text import in_language
from tests.ui.made import EPISODE_ID, LINES, RUN_IDS
from tests.ui.review_made import ASKED, desk, item, made, press, undo

__all__ = ["desk", "made"]  # fixtures


def test_a_page_begins_with_the_choices_of_its_filters(desk: ReviewDesk):
    opened = desk.open(ASKED, "local")
    assert opened["uses"] == {"training": 26, "listener": 5}
    assert opened["characters"] == {"person 1": 9, "person 2": 9, "person 3": 8}
    assert (opened["me"], opened["people"], opened["undo"], opened["resting"]) == ("local", [], [], "")
    assert opened["labels"] == list(EKMAN7.labels)
    assert desk.open({}, "local") == {"me": "local", "episode": None}


def test_a_page_of_faces_says_how_many_there_are(desk: ReviewDesk):
    first = desk.page({**ASKED, "filters": {}, "limit": 20}, "local")
    assert (first["total"], first["of"], first["offset"], len(first["rows"])) == (26, 31, 0, 20)
    last = desk.page({**ASKED, "filters": {}, "limit": 20, "offset": 20}, "local")
    assert [row["track"] for row in first["rows"] + last["rows"]] == list(range(1, 27))
    row = first["rows"][7]
    assert row["text"] == LINES[7], "as it is: the page shows it as text"
    assert row["item"] == item(8) and row["said"] is None and row["proposal"] == row["tops"]["target"][0]
    assert desk.page({**ASKED, "filters": {"use": ""}, "offset": 9999}, "local")["rows"], "the last page"
    assert desk.page({**ASKED, "filters": {"text": "FERRY"}}, "local")["total"] == 3
    assert json.dumps(first)


def test_what_matches_stays_while_a_person_works_and_shows_what_was_said(desk: ReviewDesk):
    asked = {**ASKED, "filters": {"status": "unlabelled"}}
    before = desk.page(asked, "local")
    press(desk, "a-1", "joy", 1, 2)
    same = desk.page({**asked, "as_of": before["as_of"]}, "local")
    assert [row["track"] for row in same["rows"]] == [row["track"] for row in before["rows"]]
    assert same["rows"][0]["said"] == "joy"
    assert desk.page(asked, "local")["total"] == before["total"] - 2
    assert desk.page({**ASKED, "filters": {"person": "joy"}}, "local")["total"] == 2


def test_the_second_page_reads_no_table_again(desk: ReviewDesk, monkeypatch: pytest.MonkeyPatch):
    desk.page({**ASKED, "filters": {}}, "local")
    asked = statements(desk)
    monkeypatch.setattr(files.pd, "read_parquet", lambda *_: pytest.fail("a table was read again"))
    desk.page({**ASKED, "filters": {"text": "ferry"}, "offset": 0}, "local")
    assert len(asked) == 1, "once a page, for new words alone"


def test_corrections_are_counted_without_reading_the_cut_again(desk: ReviewDesk, monkeypatch: pytest.MonkeyPatch):
    assert desk.corrections(EPISODE_ID, RUN_IDS[0]) == 0
    monkeypatch.setattr(files.pd, "read_parquet", lambda *_: pytest.fail("a table was read again"))
    press(desk, "a-1", "joy", 1, 2)
    assert desk.corrections(EPISODE_ID, RUN_IDS[0]) == 2
    undo(desk, "a-2", "a-1")
    assert desk.corrections(EPISODE_ID, RUN_IDS[0]) == 0
    assert desk.corrections(EPISODE_ID, None) == 0


def test_opening_again_reads_again_what_changed_alone(desk: ReviewDesk):
    desk.open(ASKED, "local")
    before = desk.shown(ASKED)
    press(desk, "a-1", "joy", 1)
    desk.open(ASKED, "local")
    assert desk.shown(ASKED) is before
    rename_character(desk.workspace, EPISODE_ID, 1, "Ana")
    assert desk.open(ASKED, "local")["characters"]["Ana"] == 9
    table = desk.workspace.run_folder(RUN_IDS[0]) / "targets.parquet"
    changed = files.read_table(table)
    files.write_table(table, changed[changed["track_id"] != 1])
    desk.open(ASKED, "local")
    assert desk.page({**ASKED, "filters": {}}, "local")["rows"][0]["tops"]["target"] is None


def statements(desk: ReviewDesk) -> list[str]:
    """Every question to the database from now on."""
    asked: list[str] = []
    event.listen(desk.store._engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    return asked


@pytest.mark.slow
def test_a_page_of_a_hundred_thousand_faces_costs_one_question_and_makes_one_page_of_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    workspace = wide_workspace(Workspace(tmp_path / "wide"), 100_000)
    store = workspace.labels()
    store.add_once(
        [
            HumanLabel("wide", n, n // 5, "joy", pin=FacePin("wide", 100 * n, 0, 0, 9, 9), press=f"p-{n}")
            for n in range(1, 20_000, 4)
        ]
    )
    desk = ReviewDesk(workspace, store)
    wide = {"episode": "wide", "run": "wide"}
    spent = [_cpu_ms(lambda: desk.page({**wide, "filters": {}}, "local"))]
    asked, questions = statements(desk), 0
    for filters in (
        {"text": "line 77"},
        {"status": "unlabelled", "order": "gain"},
        {"differ": "any", "confidence_from": 0.5},
    ):
        for offset in (0, 960):
            spent.append(_cpu_ms(lambda f=filters, o=offset: desk.page({**wide, "filters": f, "offset": o}, "local")))
            questions += 1
            assert len(asked) == questions
    page = desk.page({**wide, "filters": {"status": "unlabelled"}, "offset": 4800}, "local")
    assert (page["total"], len(page["rows"])) == (95_000, 48)
    desk.log.refresh()
    one = {"id": "x", "items": ["wide/wide/7"], "label": "fear"}
    save = _cpu_ms(lambda: save_presses(desk, {"presses": [one]}, "local"))
    with capsys.disabled():
        print(
            f"\n100,000 faces, CPU ms: first page {spent[0]:.0f}, others {min(spent[1:]):.0f} to {max(spent[1:]):.0f}, a save {save:.0f}"
        )
    store.close()


def _cpu_ms(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return 1000 * (time.process_time() - started)


def wide_workspace(workspace: Workspace, faces: int) -> Workspace:
    """Tables of an episode of many faces, five a line, without a picture."""
    tracks, rng = np.arange(1, faces + 1), np.random.default_rng(0)
    workspace.save_episode(Episode("wide", "gone.mp4", "", "0", "0", 100 * faces + 1000, "wide"))
    cut = workspace.cut_folder(workspace.episode("wide"))
    lines = np.arange(faces // 5 + 1)
    cues = {"cue_id": lines, "start_ms": 500 * lines, "end_ms": 500 * lines + 499, "text": [f"line {n}" for n in lines]}
    files.write_table(
        cut / "cues.parquet", pd.DataFrame(cues).assign(raw_text=cues["text"], speaker=None, drop_reason=None)
    )
    columns = {
        "face_id": [f"f{t}" for t in tracks],
        "cue_id": tracks // 5,
        "track_id": tracks,
        "frame_ms": 100 * tracks,
    }
    fixed = {
        "role": "speaker",
        "crop": "crops/1.jpg",
        "x1": 0.0,
        "y1": 0.0,
        "x2": 9.0,
        "y2": 9.0,
        "detection_prob": 1.0,
        "quality": 1.0,
    }
    files.write_table(cut / "faces.parquet", pd.DataFrame(columns).assign(**fixed))
    ids = pd.DataFrame({"episode_id": "wide", "track_id": tracks})
    for name in ("teacher", "image", "targets", "predictions"):
        probs = rng.dirichlet(np.ones(7), faces).astype(np.float32)
        files.write_table(workspace.run_folder("wide") / f"{name}.parquet", with_probs(ids, probs))
    files.write_json(workspace.run_folder("wide") / "config.json", {"run_id": "wide", "episodes": ["wide"]})
    return workspace


def test_one_face_in_full(desk: ReviewDesk):
    press(desk, "a-1", "joy", 5, way="accepted")
    face = desk.face({**ASKED, "item": item(5)}, "local")
    assert [line["text"] for line in face["lines"]] == [LINES[i % len(LINES)] for i in (2, 3, 4, 5, 6)]
    assert [line["here"] for line in face["lines"]] == [False, False, True, False, False]
    assert set(face["opinions"]) == {"teacher", "image", "target", "student"}
    assert max(face["opinions"]["target"], key=face["opinions"]["target"].get) in EKMAN7.labels
    (word,) = face["words"]
    assert [word[name] for name in ("label", "who", "mine", "way", "scope", "blind")] == [
        "joy", "local", True, "accepted", "track", False,
    ]  # fmt: skip
    listener = desk.face({**ASKED, "item": item(27)}, "local")
    assert listener["opinions"]["teacher"] is None
    for nonsense in ("", "x", item(999), f"{EPISODE_ID}/other/1", f"{EPISODE_ID}/../made/1", "../../x/made/1"):
        with pytest.raises(InputError):
            desk.face({**ASKED, "item": nonsense}, "local")


def test_several_faces_in_full_without_those_that_are_gone(desk: ReviewDesk):
    asked = {**ASKED, "items": [item(3), item(999), "nonsense", item(4)]}
    assert [face["item"] for face in faces_in_full(desk, asked, "local")["faces"]] == [item(3), item(4)]
    assert faces_in_full(desk, {**asked, "filters": {"blind": True}}, "local")["faces"][0]["opinions"] == {}
    assert len(faces_in_full(desk, {**ASKED, "items": [item(1)] * 99}, "local")["faces"]) == 16
    for nothing in ([], None, "x"):
        assert faces_in_full(desk, {**ASKED, "items": nothing}, "local") == {"faces": []}


def test_opening_again_reads_the_words_again_only_when_there_are_new_ones(
    desk: ReviewDesk, monkeypatch: pytest.MonkeyPatch
):
    read: list[str] = []

    def counted(workspace: Workspace, episode: Episode) -> Words:
        read.append(episode.cut_key)
        return read_words(workspace, episode)

    monkeypatch.setattr(review_desk, "read_words", counted)
    for _ in range(3):
        desk.open(ASKED, "local")
    assert len(read) == 1
    press(desk, "a-1", "joy", 30)  # it listens
    with in_language("de"):
        assert desk.open(ASKED, "local")["resting"].startswith("1 Label ist auf einem Gesicht")
    assert len(read) == 2


def test_who_is_blind_gets_neither_line_nor_opinion(desk: ReviewDesk):
    press(desk, "a-1", "joy", 3, me="ana")
    page = desk.page({**ASKED, "filters": {"blind": True, "text": "ferry", "teacher": "joy"}}, "local")
    assert page["total"] == 26, "what would tell does not filter"
    assert not {"text", "tops", "proposal", "character"} & set(page["rows"][2])
    face = desk.face({**ASKED, "item": item(3), "filters": {"blind": True}}, "local")
    assert (face["lines"], face["opinions"], face["words"]) == ([], {}, [])
    text = json.dumps([page, face])
    assert not any(line[:12] in text for line in LINES)


def test_who_is_blind_sees_no_word_of_anybody_else(desk: ReviewDesk):
    press(desk, "a-1", "joy", 3, me="ana")
    press(desk, "a-2", REJECT, 3, me="ana", scope="frame", face="f3")
    hidden = {**ASKED, "filters": {"blind": True}}
    row = desk.page(hidden, "ben")["rows"][2]
    assert (row["said"], row["who"], row["skipped"]) == (None, None, False)
    assert desk.page(hidden, "ana")["rows"][2]["said"] == "joy", "one's own words are no secret"
    for told in ({"status": "labelled"}, {"status": "rejected"}):
        assert desk.page({**ASKED, "filters": {"blind": True, **told}}, "ben")["total"] == 0
    for told in ({"person": "joy"}, {"annotator": "ana"}):
        assert desk.page({**ASKED, "filters": {"blind": True, **told}}, "ben")["total"] == 26
    assert desk.page({**ASKED, "filters": {"blind": True, "status": "labelled"}}, "ana")["total"] == 1
    assert desk.face({**ASKED, "item": item(3), "filters": {"blind": True}}, "ben")["frames"] == {}
    skipped = {"presses": [{"id": "b-1", "items": [item(3)], "label": SKIP}], "blind": True}
    answer = save_presses(desk, skipped, "ben")
    assert answer["now"] == {item(3): {"said": None, "who": None, "skipped": True}} and answer["blind"] is True
