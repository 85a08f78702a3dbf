"""The charts of a run as inline drawings that take the page's own colours."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.details import RELIABILITY_SAYS, RELIABILITY_TITLE, Details, reliability_words
from mmemo.evaluate.rows import IMAGE_ONLY, STUDENT
from mmemo.flow.read import FACE_NOISE_SAYS, face_noises
from mmemo.store.files import read_json, read_table
from mmemo.store.workspace import Workspace

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def gain_chart(comparison: Comparison) -> str:
    """The gain with its intervals as one drawing."""
    from mmemo.evaluate.plots import gain_figure
    from mmemo.evaluate.style import figure_to_svg

    return figure_to_svg(gain_figure(comparison), comparison.verdict())


def charts_of(
    workspace: Workspace, run_id: str, comparison: Comparison | None, details: Details | None = None
) -> list[str]:
    """One <figure> a chart: of the comparison, if there is one, and of the training as far as it was kept."""
    from mmemo.evaluate.plots import curves_figure, face_noise_figure, noise_figure, recall_figure, reliability_figure

    folder = workspace.run_folder(run_id)
    charts = []
    if comparison is not None:
        charts.append(_figure(recall_figure(comparison), "Recall", "How many faces of each emotion are found, in %."))
    if (folder / "curves.parquet").is_file():
        curves = curves_figure(read_table(folder / "curves.parquet"))
        charts.append(
            _figure(curves, "Training curves", "Loss by epoch, every thin line one fold of the cross-fitting.")
        )
    if details is not None:
        said = f"{RELIABILITY_SAYS} {' '.join(reliability_words(details))}"
        charts.insert(1, _figure(reliability_figure(details.reliabilities), RELIABILITY_TITLE, said))
    if comparison is not None:
        charts.append(_confusions(comparison))
    noise = _teacher_noise(folder)
    if noise is not None:
        words = (
            "How the text teacher errs on this show, as estimated: what it says where a face shows the row's emotion."
        )
        charts.append(_figure(noise_figure(noise), "Noise of the text teacher", words, wide=True))
    for found in face_noises(folder):
        drawn = face_noise_figure(found.matrix, found.spread, found.counts)
        charts.append(_figure(drawn, f"The text against corrected faces: {found.name}", FACE_NOISE_SAYS))
    return charts


def _confusions(comparison: Comparison) -> str:
    """The matrices of baseline and student side by side, one above the other where the page is narrow."""
    from mmemo.evaluate.plots import confusion_figure
    from mmemo.evaluate.style import figure_to_svg

    parts = []
    for name in (IMAGE_ONLY, STUDENT):
        if (row := comparison.row(name)) is not None:
            drawing = figure_to_svg(confusion_figure(comparison, (name,)), f"Confusion matrix: {row.title}")
            parts.append(f"<div><h4>{escape(row.title)}</h4>{drawing}</div>")
    words = "What is taken for what: rows are gold, columns the prediction, in % of the row."
    group = f'<div class="mm-pair" role="group" aria-label="Confusion matrices">{"".join(parts)}</div>'
    return f'<figure class="mm-card wide">{group}<figcaption>{words}</figcaption></figure>'


def _teacher_noise(folder: Path) -> np.ndarray | None:
    """(7, 7) rows sum to 1; None for recipes that estimate none."""
    path = folder / "noise.json"
    matrix = read_json(path)["T"] if path.is_file() else None
    return None if matrix is None else np.asarray(matrix, np.float64)


def _figure(figure: Figure, name: str, caption: str, wide: bool = False) -> str:
    from mmemo.evaluate.style import figure_to_svg

    css = "mm-card wide" if wide else "mm-card"
    return f'<figure class="{css}"><div class="mm-scroll" tabindex="0" role="region" aria-label="{name}">{figure_to_svg(figure, name)}</div><figcaption>{escape(caption)}</figcaption></figure>'
