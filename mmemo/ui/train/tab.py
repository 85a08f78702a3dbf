"""Train: the last layer anew in seconds, or more by choice; curves while it learns; how the text errs; all runs."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from mmemo.flow.runs.listing import RunCard, last_trained, run_card, run_cards
from mmemo.flow.runs.promotion import other_in_use
from mmemo.store.workspace import Workspace
from mmemo.ui.compare.runs import against_html
from mmemo.ui.compare.words import chosen_words, run_title
from mmemo.ui.context import AppContext, Selection, by_lead, told
from mmemo.ui.header import Header, choose
from mmemo.ui.html import card, duration, empty, page_part
from mmemo.ui.jobs.panel import SHOW_PANEL, JobPanel, watch
from mmemo.ui.review.desk import ReviewDesk
from mmemo.ui.roles import FOR_ANNOTATORS, FOR_LEADS
from mmemo.ui.sign_in import name_of
from mmemo.ui.text import amount, label, say
from mmemo.ui.text.figures import moment_words
from mmemo.ui.train.curves import show_curves
from mmemo.ui.train.form import TrainForm, Wish, fill, network_words, recipe_words, start_head, start_other, train_form
from mmemo.ui.train.matrix import show_matrix
from mmemo.ui.train.runs import AGAINST, NOTE, RUNS_SCRIPT, SHOW, RunAct, change_run, show_runs

_TICK_S = 1.0
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True, slots=True)
class TrainTab:
    """The parts in the order of the values of `show_train`, then the rest.

    `filled` is the run that the form was filled in from. `told` is what is said of the last training; `drawn` the curves
    that the page shows, so that the same ones are not sent again.
    """

    about: gr.HTML
    buttons: gr.Column
    back: gr.Button
    form: TrainForm
    curves: gr.HTML
    matrix: gr.HTML
    runs: gr.HTML
    first: gr.Dropdown
    second: gr.Dropdown
    against: gr.HTML
    filled: gr.State
    told: gr.HTML
    timer: gr.Timer
    drawn: gr.State

    @property
    def shown(self) -> list[Any]:
        """Components in the order of the values of `show_train`."""
        rest = [self.curves, self.matrix, self.runs, self.first, self.second, self.against, self.filled]
        return [self.about, self.buttons, self.back, *self.form.fields, *rest]


def train_tab(context: AppContext, top: Header, panel: JobPanel, tab: gr.Tab) -> TrainTab:
    """Build the tab; what corrections change is drawn anew when it is opened."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            about = gr.HTML(elem_id="mm-train-about")
            back = gr.Button(label("train.go_back"), visible=False, size="sm", elem_id="mm-train-back")
            told_last = gr.HTML(elem_id="mm-train-told")
            with gr.Column(visible=False, elem_classes=FOR_LEADS) as buttons:
                head = gr.Button(label("train.retrain_head"), variant="primary", size="lg", elem_id="mm-train-head")
                gr.HTML(f'<div class="mm small soft">{label("train.retrain_head_why")}</div>')
                with gr.Accordion(label("train.other"), open=False, elem_id="mm-train-settings"):
                    form = train_form()
        with gr.Column(scale=6, min_width=320):
            curves = gr.HTML(elem_id="mm-curves")
    runs = gr.HTML(elem_id="mm-runs", js_on_load=RUNS_SCRIPT)
    with gr.Accordion(label("train.two"), open=True, elem_id="mm-two"):
        with gr.Row():
            first = gr.Dropdown([], label=label("train.first"), interactive=True, elem_id="mm-first")
            second = gr.Dropdown([], label=label("train.second"), interactive=True, elem_id="mm-second")
        against = gr.HTML(elem_id="mm-two-said")
    with gr.Accordion(label("train.matrix"), open=True, elem_id="mm-noise"):
        matrix = gr.HTML(elem_id="mm-matrix")
        with gr.Row():
            refresh = gr.Button(label("train.refresh"), size="sm", scale=0, min_width=140, elem_id="mm-matrix-refresh")
    parts = TrainTab(
        about, buttons, back, form, curves, matrix, runs, first, second, against, gr.State(None), told_last,
        gr.Timer(_TICK_S, active=False), gr.State(""),
    )  # fmt: skip
    _listen(context, parts, top, tab, refresh)
    _listen_to_jobs(context, parts, top, panel, head)
    return parts


def _listen(context: AppContext, parts: TrainTab, top: Header, tab: gr.Tab, refresh: gr.Button) -> None:
    desk = ReviewDesk(context.workspace, context.labels)

    @told
    def on_selection(chosen: Selection, filled: str | None) -> tuple[Any, ...]:
        return show_train(context, desk, chosen, filled)

    @told
    def on_open(chosen: Selection) -> tuple[Any, ...]:
        return show_news(context, desk, chosen)

    @told
    def on_refresh(chosen: Selection) -> str:
        return show_matrix(context.workspace, chosen.run_id)

    @told
    def on_back(chosen: Selection) -> tuple[Any, ...]:
        return choose(context.workspace, chosen, chosen.episode_id, None)

    @told
    def on_run(chosen: Selection, first: str | None, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        asked = RunAct(str(event.act), str(event.run), str(event.note))
        if asked.act not in (SHOW, AGAINST):
            context.people.lead(request)
        return act_on_run(context, chosen, first, asked, name_of(request))

    @told
    def on_two(first: str | None, second: str | None) -> str:
        return two_html(context.workspace, first, second)

    selection, shown = top.selection, parts.shown
    selection.change(on_selection, [selection, parts.filled], shown, trigger_mode="always_last", **_QUIET)
    tab.select(on_open, selection, [parts.about, parts.back, parts.curves, parts.matrix, parts.runs], **_QUIET)
    refresh.click(on_refresh, selection, parts.matrix, **_QUIET)
    parts.back.click(on_back, selection, top.outputs, **_QUIET)
    pair = [parts.first, parts.second]
    acted = [*top.outputs, parts.runs, *pair, parts.against]
    # "multiple": by default a note is dropped while another act of the list is still being answered.
    parts.runs.select(on_run, [selection, parts.first], acted, trigger_mode="multiple", **_QUIET)
    gr.on([parts.first.input, parts.second.input], on_two, pair, parts.against, **_QUIET)


def _listen_to_jobs(context: AppContext, parts: TrainTab, top: Header, panel: JobPanel, head: gr.Button) -> None:
    jobs = context.jobs

    @by_lead(context.people)
    def on_head(chosen: Selection) -> tuple[Any, ...]:
        return "", *watch(jobs, start_head(context, chosen.run_id))

    @by_lead(context.people)
    def on_other(chosen: Selection, *fields: Any) -> tuple[Any, ...]:
        return "", *watch(jobs, start_other(context, chosen.run_id, Wish(*fields)))

    @told
    def on_tick(chosen: Selection, drawn: str) -> tuple[Any, ...]:
        said = curves_now(context, chosen)
        return (gr.skip(), gr.skip()) if said == drawn else (said, said)

    @told
    def on_end(mine: tuple[int, ...]) -> str:
        return outcome_html(context, mine)

    def on_watched(job_id: int | None) -> gr.Timer:
        return gr.Timer(active=job_id is not None)

    selection, started = top.selection, [parts.told, *panel.outputs]
    asked = head.click(on_head, selection, started, **_QUIET)
    other = parts.form.train.click(on_other, [selection, *parts.form.fields], started, **_QUIET)
    for one in (asked, other):
        one.then(None, js=SHOW_PANEL, api_visibility="private")
    panel.watched.change(on_watched, panel.watched, parts.timer, **_QUIET)
    panel.ended.change(on_end, panel.mine, parts.told, **_QUIET)
    parts.timer.tick(on_tick, [selection, parts.drawn], [parts.curves, parts.drawn], **_QUIET)


def show_train(context: AppContext, desk: ReviewDesk, chosen: Selection, filled: str | None = None) -> tuple[Any, ...]:
    """Values for the parts of the tab, in the order of `TrainTab.shown`.

    A form that was filled in from this very run keeps what a person put into it, and so do the two runs to compare.
    """
    workspace, run_id = context.workspace, chosen.run_id
    if run_id is None or chosen.episode_id is None:
        nothing = empty(say("train.nothing"), say("train.nothing_why"))
        hidden = gr.Dropdown([], value=None)
        return (
            nothing,
            gr.Column(visible=False),
            gr.Button(visible=False),
            *[gr.skip()] * 5,
            "",
            "",
            "",
            hidden,
            hidden,
            "",
        )
    one = run_card(workspace, run_id)
    wish = fill(one)
    fields: tuple[Any, ...] = (wish.recipe, wish.part, wish.backbone, wish.upper_blocks, wish.seed)
    runs = [(run_title(workspace, card.run_id), card.run_id) for card in run_cards(workspace, chosen.episode_id)]
    pair: tuple[Any, ...] = (gr.Dropdown(runs, value=run_id), gr.Dropdown(runs, value=None), "")
    if filled == run_id:
        fields, pair = (gr.skip(),) * len(fields), (gr.Dropdown(runs), gr.Dropdown(runs), gr.skip())
    about, back, curves, matrix, listed = show_news(context, desk, chosen)
    return about, gr.Column(visible=True), back, *fields, curves, matrix, listed, *pair, run_id


def show_news(context: AppContext, desk: ReviewDesk, chosen: Selection) -> tuple[Any, ...]:
    """Values for what corrections change, when the tab is opened: what a person filled in or asked for stays."""
    if chosen.run_id is None or chosen.episode_id is None:
        return (gr.skip(),) * 5
    workspace = context.workspace
    return (
        about_html(workspace, run_card(workspace, chosen.run_id), waiting(workspace, desk, chosen.episode_id)),
        gr.Button(visible=other_in_use(workspace, chosen.run_id) is not None),
        curves_now(context, chosen),
        show_matrix(workspace, chosen.run_id),
        show_runs(workspace, chosen.episode_id, chosen.run_id),
    )


def waiting(workspace: Workspace, desk: ReviewDesk, episode_id: str) -> int:
    """On how many faces people say something that no run of the episode has learned."""
    return desk.corrections(episode_id, last_trained(workspace, episode_id))


def about_html(workspace: Workspace, one: RunCard, corrections: int) -> str:
    """What the chosen run did and learned from, what waits, and which run is in use if it is another."""
    lines = [
        say(
            "train.trained", when=moment_words(one.trained_ms), recipe=recipe_words(one.recipe), part=network_words(one)
        )
    ]
    if one.corrections is not None:
        lines.append(say(f"train.learned.{'one' if one.corrections == 1 else 'many'}", n=amount(one.corrections)))
    if one.seconds is not None:
        lines.append(say("train.took", duration=duration(one.seconds)))
    key = {0: "none", 1: "one"}.get(corrections, "many")
    told_now = (
        f'<p class="mm-waiting"><strong>{escape(say(f"train.waiting.{key}", n=amount(corrections)))}</strong></p>'
    )
    about = f'<p class="small soft">{escape(" ".join(lines))}</p>'
    not_here = f'<p class="small soft {FOR_ANNOTATORS}">{escape(say("train.lead_only"))}</p>'
    return page_part(card(told_now, about, other_html(workspace, one), not_here, title=say("train.this")))


def other_html(workspace: Workspace, one: RunCard) -> str:
    """That another run than the shown one is in use, and why; nothing when it is this one."""
    other = other_in_use(workspace, one.run_id)
    if other is None:
        return ""
    used = run_card(workspace, other.run_id)
    why = chosen_words(workspace, other)
    said = say("train.other_in_use", when=moment_words(one.trained_ms), other=moment_words(used.trained_ms), why=why)
    return f'<p class="small mm-notice">{escape(said)}</p>'


def curves_now(context: AppContext, chosen: Selection) -> str:
    """The curves of the job at work, else of the chosen run."""
    job = context.jobs.latest()
    when = moment_words(run_card(context.workspace, chosen.run_id).trained_ms) if chosen.run_id is not None else ""
    return show_curves(context.workspace, chosen.run_id, job, when)


def outcome_html(context: AppContext, mine: tuple[int, ...]) -> str:
    """What to know of the last training that this page asked for: that it had nothing new to learn."""
    job = context.jobs.view(mine[-1]) if mine else None
    if job is None or job.state != "done" or not job.result or "again" not in job.result:
        return ""
    return page_part(f'<p class="mm-notice" role="status">{escape(say("train.nothing_new"))}</p>')


def act_on_run(context: AppContext, chosen: Selection, first: str | None, asked: RunAct, who: str) -> tuple[Any, ...]:
    """Values for the header, the list, both menus of runs and what is said of the two, after an act in the list."""
    workspace, stay = context.workspace, gr.skip()
    if asked.act == SHOW:
        return *choose(workspace, chosen, chosen.episode_id, asked.run_id), stay, stay, stay, stay
    if asked.act == AGAINST:
        one = first if first not in (None, asked.run_id) else chosen.run_id
        return stay, stay, stay, stay, one, asked.run_id, two_html(workspace, one, asked.run_id)
    change_run(workspace, asked, who)
    if asked.act == NOTE:
        gr.Info(escape(say("train.note_kept")), duration=4)
        return stay, stay, stay, show_runs(workspace, chosen.episode_id, chosen.run_id), stay, stay, stay
    return *choose(workspace, chosen, chosen.episode_id, chosen.run_id), stay, stay, stay, stay


def two_html(workspace: Workspace, first: str | None, second: str | None) -> str:
    """Two runs against each other; what to do while there are no two."""
    if not first or not second:
        return page_part(f'<p class="small soft">{escape(say("train.choose_two"))}</p>')
    if first == second:
        return page_part(f'<p class="small soft">{escape(say("train.same_run"))}</p>')
    return against_html(workspace, first, second)
