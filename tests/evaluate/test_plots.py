from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmemo.episode.account import CueAccount
from mmemo.evaluate.comparison import compare
from mmemo.evaluate.plots import (
    account_figure,
    confusion_figure,
    curves_figure,
    distribution_figure,
    gain_figure,
    noise_figure,
    recall_figure,
)
from mmemo.evaluate.style import ACCENT, figure_to_svg
from tests.evaluate.examples import make_comparison, probs, right_in


def axes_of(figure: Figure) -> Axes:
    figure_to_svg(figure)  # must draw without a warning or an error
    return figure.axes[0]


def heights(axes: Axes) -> list[list[float]]:
    return [[round(bar.get_height(), 3) for bar in group] for group in axes.containers]


def one_example() -> object:
    one = probs(np.array([2]))
    return compare(np.array([2]), np.array([7]), {"image_only": one, "student": one}, "track")


def test_recall_bars_show_each_system_and_the_ceiling() -> None:
    comparison = make_comparison(teacher=right_in(0.6), gold_ceiling=right_in(0.9))
    axes = axes_of(recall_figure(comparison))
    for bars, name in zip(heights(axes), ("image_only", "student", "teacher"), strict=True):
        assert bars == pytest.approx([100 * share for share in comparison.row(name).scores.recall.values()], abs=1e-3)
    assert len(axes.collections) == 1
    assert axes.get_xticklabels()[0].get_text() == "neutral\n20"


def test_recall_of_a_class_without_gold_is_said_not_drawn_as_zero() -> None:
    axes = axes_of(recall_figure(one_example()))
    assert np.isnan(heights(axes)[0][0])
    assert axes.get_xticklabels()[0].get_text() == "neutral\nno gold"


def test_gain_shows_value_and_interval() -> None:
    comparison = make_comparison()
    axes = axes_of(gain_figure(comparison))
    assert [text.get_text() for text in axes.texts] == ["+30.0", "+30.0"]
    low, high = comparison.gain.accuracy_ci95
    drawn = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2 and line.get_color() == ACCENT]
    assert [100 * low, 100 * high] == pytest.approx(list(drawn[1]))


def test_gain_without_an_interval() -> None:
    axes = axes_of(gain_figure(one_example()))
    assert [text.get_text() for text in axes.texts] == ["0.0", "0.0"]


def test_confusion_side_by_side_in_percent_of_gold() -> None:
    figure = confusion_figure(make_comparison())
    figure_to_svg(figure)
    assert [axes.get_title() for axes in figure.axes] == ["Image only, not adapted", "Student, adapted"]
    texts = [text.get_text() for text in figure.axes[1].texts]
    assert len(texts) == 49
    assert (texts[0], texts[1]) == ("70", "30")


def test_confusion_of_one_system_and_of_a_class_without_gold() -> None:
    figure = confusion_figure(one_example(), ("student", "not there"))
    figure_to_svg(figure)
    assert len(figure.axes) == 1
    assert figure.axes[0].texts[0].get_text() == "–"


def test_curves_by_fold_with_early_stopping() -> None:
    rows = [(fold, epoch, 1 / epoch, abs(epoch - 3) + 0.5) for fold in (0, 1) for epoch in range(1, 6 + fold)]
    axes = axes_of(curves_figure(pd.DataFrame(rows, columns=["fold", "epoch", "train_loss", "val_loss"])))
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert dots == [(3, 0.5), (3, 0.5)]
    thick = [line for line in axes.lines if line.get_linewidth() > 2]
    assert [list(line.get_xdata()) for line in thick] == [[1, 2, 3, 4, 5]] * 2


@pytest.mark.parametrize("rows", [[], [(0, 1, 0.7, float("nan"))]], ids=["empty", "one epoch, nothing held out"])
def test_curves_of_hardly_any_training(rows: list[tuple[int, int, float, float]]) -> None:
    axes = axes_of(curves_figure(pd.DataFrame(rows, columns=["fold", "epoch", "train_loss", "val_loss"])))
    assert not [line for line in axes.lines if line.get_marker() == "o"]


def test_noise_shows_every_cell() -> None:
    axes = axes_of(noise_figure(np.full((7, 7), 1 / 7)))
    assert {text.get_text() for text in axes.texts} == {"14"}


def test_distribution_shows_each_source_in_percent() -> None:
    axes = axes_of(distribution_figure({"target": np.full(7, 1 / 7), "student": np.eye(7)[1]}))
    assert heights(axes) == [[14.286] * 7, [0, 100, 0, 0, 0, 0, 0]]


def test_account_counts_all_cues_the_most_frequent_reason_first() -> None:
    axes = axes_of(account_figure(CueAccount(10, 5, {"music": 2, "no_face": 3})))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["kept", "no face", "music"]
    assert [text.get_text() for text in axes.texts] == ["5 (50%)", "3 (30%)", "2 (20%)"]


def test_account_of_no_cues() -> None:
    axes = axes_of(account_figure(CueAccount(0, 0, {})))
    assert [text.get_text() for text in axes.texts] == ["0"]


def test_the_charts_library_is_loaded_only_when_something_is_drawn() -> None:
    code = "import sys, mmemo.evaluate.report, mmemo.evaluate.table; print('matplotlib' in sys.modules, 'jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
