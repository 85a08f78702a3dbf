"""Pickles from strangers: plain values are read, everything that could run code is refused.

A pickle is a small program that may call anything that Python can import. This reader knows numbers, text, lists,
dictionaries, sets and numpy's numbers and arrays of numbers or text, and nothing else. It is Python's own reader in
Python: the one in C reserves as many places as a file of ten bytes may ask for.
"""

from __future__ import annotations

import codecs
import mmap
import pickle
import re
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sized
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmemo.errors import InputError

_MAX_BYTES = 1 << 30
_MAX_DEPTH = 20
# What a call takes may add up to as much as the file has bytes; shorter arguments are free.
_FREE_LENGTH = 64
_NUMBERS = re.compile(r"[<>=|]?[biufcSU]\d+")


class _Dtype:
    """Stands for numpy's dtype, whose own state a hostile file could set to anything."""

    def __init__(self, name: Any, align: Any = False, copy: Any = True) -> None:
        if not isinstance(name, str) or not _NUMBERS.fullmatch(name):
            shown = repr(name[:20]) if isinstance(name, str) else type(name).__name__
            raise pickle.UnpicklingError(f"an array of {shown}")
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


def _set(members: Iterable[Any] = ()) -> set[Any]:
    return {_key(member) for member in members}


def _frozenset(members: Iterable[Any] = ()) -> frozenset[Any]:
    return frozenset(_key(member) for member in members)


def _ordered(pairs: Iterable[Any] = ()) -> OrderedDict[Any, Any]:
    return OrderedDict((_key(name), value) for name, value in pairs)


def _key(value: Any) -> Any:
    """A plain key of a dictionary: the hash of a tuple of tuples of tuples may take for ever."""
    for part in value if isinstance(value, tuple) else (value,):
        if not (part is None or isinstance(part, str | bytes | int | float | complex | np.generic)):
            raise pickle.UnpicklingError(f"a key that holds a {type(part).__name__}")
    return value


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_ALLOWED: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("builtins", "set"): _set,
    ("builtins", "frozenset"): _frozenset,
    ("__builtin__", "set"): _set,
    ("__builtin__", "frozenset"): _frozenset,
    ("__builtin__", "bytes"): _bytes,
    ("collections", "OrderedDict"): _ordered,
    ("_codecs", "encode"): _encode,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    **{(module, "scalar"): _scalar for module in _MULTIARRAY},
    **{(module, "_reconstruct"): _reconstruct for module in _MULTIARRAY},
    **{(module, "_frombuffer"): _frombuffer for module in _NUMERIC},
}


class _PlainUnpickler(pickle._Unpickler):
    """Reads values of at most `size` bytes; what makes or changes other objects is refused."""

    def __init__(self, file: mmap.mmap, size: int) -> None:
        super().__init__(file)
        self._size = self._left = size

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"it wants to use {module_name}.{global_name}") from None

    def _call(self: Any) -> None:
        arguments = self.stack.pop()
        if not isinstance(arguments, tuple):
            raise pickle.UnpicklingError("a damaged call")
        lengths = (len(argument) for argument in arguments if isinstance(argument, Sized))
        self._left -= sum(length for length in lengths if length > _FREE_LENGTH)
        if self._left < 0:  # one long text or list is copied again and again
            raise pickle.UnpicklingError("it grows far beyond its size")
        self.stack[-1] = self.stack[-1](*arguments)

    def _build(self: Any) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], _Array | _Dtype):  # it would change what the next file is read with
            raise pickle.UnpicklingError(f"it wants to change a {type(self.stack[-1]).__name__}")
        self.stack[-1].__setstate__(state)

    def _bytearray(self: Any) -> None:
        (length,) = struct.unpack("<Q", self.read(8))
        if length > self._size:
            raise pickle.UnpicklingError("an absurd length")
        self.append(bytearray(self.read(length)))

    def _dictionary(self: Any) -> None:
        items = self.pop_mark()
        self.append({_key(name): value for name, value in zip(items[::2], items[1::2], strict=True)})

    def _set_item(self: Any) -> None:
        value, name = self.stack.pop(), self.stack.pop()
        self._of(dict)[_key(name)] = value

    def _set_items(self: Any) -> None:
        items = self.pop_mark()
        self._of(dict).update((_key(name), value) for name, value in zip(items[::2], items[1::2], strict=True))

    def _add_items(self: Any) -> None:
        members = self.pop_mark()
        self._of(set).update(map(_key, members))

    def _append(self: Any) -> None:
        value = self.stack.pop()
        self._of(list).append(value)

    def _append_items(self: Any) -> None:
        values = self.pop_mark()
        self._of(list).extend(values)

    def _freeze(self: Any) -> None:
        self.append(_frozenset(self.pop_mark()))

    def _of(self: Any, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise pickle.UnpicklingError(f"a {type(self.stack[-1]).__name__} in place of a {kind.__name__}")
        return self.stack[-1]

    # Codes that make objects of classes, or look for them elsewhere, are in no pickle of plain values.
    dispatch: ClassVar[dict[int, Any]] = {
        **{
            code: load
            for code, load in pickle._Unpickler.dispatch.items()
            if code not in b"".join((pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.PERSID,
                                     pickle.BINPERSID, pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.NEXT_BUFFER,
                                     pickle.READONLY_BUFFER))
        },
        pickle.REDUCE[0]: _call,
        pickle.BUILD[0]: _build,
        pickle.BYTEARRAY8[0]: _bytearray,
        pickle.DICT[0]: _dictionary,
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
        pickle.ADDITEMS[0]: _add_items,
        pickle.APPEND[0]: _append,
        pickle.APPENDS[0]: _append_items,
        pickle.FROZENSET[0]: _freeze,
    }  # fmt: skip


def read_plain_pickle(path: Path) -> Any:
    """What a pickle of plain values holds; code, unknown types, damage and absurd sizes raise InputError."""
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise InputError(f"{path} has {size >> 20} MB", hint="a table of lines and labels is far smaller")
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _finished(_PlainUnpickler(content, size).load(), {})
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


def _finished(value: Any, known: dict[int, Any], depth: int = 0) -> Any:
    """The value with arrays in place of what stood for them; what is shared is made once (`known` by id)."""
    if depth > _MAX_DEPTH:
        raise pickle.UnpicklingError("it is nested too deep")
    if isinstance(value, _Array):
        return value.real
    if isinstance(value, _Dtype) or callable(value):
        raise pickle.UnpicklingError("it holds something that is no value")
    if not isinstance(value, dict | list | tuple):
        return value
    if id(value) not in known:
        if isinstance(value, dict):
            made: Any = {key: _finished(inner, known, depth + 1) for key, inner in value.items()}
        else:
            made = type(value)(_finished(inner, known, depth + 1) for inner in value)
        known[id(value)] = made
    return known[id(value)]
