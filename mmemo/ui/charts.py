"""The charts of a run as inline drawings that take the page's own colours and the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.details import Details
from mmemo.evaluate.rows import IMAGE_ONLY, STUDENT
from mmemo.flow.review.tracks import face_noises
from mmemo.store.files import read_json, read_table
from mmemo.store.workspace import Workspace
from mmemo.ui.compare.words import row_title, sure_words, translated, verdict_words
from mmemo.ui.text import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CHART = "compare.chart."
_ERROR = re.compile(r"(>)([^<>]+), error ([\d.]+) points(?=</text>)")


def gain_chart(comparison: Comparison) -> str:
    """The gain with its intervals as one drawing."""
    from mmemo.evaluate.plots import gain_figure

    return _drawn(gain_figure(comparison), verdict_words(comparison))


def charts_of(
    workspace: Workspace, run_id: str, comparison: Comparison | None, details: Details | None = None
) -> list[str]:
    """One <figure> a chart: of the comparison, if there is one, and of the training as far as it was kept."""
    from mmemo.evaluate.plots import curves_figure, face_noise_figure, noise_figure, recall_figure, reliability_figure

    folder = workspace.run_folder(run_id)
    charts = []
    if comparison is not None:
        charts.append(_figure(recall_figure(comparison), say("compare.recall"), say("compare.recall_why")))
    if details is not None:
        said = " ".join([say("compare.sure_why"), *map(sure_words, details.reliabilities)])
        charts.append(_figure(reliability_figure(details.reliabilities), say("compare.sure"), said))
    if (folder / "curves.parquet").is_file():
        curves = curves_figure(read_table(folder / "curves.parquet"))
        charts.append(_figure(curves, say("compare.curves"), say("compare.curves_why")))
    if comparison is not None:
        charts.append(_confusions(comparison))
    noise = _teacher_noise(folder)
    if noise is not None:
        charts.append(_figure(noise_figure(noise), say("compare.noise"), say("compare.noise_why"), wide=True))
    for found in face_noises(folder):
        drawn = face_noise_figure(found.matrix, found.spread, found.counts)
        name = say("compare.whole_show") if found.name == "the whole show" else found.name
        charts.append(_figure(drawn, say("compare.face_noise", name=name), say("compare.face_noise_why")))
    return charts


def in_words(svg: str) -> str:
    """A drawing of the library, whose words are English, with those of the reader's language; names of emotions stay."""
    said = translated(_CHART)
    svg = _ERROR.sub(lambda m: f"{m[1]}{escape(_error_words(said, m[2], m[3]))}", svg)
    return re.sub(r"(?<=>)([^<>]+)(?=</text>)", lambda m: escape(said.get(m[1], m[1]), quote=False), svg)


def _error_words(said: Mapping[str, str], name: str, error: str) -> str:
    return say("compare.chart.error", name=said.get(name, name), error=error)


def _confusions(comparison: Comparison) -> str:
    """The matrices of baseline and student side by side, one above the other where the page is narrow."""
    from mmemo.evaluate.plots import confusion_figure

    parts = []
    for name in (IMAGE_ONLY, STUDENT):
        if (row := comparison.row(name)) is not None:
            title = row_title(row)
            drawing = _drawn(confusion_figure(comparison, (name,)), say("compare.confusion_of", name=title))
            parts.append(f"<div><h4>{escape(title)}</h4>{drawing}</div>")
    name = escape(say("compare.confusion"), quote=True)
    group = f'<div class="mm-pair" role="group" aria-label="{name}">{"".join(parts)}</div>'
    caption = f"<figcaption>{escape(say('compare.confusion_why'))}</figcaption>"
    return f'<figure class="mm-card wide">{_heading(say("compare.confusion"))}{group}{caption}</figure>'


def _teacher_noise(folder: Path) -> np.ndarray | None:
    """(7, 7) rows sum to 1; None for recipes that estimate none."""
    path = folder / "noise.json"
    matrix = read_json(path)["T"] if path.is_file() else None
    return None if matrix is None else np.asarray(matrix, np.float64)


def _figure(figure: Figure, name: str, caption: str, wide: bool = False) -> str:
    css = "mm-card wide" if wide else "mm-card"
    label = escape(name, quote=True)
    return (
        f'<figure class="{css}">{_heading(name)}<div class="mm-scroll" tabindex="0" role="region" aria-label="{label}">'
        f"{_drawn(figure, name)}</div><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _heading(name: str) -> str:
    return f"<h3>{escape(name)}</h3>"


def _drawn(figure: Figure, name: str) -> str:
    from mmemo.evaluate.style import figure_to_svg

    return in_words(figure_to_svg(figure, name))
