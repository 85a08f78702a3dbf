"""Changed pictures and lines: every system has its rows, damage harms, and the table can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.benchmark.robustness.evasion import ATTACKED, DAMAGED, HARDENED, WORDED, EvasionSizes, evasion, pixel_search
from mmemo.benchmark.robustness.figures import accuracy, lines_of, scored
from mmemo.benchmark.robustness.ground import scaled
from mmemo.benchmark.robustness.robustness import RobustnessBenchmark, benchmark_robustness
from mmemo.errors import InputError
from mmemo.progress import run
from tests.benchmark.robustness.made import SIDE, made_ground


def test_an_interval_holds_its_figure_and_needs_two_films():
    right = np.array([True, True, False, False, True, False])
    films = np.array(["a", "a", "b", "b", "c", "c"])
    value, interval = accuracy(right, films)
    assert value == 0.5 and interval is not None and 0 <= interval[0] <= 0.5 <= interval[1] <= 1
    assert accuracy(right[:2], films[:2]) == (1.0, None)
    assert accuracy(right[:0], films[:0]) == (None, None)


def test_the_table_has_a_line_a_row_and_dashes_for_what_is_not_known():
    row = {"name": "concat", **scored("clean", np.array([True, False]), np.array(["a", "b"])), "attacked": None}
    lines = lines_of([row], {"name": "", "clean": "clean %", "attacked": "attacked %"})
    assert len(lines) == 3 and lines[2].split() == ["concat", "50.0", "(0.0", "to", "100.0)", "-"]


def test_crops_are_scaled_to_the_network():
    crops = [np.full((20, 20, 3), 40, np.uint8), np.full((5, 5, 3), 90, np.uint8)]
    sized = scaled(crops, SIDE)
    assert sized.shape == (2, SIDE, SIDE, 3) and (sized[0] == 40).all() and (sized[1] == 90).all()


@pytest.mark.slow
def test_every_system_meets_every_attack(tmp_path: Path):
    sizes = EvasionSizes(by_gradient=4, by_pixels=1, damaged=14, steps=2, generations=1)
    ground = made_ground(tmp_path)
    rows = run(evasion(ground, sizes)) + run(pixel_search(ground, sizes))
    parts = {part: [row for row in rows if row["part"] == part] for part in (ATTACKED, DAMAGED, WORDED)}
    assert [len(parts[part]) for part in parts] == [5 * 3, 25 * 3, 2 * 3]
    assert {row["name"] for row in rows} == {"baseline", "student", "concat"}
    assert {row["name"] for row in parts[WORDED]} == {"concat"}
    baseline = {row["attack"]: row for row in parts[ATTACKED] if row["name"] == "baseline"}
    assert baseline["fgsm, 8 levels"]["attacked"] <= baseline["fgsm, 8 levels"]["clean"]
    bright = [row for row in parts[DAMAGED] if row["attack"] == "brightness 5" and row["name"] == "baseline"]
    assert bright[0]["attacked"] < bright[0]["clean"] and bright[0]["defended"] is None
    assert {row["defence"] for row in parts[DAMAGED] if row["name"] == "student"} == {HARDENED}


def test_an_unknown_part_and_a_missing_folder_are_told(tmp_path: Path):
    with pytest.raises(InputError, match="no part magic"):
        run(benchmark_robustness(RobustnessBenchmark(tmp_path, tmp_path / "cache", parts=("magic",))))
    with pytest.raises(InputError, match="film_faces_train"):
        run(benchmark_robustness(RobustnessBenchmark(tmp_path, tmp_path / "cache")))
