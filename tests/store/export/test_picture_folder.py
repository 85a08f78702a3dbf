"""Faces as a folder of pictures: what it holds, and that the datasets library loads it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmemo.errors import StorageError
from mmemo.progress import run
from mmemo.store.export.picture_folder import METADATA_FILE, SPLIT_FOLDER, picture_names, write_picture_folder
from tests.store.export.made_content import HOSTILE, made_content


def test_only_faces_that_train_and_that_nobody_rejected(tmp_path: Path):
    run(write_picture_folder(made_content(tmp_path / "cut"), tmp_path / "out"))
    table = pd.read_parquet(tmp_path / "out" / SPLIT_FOLDER / METADATA_FILE)
    assert table["track_id"].tolist() == [1, 1]
    assert table["text"].tolist() == [HOSTILE[0]] * 2
    assert len(table["student_probs"][0]) == 7
    names = {path.name for path in (tmp_path / "out" / SPLIT_FOLDER).glob("*.jpg")}
    assert names == set(table["file_name"])
    assert str(tmp_path) not in table.to_json()


def test_names_that_differ_in_case_alone_stay_apart():
    names = picture_names(pd.DataFrame({"face_id": ["A", "a", "../a"]}))
    assert len({name.lower() for name in names}) == 3


def test_a_picture_that_is_gone_is_told(tmp_path: Path):
    content = made_content(tmp_path / "cut")
    (tmp_path / "cut" / content.faces["crop"][0]).unlink()
    with pytest.raises(StorageError, match="is missing"):
        run(write_picture_folder(content, tmp_path / "out"))


@pytest.mark.slow
@pytest.mark.parametrize("tracks", [1, 3])
def test_the_datasets_library_loads_it(tmp_path: Path, tracks: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="datasets is missing: pip install -r requirements-dev.txt")
    run(write_picture_folder(made_content(tmp_path / "cut", tracks), tmp_path / "out"))
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["train"]
    assert len(loaded) == 2
    assert loaded[0]["image"].size == (24, 24)
    assert (loaded[0]["human_label"], loaded[0]["student_label"]) == ("joy", "surprise")
    assert loaded[0]["text"] == HOSTILE[0]
    again = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "c2"))
    assert len(again["train"]) == 2


def test_no_face_leaves_an_empty_table(tmp_path: Path):
    run(write_picture_folder(made_content(tmp_path / "cut", 0), tmp_path / "out"))
    assert len(pd.read_parquet(tmp_path / "out" / SPLIT_FOLDER / METADATA_FILE)) == 0
