"""Team: who labels what, how far people agree, and what a lead decides."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from mmemo.store.people import Person
from mmemo.ui.context import AppContext, Selection, answer_widget, told
from mmemo.ui.team.cases import conflicts, decide, gold, mark
from mmemo.ui.team.desk import TeamDesk
from mmemo.ui.team.page import team_frame, team_script
from mmemo.ui.team.rounds import assign, close, preview

Answer = Callable[[Mapping[str, Any], Person], dict[str, Any]]


def team_tab(context: AppContext, selection: gr.State) -> gr.HTML:
    """Build the tab: one widget, which asks the server for everything that it shows."""
    page = gr.HTML(
        "",
        html_template=team_frame(),
        js_on_load=team_script(),
        server_functions=server_functions(context),
        elem_id="mm-team",
    )

    @told
    def on_selection(chosen: Selection) -> str:
        return chosen.to_widget()

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    selection.change(on_selection, selection, page, trigger_mode="always_last", **quiet)
    return page


def server_functions(context: AppContext) -> list[Callable[..., dict[str, Any]]]:
    """What the page may call. Who asks, and what they may do, is decided here and in the functions, not by the page."""
    desk = TeamDesk(context.workspace, context.labels, context.people)
    answers: dict[str, Answer] = {
        "team_open": desk.open,
        "team_agreement": desk.agreement,
        **{
            f"team_{name}": functools.partial(answer, desk)
            for name, answer in {
                "conflicts": conflicts, "decide": decide, "gold": gold, "mark": mark,
                "preview": preview, "assign": assign, "close": close,
            }.items()
        },
    }  # fmt: skip
    return [_served(name, answer, context) for name, answer in answers.items()]


def _served(name: str, answer: Answer, context: AppContext) -> Callable[..., dict[str, Any]]:
    def served(asked: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        told = answer_widget(lambda given: answer(given, context.people.who(request)), asked, request)
        if "error" in told:  # which may name a file of the server
            told["error"] = told["error"].replace(str(context.workspace.root), "the workspace")
        return told

    served.__name__ = served.__qualname__ = name  # by which the page calls it
    return served
