"""Plain values come out of a pickle as they went in; whatever could run code does not."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import tracemalloc
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


def shared(levels: int) -> bytes:
    """A list of two times the same list, of two times the same list, and so on."""
    grow = b"".join(
        pickle.BINPUT + bytes([i]) + pickle.EMPTY_LIST + pickle.MARK + 2 * (pickle.BINGET + bytes([i])) + pickle.APPENDS
        for i in range(levels)
    )
    return pickle.PROTO + b"\x04" + pickle.EMPTY_LIST + grow + pickle.STOP


def write(folder: Path, content: bytes) -> Path:
    path = folder / "meta.pkl"
    path.write_bytes(content)
    return path


def test_what_is_shared_is_made_once(tmp_path: Path):
    read = read_plain_pickle(write(tmp_path, shared(20)))
    assert read[0] is read[1]
    assert read[0][1][0] is read[1][0][0]
    with pytest.raises(InputError, match="nested too deep"):
        read_plain_pickle(write(tmp_path, shared(60)))


def deep_tuple(levels: int) -> bytes:
    """A key whose hash is made of 2 to the power of `levels` parts."""
    return pickle.NONE + (pickle.DUP + pickle.TUPLE2) * levels


SET = pickle.GLOBAL + b"builtins\nset\n"
DTYPE = pickle.GLOBAL + b"numpy\ndtype\n"


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (pickle.EMPTY_DICT + deep_tuple(60) + pickle.NONE + pickle.SETITEM, "key that holds a tuple"),
        (pickle.EMPTY_DICT + pickle.MARK + deep_tuple(60) + pickle.NONE + pickle.SETITEMS, "key that holds a tuple"),
        (pickle.MARK + deep_tuple(60) + pickle.NONE + pickle.DICT, "key that holds a tuple"),
        (pickle.MARK + deep_tuple(60) + pickle.FROZENSET, "key that holds a tuple"),
        (pickle.EMPTY_SET + pickle.MARK + deep_tuple(60) + pickle.ADDITEMS, "key that holds a tuple"),
        (SET + deep_tuple(60) + pickle.TUPLE1 + pickle.REDUCE, "key that holds a tuple"),
        (DTYPE + deep_tuple(60) + pickle.TUPLE1 + pickle.REDUCE, "an array of tuple"),
        (pickle.BYTEARRAY8 + (2**40).to_bytes(8, "little"), "absurd length"),
        (SET + pickle.EMPTY_LIST + pickle.REDUCE, "damaged call"),
        (SET + pickle.EMPTY_TUPLE + pickle.NEWOBJ, "was not read"),
        (pickle.NONE + pickle.NONE + pickle.APPEND, "in place of a list"),
    ],
)
def test_a_few_bytes_that_would_cost_hours_are_refused_at_once(tmp_path: Path, content: bytes, match: str):
    with pytest.raises(InputError, match=match):
        read_plain_pickle(write(tmp_path, pickle.PROTO + b"\x04" + content + pickle.STOP))


def test_a_large_number_of_a_place_reserves_nothing(tmp_path: Path):
    content = pickle.NONE + pickle.LONG_BINPUT + (2**28).to_bytes(4, "little") + pickle.STOP
    tracemalloc.start()
    try:
        assert read_plain_pickle(write(tmp_path, content)) is None
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_one_text_is_not_copied_again_and_again(tmp_path: Path):
    encode = pickle.GLOBAL + b"_codecs\nencode\n" + pickle.BINPUT + b"\0"
    text = pickle.BINUNICODE + (10_000).to_bytes(4, "little") + b"x" * 10_000 + pickle.TUPLE1 + pickle.BINPUT + b"\1"
    again = pickle.BINGET + b"\0" + pickle.BINGET + b"\1" + pickle.REDUCE
    start = pickle.MARK + encode + pickle.POP + text + pickle.POP
    assert read_plain_pickle(write(tmp_path, start + again + pickle.LIST + pickle.STOP)) == [b"x" * 10_000]
    with pytest.raises(InputError, match="beyond its size"):
        read_plain_pickle(write(tmp_path, start + again * 100 + pickle.LIST + pickle.STOP))


@pytest.mark.parametrize("name", ["_codecs\nencode", "builtins\nset", "numpy\nndarray", "numpy\ndtype"])
def test_what_the_next_file_is_read_with_stays_as_it_is(tmp_path: Path, name: str):
    state = pickle.NONE + pickle.EMPTY_DICT + pickle.UNICODE + b"__defaults__\n" + pickle.UNICODE + b"latin1\n"
    content = pickle.GLOBAL + name.encode() + b"\n" + state + pickle.TUPLE1 + pickle.SETITEM + pickle.TUPLE2
    with pytest.raises(InputError, match="wants to change"):
        read_plain_pickle(write(tmp_path, content + pickle.BUILD + pickle.STOP))
    assert read_plain_pickle(save(tmp_path, PLAIN, 2)) == PLAIN
