"""Pickles from strangers: plain values are read, everything that could run code is refused.

A pickle is a small program that may call anything that Python can import. This reader knows numbers, text, lists,
dictionaries, sets and numpy's numbers and arrays of numbers or text, and nothing else.
"""

from __future__ import annotations

import codecs
import pickle
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.errors import InputError

_MAX_BYTES = 1 << 30
_MAX_DEPTH = 20
_NUMBERS = re.compile(r"[<>=|]?[biufcSU]\d+")


class _Dtype:
    """Stands for numpy's dtype, whose own state a hostile file could set to anything."""

    def __init__(self, name: Any, align: Any = False, copy: Any = True) -> None:
        if not isinstance(name, str) or not _NUMBERS.fullmatch(name):
            raise pickle.UnpicklingError(f"an array of {str(name)[:20]!r}")
        self.real: np.dtype[Any] = np.dtype(name)

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        if order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("a damaged number")
        self.real = self.real.newbyteorder(order)


class _Array:
    """Stands for an array while it is read."""

    def __init__(self) -> None:
        self.real = np.empty(0)

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        self.real = _frombuffer(raw, dtype, shape, "F" if fortran else "C")


def _scalar(dtype: Any, raw: Any) -> Any:
    if not isinstance(dtype, _Dtype) or not isinstance(raw, bytes) or len(raw) != dtype.real.itemsize:
        raise pickle.UnpicklingError("a damaged number")
    return np.frombuffer(raw, dtype.real)[0]


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
    return _Array()  # numpy writes an empty array and fills it afterwards


def _frombuffer(raw: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    if not isinstance(dtype, _Dtype) or order not in ("C", "F"):
        raise pickle.UnpicklingError("an array in an unusual form")
    return np.frombuffer(raw, dtype.real).reshape(shape, order=order)


def _encode(text: Any, encoding: Any = "utf-8") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "utf-8"):
        raise pickle.UnpicklingError("text in an unusual form")
    return bytes(codecs.encode(text, encoding))


def _bytes(*content: Any) -> bytes:
    if content:  # a number would reserve as much memory as it says
        raise pickle.UnpicklingError("bytes in an unusual form")
    return b""


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_ALLOWED: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("__builtin__", "set"): set,
    ("__builtin__", "frozenset"): frozenset,
    ("__builtin__", "bytes"): _bytes,
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): _encode,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    **{(module, "scalar"): _scalar for module in _MULTIARRAY},
    **{(module, "_reconstruct"): _reconstruct for module in _MULTIARRAY},
    **{(module, "_frombuffer"): _frombuffer for module in _NUMERIC},
}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"it wants to use {module_name}.{global_name}") from None


def read_plain_pickle(path: Path) -> Any:
    """What a pickle of plain values holds; code, unknown types, damage and absurd sizes raise InputError."""
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise InputError(f"{path} has {size >> 20} MB", hint="a table of lines and labels is far smaller")
        with path.open("rb") as stream:
            return _finished(_PlainUnpickler(stream).load())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile pickle may end in any of them
        raise InputError(
            f"{path} was not read: {str(error)[:200] or type(error).__name__}",
            hint="a pickle may run any code, so only plain values, text and numbers are read; get the file from its "
            "first source",
        ) from error


def _finished(value: Any, depth: int = 0) -> Any:
    """The value with arrays in place of what stood for them."""
    if depth > _MAX_DEPTH:
        raise pickle.UnpicklingError("it is nested too deep")
    if isinstance(value, _Array):
        return value.real
    if isinstance(value, dict):
        return {key: _finished(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_finished(inner, depth + 1) for inner in value)
    if isinstance(value, _Dtype) or callable(value):
        raise pickle.UnpicklingError("it holds something that is no value")
    return value
