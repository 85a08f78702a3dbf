"""The fusion table on made samples: every row, its rival, and what it says when a model is no better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmemo.benchmark.fusion.entries import CLIP_ROWS, ENTRIES, Entry
from mmemo.benchmark.fusion.episodes import aligned, sample_part
from mmemo.benchmark.fusion.fusion import FusionBenchmark, benchmark_fusion, chosen
from mmemo.benchmark.fusion.intervals import figures
from mmemo.benchmark.fusion.judging import judge
from mmemo.benchmark.fusion.material import pair_within_folds
from mmemo.benchmark.fusion.table import lines_of_rows, rows_of
from mmemo.datasets.paired import FACE
from mmemo.errors import InputError
from mmemo.progress import run
from tests.fusion.made import small_pairs
from tests.fusion.models.test_clip_backbone import save_open_clip, save_transformers

SHORT = {"epochs": 2, "batch_size": 16}


@pytest.mark.slow
def test_every_row_has_its_figures_and_its_rival(tmp_path: Path):
    material = aligned("made", "bright and glad, dark and sad", "film", small_pairs(24))
    entries = [replace(one, training=SHORT) for one in ENTRIES if set(one.encoders.values()) <= {"teacher", "embedded"}]
    judged = run(judge(material, entries, [0, 1], tmp_path))
    rows = rows_of(material, [material.pairing(seed) for seed in (0, 1)], judged)
    by_name = {row["name"]: row for row in rows}
    assert set(by_name) == {"majority", *(entry.name for entry in entries)}
    assert all(row["n"] == 24 and row["seeds"] == 2 for row in rows)
    for name in set(by_name) - {"majority", "text", "image"}:
        row = by_name[name]
        assert row["best_single"] == "image" if name == "distill" else row["best_single"] in ("text", "image")
        assert row["beats_best_single"].startswith(("yes", "no"))
        assert row["parameters"] > row["trained_parameters"] > 0
        assert row["operations"] > 1e6
        assert row["train_s"] > 0
    assert by_name["image"]["parameters"] < by_name["text"]["parameters"] < by_name["concat"]["parameters"]
    assert by_name["joint_embedding"]["retrieval"]["chance_at_1"] > 0
    assert by_name["ensemble_stacking"]["train_s"] > by_name["ensemble_average"]["train_s"]
    text = "\n".join(lines_of_rows([*rows, {"name": "clip_lora", "part": "made", "missing": "not measured: why"}]))
    assert "clip_lora" in text
    assert "not measured: why" in text


def test_intervals_by_hand():
    gold, units = np.array([0, 0, 1, 1]), np.array(["a", "a", "b", "b"])
    found = figures(gold, np.array([0, 0, 1, 0]), units, 3)
    assert found["accuracy"].value == 0.75
    assert found["accuracy"].ci95 == (0.5, 1.0)
    assert found["macro_f1"].value == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["weighted_f1"].value == pytest.approx((0.8 + 2 / 3) / 2)
    assert figures(gold, gold, np.array(["a"] * 4), 3)["accuracy"].ci95 is None


def test_no_line_of_one_fold_meets_a_face_of_another():
    draw = np.random.default_rng(0)
    face_labels, line_labels = draw.integers(0, 3, 60), draw.integers(0, 3, 200)
    face_fold, line_fold = draw.integers(0, 4, 60), draw.integers(0, 4, 200)
    line = pair_within_folds(face_labels, face_fold, line_labels, line_fold, 0)
    assert (line_labels[line] == face_labels).all()
    assert (line_fold[line] == face_fold).all()
    assert len(set(line.tolist())) == 60
    assert not np.array_equal(line, pair_within_folds(face_labels, face_fold, line_labels, line_fold, 1))
    none = pair_within_folds(np.array([2]), np.array([0]), np.array([1]), np.array([0]), 0)
    assert none.tolist() == [-1]


def test_rows_that_cannot_be_measured_say_why():
    entries, missing = chosen(FusionBenchmark(Path(), Path()))
    assert set(missing) == set(CLIP_ROWS)
    assert "--clip" in missing["clip_lora"]
    names = [entry.name for entry in entries]
    assert len(names) == len(set(names))
    few, missing = chosen(FusionBenchmark(Path(), Path(), models=("late",)))
    assert [entry.name for entry in few] == ["text", "image", "late"]
    assert not missing
    assert few[-1] == Entry("late", "late")
    with pytest.raises(InputError, match="there is no row magic"):
        chosen(FusionBenchmark(Path(), Path(), models=("magic",)))


def test_wrong_parts_and_folders_are_told(tmp_path: Path):
    with pytest.raises(InputError, match="there is no part moon"):
        run(benchmark_fusion(FusionBenchmark(tmp_path, tmp_path, parts=("moon",))))
    for part in ("meld_film", "msctd_ferplus", "episode_dev"):
        with pytest.raises(InputError):
            run(benchmark_fusion(FusionBenchmark(tmp_path, tmp_path, parts=(part,))))


def test_the_sample_is_there(tmp_path: Path):
    material = run(sample_part(tmp_path))
    assert material.unit == "scene"
    assert len(material.faces) > 30
    frames = material.faces.pictures[FACE][0]
    assert frames
    assert frames[0].ndim == 3
    assert all(material.lines.texts or [""])
    pairing = material.pairing(0)
    assert len(set(pairing.fold.tolist())) == 4
    for group in np.unique(pairing.groups):
        assert len(set(pairing.fold[pairing.groups == group].tolist())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["open_clip", "vilt"])
def test_rows_of_an_image_text_network(kind: str, tmp_path: Path):
    folder = tmp_path / kind
    folder.mkdir()
    save_open_clip(folder) if kind == "open_clip" else save_transformers(kind, folder)
    entries, missing = chosen(FusionBenchmark(Path(), Path(), models=CLIP_ROWS, clip=folder))
    assert [entry.name for entry in entries] == ["text", "image", *CLIP_ROWS]
    assert not missing
    material = aligned("made", "bright and glad, dark and sad", "film", small_pairs(16))
    short = [replace(one, training=SHORT) for one in entries]
    rows = {
        row["name"]: row for row in rows_of(material, [material.pairing(0)], run(judge(material, short, [0], tmp_path)))
    }
    assert rows["clip_lora"]["trained_parameters"] < rows["clip_tuned"]["trained_parameters"]
    assert rows["clip_frozen"]["operations"] > 0
    assert rows["clip_tuned"]["beats_best_single"]
