"""Compare: is the student better than its rivals, in one sentence, some tables and a few charts."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.details import Details, read_details, slices_html
from mmemo.evaluate.disagreement import largest_disagreements
from mmemo.flow.review.tracks import opinions, review_table, synthetic_notice
from mmemo.flow.runs.promotion import other_in_use, promote, promotion_of
from mmemo.store.tables import aligned_probs
from mmemo.store.workspace import Workspace
from mmemo.ui.charts import charts_of, gain_chart
from mmemo.ui.compare.runs import against_html
from mmemo.ui.compare.table import classes_html, table_html
from mmemo.ui.compare.words import parts_words, run_title, slice_word, use_words, verdict_words
from mmemo.ui.context import AppContext, Selection, by_lead, told
from mmemo.ui.header import Header, choose
from mmemo.ui.html import card, chip, empty, file_url, notice, page_part
from mmemo.ui.roles import FOR_LEADS
from mmemo.ui.sign_in import name_of
from mmemo.ui.text import label, say
from mmemo.ui.text.library import retold
from mmemo.ui.work import comparison_of, report_of, run_config, runs_of

_CONTACTS = 12


@dataclass(frozen=True, slots=True)
class CompareTab:
    """The public parts of the tab."""

    verdict: gr.HTML
    state: gr.HTML
    promote: gr.Button
    back: gr.Button
    other: gr.Dropdown
    against: gr.HTML
    charts: gr.HTML


def compare_tab(context: AppContext, top: Header) -> CompareTab:
    """Build the tab; it shows the report of the chosen run."""
    selection = top.selection
    verdict = gr.HTML(elem_id="mm-verdict")
    with gr.Row(elem_id="mm-promotion"):
        state = gr.HTML(elem_id="mm-promotion-state")
        button = gr.Button(
            visible=False, size="sm", min_width=260, scale=0, elem_id="mm-promote", elem_classes=FOR_LEADS
        )
        back = gr.Button(
            label("compare.go_back"), visible=False, size="sm", min_width=200, scale=0, elem_id="mm-compare-back"
        )
    other = gr.Dropdown([], label=label("compare.other"), visible=False, interactive=True, elem_id="mm-other")
    against = gr.HTML(elem_id="mm-against")
    charts = gr.HTML(elem_id="mm-charts")

    @told
    def on_selection(chosen: Selection) -> tuple[Any, ...]:
        verdict, charts = show_comparison(context.workspace, chosen)
        return verdict, *show_promotion(context.workspace, chosen), other_runs(context.workspace, chosen), "", charts

    @told
    def on_other(chosen: Selection, run_id: str | None) -> str:
        return show_against(context.workspace, chosen, run_id)

    @by_lead(context.people)
    def on_promote(chosen: Selection, request: gr.Request) -> tuple[Any, ...]:
        return turn_promotion(context.workspace, chosen, name_of(request))

    @told
    def on_back(chosen: Selection) -> tuple[Any, ...]:
        return choose(context.workspace, chosen, chosen.episode_id, None)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    selection.change(on_selection, selection, [verdict, state, button, back, other, against, charts], **quiet)
    other.input(on_other, [selection, other], against, **quiet)
    button.click(on_promote, selection, [state, button, back, selection], **quiet)
    back.click(on_back, selection, top.outputs, **quiet)
    return CompareTab(verdict, state, button, back, other, against, charts)


def show_promotion(workspace: Workspace, chosen: Selection) -> tuple[str, gr.Button, gr.Button]:
    """Values for the sentence on whether the student is used by default, for the button that turns it, and for the one
    that shows the run in use in place of this one."""
    if chosen.run_id is None:
        return "", gr.Button(visible=False), gr.Button(visible=False)
    turn = "compare.stop" if promotion_of(workspace, chosen.run_id).promoted else "compare.use"
    state, why = use_words(workspace, chosen.run_id)
    because = f" {escape(why)}" if why else ""
    said = page_part(f'<p class="small"><strong>{escape(state)}.</strong>{because}</p>')
    another = other_in_use(workspace, chosen.run_id) is not None
    return said, gr.Button(say(turn), visible=True, variant="secondary"), gr.Button(visible=another)


def turn_promotion(workspace: Workspace, chosen: Selection, who: str) -> tuple[str, gr.Button, gr.Button, Selection]:
    """Promote the chosen student, or take that back, as the word of `who`; the other tabs are told."""
    if chosen.run_id is None:
        raise InputError(say("compare.no_run"), hint=say("compare.no_run_hint"))
    promote(workspace, chosen.run_id, not promotion_of(workspace, chosen.run_id).promoted, who)
    return *show_promotion(workspace, chosen), chosen.moved(chosen.episode_id, chosen.run_id)


def show_comparison(workspace: Workspace, chosen: Selection) -> tuple[str, str]:
    """Values for the verdict with its table, and for the charts of the chosen run."""
    if chosen.run_id is None:
        return empty(say("compare.nothing"), say("compare.nothing_why")), ""
    comparison = comparison_of(workspace, chosen.run_id)
    details = read_details(workspace.report_folder(chosen.run_id))
    figures = charts_of(workspace, chosen.run_id, comparison, details)
    charts = page_part(
        classes_html(comparison) if comparison is not None else "",
        f'<div class="mm-figures">{"".join(figures)}</div>',
        parts_html(details),
        contact_sheet(workspace, chosen),
    )
    synthetic = notice(synthetic_notice(workspace, run_config(workspace, chosen.run_id)["episodes"]))
    if comparison is None:
        return page_part(empty(say("compare.unmeasured"), say("compare.unmeasured_why")), synthetic), charts
    before = "" if details else f'<p class="small soft">{escape(say("compare.before"))}</p>'
    return page_part(
        verdict_html(comparison, report_of(workspace, chosen.run_id)),
        synthetic,
        card(table_html(comparison), gain_chart(comparison), before),
    ), charts


def parts_html(details: Details | None) -> str:
    """Gain and loss on parts of the faces; nothing without details."""
    if details is None or not details.slices:
        return ""
    title = say("compare.parts")
    name = escape(title, quote=True)
    table = f'<div class="mm-scroll" tabindex="0" role="region" aria-label="{name}">{slices_html(details, slice_word)}</div>'
    return card(f'<p class="small soft">{escape(parts_words(details))}</p>', table, title=title)


def other_runs(workspace: Workspace, chosen: Selection) -> gr.Dropdown:
    """Values for the menu of the runs that the chosen one can be put against."""
    if chosen.episode_id is None or chosen.run_id is None:
        return gr.Dropdown([], value=None, visible=False)
    runs = [run_id for run_id in runs_of(workspace, chosen.episode_id) if run_id != chosen.run_id]
    return gr.Dropdown([(run_title(workspace, run_id), run_id) for run_id in runs], value=None, visible=bool(runs))


def show_against(workspace: Workspace, chosen: Selection, other: str | None) -> str:
    """Value for the place of the chosen run against another one. InputError when they share no face."""
    return "" if chosen.run_id is None or other is None else against_html(workspace, chosen.run_id, other)


def verdict_html(comparison: Comparison, report: Path | None) -> str:
    """The sentence in large type, what to know before trusting it, and where the full report is."""
    notes = "".join(f"<p>{escape(retold(note))}</p>" for note in comparison.notes)
    links = ""
    if report is not None:
        url = file_url(report)
        links = (
            f'<p class="mm-link"><a href="{url}" target="_blank" rel="noopener">{escape(say("compare.report"))}</a>'
            f'<a href="{url}" download="report.html">{escape(say("compare.download"))}</a></p>'
        )
    outcome = escape(comparison.gain.outcome)
    return f'<div class="mm-verdict {outcome}"><h2>{escape(verdict_words(comparison))}</h2>{notes}{links}</div>'


def contact_sheet(workspace: Workspace, chosen: Selection) -> str:
    """The faces of the chosen episode on which baseline and student differ most, the largest difference first."""
    if chosen.episode_id is None or chosen.run_id is None:
        return ""
    table = review_table(workspace, chosen.episode_id, chosen.run_id).dropna(subset=["student_label", "image_label"])
    if table.empty:
        return ""
    image, student = (
        aligned_probs(opinions(workspace, chosen.episode_id, chosen.run_id, source), "track_id", table["track_id"])
        for source in ("image", "student")
    )
    rows = largest_disagreements(image, student, table["track_id"].to_numpy(), _CONTACTS)
    tiles = "".join(_contact(row) for row in table.iloc[rows].itertuples())
    why = f'<p class="small soft">{escape(say("compare.contact_why"))}</p>'
    return card(why, f'<div class="mm-grid">{tiles}</div>', title=say("compare.contact"))


def _contact(row: object) -> str:
    crop, text = Path(row.crop), str(row.text)  # type: ignore[attr-defined]
    marks = _first_choice(row, "image") + _first_choice(row, "student")
    return (
        f'<figure class="mm-tile" style="cursor:default;margin:0"><img src="{file_url(crop)}" alt="">'
        f'<figcaption class="body" style="margin:0"><span class="chips">{marks}</span><span class="line">{escape(text)}</span></figcaption></figure>'
    )


def _first_choice(row: object, source: str) -> str:
    first, confidence = getattr(row, f"{source}_label"), getattr(row, f"{source}_confidence")
    return chip(str(first), f"{first} {100 * float(confidence):.0f} %")
