"""Plain values come out of a pickle as they went in; whatever could run code does not."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmemo.datasets.pickles import read_plain_pickle
from mmemo.errors import InputError

PLAIN = {
    "Ses01F_impro01_F000": {"text": "It's café.", "label": "neu", "start_time": 6.29, "sr": 16000},
    "other": {"text": "", "label": [0, 1, 0], "none": None, "true": True, "big": 2**80},
    "more": OrderedDict(a=(1, 2), b={3, 4}, c=b"bytes"),
}


class Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo harm",)


class Getter:
    def __reduce__(self) -> tuple[object, tuple[object, str]]:
        return getattr, (dict, "fromkeys")


def save(folder: Path, value: object, protocol: int = 4) -> Path:
    path = folder / "meta.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values(tmp_path: Path, protocol: int):
    assert read_plain_pickle(save(tmp_path, PLAIN, protocol)) == PLAIN


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_numbers_of_numpy(tmp_path: Path, protocol: int):
    values = {
        "int": np.int64(-5),
        "float": np.float32(0.5),
        "array": np.arange(6, dtype=">i4").reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "names": np.array(["a", "bcd"]),
        "empty": np.empty((0, 3)),
        "row": [np.int64(1), np.int64(0)],
    }
    read = read_plain_pickle(save(tmp_path, values, protocol))
    assert read.keys() == values.keys()
    for key, value in values.items():
        np.testing.assert_array_equal(read[key], value)
    assert np.dtype("i4") == np.dtype("=i4")


@pytest.mark.parametrize("value", [Code(), Getter(), os.system, pd.Series([1]), Path("x"), np.array([object()]), eval])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_anything_else_is_refused_in_one_sentence(tmp_path: Path, value: object, protocol: int, capfd):
    with pytest.raises(InputError, match="was not read") as caught:
        read_plain_pickle(save(tmp_path, {"a": [value]} if not callable(value) else value, protocol))
    assert "\n" not in str(caught.value)
    assert "harm" not in capfd.readouterr().out


def nested() -> bytes:
    return pickle.PROTO + b"\x02" + pickle.EMPTY_LIST * 5000 + pickle.APPEND * 4999 + pickle.STOP


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", pickle.dumps(PLAIN)[:-20], b"\x80\x04\x8e" + (2**60).to_bytes(8, "little"), nested()],
    ids=["empty", "garbage", "cut off", "absurd length", "nested"],
)
def test_damage_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "meta.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match="was not read"):
        read_plain_pickle(path)


def test_a_state_that_lies_of_its_array_is_refused(tmp_path: Path):
    honest = pickle.dumps(np.arange(4, dtype="u1"), 2)
    assert pickletools.dis(honest, io.StringIO()) is None
    path = tmp_path / "meta.pkl"
    path.write_bytes(honest.replace(b"K\x04\x85", b"K\x7f\x85"))
    with pytest.raises(InputError, match="was not read"):
        read_plain_pickle(path)


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        read_plain_pickle(tmp_path / "meta.pkl")
