"""Compare: is the student better than its rivals, in one sentence, one table and a few charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.details import SLICES_TITLE, Details, read_details, slices_html, slices_words
from mmemo.evaluate.disagreement import largest_disagreements
from mmemo.evaluate.rows import STUDENT, Row
from mmemo.evaluate.words import percent, points
from mmemo.flow.promotion import in_use, promote, promotion_of
from mmemo.flow.read import opinions, review_table, synthetic_notice
from mmemo.flow.run_choice import compare_runs, run_name, shares_words
from mmemo.labels import EKMAN7
from mmemo.store.tables import aligned_probs
from mmemo.store.workspace import Workspace
from mmemo.ui.charts import charts_of, gain_chart
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.html import card, chip, empty, file_url, notice, page_part
from mmemo.ui.work import comparison_of, report_of, run_config, runs_of

_NOTHING = empty("Nothing to compare yet", "Adapt to an episode: the student and its rivals appear here.")
_CONTACTS = 12
_BEFORE = (
    "How sure the models are, and parts of the faces, were not kept when this run was compared. "
    "Retrain, or run python -m pipelines.evaluate, to see them."
)


@dataclass(frozen=True, slots=True)
class CompareTab:
    """The public parts of the tab."""

    verdict: gr.HTML
    state: gr.HTML
    promote: gr.Button
    other: gr.Dropdown
    against: gr.HTML
    charts: gr.HTML


def compare_tab(context: AppContext, selection: gr.State) -> CompareTab:
    """Build the tab; it shows the report of the chosen run."""
    verdict = gr.HTML(elem_id="mm-verdict")
    with gr.Row(elem_id="mm-promotion"):
        state = gr.HTML(elem_id="mm-promotion-state")
        button = gr.Button(visible=False, size="sm", min_width=260, scale=0, elem_id="mm-promote")
    other = gr.Dropdown([], label="Against another run", visible=False, interactive=True, elem_id="mm-other")
    against = gr.HTML(elem_id="mm-against")
    charts = gr.HTML(elem_id="mm-charts")

    @told
    def on_selection(chosen: Selection) -> tuple[Any, ...]:
        verdict, charts = show_comparison(context.workspace, chosen)
        return verdict, *show_promotion(context.workspace, chosen), other_runs(context.workspace, chosen), "", charts

    @told
    def on_other(chosen: Selection, run_id: str | None) -> str:
        return show_against(context.workspace, chosen, run_id)

    @told
    def on_promote(chosen: Selection) -> tuple[Any, ...]:
        return turn_promotion(context.workspace, chosen)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    selection.change(on_selection, selection, [verdict, state, button, other, against, charts], **quiet)
    other.input(on_other, [selection, other], against, **quiet)
    button.click(on_promote, selection, [state, button, selection], **quiet)
    return CompareTab(verdict, state, button, other, against, charts)


def show_promotion(workspace: Workspace, chosen: Selection) -> tuple[str, gr.Button]:
    """Values for the sentence on whether the student is used by default, and for the button that turns it."""
    if chosen.run_id is None:
        return "", gr.Button(visible=False)
    promotion = promotion_of(workspace, chosen.run_id)
    words = "Stop using this student by default" if promotion.promoted else "Use this student by default anyway"
    state, why = in_use(workspace, chosen.run_id)
    said = page_part(f'<p class="small"><strong>{escape(state[:1].upper() + state[1:])}</strong>: {escape(why)}.</p>')
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
    details = read_details(workspace.report_folder(chosen.run_id))
    figures = charts_of(workspace, chosen.run_id, comparison, details)
    charts = page_part(
        f'<div class="mm-figures">{"".join(figures)}</div>', parts_html(details), contact_sheet(workspace, chosen)
    )
    synthetic = notice(synthetic_notice(workspace, run_config(workspace, chosen.run_id)["episodes"]))
    if comparison is None:
        advice = "Adapt with a gold file, or correct some faces on the Review tab and retrain."
        return page_part(
            empty("This run was not measured: there is no gold to measure against", advice), synthetic
        ), charts
    before = "" if details else f'<p class="small soft">{_BEFORE}</p>'
    return page_part(
        verdict_html(comparison, report_of(workspace, chosen.run_id)),
        synthetic,
        card(table_html(comparison), gain_chart(comparison), before),
    ), charts


def parts_html(details: Details | None) -> str:
    """Gain and loss on parts of the faces; nothing without details."""
    if details is None or not details.slices:
        return ""
    table = (
        f'<div class="mm-scroll" tabindex="0" role="region" aria-label="{SLICES_TITLE}">{slices_html(details)}</div>'
    )
    return card(f'<p class="small soft">{escape(slices_words(details))}</p>', table, title=SLICES_TITLE)


def other_runs(workspace: Workspace, chosen: Selection) -> gr.Dropdown:
    """Values for the menu of the runs that the chosen one can be put against."""
    if chosen.episode_id is None or chosen.run_id is None:
        return gr.Dropdown([], value=None, visible=False)
    runs = [run_id for run_id in runs_of(workspace, chosen.episode_id) if run_id != chosen.run_id]
    return gr.Dropdown([(run_name(workspace, run_id), run_id) for run_id in runs], value=None, visible=bool(runs))


def show_against(workspace: Workspace, chosen: Selection, other: str | None) -> str:
    """Value for the place of the chosen run against another one. InputError when they share no face."""
    if chosen.run_id is None or other is None:
        return ""
    two = compare_runs(workspace, chosen.run_id, other)
    parts = [f"<h3>{escape(two.verdict())}</h3>", f'<p class="small soft">{escape(shares_words(two))}</p>']
    if two.scores is not None:
        names = [run_name(workspace, run_id) for run_id in (two.first, two.second)]
        rows = [Row(name, scores) for name, scores in zip(names, two.scores, strict=True)]
        parts.append(rows_html(rows, "The two runs"))
    return page_part(card(*parts))


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
    """All systems on the same gold, in percent, the gain with its intervals beneath."""
    gain = comparison.gain
    accuracy = points(gain.accuracy) + _interval(gain.accuracy_ci95, 100, "+.1f")
    macro_f1 = f"{gain.macro_f1:+.3f}" + _interval(gain.macro_f1_ci95, 1, "+.3f")
    return (
        f"{rows_html(comparison.rows, 'All systems')}"
        f'<p class="small soft">Student minus image only: accuracy {accuracy} points, macro-F1 {macro_f1}; '
        f"95 % intervals by resampling {gain.units:,} {escape(comparison.unit)}s.</p>"
    )


def rows_html(rows: Sequence[Row], name: str) -> str:
    """Systems under each other; on a phone each one is a block with all its figures, so that none is out of sight."""
    heads = "".join(f'<th scope="col" class="num">{escape(label)}</th>' for label in EKMAN7.labels)
    return (
        f'<div class="mm-scroll mm-systems" tabindex="0" role="region" aria-label="{name}"><table class="mm-table mm-stacked">'
        f'<thead><tr><th scope="col">recall a class in %</th><th scope="col" class="num">n</th>'
        f'<th scope="col" class="num">accuracy</th><th scope="col" class="num">macro-F1</th>{heads}</tr></thead>'
        f"<tbody>{''.join(map(_row_html, rows))}</tbody></table></div>"
    )


def _row_html(row: Row) -> str:
    css = ' class="sum"' if row.name == STUDENT else ""
    figures = [
        ("n", str(row.scores.n)),
        ("accuracy", percent(row.scores.accuracy)),
        ("macro-F1", f"{row.scores.macro_f1:.3f}"),
        *((label, percent(row.scores.recall[label])) for label in EKMAN7.labels),
    ]
    cells = "".join(f'<td class="num" data-head="{head}">{figure}</td>' for head, figure in figures)
    note = f'<span class="why">{escape(row.note)}</span>' if row.note else ""
    return f'<tr{css}><th scope="row">{escape(row.title)}{note}</th>{cells}</tr>'


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
