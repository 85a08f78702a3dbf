"""From opinions to the rows of a benchmark: scores over all seeds, and what each recipe gains over image only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmemo.evaluate.metrics import CLASSES, score
from mmemo.evaluate.rows import IMAGE_ONLY, MAJORITY, TEACHER
from mmemo.evaluate.statistics import paired_gain
from mmemo.labels import EKMAN7
from mmemo.student.settings import TrainSettings

DEFAULT_RECIPE = TrainSettings().recipe
# Systems whose opinion on a face is not the student's: their gain over image only is no claim of ours.
_NO_STUDENT = (MAJORITY, IMAGE_ONLY, TEACHER)


def rows_of(gold: np.ndarray, units: np.ndarray, systems: Mapping[str, Sequence[np.ndarray]]) -> list[dict[str, Any]]:
    """One row a system, the majority class first.

    gold (M,) columns of EKMAN7, -1 where nobody knows; units (M,) the film (or track) of every item; each system
    gives (M, 7) opinions for each of S seeds, or for one when it has no chance in it. Figures are over all seeds
    together: accuracy is the mean over seeds, macro-F1 that of all predictions taken as one table.
    """
    told = gold >= 0
    gold, units = gold[told], units[told]
    seeds = max(len(opinions) for opinions in systems.values())
    chosen = {name: _chosen(opinions, told, seeds) for name, opinions in systems.items()}
    majority = np.full((seeds, len(gold)), np.bincount(gold, minlength=CLASSES).argmax())
    return [_row(name, gold, units, chosen[IMAGE_ONLY], mine) for name, mine in {MAJORITY: majority, **chosen}.items()]


def _chosen(opinions: Sequence[np.ndarray], told: np.ndarray, seeds: int) -> np.ndarray:
    """(S, n) first choices."""
    assert len(opinions) in (1, seeds), "one opinion a seed, or one for all"
    each = [np.asarray(probs)[told].argmax(axis=1) for probs in opinions]
    return np.stack(each * seeds if len(each) == 1 else each)


def _row(name: str, gold: np.ndarray, units: np.ndarray, image: np.ndarray, mine: np.ndarray) -> dict[str, Any]:
    seeds = len(mine)
    every_gold = np.tile(gold, seeds)
    scores = score(every_gold, mine.ravel())
    row: dict[str, Any] = {
        "name": name,
        "n": len(gold),
        "seeds": seeds,
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "recall": dict(scores.recall),
    }
    if name not in _NO_STUDENT:
        row.update(_gain(every_gold, units, image, mine, gold))
    if name == DEFAULT_RECIPE:
        row["default"] = True
    return row


def _gain(
    every_gold: np.ndarray, units: np.ndarray, image: np.ndarray, mine: np.ndarray, gold: np.ndarray
) -> dict[str, Any]:
    """The gain over image only; whole units are resampled with what all seeds say of them."""
    seeds = len(mine)
    gain = paired_gain(every_gold, mine.ravel(), image.ravel(), np.tile(units, seeds))
    each = (mine == gold).mean(axis=1) - (image == gold).mean(axis=1)
    return {
        "gain_accuracy": gain.accuracy,
        "gain_accuracy_ci95": list(gain.accuracy_ci95) if gain.accuracy_ci95 else None,
        "gain_macro_f1": gain.macro_f1,
        "gain_macro_f1_ci95": list(gain.macro_f1_ci95) if gain.macro_f1_ci95 else None,
        "outcome": gain.outcome,
        "units": gain.units,
        "gain_accuracy_sd_over_seeds": float(each.std(ddof=1)) if seeds > 1 else None,
        "gain_accuracy_worst_seed": float(each.min()),
    }


def lines_of_rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows as a table for a terminal: percent, points of accuracy, macro-F1 from 0 to 1, recall by class."""
    names = [f"{row['name']} (default)" if row.get("default") else str(row["name"]) for row in rows]
    first = max(12, *map(len, names)) if names else 12
    head = f"{'':<{first}}{'acc %':>7}{'F1':>6}{'gain':>7}{'95 % interval':>16}{'F1 gain':>9}{'worst':>7}  "
    head += "".join(f"{label[:5]:>6}" for label in EKMAN7.labels)
    return [head, "-" * len(head), *(f"{name:<{first}}{_cells(row)}" for name, row in zip(names, rows, strict=True))]


def _cells(row: Mapping[str, Any]) -> str:
    cells = f"{100 * row['accuracy']:>7.1f}{row['macro_f1']:>6.3f}"
    if "gain_accuracy" in row:
        interval = row["gain_accuracy_ci95"]
        between = f"{100 * interval[0]:+.1f} to {100 * interval[1]:+.1f}" if interval else "-"
        worst = 100 * row["gain_accuracy_worst_seed"]
        cells += f"{100 * row['gain_accuracy']:>+7.1f}{between:>16}{row['gain_macro_f1']:>+9.3f}{worst:>+7.1f}  "
    else:
        cells += " " * 41
    recalls = (row["recall"][label] for label in EKMAN7.labels)
    return cells + "".join(f"{100 * recall:>6.0f}" if recall is not None else f"{'-':>6}" for recall in recalls)
