"""The film benchmark on a few drawn faces: its rows, its keys, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.benchmark.weak.film import FilmBenchmark, benchmark_film
from mmemo.benchmark.weak.table import DEFAULT_RECIPE
from mmemo.datasets.drawn import CAST, draw_face
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import run
from tests.benchmark.weak.made import meld_folder


def drawn_data(folder: Path) -> Path:
    """Three drawn faces of each emotion, one in each of three films, and lines of MELD's form."""
    draw = np.random.default_rng(0)
    for label in EKMAN7.labels:
        faces = folder / "film_faces_train" / label
        faces.mkdir(parents=True)
        for number, name in enumerate(("Nora", "Ben", "Nora")):
            person = CAST[name if name in CAST else next(iter(CAST))]
            Image.fromarray(draw_face(person, label, 1.0, draw, 120)).save(faces / f"Film{number}_1_{number}.jpg")
    meld_folder(folder / "meld", "test", EKMAN7.labels)
    return folder


@pytest.mark.slow
def test_every_row_is_there_with_the_keys_of_the_contract(tmp_path: Path) -> None:
    settings = FilmBenchmark(drawn_data(tmp_path / "data"), tmp_path / "cache", (0, 1), (DEFAULT_RECIPE, "fused"))
    outcome = run(benchmark_film(settings))
    said = outcome.to_contract()
    rows = {row["name"]: row for row in said["rows"]}
    assert list(rows) == [
        "majority", "image_only", "teacher", DEFAULT_RECIPE, "fused", "gold_ceiling",
        "gold_100_alone", f"{DEFAULT_RECIPE}+100_random", f"{DEFAULT_RECIPE}+100_in_review_order",
        "fused+100_random", "fused+100_in_review_order",
    ]  # fmt: skip
    wanted = {"name", "accuracy", "macro_f1", "gain_accuracy", "gain_accuracy_ci95", "gain_macro_f1", "recall"}
    assert wanted <= set(rows[DEFAULT_RECIPE])
    assert [name for name, row in rows.items() if row.get("default")] == [DEFAULT_RECIPE]
    assert rows["fused"]["seeds"] == 2 and rows["fused"]["units"] == 3 and rows["fused"]["n"] == 21
    assert "synthetic" in said["settings"]["pairing"] and said["settings"]["seeds"] == [0, 1]
    assert len(said["checks"]) == 4


def test_a_missing_folder_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="film_faces_train"):
        run(benchmark_film(FilmBenchmark(tmp_path, tmp_path / "cache")))


def test_an_unknown_recipe_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown recipe"):
        run(benchmark_film(FilmBenchmark(tmp_path, tmp_path / "cache", recipes=("magic",))))
    assert not (tmp_path / "cache").exists()
