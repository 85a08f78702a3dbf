"""Review: browse what the machine labelled, see who thinks what, and correct it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import pandas as pd

from mmemo.errors import InputError
from mmemo.flow.human_labels import Words, read_words
from mmemo.flow.job_kinds import RETRAIN, RetrainSettings
from mmemo.flow.read import review_table, track_opinions
from mmemo.labels import EKMAN7
from mmemo.store.labels import REJECT
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.html import empty
from mmemo.ui.job_panel import SHOW_PANEL, JobPanel, watch
from mmemo.ui.line_clip import line_clip, listen
from mmemo.ui.review import (
    ANY,
    NOT_REVIEWED,
    ORDERS,
    SOURCES,
    Filters,
    corrected_since,
    matching,
    neighbour,
    page_of,
    say,
    undo,
    words_for,
)
from mmemo.ui.review_cards import (
    FOCUS_SCRIPT,
    GRID_SCRIPT,
    NEXT,
    NO_CHOICE,
    PREVIOUS,
    UNDO,
    focus_html,
    grid_html,
)
from mmemo.ui.work import trained_with

_NEIGHBOUR_LINES = 2
_NO_EPISODE = empty("Nothing to review yet", "Adapt to an episode first: its faces appear here.")


@dataclass(frozen=True, slots=True)
class ReviewTab:
    """The public parts: `filters` in the order of `Filters`, `outputs` in the order of `show`."""

    filters: list[Any]
    page: gr.State
    chosen: gr.State
    grid: gr.HTML
    focus: gr.HTML
    position: gr.HTML
    retrain: gr.Button

    @property
    def inputs(self) -> list[Any]:
        """Components in the order of the arguments of `show`, after the selection."""
        return [self.page, self.chosen, *self.filters]

    @property
    def outputs(self) -> list[Any]:
        """Components in the order of the values of `show`."""
        return [self.grid, self.focus, self.position, self.page, self.chosen, self.retrain]


def review_tab(context: AppContext, selection: gr.State, panel: JobPanel) -> ReviewTab:
    """Build the tab: filters above, the grid beside the face in focus."""
    filters = _filter_row()
    with gr.Row(elem_id="mm-review"):
        with gr.Column(scale=7, min_width=300):
            grid = gr.HTML(js_on_load=GRID_SCRIPT, elem_id="mm-grid")
            with gr.Row(elem_id="mm-pager"):
                back = gr.Button("← Page", size="sm", min_width=80, elem_id="mm-page-back")
                position = gr.HTML(elem_id="mm-position")
                forward = gr.Button("Page →", size="sm", min_width=80, elem_id="mm-page-forward")
        with gr.Column(scale=6, min_width=300, elem_id="mm-focus"):
            retrain = gr.Button("Retrain", interactive=False, elem_id="mm-retrain")
            clip = line_clip()
            focus = gr.HTML(NO_CHOICE, js_on_load=FOCUS_SCRIPT)
    tab = ReviewTab(filters, gr.State(0), gr.State(None), grid, focus, position, retrain)
    _listen_to_choices(context, selection, tab, back, forward)
    _listen_to_words(context, selection, tab)
    listen(context, selection, tab.chosen, clip)

    @told
    def on_retrain(chosen: Selection) -> tuple[Any, ...]:
        return watch(context.jobs, start_retraining(context, chosen))

    started = retrain.click(on_retrain, selection, panel.outputs, api_visibility="private")
    started.then(None, js=SHOW_PANEL, api_visibility="private")
    return tab


def _filter_row() -> list[Any]:
    with gr.Row(elem_id="mm-filters"):
        source = gr.Dropdown(
            [(title, name) for name, title in SOURCES.items()], value="target", label="Label of", min_width=150
        )
        label = gr.Dropdown(
            [ANY, *EKMAN7.labels, (words_for(REJECT), REJECT), NOT_REVIEWED], value=ANY, label="Label", min_width=120
        )
        lowest = gr.Slider(0, 100, 0, step=5, label="At least %", min_width=150, buttons=[])
        highest = gr.Slider(0, 100, 100, step=5, label="At most %", min_width=150, buttons=[])
        text = gr.Textbox(label="Words in the line", placeholder="search", min_width=140, elem_id="mm-search")
        differ = gr.Checkbox(label="Only where text and face disagree", min_width=160, elem_id="mm-differ")
        order = gr.Dropdown(
            [(title, name) for name, title in ORDERS.items()], value="time", label="Order", min_width=150
        )
        issues = gr.Checkbox(label="Only labels that look wrong", min_width=160, elem_id="mm-issues")
    return [source, label, lowest, highest, differ, text, order, issues]


def _listen_to_choices(
    context: AppContext, selection: gr.State, tab: ReviewTab, back: gr.Button, forward: gr.Button
) -> None:
    @told
    def on_selection(chosen: Selection, *fields: Any) -> tuple[Any, ...]:
        return show(context, chosen, 0, None, *fields)

    @told
    def on_back(chosen: Selection, page: int, track: int | None, *fields: Any) -> tuple[Any, ...]:
        return show(context, chosen, page - 1, track, *fields)

    @told
    def on_forward(chosen: Selection, page: int, track: int | None, *fields: Any) -> tuple[Any, ...]:
        return show(context, chosen, page + 1, track, *fields)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    changes = [component.change for component in tab.filters]
    gr.on(
        [selection.change, *changes],
        on_selection,
        [selection, *tab.filters],
        tab.outputs,
        trigger_mode="always_last",
        **quiet,
    )
    back.click(on_back, [selection, *tab.inputs], tab.outputs, **quiet)
    forward.click(on_forward, [selection, *tab.inputs], tab.outputs, **quiet)


def _listen_to_words(context: AppContext, selection: gr.State, tab: ReviewTab) -> None:
    @told
    def on_tile(event: gr.EventData, chosen: Selection, page: int, track: int | None, *fields: Any) -> tuple[Any, ...]:
        return show(context, chosen, page, int(event.track), *fields)

    @told
    def on_key(event: gr.EventData, chosen: Selection, page: int, track: int | None, *fields: Any) -> tuple[Any, ...]:
        return press(context, chosen, page, int(event.track), str(event.word), *fields, cut=str(event.cut))

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "multiple"}
    tab.grid.select(on_tile, [selection, *tab.inputs], tab.outputs, **quiet)
    tab.focus.select(on_key, [selection, *tab.inputs], tab.outputs, **quiet)


def filters_of(
    source: str,
    label: str,
    lowest: float,
    highest: float,
    differ: bool,
    text: str | None,
    order: str = "time",
    issues: bool = False,
) -> Filters:
    """The filter fields of the page, in percent there, as values."""
    return Filters(source, label, lowest / 100, highest / 100, differ, text or "", order, issues)


def show(context: AppContext, chosen: Selection, page: int, track: int | None, *fields: Any) -> tuple[Any, ...]:
    """Values for the tab's outputs: one page of the grid and the face in focus, as the store has them now."""
    if chosen.episode_id is None:
        return _NO_EPISODE, NO_CHOICE, "", 0, None, gr.Button("Retrain", interactive=False)
    said = _words(context, chosen)
    table = review_table(context.workspace, chosen.episode_id, chosen.run_id, said)
    filters = filters_of(*fields)
    found = matching(table, filters)
    rows, page, pages = page_of(found, page)
    if track is not None and track not in set(table["track_id"]):
        track = None
    counted = f"{len(found):,} of {len(table):,} faces" + (f", page {page + 1} of {pages}" if pages > 1 else "")
    return (
        _resting(said, table) + grid_html(rows, filters.source, track),
        NO_CHOICE if track is None else _focus(context, chosen, table, track),
        f'<div class="mm small soft">{counted}</div>',
        page,
        track,
        _retrain_button(context, chosen),
    )


def press(
    context: AppContext, chosen: Selection, page: int, track: int, word: str, *fields: Any, cut: str | None = None
) -> tuple[Any, ...]:
    """Do what a key under the face says, for the track that the key belongs to, and show the result.

    `cut` is the one that the key was shown in: InputError where the episode was cut anew since.
    """
    if chosen.episode_id is None:
        raise InputError("there is no episode", hint="choose one above")
    said = _words(context, chosen)
    table = review_table(context.workspace, chosen.episode_id, chosen.run_id, said)
    if cut is not None and not table["cut_key"].eq(cut).all():
        raise InputError("the episode was cut again while this face was shown", hint="reload and choose the face again")
    shown: int | None = track
    if word in (PREVIOUS, NEXT):
        found = matching(table, filters_of(*fields))
        shown = neighbour(found, track, 1 if word == NEXT else -1)
        page = _page_with(found, shown, page)
    elif word == UNDO:
        undo(context.labels, said, table, track)
    else:
        say(context.labels, chosen.episode_id, table, track, word)
    return show(context, chosen, page, shown, *fields)


def _words(context: AppContext, chosen: Selection) -> Words:
    """What people said of the chosen episode, by the numbers of the cut that the chosen run was trained on."""
    assert chosen.episode_id is not None
    config = {} if chosen.run_id is None else context.workspace.run_config(chosen.run_id)
    return read_words(context.workspace, context.workspace.episode_of_run(config, chosen.episode_id))


def _resting(said: Words, table: pd.DataFrame) -> str:
    words = said.resting(table).sentence()
    return f'<p id="mm-resting" class="mm small soft">{escape(words)}</p>' if words else ""


def _page_with(found: pd.DataFrame, track: int | None, page: int) -> int:
    ids = found["track_id"].tolist()
    first, _, _ = page_of(found, page)
    if track is None or track in set(first["track_id"]):
        return page
    return ids.index(track) // max(1, len(page_of(found, 0)[0]))


def _focus(context: AppContext, chosen: Selection, table: pd.DataFrame, track: int) -> str:
    assert chosen.episode_id is not None
    row = next(table[table["track_id"] == track].itertuples())
    cues = context.workspace.cues(context.workspace.episode(chosen.episode_id))
    spoken = cues[cues["text"].str.len() > 0].reset_index(drop=True)
    at = int((spoken["cue_id"] < row.cue_id).sum())
    before, after = spoken.iloc[max(0, at - _NEIGHBOUR_LINES) : at], spoken.iloc[at + 1 : at + 1 + _NEIGHBOUR_LINES]
    return focus_html(row, before, after, track_opinions(context.workspace, chosen.episode_id, chosen.run_id, track))


def _retrain_button(context: AppContext, chosen: Selection) -> gr.Button:
    if chosen.episode_id is None or chosen.run_id is None:
        return gr.Button("Retrain", interactive=False)
    # A retraining learns from the newest cut, whatever cut is looked at.
    said = read_words(context.workspace, context.workspace.episode(chosen.episode_id))
    n = corrected_since(said, trained_with(context.workspace, chosen.run_id, chosen.episode_id))
    words = f"{n} correction{'' if n == 1 else 's'} since the last training"
    return gr.Button(f"{words}: retrain" if n else words, interactive=n > 0, variant="primary" if n else "secondary")


def start_retraining(context: AppContext, chosen: Selection) -> int:
    """Queue training and comparison with the corrections; returns the job's number."""
    run_id = chosen.run_id
    if run_id is None:
        raise InputError("there is no student to retrain", hint="adapt to an episode first")
    return context.jobs.submit(RETRAIN, "Retrain with your corrections", RetrainSettings(run_id))
