"""The report: one HTML file that holds everything, asks no host for anything and needs no script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mmemo.episode.account import CueAccount
from mmemo.evaluate import plots, words
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.details import (
    RELIABILITY_SAYS,
    RELIABILITY_TITLE,
    SLICES_TITLE,
    Details,
    reliability_words,
    slices_html,
    slices_words,
)
from mmemo.evaluate.report_cut import CutDetails, merged_examples
from mmemo.evaluate.report_page import render_page
from mmemo.evaluate.rows import IMAGE_ONLY, STUDENT
from mmemo.evaluate.style import figure_to_svg
from mmemo.labels import EKMAN7
from mmemo.store.files import to_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TEMPLATE = "report.html.j2"
_SOURCE_NAMES = {"teacher": "text", IMAGE_ONLY: "image", STUDENT: "student"}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one source says of a face: its first choice and how sure it is."""

    source: str
    label: str
    prob: float

    def __post_init__(self) -> None:
        EKMAN7.index(self.label)
        assert 0 <= self.prob <= 1.0001, "a probability"


@dataclass(frozen=True, slots=True)
class FaceCard:
    """One face of the contact sheet: JPEG or PNG bytes, its line, and what everybody says of it.

    `opinions` are shown in their order (usually teacher, image_only, student); `gold` is None where unknown.
    """

    image: bytes
    line: str
    opinions: tuple[Opinion, ...]
    start_ms: int | None = None
    gold: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """Everything that a report shows, as plain values; what is None or empty has no section.

    `targets` and `predictions` (n, 7): training targets and the student's probabilities of the same faces.
    `further` comparisons on other gold (a folder of labelled faces, say), by title, stand under the first.
    `details`: how sure the models are, and parts of the faces. `noise` (7, 7): the teacher's estimated confusion; `face_noise`: matrix, spread and counts from
    corrected faces by name. `curves`: fold, epoch, train_loss, val_loss. `cuts` tell how
    each episode was cut. `identity`: models, input hashes, versions, by name. `synthetic_notice` is set for material
    that is not real.
    """

    title: str
    created: str
    comparison: Comparison | None = None
    further: Mapping[str, Comparison] = field(default_factory=dict)
    details: Details | None = None
    account: CueAccount | None = None
    faces: int | None = None
    tracks: int | None = None
    targets: np.ndarray | None = None
    predictions: np.ndarray | None = None
    curves: pd.DataFrame | None = None
    noise: np.ndarray | None = None
    face_noise: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=dict)
    face_noise_says: str = ""
    cards: tuple[FaceCard, ...] = ()
    cuts: tuple[CutDetails, ...] = ()
    collapse: str | None = None
    synthetic_notice: str = ""
    limits: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Chart:
    title: str
    caption: str
    svg: str


def render_report(data: ReportData) -> str:
    """The whole HTML document as text; all words in it that come from outside are escaped."""
    values = {
        "data": data,
        "comparison": data.comparison,
        "headline_of": _headline,
        "sentence_of": _sentence,
        "gain_svg": _svg(plots.gain_figure(data.comparison), data.comparison.verdict()) if data.comparison else "",
        "charts": _charts(data),
        "slices": _slices(data.details),
        "examples": merged_examples(data.cuts),
        "limits": _limits(data),
        "settings_json": to_json(data.settings, indent=2) if data.settings else "",
        "source_names": _SOURCE_NAMES,
    }
    return render_page(_TEMPLATE, values)


def _headline(comparison: Comparison | None) -> str:
    return words.HEADLINES[comparison.gain.outcome] if comparison else "Not compared yet"


def _sentence(comparison: Comparison) -> str:
    """The verdict without its first words, which stand above it."""
    _, said = comparison.verdict().split(": ", 1)
    return said[0].upper() + said[1:]


def _charts(data: ReportData) -> list[_Chart]:
    charts = []
    if data.comparison:
        charts.append(
            _chart(
                "Recall by emotion",
                "Of the faces that show an emotion, the share that is found. The green lines are a model trained on "
                "gold, where there is one. Below each name: examples in gold.",
                plots.recall_figure(data.comparison),
            )
        )
    if data.details:
        said = " ".join(reliability_words(data.details))
        figure = plots.reliability_figure(data.details.reliabilities)
        charts.append(_chart(RELIABILITY_TITLE, f"{RELIABILITY_SAYS} {said}", figure))
    shares = _shares(data)
    if shares:
        charts.append(
            _chart(
                "How often each emotion occurs",
                "A student that has stopped telling emotions apart shows here first: its bars leave the targets.",
                plots.distribution_figure(shares),
            )
        )
    for name, caption in (
        (IMAGE_ONLY, "What the image model takes each emotion for, before the episode taught it anything."),
        (STUDENT, "The same faces, seen by the student."),
    ):
        row = data.comparison.row(name) if data.comparison else None
        if data.comparison and row:
            title = f"Confusion: {row.title[0].lower()}{row.title[1:]}"
            charts.append(
                _chart(title, f"{caption} Percent of each gold row.", plots.confusion_figure(data.comparison, (name,)))
            )
    if data.curves is not None and not data.curves.empty:
        charts.append(
            _chart(
                "Training",
                "Loss by epoch; a thin line a fold, a dot where the held-out part was best: those weights are kept.",
                plots.curves_figure(data.curves),
            )
        )
    if data.noise is not None:
        charts.append(
            _chart(
                "How the text misleads",
                "Estimated without labels: what the text teacher says when a face shows the emotion of the row, in %.",
                plots.noise_figure(data.noise),
            )
        )
    for name, (matrix, spread, counts) in data.face_noise.items():
        figure = plots.face_noise_figure(matrix, spread, counts)
        charts.append(_chart(f"The text against corrected faces: {name}", data.face_noise_says, figure))
    return charts


def _slices(details: Details | None) -> dict[str, str]:
    """Title, words and table of the parts of the faces; empty without any."""
    from markupsafe import Markup

    if details is None or not details.slices:
        return {}
    return {"title": SLICES_TITLE, "words": slices_words(details), "table": Markup(slices_html(details))}


def _shares(data: ReportData) -> dict[str, np.ndarray]:
    shares = {}
    if data.targets is not None and len(data.targets):
        shares["target"] = data.targets.mean(axis=0)
    if data.predictions is not None and len(data.predictions):
        choices = data.predictions.argmax(axis=1)
        shares[STUDENT] = np.bincount(choices, minlength=len(EKMAN7)) / len(choices)
    return shares


def _limits(data: ReportData) -> list[str]:
    """What the figures cannot say, in plain words."""
    limits = [data.synthetic_notice] if data.synthetic_notice else []
    if data.collapse:
        limits.append(f"In training, {data.collapse}.")
    limits += data.limits
    if data.comparison:
        gain, unit = data.comparison.gain, data.comparison.unit
        limits.append(
            f"The intervals say how far the gain would move with other {unit}s like these "
            f"({words.counted(gain.units, unit)} here). They say nothing about other shows."
        )
    return limits


def _chart(title: str, caption: str, figure: Figure) -> _Chart:
    return _Chart(title, caption, _svg(figure, f"{title}. {caption}"))


def _svg(figure: Figure, alt: str) -> str:
    from markupsafe import Markup

    return Markup(figure_to_svg(figure, alt))  # our own drawing; the library escapes its texts
