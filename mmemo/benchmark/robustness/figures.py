"""Accuracy with its interval, and the table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmemo.evaluate.statistics import percentile95, sums_of_drawn_units


def accuracy(right: np.ndarray, units: np.ndarray, seed: int = 0) -> tuple[float | None, list[float] | None]:
    """Share of (N,) bool, and its 95 % interval when whole units (N,) are drawn again; None where it cannot be had.

    Percentiles of a bootstrap over clusters (Efron and Tibshirani 1993, chapters 8 and 13).
    """
    if not len(right):
        return None, None
    names, unit = np.unique(units, return_inverse=True)
    value = float(right.mean())
    if len(names) < 2:
        return value, None
    hits, many = np.bincount(unit, right, len(names)), np.bincount(unit, minlength=len(names))
    drawn = sums_of_drawn_units(np.stack([hits, many], axis=1), seed=seed)
    return value, [*percentile95(drawn[:, 0] / drawn[:, 1])]


def scored(key: str, right: np.ndarray, units: np.ndarray) -> dict[str, Any]:
    """The accuracy under a name, and its interval."""
    value, interval = accuracy(right, units)
    return {key: value, f"{key}_ci95": interval}


def lines_of(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> list[str]:
    """Rows as a table: columns by key with their titles; shares in percent, with their interval where there is one."""
    cells = [[_cell(row, key) for key in columns] for row in rows]
    widths = [max(len(one[i]) for one in [list(columns.values()), *cells]) for i in range(len(columns))]
    head = "  ".join(title.ljust(width) for title, width in zip(columns.values(), widths, strict=True))
    body = ["  ".join(cell.ljust(width) for cell, width in zip(one, widths, strict=True)).rstrip() for one in cells]
    return [head.rstrip(), "-" * len(head.rstrip()), *body]


def _cell(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    interval = row.get(f"{key}_ci95")
    return f"{100 * value:.1f}" + (f" ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})" if interval else "")
