"""The panel of the running job: the same on every tab, in every browser, after every reload."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from mmemo.ui.context import AppContext, told, warn
from mmemo.ui.html import duration, percent
from mmemo.ui.jobs import JobRunner, JobView

_TICK_S = 1.0
# The panel is above the tabs, the buttons that start a job may be far below it.
SHOW_PANEL = "() => document.getElementById('mm-job')?.scrollIntoView({behavior: 'smooth', block: 'nearest'})"
_STATE_WORDS = {"queued": "waiting", "running": "running", "done": "done", "failed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True, slots=True)
class JobPanel:
    """The public parts: `outputs` are what `watch` fills, `ended` changes when a watched job is over."""

    box: gr.Column
    status: gr.HTML
    log: gr.HTML
    cancel: gr.Button
    dismiss: gr.Button
    timer: gr.Timer
    watched: gr.State
    ended: gr.State

    @property
    def outputs(self) -> list[Any]:
        """Components in the order of the values of `watch`."""
        return [self.box, self.status, self.log, self.cancel, self.dismiss, self.timer, self.watched, self.ended]


def job_panel(context: AppContext) -> JobPanel:
    """Build the panel; it asks the server only while a job is active."""
    with gr.Column(visible=False, elem_id="mm-job") as box:
        status = gr.HTML()
        with gr.Row():
            cancel = gr.Button("Cancel", size="sm", variant="stop", scale=0, min_width=120, elem_id="mm-cancel")
            dismiss = gr.Button("Dismiss", size="sm", visible=False, scale=0, min_width=120, elem_id="mm-dismiss")
        with gr.Accordion("Log", open=False):
            log_view = gr.HTML()
    panel = JobPanel(
        box=box,
        status=status,
        log=log_view,
        cancel=cancel,
        dismiss=dismiss,
        timer=gr.Timer(_TICK_S, active=False),
        watched=gr.State(None),
        ended=gr.State(None),
    )
    _listen(context, panel)
    return panel


def _listen(context: AppContext, panel: JobPanel) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    @told
    def on_tick(watched: int | None) -> tuple[Any, ...]:
        return watch(context.jobs, watched)

    @told
    def on_cancel(watched: int | None) -> tuple[Any, ...]:
        shown = context.jobs.latest()
        if shown is not None:
            context.jobs.cancel(shown.job_id)
        return watch(context.jobs, watched)

    @told
    def on_dismiss(watched: int | None) -> tuple[Any, ...]:
        context.jobs.dismiss()
        return watch(context.jobs, watched)

    for event, handler in (
        (panel.timer.tick, on_tick),
        (panel.cancel.click, on_cancel),
        (panel.dismiss.click, on_dismiss),
    ):
        event(handler, panel.watched, panel.outputs, **quiet)


def watch(jobs: JobRunner, watched: int | None) -> tuple[Any, ...]:
    """Values for the panel's outputs; `watched` is the job that this page last saw at work.

    The end of a watched job is told once by a toast and by a new value of `ended`.
    """
    ended: Any = gr.skip()
    before = jobs.view(watched) if watched is not None else None
    if before is not None and not before.active:
        ended = before.job_id
        _tell_end(before)
    shown = jobs.latest()
    if shown is None:
        return gr.Column(visible=False), "", "", gr.skip(), gr.skip(), gr.Timer(active=False), None, ended
    return (
        gr.Column(visible=True),
        status_html(shown),
        f'<pre class="mm-log">{escape(chr(10).join(shown.log))}</pre>',
        gr.Button(visible=shown.active, interactive=not shown.cancelling),
        gr.Button(visible=not shown.active),
        gr.Timer(active=shown.active),
        shown.job_id if shown.active else None,
        ended,
    )


def _tell_end(view: JobView) -> None:
    if view.state == "failed":
        warn(view.message)
    elif view.state == "done":
        gr.Success(f"Done: {escape(view.title)}", duration=8)
    else:
        gr.Info(escape(view.message), duration=8)


def status_html(view: JobView) -> str:
    """Title, state, the steps so far, the bar, and rate and time left of the current step."""
    word = "stopping after this step" if view.cancelling else _STATE_WORDS[view.state]
    head = (
        f'<div class="mm-job-head"><strong>{escape(view.title)}</strong>'
        f'<span class="mm-state {view.state}" role="status">{word}</span></div>'
    )
    alert = f'<p class="mm-alert {view.state}" role="alert">{escape(view.message)}</p>' if view.message else ""
    return f'<div class="mm">{head}{_steps(view)}{_bar(view)}{_figures(view)}{alert}</div>'


def _steps(view: JobView) -> str:
    """Steps such as "train: fold 2 of 5" are one mark, "train"; the figures below the bar say which part it is."""
    names = list(dict.fromkeys(step.split(":")[0] for step in view.steps))
    if not names:
        return ""
    last = {"running": "now", "failed": "halt", "cancelled": "halt"}.get(view.state, "")
    marks = ["" if name != view.steps[-1].split(":")[0] else last for name in names]
    items = "".join(f'<li class="{mark}">{escape(step)}</li>' for step, mark in zip(names, marks, strict=True))
    return f'<ol class="mm-steps">{items}</ol>'


def _bar(view: JobView) -> str:
    if not view.active:
        return ""
    progress = view.progress
    if progress is None or progress.total <= 0:
        return '<div class="mm-progress unknown" role="progressbar" aria-label="working"><i></i></div>'
    share = 100 * progress.fraction
    return (
        f'<div class="mm-progress" role="progressbar" aria-label="{escape(progress.stage)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></div>'
    )


def _figures(view: JobView) -> str:
    facts = []
    if view.active and view.progress is not None:
        facts += _progress_facts(view)
    if view.state != "queued":
        facts.append(f"{duration(view.elapsed_s)} {'so far' if view.active else 'in all'}")
    spans = "".join(f"<span>{escape(fact)}</span>" for fact in facts)
    return f'<div class="mm-stats">{spans}</div>'


def _progress_facts(view: JobView) -> list[str]:
    progress = view.progress
    assert progress is not None
    counted = f"{progress.done:,} of {progress.total:,}" if progress.total > 0 else f"{progress.done:,}"
    facts = [f"{progress.stage}: {counted}" + (f" ({percent(progress.fraction)})" if progress.total > 0 else "")]
    if view.rate is not None:
        facts.append(f"{view.rate:.1f} a second" if view.rate >= 1 else f"one every {1 / view.rate:.1f} s")
    if view.remaining_s is not None:
        facts.append(f"about {duration(view.remaining_s)} left in this step")
    if progress.note:
        facts.append(progress.note)
    return facts
