"""Review: browse what the machine labelled, see who thinks what, and correct it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.flow.jobs.kinds import RETRAIN, RetrainSettings
from mmemo.flow.runs.listing import last_trained
from mmemo.ui.context import AppContext, Selection, answer_widget, by_lead, told
from mmemo.ui.episode.line_clip import clip_of
from mmemo.ui.html import file_url
from mmemo.ui.jobs.panel import SHOW_PANEL, JobPanel, watch
from mmemo.ui.review.desk import ReviewDesk, item_of
from mmemo.ui.review.page import review_frame, review_script
from mmemo.ui.review.save import save_presses
from mmemo.ui.sign_in import People, name_of
from mmemo.ui.text import say

_FACES_AT_ONCE = 16
Answer = Callable[[Mapping[str, Any], str], dict[str, Any]]


def review_tab(context: AppContext, selection: gr.State, panel: JobPanel) -> gr.HTML:
    """Build the tab: one widget, which asks the server for faces and sends it presses of keys."""
    page = gr.HTML(
        "",
        html_template=review_frame(),
        js_on_load=review_script(),
        server_functions=server_functions(context),
        elem_id="mm-review",
    )

    @told
    def on_selection(chosen: Selection) -> str:
        return chosen.to_widget()

    @by_lead(context.people)
    def on_retrain(chosen: Selection) -> tuple[Any, ...]:
        return watch(context.jobs, start_retraining(context, chosen))

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    selection.change(on_selection, selection, page, trigger_mode="always_last", **quiet)
    started = page.retrain(on_retrain, selection, panel.outputs, **quiet)
    started.then(None, js=SHOW_PANEL, api_visibility="private")
    return page


def server_functions(context: AppContext) -> list[Callable[..., dict[str, Any]]]:
    """What the page may call; who labels is decided here and not by the page."""
    desk = ReviewDesk(context.workspace, context.labels)

    def count(asked: Mapping[str, Any], me: str) -> dict[str, Any]:
        run = asked.get("run")
        episode_id = str(asked.get("episode"))
        # What the newest training knew is learned, even where an older run is looked at.
        newest = last_trained(context.workspace, episode_id) if run else None
        return {"run": run, "corrections": desk.corrections(episode_id, newest)}

    def clip(asked: Mapping[str, Any], me: str) -> dict[str, Any]:
        episode_id, cut_key, track_id = item_of(asked.get("item"))
        desk.part(episode_id, cut_key)
        episode = replace(desk.workspace.episode(episode_id), cut_key=cut_key)
        return {"url": file_url(clip_of(desk.workspace, episode, track_id))}

    def review_open(asked: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        return answered(desk.open, asked, request, context.people)

    def review_page(asked: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        return answered(desk.page, asked, request, context.people)

    def review_faces(asked: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        return answered(functools.partial(faces_in_full, desk), asked, request, context.people)

    def review_save(asked: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        return answered(functools.partial(save_presses, desk), asked, request, context.people)

    def review_clip(asked: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        return answered(clip, asked, request, context.people)

    def review_count(asked: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        return answered(count, asked, request, context.people)

    return [review_count, review_open, review_page, review_faces, review_save, review_clip]


def faces_in_full(desk: ReviewDesk, asked: Mapping[str, Any], me: str) -> dict[str, Any]:
    """Several tracks in full, in one answer: the one that is looked at and those that come next; without those that are
    gone."""
    items = asked.get("items")
    faces = []
    for item in items[:_FACES_AT_ONCE] if isinstance(items, list) else []:
        with suppress(InputError):
            faces.append(desk.face({**asked, "item": item}, me))
    return {"faces": faces}


def answered(answer: Answer, asked: object, request: gr.Request | None, people: People | None = None) -> dict[str, Any]:
    """What a function says to who asks, who must still be among the people, or {"error": a sentence} where it failed."""

    def named(asked: Mapping[str, Any]) -> dict[str, Any]:
        return answer(asked, people.who(request).name if people is not None else name_of(request))

    return answer_widget(named, asked, request)


def start_retraining(context: AppContext, chosen: Selection) -> int:
    """Queue training and comparison with the corrections; returns the job's number."""
    run_id = chosen.run_id
    if run_id is None:
        raise InputError("there is no student to retrain", hint="adapt to an episode first")
    return context.jobs.submit(RETRAIN, say("review.job"), RetrainSettings(run_id))
