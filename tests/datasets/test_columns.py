"""Parquet tables from strangers: only what is asked for is read, and no more than the bounds."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmemo.datasets import columns
from mmemo.datasets.columns import column_names, open_parquet
from mmemo.datasets.flat_table import flat_set
from mmemo.errors import InputError


def save(folder: Path, **values: object) -> Path:
    pq.write_table(pa.table(values), folder / "set.parquet", compression="zstd")
    return folder / "set.parquet"


def test_only_named_columns_are_read(tmp_path: Path):
    path = save(tmp_path, label=[1, 2, None], text=["a ", None, "a "], pictures=[[1], [2], [3]])
    assert column_names(path, "") == ["label", "text", "pictures"]
    found = open_parquet(path, ("text", "label", "none"), "")
    assert list(found) == ["text", "label"]
    assert list(found["text"]) == ["a", "", "a"]
    assert list(found["label"]) == ["1", "2", ""]
    with pytest.raises(InputError, match="pictures of .* holds lists"):
        open_parquet(path, ("pictures",), "")


@pytest.mark.parametrize(
    ("bound", "value", "match"),
    [
        ("_MAX_ROWS", 2, "3 rows, more than 2"),
        ("_MAX_UNPACKED_BYTES", 20, "unpacks to"),
        ("_MAX_TEXT_BYTES", 5, "text"),
    ],
)
def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, value: int, match: str):
    path = save(tmp_path, path=["a", "b", "c"], label=["joy", "joy", "fear"])
    assert len(open_parquet(path, ("path", "label"), "")) == 2
    monkeypatch.setattr(columns, bound, value)
    with pytest.raises(InputError, match=match):
        open_parquet(path, ("path", "label"), "")


def test_one_long_text_in_many_rows_is_measured_before_it_is_copied(tmp_path: Path):
    rows = 3000
    long = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["x" * 1_000_000])
    path = save(tmp_path, path=[f"{row}.png" for row in range(rows)], label=["joy"] * rows, text=long)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="more than 1024 MB of text"):
        flat_set(path)
