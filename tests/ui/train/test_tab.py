"""The handlers of the Train tab, called as plain functions; no browser, no server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.flow.jobs.kinds import RETRAIN
from mmemo.flow.runs.listing import run_card
from mmemo.flow.runs.notes import notes_of
from mmemo.flow.runs.promotion import promote, promotion_of
from mmemo.flow.student.live_curves import CURVE_COLUMNS
from mmemo.store.files import read_json, write_json
from mmemo.store.jobs import Job, JobProgress, clock_ms
from mmemo.store.labels import HumanLabel
from mmemo.ui.context import AppContext, Selection
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.review.desk import ReviewDesk
from mmemo.ui.text import in_language
from mmemo.ui.train.curves import curves_svg, show_curves
from mmemo.ui.train.form import Wish, fill, start_head, start_other
from mmemo.ui.train.matrix import show_matrix
from mmemo.ui.train.runs import RunAct, change_run, show_runs
from mmemo.ui.train.tab import act_on_run, outcome_html, show_news, show_train, two_html, waiting
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace

CHOSEN = Selection(EPISODE_ID, RUN_IDS[0], 1)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppContext]:
    monkeypatch.setattr(gr, "Info", lambda *args, **kwargs: None)
    workspace = ready_workspace(tmp_path / "workspace", tracks=28)
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace, lambda _: None))
    yield context
    context.jobs.close()
    context.labels.close()


def say(context: AppContext, label: str, *tracks: int) -> None:
    for track in tracks:
        context.labels.add(HumanLabel(EPISODE_ID, track, track, label))


def asked(context: AppContext, job_id: int) -> dict[str, Any]:
    job = context.jobs.view(job_id)
    assert job is not None and job.kind == RETRAIN
    return dict(job.arguments)


def test_the_tab_shows_the_chosen_run_and_what_waits(app: AppContext):
    desk = ReviewDesk(app.workspace, app.labels)
    about, buttons, back, recipe, part, backbone, *_ = show_train(app, desk, CHOSEN)
    assert "No corrections since" in about and buttons.visible and not back.visible
    assert (recipe, part, backbone) == ("anchored_em", "head", "embedded")
    say(app, "joy", 1, 2)
    about, *_ = show_news(app, desk, CHOSEN)
    assert "2 corrections since the newest training" in about
    about, _, back, *_ = show_train(app, desk, replace(CHOSEN, run_id=RUN_IDS[1]))
    assert back.visible and "By default the one of" in about and "Proven gain" in about
    about, buttons, *_ = show_train(app, desk, Selection())
    assert "Nothing to train yet" in about and not buttons.visible


def test_what_a_person_filled_in_stays_while_the_run_is_the_same(app: AppContext):
    desk = ReviewDesk(app.workspace, app.labels)
    *_, filled = show_train(app, desk, CHOSEN)
    assert filled == RUN_IDS[0]
    again = show_train(app, desk, CHOSEN, filled)
    assert list(again[3:8]) == [gr.skip()] * 5 and again[13] == gr.skip()
    assert show_train(app, desk, replace(CHOSEN, run_id=RUN_IDS[1]), filled)[3] == "teacher_soft"


def test_what_waits_is_counted_against_the_newest_training_whichever_run_is_shown(app: AppContext):
    desk = ReviewDesk(app.workspace, app.labels)
    say(app, "joy", 1, 2, 3)
    path = app.workspace.run_folder(RUN_IDS[1]) / "config.json"
    write_json(path, {**read_json(path), "last_words": {EPISODE_ID: 2}})
    assert waiting(app.workspace, desk, EPISODE_ID) == 1
    about, *_ = show_train(app, desk, CHOSEN)
    assert "1 correction since the newest training" in about


def test_the_head_is_trained_as_the_run_was_and_other_settings_as_asked(app: AppContext):
    said = asked(app, start_head(app, RUN_IDS[0]))
    assert said == {
        "run_id": RUN_IDS[0],
        "recipe": None,
        "backbone": None,
        "finetune": False,
        "upper_blocks": 0,
        "seed": None,
    }
    wish = replace(
        fill(run_card(app.workspace, RUN_IDS[0])), recipe="fused", part="upper_blocks", upper_blocks=3.0, seed=5
    )
    said = asked(app, start_other(app, RUN_IDS[0], wish))
    assert (said["recipe"], said["finetune"], said["upper_blocks"], said["seed"]) == ("fused", False, 3, 5)
    said = asked(app, start_other(app, RUN_IDS[0], Wish(part="network")))
    assert (said["recipe"], said["finetune"], said["upper_blocks"], said["seed"]) == (None, True, 0, None)


def test_what_cannot_be_trained_is_told_before_a_job_is_made_of_it(app: AppContext):
    for wrong in (Wish(recipe="magic"), Wish(seed=-1)):
        with pytest.raises(InputError):
            start_other(app, RUN_IDS[0], wrong)
    with pytest.raises(InputError, match="no student"):
        start_head(app, None)
    assert app.jobs.listed() == []


def test_a_list_of_runs_with_what_a_person_says_of_them(app: AppContext):
    change_run(app.workspace, RunAct("note", RUN_IDS[1], "<i>more</i> light"), "ann")
    shown = show_runs(app.workspace, EPISODE_ID, RUN_IDS[0])
    assert shown.count("<li") == 2 and "proven gain" in shown and "written by ann" in shown
    assert "&lt;i&gt;more&lt;/i&gt; light" in shown and "<i>more" not in shown
    change_run(app.workspace, RunAct("use", RUN_IDS[1]), "ann")
    assert promotion_of(app.workspace, RUN_IDS[1]).by_person
    assert "a person said to use it" in show_runs(app.workspace, EPISODE_ID, RUN_IDS[0])
    with pytest.raises(InputError, match="nothing here does"):
        change_run(app.workspace, RunAct("delete", RUN_IDS[0]), "ann")
    assert show_runs(app.workspace, None, None) == ""


def test_acts_in_the_list_move_only_what_they_are_about(app: AppContext):
    shown = act_on_run(app, CHOSEN, None, RunAct("show", RUN_IDS[1]), "ann")
    assert shown[2].run_id == RUN_IDS[1] and shown[2].revision == 2
    *_, first, second, said = act_on_run(app, CHOSEN, None, RunAct("against", RUN_IDS[1]), "ann")
    assert (first, second) == RUN_IDS and "both say the same" in said
    act_on_run(app, CHOSEN, None, RunAct("note", RUN_IDS[0], "kept"), "ann")
    assert notes_of(app.workspace)[RUN_IDS[0]].note == "kept"
    promote(app.workspace, RUN_IDS[1])
    stopped = act_on_run(app, CHOSEN, None, RunAct("stop", RUN_IDS[1]), "ann")
    assert stopped[2].run_id == RUN_IDS[0] and not promotion_of(app.workspace, RUN_IDS[1]).promoted


def test_two_runs_are_asked_for_before_they_are_compared(app: AppContext):
    assert "Choose two runs" in two_html(app.workspace, None, RUN_IDS[0])
    assert "the same run" in two_html(app.workspace, RUN_IDS[0], RUN_IDS[0])
    assert "No gold on faces that both judged" in two_html(app.workspace, *RUN_IDS)


def test_curves_of_a_job_at_work_come_before_those_of_the_run(app: AppContext):
    kept = show_curves(app.workspace, RUN_IDS[0], None, "today")
    assert "Of the student trained today" in kept and kept.count("<polyline") == 6 and "fold 3" in kept
    now = clock_ms()
    job = Job(1, "retrain", "Retrain", {}, "running", JobProgress(), now, started_ms=now, pid=os.getpid())
    folder = app.workspace.scratch / "curves"
    folder.mkdir(parents=True)
    head = f'{{"run": "new", "pid": {os.getpid()}, "students": 3, "began_ms": {now}}}\n'
    (folder / "new.jsonl").write_text(head)
    assert "The training begins" in show_curves(app.workspace, RUN_IDS[0], job, "today")
    row = '{"fold": 0, "epoch": 0, "train_loss": 1.0, "val_loss": null}\n'
    (folder / "new.jsonl").write_text(head + row)
    live = show_curves(app.workspace, RUN_IDS[0], job, "today")
    assert "student 1 of 3, epoch 1" in live and "Nothing is held out" in live and "<circle" in live
    assert show_curves(app.workspace, None, None, "") == ""


@pytest.mark.parametrize("losses", [[1.0], [0.0, 0.0], [1e-9, 2e-9, 1e9]])
def test_a_drawing_of_any_losses_stays_in_its_frame(losses: list[float]):
    rows = [(-1, epoch, loss, loss) for epoch, loss in enumerate(losses)]
    svg = curves_svg(pd.DataFrame(rows, columns=list(CURVE_COLUMNS)))
    assert "nan" not in svg and "inf" not in svg and svg.count("<polyline") == 2


def test_a_matrix_counts_corrections_and_speaks_german(app: AppContext):
    assert "No corrections yet" in show_matrix(app.workspace, RUN_IDS[0])
    say(app, "fear", *range(1, 6))
    shown = show_matrix(app.workspace, RUN_IDS[0])
    assert "5 corrections" in shown and shown.count("<tr>") == 9 and 'class="prior"' in shown
    with in_language("de"):
        assert "5 Korrekturen" in show_matrix(app.workspace, RUN_IDS[0])
    (app.workspace.run_folder(RUN_IDS[1]) / "teacher.parquet").unlink()
    assert "kept no opinions" in show_matrix(app.workspace, RUN_IDS[1])
    assert show_matrix(app.workspace, None) == ""


def test_a_training_that_had_nothing_new_is_told(app: AppContext, monkeypatch: pytest.MonkeyPatch):
    assert outcome_html(app, ()) == "" and outcome_html(app, (99,)) == ""
    now = clock_ms()
    done = Job(1, "retrain", "Retrain", {}, "done", JobProgress(), now, result={"run": "a", "again": "yes"})
    monkeypatch.setattr(
        JobRunner, "view", lambda self, job_id: done if job_id == 1 else replace(done, result={"run": "a"})
    )
    assert "with nothing new" in outcome_html(app, (2, 1)) and outcome_html(app, (1, 2)) == ""
