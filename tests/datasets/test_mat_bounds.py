"""MATLAB files from strangers: what scipy would follow until the process ends is refused before."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mmemo.datasets.emotic_mat import read_annotations
from mmemo.datasets.mat_bounds import load_variable
from mmemo.datasets.problems import ProblemLog
from mmemo.errors import InputError

CELL, STRUCT, SPARSE, CHAR, DOUBLE = 1, 2, 5, 4, 6


def element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + b"\0" * (-len(content) % 8)


def start(kind: int, *shape: int, name: bytes = b"train") -> bytes:
    shape_bytes = struct.pack(f"<{len(shape)}i", *shape)
    return element(6, struct.pack("<II", kind, 0)) + element(5, shape_bytes) + element(1, name)


def matrix(*parts: bytes) -> bytes:
    return element(14, b"".join(parts))


ONE = matrix(start(DOUBLE, 1, 1), element(9, struct.pack("<d", 1.0)))


def nested(levels: int) -> bytes:
    """A cell in a cell in a cell; sizes are as they would be, without building each anew."""
    parts, length = [ONE], len(ONE)
    for _ in range(levels):
        head = start(CELL, 1, 1)
        parts.append(struct.pack("<II", 14, length + len(head)) + head)
        length += len(head) + 8
    return b"".join(reversed(parts))


def save(path: Path, *variables: bytes, packed: bool = True) -> Path:
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    streams = [zlib.compress(one) for one in variables] if packed else []
    rows = [struct.pack("<II", 15, len(stream)) + stream for stream in streams] if packed else variables
    path.write_bytes(head + b"".join(rows))
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_a_variable_among_others(tmp_path: Path, packed: bool):
    other = matrix(start(CHAR, 1, 1, name=b"a"), element(16, b"x"))
    path = save(tmp_path / "a.mat", other, nested(20), packed=packed)
    value = load_variable(path, "train")
    for _ in range(20):
        value = value[0, 0]
    assert float(value[0, 0]) == 1
    assert load_variable(path, "a").tolist() == ["x"]
    with pytest.raises(KeyError):
        load_variable(path, "val")


@pytest.mark.parametrize("packed", [True, False])
def test_what_scipy_writes(tmp_path: Path, packed: bool):
    cells = np.empty((1, 3), object)
    cells[0] = [np.zeros((0, 0)), "words", np.array([[1 + 2j]])]
    inside = np.array([[(1.5, cells)]], [("number", object), ("cells", object)])
    savemat(tmp_path / "a.mat", {"short": 1, "train": inside, "val": np.array([[True]])}, do_compression=packed)
    value = load_variable(tmp_path / "a.mat", "train")
    assert value[0, 0]["number"].item() == 1.5
    assert value[0, 0]["cells"][0, 1].tolist() == ["words"]
    assert value[0, 0]["cells"][0, 2].item() == 1 + 2j
    assert load_variable(tmp_path / "a.mat", "short").item() == 1
    assert load_variable(tmp_path / "a.mat", "val").item() == 1


@pytest.mark.parametrize(
    ("variable", "match"),
    [
        (nested(100_000), "nested too deep"),
        (matrix(start(CELL, 1, 2**30), ONE), "damaged"),
        (matrix(start(CELL, -1, -5), ONE), "damaged"),
        (matrix(start(CHAR, 2**15, 2**15), element(16, b"")), "damaged"),
        (matrix(start(STRUCT, 1, 1), element(5, b"\1\0\0\0"), element(1, b"a" * 4000)), "damaged"),
        (matrix(start(SPARSE, 1, 1), ONE), "no number, text, cell or struct"),
        (matrix(start(DOUBLE, 1, 1), b"\x09\0\0\0\xff\0\0\0"), "cut off"),
        (matrix(start(CELL, 1, 1), element(9, b"12345678")), "damaged"),
        (ONE[:-60] + b"\0" * 8, ""),
    ],
)
def test_a_small_file_that_would_end_the_process(tmp_path: Path, variable: bytes, match: str):
    path = save(tmp_path / "Annotations.mat", variable)
    with pytest.raises(InputError, match=f"Annotations.mat .*{match}"):
        read_annotations(path, "train", ProblemLog())


def test_what_unpacks_to_more_than_memory_holds(tmp_path: Path):
    pack = zlib.compressobj()
    head = struct.pack("<II", 14, 1 << 29) + start(DOUBLE, 1, 1 << 26) + struct.pack("<II", 9, 1 << 29)
    stream = pack.compress(head) + b"".join(pack.compress(bytes(1 << 20)) for _ in range(260)) + pack.flush()
    path = save(tmp_path / "Annotations.mat", packed=False)
    path.write_bytes(path.read_bytes() + struct.pack("<II", 15, len(stream)) + stream)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="unpacks to more than 256 MB"):
        read_annotations(path, "train", ProblemLog())


def test_a_size_without_end(tmp_path: Path):
    endless = np.empty((1, 1), [("a", object), ("b", object), ("size", object)])
    endless[0, 0] = ("a.jpg", "x", np.array([[np.inf, 1]]))
    savemat(tmp_path / "Annotations.mat", {"train": endless})
    with pytest.raises(InputError, match="example 0 of train"):
        read_annotations(tmp_path / "Annotations.mat", "train", ProblemLog())
