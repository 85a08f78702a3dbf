from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.datasets.goemotions import read_goemotions
from mmemo.errors import InputError

LABELS = "anger\ndisgust\nfear\njoy\nneutral\nsadness\nsurprise"


def save(folder: Path, content: str, labels: str = LABELS) -> Path:
    (folder / "labels.txt").write_text(labels, encoding="utf-8")
    (folder / "test.tsv").write_bytes(content.encode())
    return folder


def test_rows_with_one_and_with_several_emotions(tmp_path: Path) -> None:
    comments = read_goemotions(save(tmp_path, "So good!\t3\tid1\nWhat, no\u2026 \t6,0\tid2\n"), "test")
    assert [(c.text, c.emotions, c.comment_id) for c in comments] == [
        ("So good!", ("joy",), "id1"),
        ("What, no\u2026 ", ("surprise", "anger"), "id2"),
    ]


def test_fine_labels_are_mapped_and_counted_once(tmp_path: Path) -> None:
    save(tmp_path, 'a "quoted\t0,1,2\tid1\r\n', labels="admiration\namusement\ngrief\n")
    (comment,) = read_goemotions(tmp_path, "test")
    assert (comment.text, comment.emotions) == ('a "quoted', ("joy", "sadness"))


def test_odd_separators_stay_inside_a_row(tmp_path: Path) -> None:
    (comment,) = read_goemotions(save(tmp_path, "one\u2028two\x85three\tfour\t4\tid1"), "test")
    assert comment.text == "one\u2028two\x85three\tfour"


def test_an_empty_split_has_no_comments(tmp_path: Path) -> None:
    assert read_goemotions(save(tmp_path, ""), "test") == []


@pytest.mark.parametrize("bad", ["no tabs", "text\t9\tid", "text\tjoy\tid", "text\t-1\tid", "text\t\tid"])
def test_a_malformed_row_is_named(tmp_path: Path, bad: str) -> None:
    save(tmp_path, f"fine\t3\tid0\n{bad}\n")
    with pytest.raises(InputError, match="row 2"):
        read_goemotions(tmp_path, "test")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.txt"):
        read_goemotions(tmp_path, "test")
    save(tmp_path, "")
    with pytest.raises(InputError, match=r"dev\.tsv"):
        read_goemotions(tmp_path, "dev")
    with pytest.raises(InputError, match="no split"):
        read_goemotions(tmp_path, "valid")
    save(tmp_path, "", labels="joy\nboredom")
    with pytest.raises(InputError, match="boredom"):
        read_goemotions(tmp_path, "test")
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_goemotions(tmp_path, "test")
