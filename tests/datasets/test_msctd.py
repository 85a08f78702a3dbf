from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.datasets.msctd import MsctdLine, read_msctd
from mmemo.errors import InputError


def save(
    folder: Path, texts: list[str], sentiments: str, *dialogues: str, split: str = "dev", index: str = "image_index"
) -> Path:
    """A split in the form of the published files: CRLF, one row a line."""
    folder.mkdir(exist_ok=True)
    for name, rows in (("english", texts), ("sentiment", list(sentiments)), (index, list(dialogues))):
        (folder / f"{name}_{split}.txt").write_bytes("".join(f"{row}\r\n" for row in rows).encode())
    return folder


@pytest.mark.parametrize("index", ["image_index", "img_index"])
def test_lines_sentiments_and_dialogues_are_put_together(tmp_path: Path, index: str) -> None:
    save(tmp_path, ["Hello.", "Oh\u2028no!", "Fine."], "012", "[0, 1]", "[2]", index=index)
    assert read_msctd(tmp_path, "dev") == [
        MsctdLine("Hello.", "neutral", 0),
        MsctdLine("Oh\u2028no!", "negative", 0),
        MsctdLine("Fine.", "positive", 1),
    ]


def test_an_empty_split_and_one_line(tmp_path: Path) -> None:
    assert read_msctd(save(tmp_path / "a", [], ""), "dev") == []
    assert len(read_msctd(save(tmp_path / "b", ["Hi."], "1", "[0]"), "dev")) == 1


@pytest.mark.parametrize(
    ("texts", "sentiments", "dialogues", "words"),
    [
        (["a", "b"], "0", ["[0, 1]"], "2 lines of dev and 1 sentiments"),
        (["a"], "3", ["[0]"], "row 1 .* is '3'"),
        (["a", "b"], "01", ["[0]"], "about 1 lines, not 2"),
        (["a", "b"], "01", ["[0]", "[0]"], "row 2 .* line 1"),
        (["a"], "0", ["0"], "row 1"),
        (["a"], "0", ["[0"], "row 1"),
    ],
)
def test_files_that_disagree_are_refused(
    tmp_path: Path, texts: list[str], sentiments: str, dialogues: list[str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        read_msctd(save(tmp_path, texts, sentiments, *dialogues), "dev")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"english_dev\.txt does not exist"):
        read_msctd(tmp_path, "dev")
    with pytest.raises(InputError, match="train, dev, test"):
        read_msctd(tmp_path, "valid")
    (tmp_path / "english_dev.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="UTF-8"):
        read_msctd(tmp_path, "dev")
