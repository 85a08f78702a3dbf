from __future__ import annotations

import numpy as np
import pytest

from mmemo.benchmark.weak.table import DEFAULT_RECIPE, lines_of_rows, rows_of
from mmemo.student.recipes import RECIPES


def opinions(classes: np.ndarray) -> np.ndarray:
    return np.eye(7, dtype=np.float32)[classes]


GOLD = np.arange(60) % 3
UNITS = np.array([f"film{i // 5}" for i in range(60)])
IMAGE = np.where(np.arange(60) % 2, GOLD, 6)
BETTER = np.where(np.arange(60) % 6, GOLD, 6)


def test_rows_hold_the_gain_over_image_only() -> None:
    systems = {"image_only": [opinions(IMAGE)], DEFAULT_RECIPE: [opinions(BETTER), opinions(GOLD)]}
    rows = {row["name"]: row for row in rows_of(GOLD, UNITS, systems)}
    assert list(rows) == ["majority", "image_only", DEFAULT_RECIPE]
    assert rows["majority"]["accuracy"] == pytest.approx(1 / 3)
    assert rows["image_only"]["accuracy"] == pytest.approx(0.5)
    assert "gain_accuracy" not in rows["image_only"]
    best = rows[DEFAULT_RECIPE]
    assert best["default"] is True and best["seeds"] == 2 and best["units"] == 12 and best["outcome"] == "gain"
    assert best["gain_accuracy"] == pytest.approx((50 / 60 + 1) / 2 - 0.5)
    assert best["gain_accuracy_worst_seed"] == pytest.approx(50 / 60 - 0.5)
    low, high = best["gain_accuracy_ci95"]
    assert 0 < low < best["gain_accuracy"] < high
    assert best["gain_macro_f1"] > 0
    assert best["recall"]["fear"] is None


def test_the_default_recipe_is_one_of_the_recipes() -> None:
    assert DEFAULT_RECIPE in RECIPES


def test_items_without_gold_do_not_count() -> None:
    gold = np.where(np.arange(60) < 40, GOLD, -1)
    rows = rows_of(gold, UNITS, {"image_only": [opinions(IMAGE)], "fused": [opinions(GOLD)]})
    assert {row["n"] for row in rows} == {40}
    assert rows[2]["accuracy"] == 1.0 and "default" not in rows[2]


def test_one_film_gives_no_interval() -> None:
    rows = rows_of(GOLD, np.full(60, "film"), {"image_only": [opinions(IMAGE)], "fused": [opinions(GOLD)]})
    assert rows[2]["gain_accuracy_ci95"] is None and rows[2]["outcome"] == "unknown"
    assert " - " in lines_of_rows(rows)[-1]


def test_the_table_has_one_line_a_row() -> None:
    rows = rows_of(GOLD, UNITS, {"image_only": [opinions(IMAGE)], DEFAULT_RECIPE: [opinions(BETTER)]})
    head, rule, *lines = lines_of_rows(rows)
    assert len(lines) == 3 and {len(line) for line in (head, rule, *lines)} == {len(head)}
    assert "(default)" in lines[2] and "+33.3" in lines[2]
    assert lines_of_rows([])[0].strip().startswith("acc")
