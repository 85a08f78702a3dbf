"""Adapting from a program: `/adapt` queues a job, `/job` says how far it is, `/cancel` stops it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from mmemo.errors import InputError, MmemoError
from mmemo.store.jobs import Job
from mmemo.ui.adaptation import AdaptWish, start_adaptation
from mmemo.ui.context import AppContext
from mmemo.ui.episode_form import EpisodeForm
from mmemo.ui.job_words import message_of
from mmemo.ui.words import sentences


def job_api(context: AppContext, form: EpisodeForm) -> None:
    """Add the endpoints to the page that is being built; nothing of them is seen on it."""

    def adapt(video: str, subtitles: str | None, gold: str | None, recipe: str) -> dict[str, Any]:
        """Queue the adaptation to an episode and give its job, as /job does; the job goes on when the caller leaves.

        Subtitles may be None for a video that holds them, gold None for nothing to measure against.
        """
        wish = AdaptWish(video, subtitles, gold, recipe)
        return _answered(lambda: job_contract(context, start_adaptation(context, wish)))

    def job(number: float) -> dict[str, Any]:
        """How far a job is: state, stage, done, total, unit, rate, seconds_left, message, and what it made."""
        return _answered(lambda: job_contract(context, int(number)))

    def cancel(number: float) -> dict[str, Any]:
        """Ask a job to stop at its next step, and give it as /job does."""

        def cancelled() -> dict[str, Any]:
            context.jobs.cancel(int(number))
            return job_contract(context, int(number))

        return _answered(cancelled)

    unseen: dict[str, Any] = {"visible": False}
    number = gr.Number(precision=0, label="number", **unseen)
    for function, inputs in (
        (adapt, [form.video, form.subtitles, form.gold, form.recipe]),
        (job, [number]),
        (cancel, [number]),
    ):
        gr.Button(**unseen).click(function, inputs, gr.JSON(label="job", **unseen), api_name=function.__name__)


def job_contract(context: AppContext, number: int) -> dict[str, Any]:
    """A job as plain values. Raises InputError for one that is not there."""
    job = context.jobs.view(number)
    if job is None:
        raise InputError(f"there is no job {number}", hint="it may have been removed")
    return _plain(job)


def _plain(job: Job) -> dict[str, Any]:
    step = job.step
    return {
        "job": job.job_id,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "stage": step.stage if step else None,
        "done": step.done if step else 0,
        "total": step.total if step else 0,
        "unit": job.progress.unit,
        "rate": job.progress.rate,
        "seconds_left": job.progress.seconds_left,
        "message": message_of(job) or (step.note if step else ""),
        "seconds": round(job.seconds(), 3),
        "episode": (job.result or {}).get("episode"),
        "run": (job.result or {}).get("run"),
    }


def _answered(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """An answer, or the sentence of what is wrong as the caller's error."""
    try:
        return ask()
    except MmemoError as error:
        raise gr.Error(sentences(error), print_exception=False) from error
