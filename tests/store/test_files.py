"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import json
import math
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmemo.errors import StorageError
from mmemo.store.files import (
    hash_file,
    hash_value,
    publish_file,
    publish_folder,
    read_array,
    read_json,
    read_table,
    to_json,
    write_json,
    write_table,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path):
    target = tmp_path / "new" / "a.txt"
    with publish_file(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
    assert target.read_text() == "half"
    assert names(target.parent) == ["a.txt"]


def test_a_failed_file_leaves_nothing_and_keeps_the_old_one(tmp_path: Path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), publish_file(target) as temporary:
        temporary.write_text("new, but")
        raise RuntimeError
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_appears_only_when_it_is_whole(tmp_path: Path):
    target = tmp_path / "cut-1"
    with publish_folder(target) as temporary:
        (temporary / "crops").mkdir()
        (temporary / "crops" / "a.jpg").write_bytes(b"x")
        assert not target.exists()
    assert (target / "crops" / "a.jpg").read_bytes() == b"x"
    assert names(tmp_path) == ["cut-1"]


def test_a_failed_folder_leaves_nothing(tmp_path: Path):
    with pytest.raises(RuntimeError), publish_folder(tmp_path / "cut-1") as temporary:
        (temporary / "a").write_text("half")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_cancelled_stage_leaves_no_folder(tmp_path: Path):
    def stage():
        with publish_folder(tmp_path / "cut-1") as temporary:
            (temporary / "a").write_text("half")
            yield

    running = stage()
    next(running)
    running.close()
    assert names(tmp_path) == []


def test_the_first_of_two_writers_wins(tmp_path: Path):
    target = tmp_path / "cut-1"
    with publish_folder(target) as slow, publish_folder(target) as fast:
        (slow / "who").write_text("slow")
        (fast / "who").write_text("fast")
    assert (target / "who").read_text() == "fast"
    assert names(tmp_path) == ["cut-1"]


def test_many_writers_at_once_leave_one_whole_folder(tmp_path: Path):
    target = tmp_path / "cut-1"
    gate = threading.Barrier(8)
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with publish_folder(target) as temporary:
                (temporary / "a").write_text(str(number))
                (temporary / "b").write_text(str(number))
                gate.wait()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (target / "a").read_text() == (target / "b").read_text()
    assert names(tmp_path) == ["cut-1"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot be written"), (errno.EACCES, "--workspace")],
)
def test_what_the_disk_says_becomes_one_sentence(tmp_path: Path, number: int, words: str):
    with pytest.raises(StorageError, match=words), publish_folder(tmp_path / "cut-1") as temporary:
        (temporary / "a").write_text("half")
        raise OSError(number, "from the system")
    assert names(tmp_path) == []


def test_a_full_disk_while_writing_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(self: pd.DataFrame, path: Path, **_: object) -> None:
        Path(path).write_bytes(b"PAR1")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_table(tmp_path / "a.parquet", pd.DataFrame({"x": [1]}))
    assert names(tmp_path) == []


def test_other_system_errors_pass_through(tmp_path: Path):
    with pytest.raises(FileNotFoundError), publish_file(tmp_path / "a") as temporary:
        temporary.read_bytes()


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_tables_come_back(tmp_path: Path, rows: int):
    table = pd.DataFrame({"id": np.arange(rows, dtype=np.int32), "text": ["♪"] * rows})
    write_table(tmp_path / "a.parquet", table)
    back = read_table(tmp_path / "a.parquet")
    assert back["id"].tolist() == list(range(rows))
    assert back["text"].tolist() == ["♪"] * rows


@pytest.mark.parametrize("content", [None, b"", b"no parquet"])
def test_a_missing_or_damaged_table_says_so(tmp_path: Path, content: bytes | None):
    path = tmp_path / "a.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StorageError, match="missing or damaged"):
        read_table(path)


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe{"])
def test_missing_or_damaged_json_says_so(tmp_path: Path, content: bytes | None):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StorageError, match="missing or damaged"):
        read_json(path)


@dataclass(frozen=True)
class Example:
    path: Path
    values: np.ndarray


def test_json_holds_plain_values(tmp_path: Path):
    value = {"e": Example(Path("a/b"), np.array([1.5, math.nan])), "n": np.int64(3), 7: (1, "é"), "nan": math.nan}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == {
        "e": {"path": str(Path("a/b")), "values": [1.5, None]}, "n": 3, "7": [1, "é"], "nan": None,
    }  # fmt: skip


def test_json_is_one_line_by_default():
    assert "\n" not in to_json({"a": ["x\ny", np.float32(0.5)]})
    assert json.loads(to_json({"a": float("nan")})) == {"a": None}


def test_infinity_is_no_json():
    with pytest.raises(ValueError, match="JSON"):
        to_json(math.inf)


def test_hash_file_follows_the_content(tmp_path: Path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"x" * 3_000_000)
    b.write_bytes(b"x" * 3_000_000)
    assert hash_file(a) == hash_file(b)
    b.write_bytes(b"x" * 2_999_999 + b"y")
    assert hash_file(a) != hash_file(b)
    assert len(hash_file(a)) == 32


def test_hash_value_ignores_the_order_of_keys_but_no_value():
    assert hash_value({"a": 1, "b": 2}) == hash_value({"b": 2, "a": 1})
    assert hash_value({"a": 1}) != hash_value({"a": 2})
    assert hash_value(Example(Path("a"), np.zeros(2))) != hash_value(Example(Path("a"), np.ones(2)))
    assert len(hash_value(None)) == 16


def test_a_folder_that_lost_a_file_makes_room(tmp_path: Path):
    target = tmp_path / "cut-1"
    for content in ("first", "second"):
        with publish_folder(target) as temporary:
            (temporary / "a").write_text(content)
            (temporary / "b").write_text(content)
        (target / "a").unlink(missing_ok=content == "second")
    assert [path.name for path in target.iterdir()] == ["b"]
    assert (target / "b").read_text() == "second"
    assert names(tmp_path) == ["cut-1"]


def test_a_name_that_is_no_text_can_be_written_and_hashed(tmp_path: Path):
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    write_json(tmp_path / "a.json", {"video": name, "title": "Straße"})
    assert read_json(tmp_path / "a.json") == {"video": name, "title": "Straße"}
    assert "Straße" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert len(hash_value({"video": name})) == 16


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array"])
def test_a_damaged_array_is_told(tmp_path: Path, content: bytes):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(StorageError, match=r"a\.npy is missing or damaged"):
        read_array(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", np.arange(3))
    assert read_array(tmp_path / "a.npy").tolist() == [0, 1, 2]
