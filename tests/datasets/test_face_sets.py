"""Faces with a label: FER+ as a folder and as arrays, FER2013 as numbers, folders of classes and flat CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmemo.datasets import ferplus
from mmemo.datasets.classes import columns_of
from mmemo.datasets.columns import ArrowColumn
from mmemo.datasets.fer2013 import fer2013_set
from mmemo.datasets.flat_table import flat_set, is_flat_table, splits_of
from mmemo.datasets.folder import folder_set
from mmemo.datasets.folder import splits_of as folder_splits
from mmemo.datasets.paired import FACE
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from tests.datasets.test_sources import save_picture

VOTE_ROWS = {
    "fer0000000.png": (4, 0, 0, 1, 3, 2, 0, 0, 0, 0),
    "fer0000002.png": (0, 8, 1, 0, 0, 0, 0, 1, 0, 0),
    "fer0000003.png": (0, 0, 0, 0, 2, 0, 0, 8, 0, 0),
    "fer0000004.png": (0, 0, 0, 0, 5, 0, 5, 0, 0, 0),
    "fer0000005.png": (0, 0, 0, 0, 0, 0, 0, 0, 0, 10),
}


def words(found: object) -> list[str]:
    return [found.vocabulary.labels[i] for i in found.labels]  # type: ignore[attr-defined]


def save_ferplus(folder: Path) -> Path:
    folder.mkdir(parents=True)
    rows = [f'{name},"(0, 0, 48, 48)",{",".join(map(str, votes))}' for name, votes in VOTE_ROWS.items()]
    (folder / "label.csv").write_text("\r\n".join([*rows, ""]))
    for i, name in enumerate(VOTE_ROWS):
        Image.new("L", (48, 48), 10 * i).save(folder / name)
    return folder


def test_ferplus_as_a_folder(tmp_path: Path):
    folder = save_ferplus(tmp_path / "FER2013Test")
    (folder / "fer0000002.png").unlink()
    found = ferplus.folder_set(folder, "test")
    assert found.ids == ("fer0000000.png", "fer0000002.png", "fer0000004.png")
    assert words(found) == ["neutral", "joy", "anger"]
    assert [[p.shape for p in found.pictures[FACE][i]] for i in range(3)] == [[(48, 48, 3)], [], [(48, 48, 3)]]
    assert {p.what: p.count for p in found.problems} == {
        "missing pictures": 1,
        "faces without a majority for one of the seven emotions": 2,
    }


@pytest.mark.parametrize("row", ["a.png,x,1,2", "a.png,x,a,0,0,0,0,0,0,0,0,0", "a.png,x,-1,0,0,0,0,0,0,0,0,9"])
def test_ferplus_that_is_malformed(tmp_path: Path, row: str):
    (tmp_path / "label.csv").write_text(f'fer1.png,"(0, 0, 48, 48)",9,0,0,0,0,0,0,0,0,1\n{row}\n')
    with pytest.raises(InputError, match="row 2"):
        ferplus.folder_set(tmp_path)


def test_ferplus_that_leads_out(tmp_path: Path):
    (tmp_path / "label.csv").write_text('../../etc/x.png,"(0, 0, 48, 48)",9,0,0,0,0,0,0,0,0,1\n')
    with pytest.raises(InputError, match="not inside"):
        ferplus.folder_set(tmp_path)


def test_ferplus_as_arrays_gives_the_same(tmp_path: Path):
    folder = save_ferplus(tmp_path / "folder")
    images = np.stack([np.asarray(Image.open(folder / name)) for name in VOTE_ROWS])
    np.savez(tmp_path / "test.npz", images=images, votes=np.array(list(VOTE_ROWS.values())))
    found, other = ferplus.array_set(tmp_path / "test.npz", "test"), ferplus.folder_set(folder, "test")
    assert words(found) == words(other)
    for i in range(3):
        np.testing.assert_array_equal(found.pictures[FACE][i][0], other.pictures[FACE][i][0])
    read = ferplus.read_ferplus(tmp_path / "test.npz")
    assert read.labels.tolist() == found.labels.tolist()


def fer_row(emotion: int, value: int, usage: str, count: int = 48 * 48) -> str:
    return f"{emotion},{' '.join([str(value)] * count)},{usage}"


def test_fer2013(tmp_path: Path):
    path = tmp_path / "fer2013.csv"
    rows = [
        "emotion,pixels,Usage",
        fer_row(0, 7, "Training"),
        fer_row(6, 255, "PublicTest"),
        fer_row(3, 9, "Training"),
        fer_row(4, 8, "PrivateTest"),
    ]
    path.write_bytes("\r\n".join([*rows, ""]).encode())
    found = fer2013_set(path, "train")
    assert words(found) == ["anger", "joy"]
    assert [int(found.pictures[FACE][i][0].max()) for i in range(2)] == [7, 9]
    assert found.pictures[FACE][1][0].shape == (48, 48, 3)
    assert words(fer2013_set(path, "valid")) == ["neutral"]
    assert words(fer2013_set(path, "test")) == ["sadness"]
    assert found.subset([1]).pictures[FACE][0][0][0, 0, 0] == 9


@pytest.mark.parametrize(
    "row",
    [fer_row(7, 1, "Training"), "0,1 2 x,Training", "0,1", "0," + "1 " * 30_000 + ",Training"],
    ids=["emotion", "signs", "short", "absurd"],
)
def test_fer2013_that_is_malformed(tmp_path: Path, row: str):
    path = tmp_path / "fer2013.csv"
    path.write_text(f"emotion,pixels,Usage\n{fer_row(1, 1, 'Training')}\n{row}\n")
    with pytest.raises(InputError, match="row 2") as caught:
        fer2013_set(path, "train")
    assert len(str(caught.value)) < 400


def test_fer2013_with_too_few_pixels_shows_nothing(tmp_path: Path):
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(["emotion,pixels,Usage", fer_row(1, 1, "Training", 9), fer_row(1, 300, "Training")]))
    assert [fer2013_set(path, "train").pictures[FACE][i] for i in range(2)] == [[], []]
    with pytest.raises(InputError, match="no split"):
        fer2013_set(path, "dev")
    with pytest.raises(InputError, match="no FER2013"):
        fer2013_set(tmp_path, "train")


def test_a_folder_of_classes(tmp_path: Path):
    for name in ("happy/FilmA_1.jpg", "happy/FilmB_1.jpg", "sad/FilmA_2.PNG", "sad/.hidden.jpg", "empty/readme.txt"):
        save_picture(tmp_path / name, 3) if not name.endswith("txt") else (tmp_path / "empty").mkdir()
    found = folder_set(tmp_path)
    assert found.vocabulary is EKMAN7
    assert words(found) == ["joy", "joy", "sadness"]
    assert found.ids == found.groups == ("happy/FilmA_1.jpg", "happy/FilmB_1.jpg", "sad/FilmA_2.PNG")
    assert folder_set(tmp_path, group_pattern="^[^_]+").groups == ("FilmA", "FilmB", "FilmA")
    assert len(found.pictures[FACE][2]) == 1
    with pytest.raises(InputError, match="does not match"):
        folder_set(tmp_path, group_pattern="^X")
    with pytest.raises(InputError, match="no regular expression"):
        folder_set(tmp_path, group_pattern="(")
    with pytest.raises(InputError, match="no pictures"):
        folder_set(tmp_path / "empty")
    assert folder_splits(tmp_path) == ("",)
    assert folder_splits(tmp_path / "happy") == ()


def test_a_folder_with_splits(tmp_path: Path):
    for name in ("train/cat/a.jpg", "test/dog/b.jpg", "test/cat/c.jpg"):
        save_picture(tmp_path / name, 3)
    assert folder_splits(tmp_path) == ("train", "test")
    found = folder_set(tmp_path, "test")
    assert found.vocabulary.labels == ("cat", "dog")
    assert found.ids == ("cat/c.jpg", "dog/b.jpg")


def test_labels_as_words():
    assert columns_of(["happy", "sad", "happy"])[0] is EKMAN7
    own, columns = columns_of(["joyful", "peaceful", "mad"])
    assert (own.labels, columns.tolist()) == (("joyful", "mad", "peaceful"), [0, 2, 1])
    with pytest.raises(InputError, match="0 different"):
        columns_of([])
    with pytest.raises(InputError, match="1001 different"):
        columns_of([str(i) for i in range(1001)])


def test_a_flat_csv(tmp_path: Path):
    save_picture(tmp_path / "x" / "a.png", 1)
    rows = [
        "path,label,group,text,split",
        'x/a.png,happy,f1,"Well, yes",train',
        "x/b.png,sad,,,train",
        "x/a.png,,,,train",
    ]
    (tmp_path / "set.csv").write_text("\n".join([*rows, "x/a.png,angry,f2,No,test", "x/a.png,angry,f2,Never,test"]))
    assert splits_of(tmp_path / "set.csv") == ("train", "test")
    found = flat_set(tmp_path / "set.csv", "train")
    assert words(found) == ["joy", "sadness"]
    assert found.groups == ("f1", "x/b.png")
    assert found.texts == ("Well, yes", "")
    assert {p.what: p.count for p in found.problems} == {"rows without a label": 1, "missing pictures": 1}
    both = flat_set(tmp_path / "set.csv", "test")
    assert (both.ids, both.texts) == (("x/a.png", "x/a.png (2)"), ("No", "Never"))
    with pytest.raises(InputError, match="no split 'dev'"):
        flat_set(tmp_path / "set.csv", "dev")


def test_a_table_in_parquet_gives_the_same_as_csv(tmp_path: Path):
    save_picture(tmp_path / "a.png", 1)
    table = pd.DataFrame(
        {
            "path": ["a.png", "b.png", "c.png", "a.png"],
            "label": ["happy", "sad", None, "happy"],
            "text": [" One. ", None, "Three.", "Four."],
            "group": ["f", "", None, "g"],
            "split": ["train", "train", "train", "test"],
        }
    )
    table.to_csv(tmp_path / "set.csv", index=False)
    table.to_parquet(tmp_path / "set.parquet")
    assert is_flat_table(tmp_path / "set.parquet")
    for split in ("train", "test", ""):
        first, second = (flat_set(tmp_path / name, split) for name in ("set.csv", "set.parquet"))
        assert (first.ids, first.groups) == (second.ids, second.groups)
        assert list(first.texts) == list(second.texts)
        assert first.labels.tolist() == second.labels.tolist()
        assert first.problems == second.problems
    assert isinstance(second.texts, ArrowColumn)
    assert second.texts[1:][0] == ""
    assert second.subset([2, 0]).texts == ("Four.", "One.")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no table")
    assert not is_flat_table(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match="no Parquet file"):
        flat_set(tmp_path / "bad.parquet")
    table[["path"]].to_parquet(tmp_path / "short.parquet")
    with pytest.raises(InputError, match="no column label"):
        flat_set(tmp_path / "short.parquet")


@pytest.mark.parametrize(
    "rows", ["path,label,text\na.png,joy,No\na.png,fear,Yes\n", "path,label,group\na.png,joy,\na.png,joy,\n"]
)
def test_one_picture_in_two_rows_is_one_group(tmp_path: Path, rows: str):
    (tmp_path / "set.csv").write_text(rows)
    found = flat_set(tmp_path / "set.csv")
    assert found.ids == ("a.png", "a.png (2)")
    assert found.groups == ("a.png", "a.png")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("path,label\n../../etc/passwd,joy\n", "not inside"),
        ("path\na.png\n", "no column label"),
        ("path,label\n", "no row with a label"),
        ("path,label\na.png\n", "row 1 .*too short"),
    ],
)
def test_a_flat_csv_from_strangers(tmp_path: Path, text: str, match: str):
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(InputError, match=match):
        flat_set(tmp_path / "set.csv")
