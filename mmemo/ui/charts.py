"""The charts of a run as inline drawings that take the page's own colours."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from mmemo.evaluate.comparison import Comparison
from mmemo.store.files import read_json, read_table
from mmemo.store.workspace import Workspace


def charts_of(workspace: Workspace, run_id: str, comparison: Comparison | None) -> list[str]:
    """One <figure> a chart: those of the comparison, if there is one, then those of the training."""
    return [*_comparison_charts(comparison), *_training_charts(workspace, run_id)]


def _comparison_charts(comparison: Comparison | None) -> Iterator[str]:
    from mmemo.evaluate.plots import confusion_figure, gain_figure, recall_figure
    from mmemo.evaluate.style import figure_to_svg

    if comparison is None:
        return
    yield _figure(
        figure_to_svg(gain_figure(comparison), comparison.verdict()), "What adaptation brought, with 95 % intervals."
    )
    yield _figure(
        figure_to_svg(recall_figure(comparison), "Recall a class"), "How many faces of each emotion are found."
    )
    yield _figure(
        figure_to_svg(confusion_figure(comparison), "Confusion matrices"),
        "What is taken for what: rows are gold, columns the prediction, in % of the row.",
        wide=True,
    )


def _training_charts(workspace: Workspace, run_id: str) -> Iterator[str]:
    from mmemo.evaluate.plots import curves_figure, noise_figure
    from mmemo.evaluate.style import figure_to_svg

    folder = workspace.run_folder(run_id)
    if (folder / "curves.parquet").is_file():
        curves = figure_to_svg(curves_figure(read_table(folder / "curves.parquet")), "Training curves")
        yield _figure(curves, "Training and validation loss by epoch; thin lines are folds.")
    noise = read_json(folder / "noise.json") if (folder / "noise.json").is_file() else None
    if noise and noise.get("T"):
        drawn = figure_to_svg(noise_figure(np.asarray(noise["T"])), "Noise of the text teacher")
        yield _figure(
            drawn,
            "Estimated noise of the text teacher on this show: what it says where a face shows the row's emotion.",
        )


def _figure(svg: str, caption: str, wide: bool = False) -> str:
    css = "mm-card wide" if wide else "mm-card"
    return f'<figure class="{css}">{svg}<figcaption>{escape(caption)}</figcaption></figure>'
