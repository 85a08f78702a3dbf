"""Name, promise, and the choice of episode and run that all tabs share; and the footer's honest words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from mmemo.flow.runs.promotion import promoted_run
from mmemo.store.workspace import Workspace
from mmemo.ui.address import REMEMBER_CHOICE
from mmemo.ui.compare.words import run_title
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.text import label
from mmemo.ui.work import runs_of

_LOGO = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><rect x="1" y="1" width="30" height="24" rx="8" fill="#4f46e5"/>'
    '<path d="M9 24v7l8-6z" fill="#4f46e5"/><circle cx="11" cy="11" r="2" fill="#fff"/>'
    '<circle cx="21" cy="11" r="2" fill="#fff"/><path d="M9.5 16.5c3.5 4.500 9.500 4.500 13 0" fill="none" '
    'stroke="#fff" stroke-width="2.200" stroke-linecap="round"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Header:
    """The public parts: `selection` holds the Selection that tabs listen to."""

    episode: gr.Dropdown
    run: gr.Dropdown
    selection: gr.State

    @property
    def outputs(self) -> list[Any]:
        """Components in the order of the values of `choose`."""
        return [self.episode, self.run, self.selection]


def header(context: AppContext) -> Header:
    """Build the header; call `choose` on page load to fill it."""
    with gr.Row(elem_id="mm-header", equal_height=False):
        with gr.Column(scale=6, min_width=300):
            gr.HTML(f'<div class="mm mm-brand">{_LOGO}<div><h1>mmemo</h1><p>{label("page.promise")}</p></div></div>')
        with gr.Column(scale=7, min_width=300), gr.Row():
            episode = gr.Dropdown(
                [], label=label("page.episode"), elem_id="mm-episode", scale=2, min_width=170, interactive=True
            )
            run = gr.Dropdown([], label=label("page.run"), elem_id="mm-run", scale=4, min_width=300, interactive=True)
    parts = Header(episode, run, gr.State(Selection()))

    @told
    def on_episode(selection: Selection, episode_id: str | None) -> tuple[Any, ...]:
        return choose(context.workspace, selection, episode_id, None)

    @told
    def on_run(selection: Selection, run_id: str | None) -> tuple[Any, ...]:
        return choose(context.workspace, selection, selection.episode_id, run_id)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    episode.input(on_episode, [parts.selection, episode], parts.outputs, **quiet)
    run.input(on_run, [parts.selection, run], parts.outputs, **quiet)
    gr.on([episode.change, run.change], None, [episode, run], None, js=REMEMBER_CHOICE, api_visibility="private")
    return parts


def choose(
    workspace: Workspace, selection: Selection, episode_id: str | None, run_id: str | None
) -> tuple[gr.Dropdown, gr.Dropdown, Selection]:
    """Values for the header's outputs; what is None or gone falls back to the newest episode and the run that answers by default, else the newest."""
    episodes = [episode.episode_id for episode in workspace.episodes()]
    if episode_id not in episodes:
        episode_id = episodes[0] if episodes else None
    runs = runs_of(workspace, episode_id) if episode_id is not None else []
    if run_id not in runs:
        promoted = promoted_run(workspace, episode_id) if episode_id is not None else None
        run_id = promoted or (runs[0] if runs else None)
    return (
        gr.Dropdown(choices=episodes, value=episode_id),
        gr.Dropdown(choices=[(run_title(workspace, run), run) for run in runs], value=run_id),
        selection.moved(episode_id, run_id),
    )


def footer() -> None:
    """What the tool cannot do, on every page; a component holds no more than one text that the browser translates."""
    with gr.Column(elem_id="mm-footer"):
        for key, tag in (("limits", "strong"), ("limits_face", "p"), ("limits_sample", "p")):
            gr.HTML(f'<div class="mm mm-footer"><{tag}>{label(f"page.{key}")}</{tag}></div>')
