"""Compare: is the student better than its rivals, in one sentence, one table and a few charts."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.disagreement import largest_disagreements
from mmemo.evaluate.rows import STUDENT, Row
from mmemo.evaluate.words import percent, points
from mmemo.flow.promotion import promote, promotion_of
from mmemo.flow.read import opinions, review_table, synthetic_notice
from mmemo.labels import EKMAN7
from mmemo.store.tables import aligned_probs
from mmemo.store.workspace import Workspace
from mmemo.ui.charts import charts_of, gain_chart
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.html import card, chip, empty, file_url, notice, page_part
from mmemo.ui.work import comparison_of, report_of, run_config

_NOTHING = empty("Nothing to compare yet", "Adapt to an episode: the student and its rivals appear here.")
_CONTACTS = 12


@dataclass(frozen=True, slots=True)
class CompareTab:
    """The public parts of the tab."""

    verdict: gr.HTML
    state: gr.HTML
    promote: gr.Button
    charts: gr.HTML


def compare_tab(context: AppContext, selection: gr.State) -> CompareTab:
    """Build the tab; it shows the report of the chosen run."""
    verdict = gr.HTML(elem_id="mm-verdict")
    with gr.Row(elem_id="mm-promotion"):
        state = gr.HTML(elem_id="mm-promotion-state")
        button = gr.Button(visible=False, size="sm", min_width=260, scale=0, elem_id="mm-promote")
    charts = gr.HTML(elem_id="mm-charts")

    @told
    def on_selection(chosen: Selection) -> tuple[Any, ...]:
        verdict, charts = show_comparison(context.workspace, chosen)
        return verdict, *show_promotion(context.workspace, chosen), charts

    @told
    def on_promote(chosen: Selection) -> tuple[Any, ...]:
        return turn_promotion(context.workspace, chosen)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    selection.change(on_selection, selection, [verdict, state, button, charts], **quiet)
    button.click(on_promote, selection, [state, button, selection], **quiet)
    return CompareTab(verdict, state, button, charts)


def show_promotion(workspace: Workspace, chosen: Selection) -> tuple[str, gr.Button]:
    """Values for the sentence on whether the student is used by default, and for the button that turns it."""
    if chosen.run_id is None:
        return "", gr.Button(visible=False)
    promotion = promotion_of(workspace, chosen.run_id)
    words = "Stop using this student by default" if promotion.promoted else "Use this student by default anyway"
    said = page_part(f'<p class="small"><strong>{promotion.state.capitalize()}</strong>: {escape(promotion.why)}.</p>')
    return said, gr.Button(words, visible=True, variant="secondary")


def turn_promotion(workspace: Workspace, chosen: Selection) -> tuple[str, gr.Button, Selection]:
    """Promote the chosen student, or take that back, as a person's word; the other tabs are told."""
    if chosen.run_id is None:
        raise InputError("there is no student to promote", hint="adapt to an episode first")
    promote(workspace, chosen.run_id, not promotion_of(workspace, chosen.run_id).promoted)
    return *show_promotion(workspace, chosen), chosen.moved(chosen.episode_id, chosen.run_id)


def show_comparison(workspace: Workspace, chosen: Selection) -> tuple[str, str]:
    """Values for the verdict with its table, and for the charts of the chosen run."""
    if chosen.run_id is None:
        return _NOTHING, ""
    comparison = comparison_of(workspace, chosen.run_id)
    figures = charts_of(workspace, chosen.run_id, comparison)
    contacts = contact_sheet(workspace, chosen)
    charts = page_part(f'<div class="mm-figures">{"".join(figures)}</div>', contacts)
    if comparison is None:
        advice = "Adapt with a gold file, or correct some faces on the Review tab and retrain."
        return empty("This run was not measured: there is no gold to measure against", advice), charts
    return page_part(
        verdict_html(comparison, report_of(workspace, chosen.run_id)),
        notice(synthetic_notice(workspace, run_config(workspace, chosen.run_id)["episodes"])),
        card(table_html(comparison), gain_chart(comparison)),
    ), charts


def verdict_html(comparison: Comparison, report: Path | None) -> str:
    """The sentence in large type, what to know before trusting it, and where the full report is."""
    notes = "".join(f"<p>{escape(note)}</p>" for note in comparison.notes)
    links = ""
    if report is not None:
        url = file_url(report)
        links = (
            f'<p class="mm-link"><a href="{url}" target="_blank" rel="noopener">Open the full report</a>'
            f'<a href="{url}" download="report.html">Download it</a></p>'
        )
    outcome = escape(comparison.gain.outcome)
    return f'<div class="mm-verdict {outcome}"><h2>{escape(comparison.verdict())}</h2>{notes}{links}</div>'


def table_html(comparison: Comparison) -> str:
    """All systems on the same gold, in percent, the gain with its intervals as the last row."""
    heads = "".join(f'<th scope="col" class="num">{escape(label)}</th>' for label in EKMAN7.labels)
    rows = "".join(_row_html(row) for row in comparison.rows)
    gain = comparison.gain
    accuracy = points(gain.accuracy) + _interval(gain.accuracy_ci95, 100, "+.1f")
    macro_f1 = f"{gain.macro_f1:+.3f}" + _interval(gain.macro_f1_ci95, 1, "+.3f")
    return (
        '<div class="mm-scroll" tabindex="0" role="region" aria-label="All systems"><table class="mm-table">'
        f'<thead><tr><th scope="col">recall a class in %</th><th scope="col" class="num">n</th>'
        f'<th scope="col" class="num">accuracy</th><th scope="col" class="num">macro-F1</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        f'<p class="small soft">Student minus image only: accuracy {accuracy} points, macro-F1 {macro_f1}; '
        f"95 % intervals by resampling {gain.units:,} {escape(comparison.unit)}s.</p>"
    )


def _row_html(row: Row) -> str:
    css = ' class="sum"' if row.name == STUDENT else ""
    recalls = "".join(f'<td class="num">{percent(row.scores.recall[label])}</td>' for label in EKMAN7.labels)
    return (
        f'<tr{css}><th scope="row">{escape(row.title)}</th><td class="num">{row.scores.n}</td>'
        f'<td class="num">{percent(row.scores.accuracy)}</td><td class="num">{row.scores.macro_f1:.3f}</td>{recalls}</tr>'
    )


def _interval(interval: tuple[float, float] | None, scale: float, form: str) -> str:
    return f" [{scale * interval[0]:{form}}, {scale * interval[1]:{form}}]" if interval else ""


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
    return card(
        f'<div class="mm-grid">{tiles}</div>',
        '<p class="small soft">First mark: baseline; second mark: student; each with its first choice and how sure it is.</p>',
        title="Where baseline and student differ most",
    )


def _contact(row: object) -> str:
    crop, text = Path(row.crop), str(row.text)  # type: ignore[attr-defined]
    marks = _first_choice(row, "image") + _first_choice(row, "student")
    return (
        f'<figure class="mm-tile" style="cursor:default;margin:0"><img src="{file_url(crop)}" alt="">'
        f'<figcaption class="body" style="margin:0"><span class="chips">{marks}</span><span class="line">{escape(text)}</span></figcaption></figure>'
    )


def _first_choice(row: object, source: str) -> str:
    label, confidence = getattr(row, f"{source}_label"), getattr(row, f"{source}_confidence")
    return chip(str(label), f"{label} {100 * float(confidence):.0f} %")
