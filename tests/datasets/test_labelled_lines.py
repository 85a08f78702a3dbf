from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.datasets.labelled_lines import read_labelled_lines
from mmemo.errors import InputError


def saved(folder: Path, content: str) -> Path:
    path = folder / "lines.csv"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("header", ["text,emotion", "Utterance,Emotion", "line,LABEL"])
def test_rows_keep_their_order_and_blank_ones_are_left_out(tmp_path: Path, header: str) -> None:
    path = saved(tmp_path, f"{header}\nOh  my,happy\n,sad\nSo?,\nNo,anger\n")
    assert read_labelled_lines(path) == [("Oh my", "joy"), ("No", "anger")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "needs the columns"),
        ("text,mood\na,b\n", "needs the columns"),
        ("text,emotion\n", "no line"),
        ("text,emotion\na,joy\nb,bored\n", "row 3 .*bored"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_labelled_lines(saved(tmp_path, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*lines\.csv"):
        read_labelled_lines(tmp_path / "lines.csv")
