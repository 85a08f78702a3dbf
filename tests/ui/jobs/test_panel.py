"""What the box above the tabs and the list say of a job, as plain functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mmemo.flow.jobs.worker import work_off
from mmemo.store.jobs import Job, JobProgress, JobStep, clock_ms
from mmemo.store.workspace import Workspace
from mmemo.ui import context as context_module
from mmemo.ui.jobs import panel as job_panel
from mmemo.ui.jobs.panel import act, look, status_html, watch
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.jobs.table import list_html
from mmemo.ui.jobs.words import address_of, clock_time, log_text, stage_words, title_of
from mmemo.ui.text import in_language
from tests.made_jobs import KINDS, PagesSettings

NAMES = [name for name in job_panel.JobPanel.__dataclass_fields__ if name not in job_panel.OF_THE_PAGE]


@pytest.fixture
def toasts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    for module in (context_module.gr, job_panel.gr):
        for kind in ("Warning", "Success", "Info"):
            monkeypatch.setattr(module, kind, lambda message, **_: shown.append(message))
    return shown


@pytest.fixture
def runner(workspace: Workspace) -> Iterator[JobRunner]:
    runner = JobRunner(workspace, lambda _: None)
    yield runner
    runner.close()


def named(values: tuple[Any, ...]) -> dict[str, Any]:
    assert len(values) == len(NAMES)
    return dict(zip(NAMES, values, strict=True))


def job(**changes: Any) -> Job:
    now = clock_ms()
    steps = changes.pop("steps", (JobStep("cut", 9, 9, 20.0), JobStep("train", 30, 120, 7.5, "fold 2")))
    progress = JobProgress(steps, changes.pop("unit", "rounds"), changes.pop("rate", 4.0), changes.pop("left", 22.5))
    values: dict[str, Any] = {
        "job_id": 1, "kind": "adapt", "title": "Adapt", "arguments": {}, "state": "running", "progress": progress,
        "created_ms": now - 70_000, "started_ms": now - 61_000, "heartbeat_ms": now,
    }  # fmt: skip
    return Job(**values | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ("train: 30 of 120 rounds (25 %)", "4.0 rounds a second", "about 22 s left in this step", "1 min 1 s so far", "fold 2")),
        ({"rate": 0.25, "left": None}, ("one every 4.0 s",)),
        ({"steps": (JobStep("cut", 3, 0, 1.0),), "rate": None, "left": None, "unit": ""}, ("unknown", "cut: 3<")),
        ({"steps": (), "rate": None, "left": None}, ("starting", "unknown")),
        ({"steps": (), "state": "queued"}, ("waiting", "since ")),
        (
            {"steps": (JobStep("cut", 1, 1, 1), JobStep("train: fold 1", 1, 1, 1), JobStep("train: fold 2", 1, 2, 1))},
            ('<li class="">cut</li><li class="now">train</li></ol>',),
        ),
        ({"state": "cancelling"}, ("stopping",)),
        ({"state": "interrupted"}, ("was ended", "Resume goes on", "halt")),
        ({"state": "failed", "error": "<x> is no video", "hint": "choose another"}, ("&lt;x&gt; is no video. Choose another.", "halt")),
        ({"heartbeat_ms": 1}, ("no sign of life",)),
        ({"reported_ms": 1}, ("nothing new for ", "Cancel ends it")),
    ],
)  # fmt: skip
def test_the_box_says_where_a_job_is(changes: dict[str, Any], words: tuple[str, ...]):
    made = status_html(job(**changes))
    assert [word for word in words if word not in made] == []


def test_a_worker_that_does_not_start_is_told():
    assert "worker.log" in status_html(job(state="queued", steps=()), stuck=True)
    assert "worker.log" not in status_html(job(), stuck=True)


def test_the_list_offers_what_can_be_done_and_escapes_names():
    states = ("queued", "running", "cancelling", "cancelled", "failed", "done", "interrupted")
    title = 'Adapt to <b>"x"'
    made = list_html([job(job_id=n, state=state, title=title, error="no", steps=()) for n, state in enumerate(states)])
    assert "<b>" not in made and made.count('aria-label="Cancel: Adapt to &lt;b&gt;&quot;x&quot;"') == 3
    assert [made.count(f'data-act="{act}"') for act in ("cancel", "resume", "remove")] == [3, 3, 4]
    assert made.count("Try again</button>") == 1
    assert made.count(" disabled") == 1
    assert list_html([]) == ""


def test_a_done_job_leads_to_what_it_made():
    assert address_of(job(state="done", result={"episode": "a b", "run": "r&x"})) == "?episode=a+b&run=r%26x"
    assert address_of(job(state="done", result={})) is None
    assert address_of(job(result={"episode": "a"})) is None


def test_the_log_has_a_line_a_step():
    assert log_text(job()) == "cut: 9 of 9 in 20 s\ntrain: 30 of 120 in 8 s, fold 2"
    assert clock_time(None) == ""


def test_the_end_of_a_watched_job_is_told_once(runner: JobRunner, workspace: Workspace, toasts: list[str]):
    number = runner.submit("pages", "Adapt to <pilot>", PagesSettings(1))
    waiting = named(watch(runner, None))
    assert (waiting["watched"], waiting["shown"], waiting["timer"].value) == (number, number, 1.0)
    work_off(workspace, KINDS, 0)
    over = named(look(runner, number, waiting["looked"]))
    assert toasts == ["Done: Adapt to &lt;pilot&gt;"]
    assert (over["watched"], over["shown"], over["ended"][0][0]) == (None, number, number)
    assert "done" in over["listed"] and over["box"].visible
    look(runner, over["watched"], over["looked"])
    assert len(toasts) == 1
    runner.dismiss()
    hidden = named(watch(runner, None))
    assert (hidden["box"].visible, hidden["status"]) == (False, "")
    assert "done" in hidden["listed"], "the list keeps it"


def test_a_page_knows_the_jobs_that_it_started_or_resumed(runner: JobRunner, toasts: list[str]):
    first, second = (runner.submit("pages", name, PagesSettings(1)) for name in ("first", "second"))
    assert named(watch(runner, second))["started"] == second
    for values in (watch(runner, None), look(runner, first, 0), act(runner, first, 0, second, "resume")):
        assert not isinstance(named(values)["started"], int), "nothing was started by this page"
    act(runner, first, 0, second, "cancel")
    assert named(act(runner, first, 0, second, "resume"))["started"] == second


def test_a_short_job_of_another_page_is_told_once(runner: JobRunner, workspace: Workspace, toasts: list[str]):
    idle = named(watch(runner, None))
    first, second = (runner.submit("pages", name, PagesSettings(1)) for name in ("first", "second"))
    work_off(workspace, KINDS, 0)
    seen = named(look(runner, idle["watched"], idle["looked"]))
    assert toasts == ["Done: first", "Done: second"], "both began and ended between two looks"
    assert [job_id for job_id, _ in seen["ended"]] == [second, first]
    again = named(look(runner, seen["watched"], seen["looked"]))
    assert len(toasts) == 2 and not isinstance(again["ended"], tuple)
    opened = named(watch(runner, None))
    assert len(toasts) == 2 and not isinstance(opened["ended"], tuple), "what was over when a page came is no news"
    runner.remove(second)
    look(runner, None, named(look(runner, None, opened["looked"]))["looked"])
    assert len(toasts) == 2


def test_what_ended_while_a_page_started_a_job_is_told_at_its_next_look(
    runner: JobRunner, workspace: Workspace, toasts: list[str]
):
    idle = named(watch(runner, None))
    runner.submit("pages", "of others", PagesSettings(1))
    work_off(workspace, KINDS, 0)
    number = runner.submit("pages", "mine", PagesSettings(1))
    started = named(watch(runner, number))
    assert not isinstance(started["looked"], int), "the page keeps what it knew"
    look(runner, started["watched"], idle["looked"])
    assert toasts == ["Done: of others"]


@pytest.mark.parametrize("state", ["running", "cancelling", "done", "cancelled"])
def test_a_job_is_one_line_that_opens(state: str):
    made = status_html(job(state=state))
    assert made.index("</summary>") < made.index("mm-steps") < made.index("</details>")
    line = made.partition("</summary>")[0]
    at_work = state in ("running", "cancelling")
    assert all((fact in line) == at_work for fact in ("train: 30 of 120", "4.0 rounds a second", "about 22 s left"))
    assert ('role="progressbar"' in made) == at_work and "so far" not in line and "fold 2" not in line


def test_what_is_wrong_is_the_first_in_the_line_and_an_alert_is_outside_of_the_fold():
    line = status_html(job(heartbeat_ms=1)).partition("</summary>")[0]
    assert line.index("no sign of life") < line.index("train: 30 of 120")
    failed = status_html(job(state="failed", error="no video", hint="choose another"))
    assert failed.index("</details>") < failed.index('role="alert"'), "what went wrong is in sight"


def test_a_done_job_offers_what_it_made_to_every_page():
    made = status_html(job(state="done", result={"episode": "pilot", "run": "r-1"}))
    assert '<a class="mm-job-made" href="?episode=pilot&amp;run=r-1">Show it</a>' in made
    export = job(kind="export", state="done", result={"episode": "pilot", "run": "r-1"})
    assert "Show it" not in status_html(export) + status_html(job()) + status_html(job(state="done", result={}))


def test_a_step_that_found_no_work_is_not_ticked():
    steps = (
        JobStep("label", 0, 9, 0.1, "loading the teacher"),
        JobStep("characters", 0, 0, 0.1),
        JobStep("train", 0, 1, 1.0, "loading models"),
        JobStep("train: fold 1", 5, 5, 1.0),
        JobStep("report", 0, 1, 0.1),
    )
    made = status_html(job(state="done", steps=steps))
    assert made.count('class="idle"') == 3
    assert '<li class="idle">characters: nothing to do</li><li class="">train</li>' in made
    log = log_text(job(state="done", steps=steps))
    assert "label: nothing to do, loading the teacher\ncharacters: nothing to do\ntrain: 0 of 1 in 1 s" in log
    assert "nothing" not in log_text(job(state="cancelled", steps=steps[:1])), "it was not over"
    assert 'class="halt"' in status_html(job(state="cancelled", steps=steps[:1]))


@pytest.mark.parametrize(
    ("kind", "asked", "title"),
    [
        ("export", {"format": "boxes", "episode_id": "pilot"}, "Export: Rahmen (COCO, CVAT), pilot"),
        ("retrain", {"run_id": "pilot-1", "recipe": None, "finetune": None}, "Erneut trainieren mit den Korrekturen"),
        ("retrain", {"run_id": "pilot-1", "recipe": None, "finetune": False}, "Letzte Schicht neu trainieren"),
        ("retrain", {"run_id": "pilot-1", "recipe": "face_only", "finetune": True}, "Trainieren: face only"),
        ("retrain", {"run_id": "pilot-1", "finetune": True}, "as it was called"),
        ("pages", {}, "as it was called"),
    ],
)
def test_a_job_is_called_in_the_language_of_who_looks(kind: str, asked: dict[str, Any], title: str):
    with in_language("de"):
        assert title_of(job(kind=kind, arguments=asked, title="as it was called")) == title


def test_every_step_of_an_export_has_a_name_in_both_languages():
    for name in ("gather", "write labels", "data sheet", "pack", "draw film", "write ONNX", "write model",
                 "copy pictures", "write frames", "write shards", "write subtitles", "write tasks"):  # fmt: skip
        with in_language("de"):
            german = stage_words(name)
        assert german not in (name, stage_words(name))


def test_a_job_is_told_in_the_language_of_who_looks():
    adapt = job(arguments={"video": "/films/Pilot one.mp4"}, state="cancelled")
    with in_language("de"):
        told = status_html(adapt) + list_html([adapt]) + log_text(adapt)
        assert "An Pilot one.mp4 anpassen" in told and "Adapt" not in told
        assert "schneiden: 9 von 9 in 20 s" in told and "trainieren" in told and "Runden" in status_html(job())
        assert "Fortsetzen macht dort weiter" in told and ">Entfernen</button>" in told
    assert "Adapt to Pilot one.mp4" in status_html(adapt)


def test_buttons_cancel_resume_and_remove_the_job_that_they_name(runner: JobRunner, toasts: list[str]):
    first, second = (runner.submit("pages", name, PagesSettings(1)) for name in ("first", "second"))
    values = named(act(runner, first, 0, second, "cancel"))
    assert [job.state for job in runner.listed()] == ["cancelled", "queued"]
    assert values["watched"] == first
    act(runner, first, 0, second, "resume")
    assert [job.state for job in runner.listed()] == ["queued", "queued"]
    act(runner, first, 0, second, "cancel")
    act(runner, first, 0, second, "remove")
    act(runner, first, 0, 99, "remove")
    act(runner, first, 0, first, "no such act")
    act(runner, first, 0, None, "cancel")
    assert [job.job_id for job in runner.listed()] == [first]
