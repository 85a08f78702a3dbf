"""EMOTIC in its three forms: MATLAB's nested cells, CSV with lists as text, and arrays; one gives the other."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from mmemo.datasets.emotic import CSV_COLUMNS, emotic_set, read_csv
from mmemo.datasets.emotic_convert import convert_emotic
from mmemo.datasets.paired import BODY, CONTEXT
from mmemo.errors import InputError
from mmemo.labels import EMOTIC26
from mmemo.progress import run


def struct(**fields: object) -> np.ndarray:
    """A 1x1 struct of MATLAB."""
    value = np.empty((1, 1), [(name, object) for name in fields])
    for name, field in fields.items():
        value[0, 0][name] = field
    return value


def row_of(*structs: np.ndarray) -> np.ndarray:
    return np.concatenate(structs, axis=1)


def cell(*values: object) -> np.ndarray:
    cells = np.empty((1, len(values)), object)
    for i, value in enumerate(values):
        cells[0, i] = value
    return cells


def vad(*values: float) -> np.ndarray:
    return struct(
        **{name: np.array([[v]]) for name, v in zip(("valence", "arousal", "dominance"), values, strict=True)}
    )


def train_person(box: list[float], categories: list[str], values: list[float]) -> np.ndarray:
    return struct(
        body_bbox=np.array([box], float),
        annotations_categories=struct(categories=cell(*categories), worker="Fear"),
        annotations_continuous=vad(*values),
        gender="Male",
        age="Adult",
    )


def test_person(box: list[float], each: list[list[str]], combined: list[str], values: list[float]) -> np.ndarray:
    return struct(
        body_bbox=np.array([box], float),
        annotations_categories=row_of(*(struct(categories=cell(*names)) for names in each)),
        combined_categories=cell(*combined),
        annotations_continuous=row_of(*(vad(1, 1, 1) for _ in each)),
        combined_continuous=vad(*values),
        gender="Female",
        age="Kid",
    )


test_person.__test__ = False  # type: ignore[attr-defined]


def example(name: str, folder: str, *people: np.ndarray) -> np.ndarray:
    return struct(
        filename=name,
        folder=folder,
        image_size=struct(n_col=np.array([[40]]), n_row=np.array([[30]])),
        original_database=struct(name="framesdb", info=struct(id=np.array([[1]]))),
        person=row_of(*people),
    )


def save(folder: Path) -> Path:
    """Three training persons, of whom one has no dimensions, and one person each for validation and test."""
    train = [
        example(
            "a.jpg",
            "mscoco/images",
            train_person([-5.5, 2, 20, 99], ["Happiness", "Doubt/Confusion"], [7, 6, 5]),
            train_person([20, 0, 40, 30], ["Anger"], [2, float("nan"), 5]),
            train_person([20, 0, 40, 30], ["Anger"], [2, 8, 9]),
        ),
        example("b.png", "ade20k/images", train_person([0, 0, 10, 10], ["Peace"], [5, 1, 5])),
    ]
    several = test_person([1, 1, 9, 9], [["Pain"], ["Fear", "Pain"]], ["Fear", "Pain"], [3.5, 6.25, 2])
    rest = {"val": row_of(example("c.jpg", "emodb_small/images", several))}
    rest["test"] = row_of(example("d.jpg", "framesdb/images", several))
    (folder / "Annotations").mkdir(parents=True)
    savemat(folder / "Annotations" / "Annotations.mat", {"train": row_of(*train), **rest}, do_compression=True)
    for path in ("mscoco/images/a.jpg", "ade20k/images/b.png", "emodb_small/images/c.jpg", "framesdb/images/d.jpg"):
        (folder / "emotic" / path).parent.mkdir(parents=True)
        noise = np.random.default_rng(len(path)).integers(0, 255, (30, 40, 3), np.uint8)
        Image.fromarray(noise).save(folder / "emotic" / path)
    return folder


def names(labels: np.ndarray) -> list[str]:
    return [EMOTIC26.labels[i] for i in np.flatnonzero(labels)]


def test_train_of_the_published_file(tmp_path: Path):
    found = emotic_set(save(tmp_path), "train")
    assert found.ids == ("mscoco/images/a.jpg#0", "mscoco/images/a.jpg#1", "ade20k/images/b.png#0")
    assert found.groups == ("mscoco/images/a.jpg", "mscoco/images/a.jpg", "ade20k/images/b.png")
    assert [names(row) for row in found.labels] == [["doubt/confusion", "happiness"], ["anger"], ["peace"]]
    assert found.dimensions.tolist() == [[7, 6, 5], [2, 8, 9], [5, 1, 5]]
    assert found.dimension_names == ("valence", "arousal", "dominance")
    assert [found.pictures[BODY][i][0].shape for i in range(3)] == [(28, 20, 3), (30, 20, 3), (10, 10, 3)]
    assert found.pictures[CONTEXT][0][0].shape == (30, 40, 3)
    assert [str(p) for p in found.problems] == [
        "persons without categories or dimensions: 1 (mscoco/images/a.jpg person 1)"
    ]


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_combined_opinion_is_read(tmp_path: Path, split: str):
    found = emotic_set(save(tmp_path), split)
    assert names(found.labels[0]) == ["fear", "pain"]
    assert found.dimensions.tolist() == [[3.5, 6.25, 2]]


def test_pictures_that_are_not_there_are_counted_once(tmp_path: Path):
    (save(tmp_path) / "emotic/mscoco/images/a.jpg").unlink()
    found = emotic_set(tmp_path, "train")
    assert str(found.problems[-1]) == "missing pictures: 1 (mscoco/images/a.jpg)"
    assert found.pictures[BODY][0] == []
    assert found.pictures[CONTEXT].present.tolist() == [False, False, True]


def test_csv_has_the_form_that_users_expect(tmp_path: Path):
    done = run(convert_emotic(save(tmp_path / "in"), tmp_path / "out", "csv"))
    assert done.rows == {"train": 3, "val": 1, "test": 1}
    with (tmp_path / "out" / "train.csv").open(newline="") as stream:
        header, first, *_ = csv.reader(stream)
    assert tuple(header) == CSV_COLUMNS
    assert first == [
        "0", "mscoco/images", "a.jpg", "[40, 30]", "[0, 2, 20, 30]", "['Happiness', 'Doubt/Confusion']",
        "[7.0, 6.0, 5.0]", "Male", "Adult",
    ]  # fmt: skip


@pytest.mark.parametrize("to", ["csv", "npy"])
def test_every_form_gives_the_same_persons(tmp_path: Path, to: str):
    save(tmp_path / "in")
    run(convert_emotic(tmp_path / "in", tmp_path / "in" / "emotic_pre", to))
    for split in ("train", "val", "test"):
        first, second = emotic_set(tmp_path / "in", split), emotic_set(tmp_path / "in" / "emotic_pre", split)
        assert (first.ids, first.groups) == (second.ids, second.groups)
        np.testing.assert_array_equal(first.labels, second.labels)
        np.testing.assert_array_equal(first.dimensions, second.dimensions)
        if to == "npy":
            assert second.pictures[CONTEXT][0][0].shape == (224, 224, 3)
            assert second.pictures[BODY][0][0].shape == (128, 128, 3)
        else:
            np.testing.assert_array_equal(first.pictures[BODY][0][0], second.pictures[BODY][0][0])


def test_arrays_leave_out_damaged_pictures(tmp_path: Path):
    save(tmp_path / "in")
    (tmp_path / "in/emotic/mscoco/images/a.jpg").write_bytes(b"damaged")
    (tmp_path / "in/emotic/framesdb/images/d.jpg").unlink()
    done = run(convert_emotic(tmp_path / "in", tmp_path / "out", "npy"))
    assert done.rows == {"train": 1, "val": 1, "test": 0}
    assert np.load(tmp_path / "out" / "train_cat_arr.npy").sum() == 1
    assert len(emotic_set(tmp_path / "out", "test")) == 0
    assert len(done.problems) == 3
    assert all(path.is_file() for path in done.files)


def test_arrays_that_were_shuffled_alone_are_caught(tmp_path: Path):
    save(tmp_path / "in")
    run(convert_emotic(tmp_path / "in", tmp_path / "out", "npy"))
    path = tmp_path / "out" / "train_cat_arr.npy"
    np.save(path, np.load(path)[[1, 0, 2]])
    with pytest.raises(InputError, match=r"row 0 of .*different persons"):
        emotic_set(tmp_path / "out", "train")
    (tmp_path / "out" / "train.csv").unlink()
    alone = emotic_set(tmp_path / "out", "train")
    assert "count as independent" in str(alone.problems[0])
    assert alone.ids == ("train/0", "train/1", "train/2")


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("BBox", "__import__('os').system('echo harm')", "row 1 .*malformed"),
        ("BBox", "[1, 2]", "no list of 4"),
        ("BBox", "[" * 3000, "no list"),
        ("BBox", "[" + "1, " * 3000 + "]", "absurd length"),
        ("Categorical_Labels", "['Boredom']", "boredom"),
        ("Continuous_Labels", "[nan, 1, 2]", "malformed"),
        ("Filename", "../../../etc/passwd", "not inside"),
    ],
)
def test_a_csv_from_strangers(tmp_path: Path, column: str, value: str, words: str):
    row = dict(
        zip(
            CSV_COLUMNS,
            (0, "x", "a.jpg", "[4, 4]", "[0, 0, 2, 2]", "['Anger']", "[1, 2, 3]", "Male", "Adult"),
            strict=True,
        )
    )
    with (tmp_path / "train.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([CSV_COLUMNS, {**row, column: value}.values()])
    with pytest.raises(InputError, match=words):
        emotic_set(tmp_path, "train")


def test_files_of_another_form(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        emotic_set(tmp_path, "train")
    with pytest.raises(InputError, match="no split 'dev'"):
        emotic_set(tmp_path, "dev")
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "Annotations.mat").write_bytes(b"MATLAB 5.0 MAT-file" + b"\0" * 200)
    with pytest.raises(InputError, match="no MATLAB file"):
        emotic_set(tmp_path, "train")
    savemat(tmp_path / "Annotations" / "Annotations.mat", {"train": np.zeros((2, 2))})
    with pytest.raises(InputError, match="example 0 of train"):
        emotic_set(tmp_path, "train")
    with pytest.raises(InputError, match="to 'xml'"):
        run(convert_emotic(tmp_path, tmp_path, "xml"))
    (tmp_path / "empty.csv").write_text(",".join(CSV_COLUMNS) + "\n")
    assert read_csv(tmp_path / "empty.csv") == []
