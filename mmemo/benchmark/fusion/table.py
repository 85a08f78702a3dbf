"""From what every row said to the figures of the table, and the table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmemo.benchmark.fusion.entries import IMAGE_ROW, TEXT_ROW
from mmemo.benchmark.fusion.intervals import figures
from mmemo.benchmark.fusion.judging import Judged
from mmemo.benchmark.fusion.material import Material, Pairing
from mmemo.evaluate.statistics import paired_gain
from mmemo.fusion.encoders import TEXT

MAJORITY = "majority"
_BEATS = {"gain": "yes", "loss": "no, it is worse", "mixed": "no, one figure rose and one fell"}


def rows_of(material: Material, pairings: Sequence[Pairing], judged: Mapping[str, Judged]) -> list[dict[str, Any]]:
    """One row a model, the majority class first; all seeds together, and a unit's samples of all seeds at once."""
    gold = np.concatenate([pairing.labels for pairing in pairings])
    units = np.concatenate([pairing.groups for pairing in pairings])
    classes = len(material.vocabulary)
    said = {name: np.concatenate([probs.argmax(1) for probs in one.probs]) for name, one in judged.items()}
    single = {name: float((said[name] == gold).mean()) for name in (TEXT_ROW, IMAGE_ROW) if name in said}
    everywhere = np.full(len(gold), np.bincount(gold, minlength=classes).argmax())
    rows = [_figures(MAJORITY, material, len(pairings), gold, everywhere, units)]
    for name, one in judged.items():
        row = _figures(name, material, len(pairings), gold, said[name], units)
        if name not in single and single:
            rivals = {key: value for key, value in single.items() if (TEXT if key == TEXT_ROW else "face") in one.reads}
            row |= _beats(gold, said, units, name, max(rivals or single, key=lambda key: (rivals or single)[key]))
        rows.append(row | _costs(one))
    return rows


def _figures(
    name: str, material: Material, seeds: int, gold: np.ndarray, said: np.ndarray, units: np.ndarray
) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "part": material.name, "n": len(gold) // seeds, "seeds": seeds}
    for figure, sure in figures(gold, said, units, len(material.vocabulary)).items():
        row[figure] = sure.value
        row[f"{figure}_ci95"] = None if sure.ci95 is None else list(sure.ci95)
    return row


def _beats(
    gold: np.ndarray, said: Mapping[str, np.ndarray], units: np.ndarray, name: str, rival: str
) -> dict[str, Any]:
    """Against the better one of the single modalities that the model reads, on the same samples."""
    gain = paired_gain(gold, said[name], said[rival], units)
    unproven = "no proven gain" if gain.accuracy > 0 else "no"
    return {
        "best_single": rival,
        "gain_accuracy": gain.accuracy,
        "gain_accuracy_ci95": None if gain.accuracy_ci95 is None else list(gain.accuracy_ci95),
        "gain_macro_f1": gain.macro_f1,
        "gain_macro_f1_ci95": None if gain.macro_f1_ci95 is None else list(gain.macro_f1_ci95),
        "units": gain.units,
        "outcome": gain.outcome,
        "beats_best_single": _BEATS.get(gain.outcome, unproven),
    }


def _costs(judged: Judged) -> dict[str, Any]:
    found = {key: float(np.mean([one[key] for one in judged.retrieval])) for key in (judged.retrieval or [{}])[0]}
    return {
        **({"retrieval": found} if found else {}),
        "trained_parameters": judged.parameters[0],
        "parameters": judged.parameters[1],
        "operations": judged.operations,
        "train_s": float(np.mean(judged.train_s)),
        "predict_ms": judged.predict_ms,
    }


def lines_of_rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows as a table: percent, points, thousands of trained weights, millions of all, millions of operations."""
    head = f"{'':<20}{'acc %':>6}{'95 %':>14}{'F1 %':>6}{'95 %':>14}{'wF1 %':>6}{'gain':>7}{'95 %':>14}  "
    head += f"{'beats best single?':<30}{'K par':>7}{'M all':>7}{'M op':>7}{'train s':>9}{'ms':>7}"
    return [head, "-" * len(head), *map(_line, rows)]


def _line(row: Mapping[str, Any]) -> str:
    if "missing" in row:
        return f"{row['name']:<20}  {row['missing']}"
    text = f"{row['name']:<20}{100 * row['accuracy']:>6.1f}{_between(row['accuracy_ci95']):>14}"
    text += f"{100 * row['macro_f1']:>6.1f}{_between(row['macro_f1_ci95']):>14}{100 * row['weighted_f1']:>6.1f}"
    if "gain_accuracy" in row:
        text += f"{100 * row['gain_accuracy']:>+7.1f}{_between(row['gain_accuracy_ci95'], '+'):>14}"
        text += f"  {row['beats_best_single'] + ' (' + row['best_single'] + ')':<30}"
    else:
        text += " " * 53
    if "parameters" in row:
        text += f"{row['trained_parameters'] / 1e3:>7.0f}{row['parameters'] / 1e6:>7.1f}{row['operations'] / 1e6:>7.0f}"
        text += f"{row['train_s']:>9.1f}{row['predict_ms']:>7.1f}"
    return text.rstrip()


def _between(interval: Sequence[float] | None, sign: str = "") -> str:
    return "-" if interval is None else f"{100 * interval[0]:{sign}.1f} to {100 * interval[1]:{sign}.1f}"
