"""The charts of a comparison and of a run, as figures that belong to no window system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mmemo.episode.account import CueAccount
from mmemo.evaluate.calibration import FEW_FACES, Reliability
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.rows import GOLD_CEILING, IMAGE_ONLY, STUDENT, TEACHER, Row
from mmemo.evaluate.style import (
    ACCENT,
    AMBER,
    BASELINE,
    FONT_PT,
    GREEN,
    INK,
    calm,
    colour_of,
    drawing,
    new_figure,
)
from mmemo.evaluate.words import points, typographic
from mmemo.labels import EKMAN7

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POSITIONS = np.arange(len(EKMAN7))
_SMALL_PT = FONT_PT - 1.5
_SHORT = {IMAGE_ONLY: "image only", STUDENT: "student", TEACHER: "text teacher", GOLD_CEILING: "trained on gold"}


def gain_figure(comparison: Comparison) -> Figure:
    """Student minus baseline with its 95 % intervals; the line at 0 is "no gain"."""
    gain = comparison.gain
    with drawing():
        figure = new_figure(4.5, 1.7)
        axes = calm(figure.subplots(), "x")
        axes.axvline(0, color=INK, linewidth=1)
        for y, (value, interval) in enumerate(
            ((gain.macro_f1, gain.macro_f1_ci95), (gain.accuracy, gain.accuracy_ci95))
        ):
            if interval:
                axes.plot([100 * bound for bound in interval], [y, y], color=ACCENT, linewidth=5, alpha=0.35)
            axes.plot(100 * value, y, "o", color=ACCENT, markersize=7)
            axes.annotate(
                typographic(points(value)),
                (100 * value, y),
                (0, 8),
                textcoords="offset points",
                ha="center",
                fontweight="bold",
            )
        axes.set_yticks([0, 1], ["macro-F1", "accuracy"])
        axes.set_ylim(-0.5, 1.75)
        axes.margins(x=0.12)
        axes.set_xlabel("student minus image only, in points")
    return figure


def recall_figure(comparison: Comparison) -> Figure:
    """Recall a class: bars for image-only, student and teacher, a line for the gold-trained ceiling."""
    shown = [row for name in (IMAGE_ONLY, STUDENT, TEACHER) if (row := comparison.row(name))]
    ceiling = comparison.row(GOLD_CEILING)
    with drawing():
        figure = new_figure(5.2, 3.2)
        axes = calm(figure.subplots(), "y")
        width = 0.8 / max(len(shown), 1)
        for number, row in enumerate(shown):
            left = _POSITIONS - 0.4 + (number + 0.5) * width
            axes.bar(left, _recalls(row), 0.88 * width, color=colour_of(row.name), label=_SHORT[row.name])
        if ceiling:
            axes.hlines(
                _recalls(ceiling),
                _POSITIONS - 0.42,
                _POSITIONS + 0.42,
                color=GREEN,
                linewidth=2.4,
                label=_SHORT[ceiling.name],
            )
        support = comparison.rows[0].scores.confusion.sum(axis=1)
        axes.set_xticks(
            _POSITIONS, [f"{label}\n{n or 'no gold'}" for label, n in zip(EKMAN7.labels, support, strict=True)]
        )
        axes.set_ylim(0, 102)
        axes.set_ylabel("recall in %")
        _legend(figure)
    return figure


def confusion_figure(comparison: Comparison, names: Sequence[str] = (IMAGE_ONLY, STUDENT)) -> Figure:
    """Confusion matrices side by side: rows gold, columns predicted, each row in percent of its gold."""
    rows = [row for name in names if (row := comparison.row(name))]
    with drawing():
        figure = new_figure(4.5 * max(len(rows), 1), 4.2)
        for axes, row in zip(figure.subplots(1, max(len(rows), 1), squeeze=False)[0], rows, strict=False):
            gold = row.scores.confusion.sum(axis=1, keepdims=True)
            shares = np.divide(row.scores.confusion, gold, out=np.full((7, 7), np.nan), where=gold > 0)
            _heat_map(axes, shares, colour_of(row.name))
            if len(rows) > 1:
                axes.set_title(row.title, pad=10)
            axes.set_ylabel("gold")
            axes.set_xlabel("predicted")
    return figure


def noise_figure(confusion: np.ndarray) -> Figure:
    """Estimated noise of the text teacher: what it says (columns, mean vote in %) where a face shows the row's emotion.

    `confusion` (7, 7), rows sum to 1.
    """
    with drawing():
        figure = new_figure(4.5, 4.2)
        axes = figure.subplots()
        _heat_map(axes, np.asarray(confusion), AMBER)
        axes.set_ylabel("the face shows (estimated)")
        axes.set_xlabel("the text teacher says")
    return figure


def face_noise_figure(matrix: np.ndarray, spread: np.ndarray, counts: np.ndarray) -> Figure:
    """What the text teacher says (columns, mean vote in %) where people say that a face shows the row's emotion.

    matrix, spread (7, 7): the mean and how unsure it is, one standard deviation; counts (7,) corrected faces a row.
    """
    with drawing():
        figure = new_figure(5.0, 4.4)
        axes = figure.subplots()
        _heat_map(axes, np.asarray(matrix), AMBER)
        for text, share, sd in zip(axes.texts, np.ravel(matrix), np.ravel(spread), strict=True):
            text.set_text(f"{100 * share:.0f}±{100 * sd:.0f}")
        axes.set_yticks(
            _POSITIONS, [f"{label} ({n:.0f})" for label, n in zip(EKMAN7.labels, np.asarray(counts), strict=True)]
        )
        axes.set_ylabel("people say the face shows (faces)")
        axes.set_xlabel("the text teacher says")
    return figure


def curves_figure(curves: pd.DataFrame) -> Figure:
    """Training and validation loss by epoch; one thin line a fold, a dot where its validation loss is least.

    `curves`: fold, epoch, train_loss, val_loss (NaN where nothing was held out). The thick lines are means
    over the epochs that every fold reached.
    """
    from matplotlib.ticker import MaxNLocator

    with drawing():
        figure = new_figure(5.2, 3.8)
        axes = calm(figure.subplots(), "y")
        for column, colour, title in (("train_loss", BASELINE, "training"), ("val_loss", ACCENT, "validation")):
            known = curves.dropna(subset=[column])
            for _, fold in known.groupby("fold"):
                axes.plot(fold["epoch"], fold[column], color=colour, linewidth=0.8, alpha=0.45)
                if column == "val_loss":
                    best = int(fold[column].to_numpy().argmin())
                    axes.plot(fold["epoch"].iloc[best], fold[column].iloc[best], "o", color=colour, markersize=4)
            if not known.empty:
                every = known.groupby("epoch")[column].agg(["mean", "size"])
                every = every[every["size"] == known["fold"].nunique()]
                axes.plot(every.index, every["mean"], color=colour, linewidth=2.2, label=title)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(figure)
    return figure


def reliability_figure(reliabilities: Sequence[Reliability]) -> Figure:
    """How often the first choice is right by how sure the model is, and below how many faces there are of each.

    Classes of under ten faces have an open mark: chance moves them. The line connects the others.
    """
    with drawing():
        figure = new_figure(5.2, 4.2)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        calm(upper, "y").plot([0, 100], [0, 100], linestyle=":", color=INK, linewidth=1.2)
        calm(lower)
        width = 10.0 / max(len(reliabilities), 1)
        for number, found in enumerate(reliabilities):
            colour, mark = colour_of(found.name), ("o", "s", "^")[number % 3]
            many, few = found.counts >= FEW_FACES, (found.counts > 0) & (found.counts < FEW_FACES)
            x, y = 100 * found.confidence, 100 * found.accuracy
            title = f"{_SHORT.get(found.name, found.name)}, error {100 * found.error:.1f} points"
            upper.plot(x[many], y[many], f"{mark}-", color=colour, linewidth=2, markersize=6, label=title)
            upper.plot(x[few], y[few], mark, color=colour, markersize=6, fillstyle="none")
            left = 10 * np.arange(len(found.counts)) + (number + 0.5) * width
            lower.bar(left, found.counts, 0.86 * width, color=colour)
        upper.set_ylabel("right in %")
        upper.set_ylim(-4, 104)
        lower.set_xlim(0, 100)
        lower.set_xlabel("how sure the model says it is, in %")
        lower.set_ylabel("faces")
        _legend(figure)
    return figure


def distribution_figure(shares: Mapping[str, np.ndarray]) -> Figure:
    """How often each class occurs, in percent: one group of bars a class, one bar a source.

    `shares` by name ("target", "student", "image_only", "gold", ...): (7,) each, summing to 1.
    """
    with drawing():
        figure = new_figure(5.2, 3.2)
        axes = calm(figure.subplots(), "y")
        width = 0.8 / max(len(shares), 1)
        for number, (name, values) in enumerate(shares.items()):
            left = _POSITIONS - 0.4 + (number + 0.5) * width
            title = _SOURCE_TITLES.get(name, name.replace("_", " "))
            axes.bar(left, 100 * np.asarray(values), 0.88 * width, color=colour_of(name), label=title)
        axes.set_xticks(_POSITIONS, EKMAN7.labels)
        axes.set_ylabel("share in %")
        _legend(figure)
    return figure


_SOURCE_TITLES = {
    "target": "training target",
    STUDENT: "student's predictions",
    IMAGE_ONLY: "image-only predictions",
    "gold": "gold",
}


def account_figure(account: CueAccount) -> Figure:
    """What became of every cue: kept on top, then each drop reason, the most frequent first."""
    dropped = sorted(account.dropped.items(), key=lambda item: -item[1])
    names = ["kept", *(reason.replace("_", " ") for reason, _ in dropped)]
    counts = [account.kept, *(n for _, n in dropped)]
    with drawing():
        figure = new_figure(5.6, 0.5 + 0.3 * len(names))
        axes = calm(figure.subplots())
        axes.barh(names, counts, 0.66, color=[ACCENT, *[BASELINE] * len(dropped)])
        for y, n in enumerate(counts):
            share = f" ({n / account.total:.0%})" if account.total else ""
            axes.annotate(f"{n}{share}", (n, y), (5, 0), textcoords="offset points", va="center")
        axes.invert_yaxis()
        axes.set_xticks([])
        axes.set_xlim(0, max(1.22 * max(counts), 1))
    return figure


def _recalls(row: Row) -> list[float]:
    values = (row.scores.recall[label] for label in EKMAN7.labels)
    return [float("nan") if value is None else 100 * value for value in values]


def _heat_map(axes: Axes, shares: np.ndarray, colour: str) -> None:
    """(7, 7) shares as squares whose opacity grows with the share; rows of NaN are marked as unknown."""
    from matplotlib.patches import Rectangle

    calm(axes)
    for y, x in np.ndindex(shares.shape):
        share = shares[y, x]
        strength = 0.0 if np.isnan(share) else float(share)
        axes.add_patch(
            Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, facecolor=colour, alpha=0.05 + 0.7 * strength, linewidth=0)
        )
        text = "–" if np.isnan(share) else f"{100 * share:.0f}"
        weight = "bold" if x == y else "normal"
        axes.text(x, y, text, ha="center", va="center", fontsize=_SMALL_PT, fontweight=weight)
    axes.set_xlim(-0.5, 6.5)
    axes.set_ylim(6.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xticks(_POSITIONS, EKMAN7.labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(_POSITIONS, EKMAN7.labels)


def _legend(figure: Figure) -> None:
    if not figure.axes[0].get_legend_handles_labels()[0]:
        return
    figure.legend(loc="outside upper left", ncols=4, frameon=False, handlelength=1.1, columnspacing=1.4)
