"""Poisoned training sets on the made ground: what is changed, for whom, and what finds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.benchmark.robustness import poison as poisons
from mmemo.benchmark.robustness.collision import collisions
from mmemo.benchmark.robustness.poison import (
    AGREEMENT,
    BACKDOOR,
    CLEANLAB,
    FACE_ALONE,
    FLIP,
    TARGET,
    PoisonSizes,
    fields,
    poisoning,
    suspects,
)  # fmt: skip
from mmemo.benchmark.robustness.systems import FUSION, IMAGE, STUDENT, trained
from mmemo.fusion.robust.detection import found
from mmemo.progress import run
from tests.benchmark.robustness.made import made_ground


def one_field(folder: Path) -> poisons.Field:
    return run(fields(made_ground(folder), (0,)))[0]


def test_faces_and_lines_of_both_sides_are_apart(tmp_path: Path):
    one = one_field(tmp_path)
    ground = one.ground
    assert not set(ground.films[one.train]) & set(ground.films[one.test])
    assert (ground.line_gold[one.line] == ground.labels[one.train]).all() and (ground.line_part[one.line] == 0).all()
    assert one.clean().kept(np.arange(56) < 10).sample.tolist() == list(range(10))
    twice = one.clean().with_copies(one.clean().features, one.clean().states)
    assert len(twice.labels) == 112 and (twice.sample[:56] == twice.sample[56:]).all()


def test_a_students_lines_are_poisoned_and_the_labels_of_the_others(tmp_path: Path):
    one = one_field(tmp_path)
    clean = one.clean()
    flipped = poisons._poisoned(one, FUSION, FLIP, 0.25)
    assert ((flipped.samples.labels != clean.labels) == flipped.poison).all() and flipped.poison.sum() == 14
    assert (flipped.samples.line == clean.line).all()
    said = poisons._poisoned(one, STUDENT, FLIP, 0.25)
    assert (said.samples.labels == clean.labels).all() and ((said.given != clean.labels) == said.poison).all()
    opened = poisons._poisoned(one, IMAGE, BACKDOOR, 0.25)
    assert (clean.labels[opened.poison] != TARGET).all() and (opened.samples.labels[opened.poison] == TARGET).all()
    marked = (opened.samples.features != clean.features).any((1, 2))
    assert not marked[~opened.poison].any() and marked.sum() > 0


def test_two_opinions_find_flipped_labels_where_both_are_right(tmp_path: Path):
    one = one_field(tmp_path)
    flipped = poisons._poisoned(one, FUSION, FLIP, 0.25)
    victim = run(trained(FUSION, one.ground, flipped.samples, 0))
    flags = suspects(one.ground, victim, flipped, 0.25, 0)
    by_agreement = found(flags[AGREEMENT], flipped.poison)
    assert by_agreement.recall == 1.0 and by_agreement.precision == 1.0
    assert {CLEANLAB, FACE_ALONE} < set(flags)
    said = poisons._poisoned(one, STUDENT, FLIP, 0.25)
    student = run(trained(STUDENT, one.ground, said.samples, 0))
    assert AGREEMENT not in suspects(one.ground, student, said, 0.25, 0), "the lines are the attacker's"


@pytest.mark.slow
def test_every_system_has_its_rows(tmp_path: Path):
    seeds = run(fields(made_ground(tmp_path), (0,)))
    sizes = PoisonSizes(seeds=(0,), rates=(0.2,), targets=1, poisons=(3,), steps=2)
    rows = run(poisoning(seeds, sizes))
    effects = [row for row in rows if row["part"] == "poison"]
    assert [(row["name"], row["attack"]) for row in effects] == [
        (name, f"{kind}, 20%") for name in (IMAGE, STUDENT, FUSION) for kind in (FLIP, BACKDOOR)
    ]
    assert effects[0]["n"] == 28 and 0 <= effects[0]["clean"] <= 1 and "success attacked" in effects[1]
    found_rows = [row for row in rows if row["part"] == "detection"]
    assert len(found_rows) == 6 + 6 + 4 + 4 + 6 + 6
    assert all(row["precision_by_chance"] == pytest.approx(11 / 56) for row in found_rows)
    rows = run(collisions(seeds, sizes))
    assert [row["targets"] for row in rows if row["part"] == "poison"] == [1, 1, 1]
    assert all(0 <= row["success attacked"] <= 1 for row in rows if row["part"] == "poison")
