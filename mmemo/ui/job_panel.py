"""The box of the running job above the tabs, and the list of all jobs: the same in every browser, after every reload."""

from __future__ import annotations

from dataclasses import dataclass, fields
from html import escape
from typing import Any

import gradio as gr

from mmemo.store.jobs import Job
from mmemo.ui.context import AppContext, told, warn
from mmemo.ui.html import duration
from mmemo.ui.job_list import LIST_SCRIPT, LISTED, list_html
from mmemo.ui.job_words import bar_html, facts_of, log_text, message_of, resume_word, state_chip
from mmemo.ui.jobs import JobRunner

# How often a page asks: while a job is at work, and else, so that it sees what another browser began.
_TICK_S, _GLANCE_S = 1.0, 8.0
# The panel is above the tabs, the buttons that start a job may be far below it.
SHOW_PANEL = "() => document.getElementById('mm-job')?.scrollIntoView({behavior: 'smooth', block: 'nearest'})"
_STUCK = "The process that does the work ends as soon as it is started. See tmp/worker.log in the workspace."


@dataclass(frozen=True, slots=True)
class JobPanel:
    """The public parts; all but `mine` in the order of the values of `watch`.

    `watched` is the job that the page last saw active, `shown` the one in the box; `ended`, a job and when it ended,
    changes when a watched job is over. `started` is the job that this page started or resumed last, `mine` are all of them: what others do must
    not move what this page shows. `listed` is placed by the Episode tab.
    """

    box: gr.Column
    status: gr.HTML
    log: gr.HTML
    cancel: gr.Button
    resume: gr.Button
    dismiss: gr.Button
    timer: gr.Timer
    watched: gr.State
    shown: gr.State
    started: gr.State
    ended: gr.State
    listed: gr.HTML
    mine: gr.State

    @property
    def outputs(self) -> list[Any]:
        """Components in the order of the values of `watch`."""
        return [getattr(self, field.name) for field in fields(self) if field.name != "mine"]


def job_panel(context: AppContext) -> JobPanel:
    """Build the box; the list is built with it and rendered elsewhere."""
    with gr.Column(visible=False, elem_id="mm-job") as box:
        status = gr.HTML()
        with gr.Row():
            small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 120}
            cancel = gr.Button("Cancel", variant="stop", elem_id="mm-cancel", **small)
            resume = gr.Button("Resume", variant="primary", visible=False, elem_id="mm-resume", **small)
            dismiss = gr.Button("Dismiss", visible=False, elem_id="mm-dismiss", **small)
        with gr.Accordion("Log", open=False):
            log_view = gr.HTML()
    panel = JobPanel(
        box=box,
        status=status,
        log=log_view,
        cancel=cancel,
        resume=resume,
        dismiss=dismiss,
        timer=gr.Timer(_GLANCE_S),
        watched=gr.State(None),
        shown=gr.State(None),
        started=gr.State(None),
        ended=gr.State(None),
        listed=gr.HTML(elem_id="mm-jobs", js_on_load=LIST_SCRIPT, render=False),
        mine=gr.State(()),
    )
    _listen(context, panel)
    return panel


def _listen(context: AppContext, panel: JobPanel) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    jobs = context.jobs

    @told
    def on_tick(watched: int | None) -> tuple[Any, ...]:
        return look(jobs, watched)

    @told
    def on_cancel(watched: int | None, shown: int | None) -> tuple[Any, ...]:
        return act(jobs, watched, shown, "cancel")

    @told
    def on_resume(watched: int | None, shown: int | None) -> tuple[Any, ...]:
        return act(jobs, watched, shown, "resume")

    @told
    def on_dismiss(watched: int | None) -> tuple[Any, ...]:
        jobs.dismiss()
        return look(jobs, watched)

    @told
    def on_act(watched: int | None, event: gr.EventData) -> tuple[Any, ...]:
        return act(jobs, watched, int(event.job), str(event.act))

    def on_started(mine: tuple[int, ...], started: int | None) -> tuple[int, ...]:
        return mine if started is None or started in mine else (*mine, started)

    panel.started.change(on_started, [panel.mine, panel.started], panel.mine, **quiet)
    panel.timer.tick(on_tick, panel.watched, panel.outputs, **quiet)
    panel.cancel.click(on_cancel, [panel.watched, panel.shown], panel.outputs, **quiet)
    panel.resume.click(on_resume, [panel.watched, panel.shown], panel.outputs, **quiet)
    panel.dismiss.click(on_dismiss, panel.watched, panel.outputs, **quiet)
    panel.listed.select(on_act, panel.watched, panel.outputs, **quiet)


def act(jobs: JobRunner, watched: int | None, job_id: int | None, what: str) -> tuple[Any, ...]:
    """Do to a job what a button says: cancel, resume or remove it; values for the panel's outputs."""
    if job_id is not None and what == "resume":
        return look(jobs, watched, started=job_id if jobs.resume(job_id) else None)
    deeds = {"cancel": jobs.cancel, "remove": jobs.remove}
    if job_id is not None and what in deeds:
        deeds[what](job_id)
    return look(jobs, watched)


def watch(jobs: JobRunner, started: int | None) -> tuple[Any, ...]:
    """Values for the panel's outputs on a page that was opened, or that has just started a job."""
    return look(jobs, started, started=started)


def look(jobs: JobRunner, watched: int | None, *, started: int | None = None) -> tuple[Any, ...]:
    """Values for the panel's outputs; `watched` is the job that this page last saw active.

    The end of a watched job is told once by a toast and by a new value of `ended`. `started` is a job that this page
    has just started or resumed.
    """
    begun: Any = gr.skip() if started is None else started
    ended: Any = gr.skip()
    before = jobs.view(watched) if watched is not None else None
    if before is not None and not before.active:
        ended = before.job_id, before.finished_ms  # a job that was resumed ends again
        _tell_end(before)
    job = jobs.latest()
    listed = list_html(jobs.listed(LISTED))
    if job is None:
        hidden = gr.Button(visible=False)
        nothing = (gr.Column(visible=False), "", "", hidden, hidden, hidden, gr.Timer(_GLANCE_S), None, None)
        return *nothing, begun, ended, listed
    return (
        gr.Column(visible=True),
        status_html(job, stuck=jobs.stuck),
        f'<pre class="mm-log">{escape(log_text(job))}</pre>',
        gr.Button(visible=job.active, interactive=job.state != "cancelling"),
        gr.Button(resume_word(job), visible=job.resumable),
        gr.Button(visible=not job.active),
        gr.Timer(_TICK_S if job.active else _GLANCE_S),
        job.job_id if job.active else None,
        job.job_id,
        begun,
        ended,
        listed,
    )


def _tell_end(job: Job) -> None:
    if job.state in ("failed", "interrupted"):
        warn(message_of(job))
    elif job.state == "done":
        gr.Success(f"Done: {escape(job.title)}", duration=8)
    else:
        gr.Info(escape(message_of(job)), duration=8)


def status_html(job: Job, *, stuck: bool = False) -> str:
    """Title, state, the steps so far, the bar, and rate and time left of the current step."""
    head = f'<div class="mm-job-head"><strong>{escape(job.title)}</strong><span role="status">{state_chip(job)}</span></div>'
    told = _STUCK if stuck and job.state == "queued" else message_of(job)
    alert = f'<p class="mm-alert {job.state}" role="alert">{escape(told)}</p>' if told else ""
    facts = facts_of(job) if job.active else [f"{duration(job.seconds())} in all"]
    stats = "".join(f"<span>{escape(fact)}</span>" for fact in facts)
    return f'<div class="mm">{head}{_steps(job)}{bar_html(job)}<div class="mm-stats">{stats}</div>{alert}</div>'


def _steps(job: Job) -> str:
    """Steps such as "train: fold 2 of 5" are one mark, "train"; the figures below the bar say which part it is."""
    steps = [step.stage for step in job.progress.steps]
    names = list(dict.fromkeys(step.split(":")[0] for step in steps))
    if not names:
        return ""
    last = "" if job.state == "done" else "now" if job.active else "halt"
    marks = ["" if name != steps[-1].split(":")[0] else last for name in names]
    items = "".join(f'<li class="{mark}">{escape(step)}</li>' for step, mark in zip(names, marks, strict=True))
    return f'<ol class="mm-steps">{items}</ol>'
