"""The box of the running job above the tabs, and the list of all jobs: the same in every browser, after every reload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from html import escape
from typing import Any

import gradio as gr

from mmemo.store.jobs import Job, JobStep
from mmemo.ui.context import AppContext, by_lead, told, warn
from mmemo.ui.jobs.memory import moves, remember_script, written
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.jobs.table import LIST_SCRIPT, LISTED, list_html
from mmemo.ui.jobs.words import (
    address_of,
    bar_html,
    did_nothing,
    facts_of,
    head_of,
    line_of,
    log_text,
    message_of,
    resume_word,
    stage_words,
    state_chip,
    title_of,
)
from mmemo.ui.roles import FOR_LEADS
from mmemo.ui.text import label, say

# How often a page asks: while a job is at work, and else, so that it sees what another browser began.
_TICK_S, _GLANCE_S = 1.0, 8.0
# The panel is above the tabs, the buttons that start a job may be far below it.
SHOW_PANEL = "() => document.getElementById('mm-job')?.scrollIntoView({behavior: 'smooth', block: 'nearest'})"
# The line is drawn anew at every look: opened, it stays open. What a click finds open is closed after it.
FOLD_SCRIPT = """
let open = false;
element.addEventListener('click', (event) => {
  const fold = event.target.closest('summary')?.parentElement;
  if (fold) open = !fold.open;
});
watch('value', () => {
  const fold = element.querySelector('details');
  if (fold && fold.open !== open) fold.open = open;
});
"""
# What no look at the jobs changes.
OF_THE_PAGE = ("mine", "memory")
# The ends of so many jobs are told at once to a page that did not look for a while; the list has all of them.
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class JobPanel:
    """The public parts; all but `mine` in the order of the values of `watch`.

    `watched` is the job that the page last saw active, `shown` the one in the box; `ended` are the jobs that ended
    since the page last looked, with when they did, the newest first; `looked` is when the newest job ended that it knew
    by then. `started` is the job that this page started or resumed last, `mine` are all of them: what others do must not
    move what this page shows. `memory` is what the browser's tab remembers of them, see `mmemo.ui.jobs.memory`.
    `listed` is placed by the Episode tab.
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
    looked: gr.State
    mine: gr.State
    memory: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """Components in the order of the values of `watch`."""
        return [getattr(self, field.name) for field in fields(self) if field.name not in OF_THE_PAGE]


def job_panel(context: AppContext) -> JobPanel:
    """Build the box; the list is built with it and rendered elsewhere."""
    with gr.Column(visible=False, elem_id="mm-job") as box:
        status = gr.HTML(js_on_load=FOLD_SCRIPT)
        with gr.Row():
            small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 120, "elem_classes": FOR_LEADS}
            cancel = gr.Button(label("jobs.cancel"), variant="stop", elem_id="mm-cancel", **small)
            resume = gr.Button(label("jobs.resume"), variant="primary", visible=False, elem_id="mm-resume", **small)
            dismiss = gr.Button(label("jobs.dismiss"), visible=False, elem_id="mm-dismiss", **small)
        with gr.Accordion(label("jobs.log"), open=False, elem_id="mm-job-log"):
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
        looked=gr.State(None),
        mine=gr.State(()),
        memory=gr.HTML("", visible="hidden", elem_id="mm-my-jobs"),
    )
    _listen(context, panel)
    return panel


def _listen(context: AppContext, panel: JobPanel) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    jobs = context.jobs

    seen = [panel.watched, panel.looked]

    @told
    def on_tick(watched: int | None, looked: int | None) -> tuple[Any, ...]:
        return look(jobs, watched, looked)

    @by_lead(context.people)
    def on_cancel(watched: int | None, looked: int | None, shown: int | None) -> tuple[Any, ...]:
        return act(jobs, watched, looked, shown, "cancel")

    @by_lead(context.people)
    def on_resume(watched: int | None, looked: int | None, shown: int | None) -> tuple[Any, ...]:
        return act(jobs, watched, looked, shown, "resume")

    @by_lead(context.people)
    def on_dismiss(watched: int | None, looked: int | None) -> tuple[Any, ...]:
        jobs.dismiss()
        return look(jobs, watched, looked)

    @by_lead(context.people)
    def on_act(watched: int | None, looked: int | None, event: gr.EventData) -> tuple[Any, ...]:
        return act(jobs, watched, looked, int(event.job), str(event.act))

    def on_started(mine: tuple[int, ...], started: int | None) -> tuple[tuple[int, ...], str]:
        mine = mine if started is None or started in mine else (*mine, started)
        return mine, written(jobs, mine)

    panel.started.change(on_started, [panel.mine, panel.started], [panel.mine, panel.memory], **quiet)
    remember = remember_script(context.workspace)
    panel.memory.change(None, panel.memory, None, js=remember, api_visibility="private")
    panel.timer.tick(on_tick, seen, panel.outputs, **quiet)
    panel.cancel.click(on_cancel, [*seen, panel.shown], panel.outputs, **quiet)
    panel.resume.click(on_resume, [*seen, panel.shown], panel.outputs, **quiet)
    panel.dismiss.click(on_dismiss, seen, panel.outputs, **quiet)
    panel.listed.select(on_act, seen, panel.outputs, **quiet)


def act(jobs: JobRunner, watched: int | None, looked: int | None, job_id: int | None, what: str) -> tuple[Any, ...]:
    """Do to a job what a button says: cancel, resume or remove it; values for the panel's outputs."""
    if job_id is not None and what == "resume":
        return look(jobs, watched, looked, started=job_id if jobs.resume(job_id) else None)
    deeds = {"cancel": jobs.cancel, "remove": jobs.remove}
    if job_id is not None and what in deeds:
        deeds[what](job_id)
    return look(jobs, watched, looked)


def watch(jobs: JobRunner, started: int | None) -> tuple[Any, ...]:
    """Values for the panel's outputs on a page that was opened, or that has just started a job."""
    return look(jobs, started, None, started=started)


def look(jobs: JobRunner, watched: int | None, looked: int | None, *, started: int | None = None) -> tuple[Any, ...]:
    """Values for the panel's outputs; `watched` is the job that this page last saw active, `looked` as in JobPanel.

    The end of a job is told once by a toast and by a new value of `ended`: of the watched one, and of those that began
    and ended between two looks. `started` is a job that this page has just started or resumed. Without `looked` nothing
    is news yet.
    """
    begun: Any = gr.skip() if started is None else started
    every = jobs.listed(LISTED)
    news = _news(every, watched, looked)
    for over in reversed(news[:_MOST_TOLD]):
        _tell_end(over)
    ended: Any = tuple((over.job_id, over.finished_ms) for over in news) if news else gr.skip()
    newest: Any = max((over.finished_ms or 0 for over in every), default=0)
    if looked is None and started is not None:
        newest = gr.skip()  # what ended while this page was busy starting a job is told at the next look
    job = jobs.latest()
    listed = list_html(every)
    if job is None:
        hidden = gr.Button(visible=False)
        nothing = (gr.Column(visible=False), "", "", hidden, hidden, hidden, gr.Timer(_GLANCE_S), None, None)
        return *nothing, begun, ended, listed, newest
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
        newest,
    )


def _news(every: Sequence[Job], watched: int | None, looked: int | None) -> list[Job]:
    """The jobs whose end this page has not been told of, the newest first; a job that was resumed ends again."""
    over = [job for job in every if not job.active]
    since = [job for job in over if job.job_id == watched or (looked is not None and (job.finished_ms or 0) > looked)]
    return sorted(since, key=lambda job: job.finished_ms or 0, reverse=True)


def _tell_end(job: Job) -> None:
    if job.state in ("failed", "interrupted"):
        warn(message_of(job))
    elif job.state == "done":
        gr.Success(escape(say("jobs.is_done", title=title_of(job))), duration=8)
    else:
        gr.Info(escape(message_of(job)), duration=8)


def status_html(job: Job, *, stuck: bool = False) -> str:
    """One line: title, state, and what is going on, over a bar; it opens to the steps and all figures.

    The line is as high for every state, so that nothing beneath it moves while a job works and when it ends. What went
    wrong is in sight without opening it.
    """
    head = f'<strong>{escape(title_of(job))}</strong><span role="status">{state_chip(job)}</span>{_stats(line_of(job))}'
    more = _steps(job) + (_stats(facts_of(job)) if job.active else "")
    told = say("jobs.stuck") if stuck and job.state == "queued" else message_of(job)
    alert = f'<p class="mm-alert {job.state}" role="alert">{escape(told)}</p>' if told else ""
    fold = f'<details class="mm-fold"><summary class="mm-job-head">{head}</summary>{more}</details>'
    return f'<div class="mm"><div class="mm-job-line">{fold}{_made(job)}</div>{bar_html(job)}{alert}</div>'


def _stats(facts: Sequence[str]) -> str:
    return f'<span class="mm-stats">{"".join(f"<span>{escape(fact)}</span>" for fact in facts)}</span>'


def _made(job: Job) -> str:
    """The way to what a job made, for whoever did not start it or came later."""
    address = address_of(job) if moves(job) else None
    return f'<a class="mm-job-made" href="{escape(address)}">{escape(say("jobs.show"))}</a>' if address else ""


def _steps(job: Job) -> str:
    """Steps such as "train: fold 2 of 5" are one mark, "train"; the figures below the bar say which part it is."""
    parts: dict[str, list[JobStep]] = {}
    for step in job.progress.steps:
        parts.setdefault(head_of(step), []).append(step)
    if not parts:
        return ""
    current = head_of(job.progress.steps[-1])
    halted = "now" if job.active else "" if job.state == "done" else "halt"
    over = job.state == "done"  # until then a step that only looked may still come back with work
    items = "".join(_mark(name, steps, halted if name == current else "", over) for name, steps in parts.items())
    return f'<ol class="mm-steps">{items}</ol>'


def _mark(name: str, steps: Sequence[JobStep], state: str, over: bool) -> str:
    """One step; one that found no work says so instead of being ticked, once the job is `over`."""
    words = stage_words(name)
    if over and not state and all(did_nothing(step) for step in steps):
        state, words = "idle", f"{words}: {say('jobs.nothing')}"
    return f'<li class="{state}">{escape(words)}</li>'
