"""The Predict tab without a browser: who answers, what is read again and what is not, what is shown and saved."""

from __future__ import annotations

import csv
import json
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from mmemo.errors import InputError
from mmemo.flow.teacher.label import LabelSettings, label_episode
from mmemo.progress import run
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext, Selection
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.predict import answer as predict_answer
from mmemo.ui.predict import tab as predict_tab
from mmemo.ui.predict.answer import Answer, Asked, answer_steps, given_paths, predictions_folder
from mmemo.ui.predict.examples import draw_examples, examples_html
from mmemo.ui.sign_in import People
from tests.flow.prediction.test_predict import drawn
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace, tiny_video

CHOSEN = Selection(EPISODE_ID, RUN_IDS[0])


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose newest run is promoted by a proven gain."""
    return ready_workspace(tmp_path_factory.mktemp("ready") / "workspace")


@pytest.fixture(scope="module")
def two_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "two.png"
    Image.fromarray(np.hstack([drawn("Nora"), drawn("Felix", "anger")])).save(path)
    return path


def last(workspace: Workspace, asked: Asked, before: Answer | None = None) -> tuple[Any, Any]:
    return [*predict_tab.show_faces(workspace, asked, before)][-1]


def test_the_first_picture_waits_with_a_sentence(ready: Workspace, two_faces: Path, monkeypatch: pytest.MonkeyPatch):
    asked = Asked((two_faces,))
    monkeypatch.setattr(predict_tab, "networks_loaded", lambda: False)
    assert "Loading the networks" in next(predict_tab.show_faces(ready, asked, None))[1]
    monkeypatch.setattr(predict_tab, "networks_loaded", lambda: True)
    assert "Loading" not in next(predict_tab.show_faces(ready, asked, None))[1]
    assert "No picture yet" in last(ready, Asked())[1]


def test_a_picture_that_comes_while_another_is_judged_is_judged_next(workspace: Workspace):
    with closing(workspace.labels()) as labels, gr.Blocks() as page:
        tab = predict_tab.predict_tab(AppContext(workspace, labels, JobRunner(workspace)), gr.State(Selection()))
    (judge,) = [event for event in page.fns.values() if tab.faces in event.outputs]
    assert judge.trigger_mode == "always_last" and judge.outputs == [tab.answer, tab.faces]


def test_where_people_sign_in_nobody_else_has_pictures_read(workspace: Workspace, two_faces: Path):
    with closing(workspace.labels()) as labels, gr.Blocks() as page:
        context = AppContext(workspace, labels, JobRunner(workspace), people=People(oauth=True))
        tab = predict_tab.predict_tab(context, gr.State(Selection()))
    judge = next(event.fn for event in page.fns.values() if tab.faces in event.outputs)
    assert judge is not None
    for picture, said in ((str(two_faces), "Nobody is signed in. Sign in and reload the page."), (None, "No picture")):
        answers = [*judge(False, picture, None, Selection(), "", False, None, None)]
        assert said in answers[-1][1] and all(answer is None or not answer.faces for answer, _ in answers)


def test_every_face_has_a_number_and_both_bars(ready: Workspace, two_faces: Path):
    answer, said = last(ready, Asked((two_faces,), CHOSEN))
    assert answer.run_id == RUN_IDS[0] and answer.faces == 2
    assert said.count("data-face=") == 2 and said.count("data-top=") == 4
    assert "answers beside the baseline" in said and "Proven gain".lower() in said
    alone = last(ready, Asked((two_faces,)))[1]
    assert "There is no student yet" in alone and alone.count("data-top=") == 2


def test_an_answer_is_in_the_language_of_who_asks(ready: Workspace, two_faces: Path):
    values = predict_tab.show_faces(ready, Asked((two_faces,), CHOSEN), None)
    said = [*predict_tab._each_in("de", predict_tab._guarded(values))][-1][1]
    assert said.count("Baseline, nicht angepasst") == 2 and "2 Gesichter" in said and "Tabelle (.csv)" in said
    assert "No picture yet" in last(ready, Asked())[1] and "No pictures yet" in last(ready, Asked(several=True))[1]


def test_every_example_is_a_button_with_a_name(workspace: Workspace):
    shown = examples_html(draw_examples(workspace))
    assert re.findall(r">([^<>]+)</button>", shown) == [
        "joy", "anger", "sadness, surprise", "fear, disgust, neutral",
    ]  # fmt: skip


def test_what_was_read_is_not_read_again(ready: Workspace, two_faces: Path, monkeypatch: pytest.MonkeyPatch):
    asked = Asked((two_faces,), CHOSEN)
    answer = run(answer_steps(ready, asked, None))
    assert [*predict_tab.show_faces(ready, asked, answer)] == [(gr.skip(), gr.skip())]
    monkeypatch.setattr(predict_answer, "predict_image", lambda *_: pytest.fail("the faces are known"))
    looking = run(answer_steps(ready, Asked((two_faces,), CHOSEN, look=True), answer))
    assert len(looking.looks) == 2 and [*looking.looks[0]] == ["image_only", "student"]
    assert looking.looks[0]["student"].picture.shape == (144, 144, 3)
    said = last(ready, Asked((two_faces,), CHOSEN, look=True, line=" "), answer)[1]
    assert said.count("What spoke for") == 8, "four pictures, each with a caption and words for those who cannot see it"
    assert "What spoke for" not in last(ready, asked, looking)[1], "they are no longer asked for"
    monkeypatch.undo()
    assert run(answer_steps(ready, Asked((two_faces,)), answer)).run_id is None


def test_a_line_is_read_as_in_the_show(ready: Workspace, two_faces: Path):
    episode = ready.episode(EPISODE_ID)
    run(label_episode(ready, episode, LabelSettings()))
    config = ready.run_folder(RUN_IDS[0]) / "config.json"
    _with_tracks(ready)
    plain = run(answer_steps(ready, Asked((two_faces,), CHOSEN), None))
    asked = Asked((two_faces,), CHOSEN, line="  Get out of my sight, you <b>liar</b>! ")
    answer, said = last(ready, asked, plain)
    assert config.is_file() and answer.line is not None
    assert "&lt;b&gt;liar" in said and "<b>liar" not in said and EPISODE_ID in said
    assert said.count("Baseline and line together") == 2
    assert "weighed with the baseline&#x27;s opinion" in said
    (picture,) = answer.pictures
    faces, before = picture.faces, plain.pictures[0].faces
    assert all(face.with_line is not None for face in faces)
    assert faces[0].with_line["anger"] > before[0].image_only["anger"]
    assert run(answer_steps(ready, Asked((two_faces,), CHOSEN), answer)).pictures[0].faces[0].with_line is None
    with pytest.raises(InputError, match="characters"):
        run(answer_steps(ready, Asked((two_faces,), CHOSEN, line="a" * 501), answer))
    unread = last(ready, Asked((two_faces,), line="Hello."))[1]
    assert "The line is not read" in unread


def test_where_the_lines_refuted_the_baseline_the_line_is_weighed_with_the_student(ready: Workspace, two_faces: Path):
    run(label_episode(ready, ready.episode(EPISODE_ID), LabelSettings()))
    told = {"of": "students of the lines", "gain": 0.1, "standard_errors": 4.0}
    _with_tracks(ready, {"image_opinion": told})
    try:
        answer, said = last(ready, Asked((two_faces,), CHOSEN, line="Hello."))
    finally:
        _with_tracks(ready, {"image_opinion": {}})
    assert answer.line is not None and answer.line.by_student
    assert said.count("Student and line together") == 2 and "student&#x27;s opinion" in said
    assert answer.folder is not None
    assert json.loads((answer.folder / "faces.json").read_text())["line_weighed_with"] == "student"


def _with_tracks(workspace: Workspace, more: dict[str, Any] | None = None) -> None:
    from mmemo.store.files import read_json, read_table, write_json, write_table

    for run_id in RUN_IDS:
        folder = workspace.run_folder(run_id)
        ids = read_table(folder / "image.parquet")[["episode_id", "track_id"]]
        write_table(folder / "tracks.parquet", ids.assign(human=None))
        config = read_json(folder / "config.json")
        label = {"teacher": "embedded", "context_lines": 2}
        write_json(
            folder / "config.json",
            {
                **config,
                "label": label,
                "train": {"recipe": "x", "backbone": "embedded", "anchor": "auto"},
                **(more or {}),
            },
        )


def test_several_pictures_and_a_clip_are_read_with_progress(ready: Workspace, two_faces: Path, tmp_path: Path):
    clip, empty = tmp_path / "<clip>.mp4", tmp_path / "two.png"
    tiny_video(clip, 3)
    Image.new("RGB", (120, 90)).save(empty)
    values = [*predict_tab.show_faces(ready, Asked((two_faces, clip, empty), CHOSEN), None)]
    assert ["Read pictures" in str(page) for _, page in values] == [True] * 5 + [False]
    answer, said = values[-1]
    assert [p.time_ms for p in answer.pictures] == [None, 500, 1500, 2500, None]
    assert said.count("<details") == 5 and "&lt;clip&gt;.mp4, 0:01" in said and "No face found" in said
    with zipfile.ZipFile(answer.folder / "faces.zip") as archive:
        names = archive.namelist()
    assert names[:2] == ["two-faces.jpg", "<clip>-0000500ms-faces.jpg"] and names[-1] == "two-faces-2.jpg"
    rows = [*csv.DictReader((answer.folder / "faces.csv").read_text("utf-8-sig").splitlines())]
    assert [row["face"] for row in rows][:2] == ["1", "2"] and rows[2]["time_ms"] == "500"
    told = json.loads((answer.folder / "faces.json").read_text())
    assert told["student_run"] == RUN_IDS[0] and len(told["pictures"]) == 5 and told["line"] is None


def test_a_damaged_file_is_told_by_its_name(ready: Workspace, two_faces: Path, tmp_path: Path):
    (tmp_path / "x.png").write_bytes(b"nonsense")
    (tmp_path / "x.mp4").write_bytes(b"nonsense")
    for name, words in (("x.png", "is no picture"), ("x.mp4", "is no video"), ("gone.png", "no picture")):
        with pytest.raises(InputError, match=words):
            last(ready, Asked((two_faces, tmp_path / name), CHOSEN))


def test_pictures_with_faces_are_forgotten_after_an_hour(ready: Workspace, two_faces: Path):
    first = run(answer_steps(ready, Asked((two_faces,), CHOSEN), None)).folder
    assert first is not None and first.is_relative_to(predictions_folder(ready))
    os.utime(first, (1, 1))
    second = run(answer_steps(ready, Asked((two_faces,), CHOSEN), None)).folder
    assert second is not None and second.is_dir() and not first.exists()


def test_old_pictures_with_faces_go_at_a_start_of_the_app(workspace: Workspace):
    old, new = (predictions_folder(workspace) / name for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (1, 1))
    with closing(workspace.labels()) as labels, gr.Blocks():
        predict_tab.predict_tab(AppContext(workspace, labels, JobRunner(workspace)), gr.State(Selection()))
    assert new.is_dir() and not old.exists()


def test_looking_takes_its_turn_at_the_models(ready: Workspace, two_faces: Path, monkeypatch: pytest.MonkeyPatch):
    held = []
    monkeypatch.setattr(predict_answer, "looked_at", lambda _, models: held.append(models.lock.locked()) or {})
    run(answer_steps(ready, Asked((two_faces,), CHOSEN, look=True), None))
    assert held == [True, True]


def test_the_open_side_counts():
    assert given_paths("a.png", ["b.png", "c.mp4"], False) == (Path("a.png"),)
    assert given_paths("a.png", ["b.png", "c.mp4"], True) == (Path("b.png"), Path("c.mp4"))
    assert given_paths(None, None, True) == given_paths(None, None, False) == ()


def test_what_is_wrong_is_told_once_in_place_of_the_answer(
    ready: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gr, "Warning", lambda *_, **__: pytest.fail("a toast says it a second time"))
    for name in ("torn.mp4", "torn <b>.png"):
        (tmp_path / name).write_bytes(b"neither")
        values = predict_tab.show_faces(ready, Asked((tmp_path / name,), CHOSEN, several=True), None)
        answer, said = [*predict_tab._guarded(values)][-1]
        assert answer is None and said.count("is no ") == 1 and 'role="alert"' in said
        assert name.partition(" ")[0] in said.lower() and "<b>" not in said and "yet" not in said


def test_a_damaged_upload_reaches_who_can_say_what_is_wrong(tmp_path: Path):
    from gradio.data_classes import ImageData

    picture = gr.Image(type="filepath", image_mode=None)
    predict_tab._let_damaged_through(picture)
    (tmp_path / "torn.png").write_bytes(b"no picture")
    assert picture.preprocess(ImageData(path=str(tmp_path / "torn.png"), orig_name="torn.png")) == str(
        tmp_path / "torn.png"
    )
    assert picture.preprocess(None) is None


def test_a_bug_is_told_and_the_page_stays(caplog: pytest.LogCaptureFixture):
    def broken() -> Iterator[tuple[Any, Any]]:
        yield None, "waiting"
        raise ZeroDivisionError

    first, then = (page for _, page in predict_tab._guarded(broken()))
    assert first == "waiting" and "bug" in then and "ZeroDivisionError" in caplog.text
