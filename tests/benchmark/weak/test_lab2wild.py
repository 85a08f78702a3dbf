"""The benchmark from lab to wild on a handful of made faces: its rows, its cache, and what it refuses."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from mmemo.benchmark.weak import lab2wild
from mmemo.benchmark.weak.lab2wild import Lab2WildBenchmark, benchmark_lab2wild
from mmemo.benchmark.weak.lab2wild_looks import chunks, looks_kept
from mmemo.benchmark.weak.lab2wild_network import Lab2WildNetwork, benchmark_lab2wild_network
from mmemo.benchmark.weak.lab2wild_upper import HEAD_SCHEMES, Lab2WildUpper, benchmark_lab2wild_upper
from mmemo.benchmark.weak.table import DEFAULT_RECIPE
from mmemo.datasets.ferplus import VOTES
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.student import recipes
from mmemo.student.backbones import Backbone, Preprocessing
from mmemo.student.recipes import RECIPES
from mmemo.student.schemes import SCHEMES, Scheme
from mmemo.student.targets import teacher_soft
from mmemo.student.top_blocks import TopBlocks
from pipelines.benchmark import lab2wild as command
from tests.benchmark.weak.made import meld_folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two faces of every emotion in train and test, more neutral ones in valid, ten persons in the lab, and lines."""
    folder = tmp_path_factory.mktemp("data")
    draw = np.random.default_rng(0)
    (folder / "ferplus").mkdir()
    for part in ("train", "valid", "test"):
        labels = [label for label in EKMAN7.labels for _ in range(2)] + ["neutral"] * (250 if part == "valid" else 0)
        votes = np.array([[10 * (name == label) for name in VOTES] for label in labels], np.uint8)
        images = draw.integers(0, 256, (len(labels), 48, 48), np.uint8)
        np.savez(folder / "ferplus" / f"{part}.npz", images=images, votes=votes)
    labels = [label for label in EKMAN7.labels[1:] for _ in range(20)]
    subjects = np.array([f"S{number % 20:03}" for number in range(len(labels))])
    images = draw.integers(0, 256, (len(labels), 48, 48), np.uint8)
    np.savez(folder / "ck48.npz", images=images, label=np.array(labels), subject=subjects)
    meld_folder(folder / "meld", "test", EKMAN7.labels)
    return folder


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab2wild, "_LAB_STEPS", 1)
    monkeypatch.setattr(lab2wild, "_LAB_BATCH", 4)


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_rows_of_both_kinds_of_student(data: Path, tmp_path: Path):
    settings = Lab2WildBenchmark(data, tmp_path, (0, 1), (7, 0), (DEFAULT_RECIPE, "fused"), start="random")
    said = run(benchmark_lab2wild(settings)).to_contract()
    names = ["majority", "image_only", "teacher", DEFAULT_RECIPE, "fused", "gold_ceiling"]
    assert [(row["name"], row["target_faces"]) for row in said["rows"]] == [(n, c) for c in (7, 14) for n in names]
    assert [row["target_faces"] for row in said["rows"] if row.get("default")] == [7, 14]
    wanted = {"name", "accuracy", "macro_f1", "gain_accuracy", "gain_accuracy_ci95", "gain_macro_f1", "recall"}
    assert all(wanted <= set(row) for row in said["rows"] if row["name"] in (DEFAULT_RECIPE, "fused"))
    assert [check["asked"] for check in said["checks"]] == [66.0]
    assert "synthetic" in said["settings"]["pairing"] and said["settings"]["baseline_start"] == "random"

    whole = Lab2WildNetwork(Lab2WildBenchmark(data, tmp_path, (0,), (7,), start="random"), steps=1, batch_size=5)
    tuned = run(benchmark_lab2wild_network(whole)).to_contract()
    assert [row["name"] for row in tuned["rows"]] == [
        "majority",
        "image_only",
        "teacher",
        "calibrated_fusion",
        "lines_alone",
        "gold_ceiling",
    ]
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert run(benchmark_lab2wild_network(whole)).to_contract() == tuned
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")} == kept
    assert list(tmp_path.rglob("*.checkpoint")) == []


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_upper_blocks_are_trained_on_looks_that_are_kept(data: Path, tmp_path: Path):
    settings = Lab2WildBenchmark(data, tmp_path, (0, 1), (7, 0), ("fused",), start="random")
    upper = Lab2WildUpper(settings, TopBlocks(blocks=1, steps=1, batch_size=5, source_share=0.2))
    told = run(benchmark_lab2wild_upper(upper)).to_contract()
    names = ["majority", "image_only", "teacher", "fused", "gold_ceiling"]
    assert [(row["name"], row["target_faces"]) for row in told["rows"]] == [(n, c) for c in (7, 14) for n in names]
    assert "last 1 blocks" in told["settings"]["student"]
    heads = run(benchmark_lab2wild(settings)).to_contract()
    assert told["rows"][1]["accuracy"] == pytest.approx(heads["rows"][1]["accuracy"], abs=0.2)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert len([path for path in kept if path.name.startswith("student-")]) == 6
    assert run(benchmark_lab2wild_upper(upper)).to_contract() == told
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy") if path in kept} == kept


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_a_kept_student_is_of_these_targets_and_these_faces(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cache, name = tmp_path / "cache", "reread_fusion"
    changed = tmp_path / "changed"
    shutil.copytree(data, changed)
    with np.load(changed / "ferplus" / "test.npz") as test:
        np.savez(changed / "ferplus" / "test.npz", images=255 - test["images"], votes=test["votes"])
    how = TopBlocks(blocks=1, steps=1, batch_size=4)

    def students(folder: Path) -> tuple[int, int]:
        settings = Lab2WildBenchmark(folder, cache, (0,), (7,), (name,), start="random")
        run(benchmark_lab2wild_upper(Lab2WildUpper(settings, how)))
        upper = len(list(cache.glob("student-*.npy")))
        settings = replace(settings, recipes=("fused",))
        run(benchmark_lab2wild_network(Lab2WildNetwork(settings, steps=1, batch_size=5)))
        return upper, len(list(cache.glob("student-*.npy")))

    assert students(data) == (2, 4)
    assert students(data) == (4, 4)
    assert students(changed) == (6, 8)
    monkeypatch.setattr(recipes, "RECIPES", {**RECIPES, name: replace(RECIPES[name], targets=teacher_soft)})
    assert students(changed) == (9, 9)


def test_looks_are_plain_mirrored_and_changed(tmp_path: Path):
    shape = Preprocessing(16, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), grey=True)
    backbone = Backbone("tiny", 1, shape, nn.Identity())
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16), np.uint8)
    looks = run(looks_kept(tmp_path, backbone, nn.Identity(), images, 4))
    assert looks.shape == (3, 4, 3, 16, 16) and looks.dtype == np.float16
    prepared = backbone.prepare([np.repeat(image[..., None], 3, axis=2) for image in images])
    np.testing.assert_allclose(looks[:, 0], prepared.numpy(), atol=0.01)
    np.testing.assert_array_equal(looks[:, 1], looks[:, 0, :, :, ::-1])
    assert not np.array_equal(looks[:, 2], looks[:, 3])
    np.testing.assert_array_equal(looks[:, 2, 0], looks[:, 2, 1])
    one = run(looks_kept(tmp_path, backbone, nn.Identity(), images[:1]))
    np.testing.assert_array_equal(one, looks[:1, :2])


def test_the_head_schemes_are_those_that_refuse_anything_else():
    def refuses(scheme: Scheme) -> bool:
        with pytest.raises((InputError, AttributeError)) as found:
            next(scheme(None, None, None, "train"))  # type: ignore[arg-type]
        return "trains the head alone" in str(found.value)

    assert {scheme for scheme in SCHEMES.values() if refuses(scheme)} == set(HEAD_SCHEMES)


def test_a_command_with_two_students_or_no_step_is_refused(data: Path, tmp_path: Path):
    with pytest.raises(InputError, match="two students"):
        command(data, finetune=True, whole=True, cache=tmp_path / "cache")
    with pytest.raises(InputError, match="at least one step"):
        command(data, whole=True, steps=0, cache=tmp_path / "cache")
    with pytest.raises(InputError, match="four faces a batch"):
        command(data, finetune=True, batch_size=0, cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_wrong_input_is_told_before_any_work(data: Path, tmp_path: Path):
    cache = tmp_path / "cache"
    with pytest.raises(InputError, match="unknown recipe"):
        run(benchmark_lab2wild(Lab2WildBenchmark(data, cache, recipes=("magic",))))
    with pytest.raises(InputError, match="trains the head alone"):
        run(benchmark_lab2wild_network(Lab2WildNetwork(Lab2WildBenchmark(data, cache, recipes=("averaged",)))))
    with pytest.raises(InputError, match="trains the head alone"):
        run(benchmark_lab2wild_upper(Lab2WildUpper(Lab2WildBenchmark(data, cache, recipes=("averaged",)))))
    with pytest.raises(InputError, match="there is no"):
        run(benchmark_lab2wild(Lab2WildBenchmark(tmp_path, cache)))
    with pytest.raises(InputError, match="at least one seed"):
        Lab2WildBenchmark(data, cache, seeds=())
    assert not cache.exists()


def test_looks_that_are_kept_apart():
    assert chunks(14) == [(0, 14)]
    assert chunks(4001) == [(0, 1000), (1000, 4000), (4000, 4001)]
    assert chunks(9000) == [(0, 1000), (1000, 4000), (4000, 8000), (8000, 9000)]
