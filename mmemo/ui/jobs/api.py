"""Work from a program: `/adapt` and `/export` queue a job, `/job` says how far it is, `/cancel` stops it, `/exported` gives the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.components.base import Component

from mmemo.errors import InputError, MmemoError
from mmemo.flow.export.content import choose_episode, choose_run
from mmemo.flow.export.stage import find_export
from mmemo.flow.jobs.kinds import EXPORT
from mmemo.store.export.data_sheet import Terms
from mmemo.store.export.formats import FORMATS
from mmemo.store.jobs import Job
from mmemo.ui.context import AppContext, Selection
from mmemo.ui.episode.adaptation import AdaptWish, start_adaptation
from mmemo.ui.episode.form import EpisodeForm
from mmemo.ui.export.file import copy_to_give
from mmemo.ui.export.tab import start_export
from mmemo.ui.jobs.words import message_of
from mmemo.ui.words import sentences

Answer = TypeVar("Answer")
_UNSEEN: dict[str, Any] = {"visible": False}


def job_api(context: AppContext, form: EpisodeForm) -> None:
    """Add the endpoints to the page that is being built; nothing of them is seen on it."""

    def adapt(
        video: str,
        subtitles: str | None = None,
        gold: str | None = None,
        recipe: str | None = None,
        request: gr.Request = None,  # type: ignore[assignment]  # gradio knows it by its type
    ) -> dict[str, Any]:
        """Queue the adaptation to an episode and give its job, as /job does; the job goes on when the caller leaves.

        Subtitles may be None for a video that holds them, gold None for nothing to measure against.
        """
        wish = AdaptWish(video, subtitles, gold, recipe)

        def queued() -> dict[str, Any]:
            context.people.lead(request)
            return job_contract(context, start_adaptation(context, wish))

        return _answered(queued)

    def job(number: float, request: gr.Request) -> dict[str, Any]:
        """How far a job is: state, stage, done, total, unit, rate, seconds_left, message, and what it made."""

        def found() -> dict[str, Any]:
            person = context.people.who(request)
            return job_contract(context, int(number), exports=person.is_lead)

        return _answered(found)

    def cancel(number: float, request: gr.Request) -> dict[str, Any]:
        """Ask a job to stop at its next step, and give it as /job does."""

        def cancelled() -> dict[str, Any]:
            context.people.lead(request)
            context.jobs.cancel(int(number))
            return job_contract(context, int(number))

        return _answered(cancelled)

    number = _documented(gr.Number(precision=0, label="number", **_UNSEEN), "the job's number, as job of its answer")
    given = [
        _documented(gr.File(label="video", **_UNSEEN), "the episode: .mp4, .mkv or another film"),
        _documented(gr.File(label="subtitles", **_UNSEEN), "its .srt, .vtt or .ass; None for those inside the video"),
        _documented(gr.File(label="gold", **_UNSEEN), "a CSV with cue,start_ms,end_ms,emotion to measure against"),
        _documented(
            gr.Dropdown(
                [str(one[-1]) for one in form.recipe.choices], value=form.recipe.value, label="recipe", **_UNSEEN
            ),
            "how training targets are made",
        ),
    ]
    for function, inputs in (
        (adapt, given),
        (job, [number]),
        (cancel, [number]),
    ):
        gr.Button(**_UNSEEN).click(function, inputs, gr.JSON(label="job", **_UNSEEN), api_name=function.__name__)
    _export_api(context, number)


def _export_api(context: AppContext, number: Component) -> None:
    """`/export` and `/exported`; where people sign in, for leads alone, since an export holds what others said."""

    def export(
        format: str, episode: str, run: str, publish: bool, consent: str, licence: str, request: gr.Request
    ) -> dict[str, Any]:
        """Queue the export of one format of an episode and give its job, as /job does; /exported gives the file.

        format: csv, jsonl, imagefolder, ..., see `python -m pipelines.export --help`. episode: an id; nothing takes the
        newest. run: a student run; nothing takes the one that answers by default. publish: mark it as to be published;
        then consent and licence must say who agreed to be shown, and how it may be used.
        """

        def queued() -> dict[str, Any]:
            context.people.lead(request)
            episode_id = choose_episode(context.workspace, episode or None)
            chosen = Selection(episode_id, choose_run(context.workspace, episode_id, run or None))
            return job_contract(context, start_export(context, chosen, format, Terms(consent, licence, publish)))

        return _answered(queued)

    def exported(number: float, request: gr.Request) -> str:
        """The packed file that an export job made, once its state is done."""

        def packed() -> str:
            context.people.lead(request)
            return str(copy_to_give(packed_export(context, int(number))))

        return _answered(packed)

    asked = [
        _documented(gr.Dropdown([*FORMATS], value="csv", label="format", **_UNSEEN), "what to write"),
        _text("episode", "an episode's id; nothing takes the newest"),
        _text("run", "a student run; nothing takes the one that answers by default"),
        _documented(gr.Checkbox(False, label="publish", **_UNSEEN), "mark it as to be published; needs the next two"),
        _text("consent", "who agreed to be shown, and how they were asked"),
        _text("licence", "how it may be used, such as CC-BY-4.0"),
    ]
    gr.Button(**_UNSEEN).click(export, asked, gr.JSON(label="job", **_UNSEEN), api_name="export")
    gr.Button(**_UNSEEN).click(exported, number, gr.File(label="file", **_UNSEEN), api_name="exported")


def _text(name: str, words: str) -> Component:
    return _documented(gr.Textbox("", label=name, **_UNSEEN), words)


def _documented(component: Component, words: str) -> Component:
    """A field of which `client.view_api()` says in words what belongs there."""
    told = component.api_info_as_input

    def with_words() -> dict[str, Any]:
        return {**told(), "additional_description": words}

    component.api_info_as_input = with_words  # type: ignore[method-assign]
    return component


def packed_export(context: AppContext, number: int) -> Path:
    """The packed file of an export job. InputError for a job that is none, or that is not done."""
    job = context.jobs.view(number)
    if job is None or job.kind != EXPORT:
        raise InputError(f"job {number} is no export", hint="it may have been removed")
    if job.state != "done" or job.result is None:
        raise InputError(f"job {number} is {job.state}", hint="wait until /job says that it is done")
    made = find_export(context.workspace, str(job.result["episode"]), str(job.result["export"]))
    if made.archive is None:
        raise InputError(f"the file of job {number} is gone", hint="export it again")
    return made.archive


def job_contract(context: AppContext, number: int, *, exports: bool = True) -> dict[str, Any]:
    """A job as plain values; without `exports` not where an export is. Raises InputError for one that is not there."""
    job = context.jobs.view(number)
    if job is None:
        raise InputError(f"there is no job {number}", hint="it may have been removed")
    told = _plain(job)
    return told if exports else {**told, "export": None}


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
        "export": (job.result or {}).get("export"),
    }


def _answered(ask: Callable[[], Answer]) -> Answer:
    """An answer, or the sentence of what is wrong as the caller's error."""
    try:
        return ask()
    except MmemoError as error:
        raise gr.Error(sentences(error), print_exception=False) from error
