"""MSCTD with its pictures: the line number is the picture's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mmemo.datasets.msctd import msctd_set
from mmemo.datasets.paired import CONTEXT
from mmemo.errors import InputError


def save(folder: Path, split: str = "train", index_name: str = "image_index", language: str = "english") -> Path:
    """Four lines in two dialogues, with CRLF and a final newline as in the published files."""
    lines = ["Hello.", "Go\u2028away!", " Why ? ", "Fine."]
    (folder / f"{language}_{split}.txt").write_bytes("\r\n".join([*lines, ""]).encode())
    (folder / f"sentiment_{split}.txt").write_bytes(b"0\r\n1\r\n0\r\n2\r\n")
    (folder / f"{index_name}_{split}.txt").write_bytes(b"[0, 1, 2]\r\n[3]\r\n")
    return folder


def save_pictures(folder: Path, *numbers: int) -> None:
    folder.mkdir()
    for number in numbers:
        Image.new("RGB", (4, 4), (number * 50, 0, 0)).save(folder / f"{number}.jpg", quality=100)


@pytest.mark.parametrize("index_name", ["image_index", "img_index"])
@pytest.mark.parametrize(("language", "images"), [("english", "train_ende"), ("chinese", "train_enzh")])
def test_lines_have_the_picture_of_their_number(tmp_path: Path, index_name: str, language: str, images: str):
    save(tmp_path, index_name=index_name, language=language)
    save_pictures(tmp_path / images, 0, 1, 2, 3)
    found = msctd_set(tmp_path, "train", language)
    assert found.ids == ("train/0", "train/1", "train/2", "train/3")
    assert found.groups == ("train/dialogue 0",) * 3 + ("train/dialogue 1",)
    assert found.texts == ("Hello.", "Go\u2028away!", "Why ?", "Fine.")
    assert found.contexts == ("", "Hello.", "Hello. Go\u2028away!", "")
    assert found.labels.tolist() == [0, 1, 0, 2]
    assert [round(int(found.pictures[CONTEXT][i][0][0, 0, 0]) / 50) for i in range(4)] == [0, 1, 2, 3]
    assert found.problems == ()


def test_pictures_without_lines_and_lines_without_pictures_are_counted(tmp_path: Path):
    save(tmp_path, "dev")
    save_pictures(tmp_path / "dev", 0, 2, 3, 4, 5)
    found = msctd_set(tmp_path, "dev")
    assert [str(problem) for problem in found.problems] == [
        "missing pictures: 1 (1.jpg)",
        "pictures without a line: 2 (4.jpg, 5.jpg)",
    ]
    assert found.pictures[CONTEXT][1] == []
    assert found.pictures[CONTEXT].present.tolist() == [True, False, True, True]


def test_text_alone_is_read_and_said(tmp_path: Path):
    found = msctd_set(save(tmp_path), "train")
    assert found.pictures == {}
    assert "missing folder of pictures" in str(found.problems[0])


def test_an_unknown_language_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="not in 'klingon'"):
        msctd_set(save(tmp_path), "train", "klingon")
    with pytest.raises(InputError, match=r"german_train.txt does not exist"):
        msctd_set(tmp_path, "train", "german")
