"""One variable of a MATLAB file, unpacked and walked through within bounds before scipy reads it.

scipy follows cells inside cells without end, reserves what a header says and unpacks whatever there is: a file of 40 kB
ends the process. The form is that of "MAT-File Level 5" (MathWorks, "MAT-File Format", 2019).
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAX_BYTES = 1 << 28
_MAX_DEPTH = 30
_MAX_MATRICES = 4_000_000
_HEADER_BYTES = 128
_ORDERS = {b"\0\1IM": "<", b"\1\0MI": ">"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR, _NUMBERS = 1, 2, 4, range(6, 16)
_COMPLEX = 1 << 11


def load_variable(path: Path, name: str) -> Any:
    """A variable of numbers, text, cells and structs; anything else, damage and absurd sizes raise ValueError.

    A missing file raises OSError, a missing variable KeyError.
    """
    from scipy.io import loadmat

    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"it has {path.stat().st_size >> 20} MB")
    content = path.read_bytes()
    order = _ORDERS.get(content[_HEADER_BYTES - 4 : _HEADER_BYTES])
    if order is None:
        raise ValueError("it is no MATLAB file of version 5 to 7")
    for packed, element in _elements(content, order):
        if _Walk(_unpacked(element, 4096) if packed else element, order).name() == name.encode():
            whole = _unpacked(element, _MAX_BYTES) if packed else element
            if len(whole) >= _MAX_BYTES:
                raise ValueError(f"it unpacks to more than {_MAX_BYTES >> 20} MB")
            _Walk(whole, order).check()
            return loadmat(io.BytesIO(content[:_HEADER_BYTES] + whole), variable_names=[name])[name]
    raise KeyError(name)


def _elements(content: bytes, order: str) -> Iterator[tuple[bool, bytes]]:
    """Of each variable whether it is packed, and its bytes: those of the stream, or all with its tag."""
    position = _HEADER_BYTES
    while position + 8 <= len(content):
        kind, count = struct.unpack_from(f"{order}II", content, position)
        if kind not in (_MATRIX, _COMPRESSED) or not count:
            raise ValueError("it is damaged")
        end = position + 8 + count
        yield kind == _COMPRESSED, content[position + 8 * (kind == _COMPRESSED) : end]
        position = end


def _unpacked(stream: bytes, limit: int) -> bytes:
    return zlib.decompressobj().decompress(stream, limit)


@dataclass(slots=True)
class _Walk:
    """Goes through an element as scipy does, and stops where scipy should not go."""

    content: bytes
    order: str
    position: int = 0

    def name(self) -> bytes:
        """The name of the variable."""
        self.position = 24
        self._element()
        start, count = self._element()
        return self.content[start : start + count]

    def check(self) -> None:
        """Walk through all matrices; ValueError for what is too deep, too many, of another kind or damaged."""
        left = [1]  # how many matrices are still to come, one number a level
        for _ in range(_MAX_MATRICES):
            while left and not left[-1]:
                left.pop()
            if not left:
                return
            left[-1] -= 1
            left.append(self._matrix())
            if len(left) > _MAX_DEPTH:
                raise ValueError("it is nested too deep")
        raise ValueError("it holds too many cells")

    def _matrix(self) -> int:
        """Pass over one matrix up to those inside it; how many these are."""
        kind, count = self._unpack("II", 8)
        if kind != _MATRIX:
            raise ValueError("it is damaged")
        if not count:
            return 0
        (flags,) = self._unpack("8xI4x", 16)
        shape = self._integers()
        size = math.prod(shape)
        if not shape or min(shape) < 0:
            raise ValueError("it is damaged")
        self._element()
        return self._inside(flags, size)

    def _inside(self, flags: int, size: int) -> int:
        kind, inside = flags & 0xFF, 0
        if kind == _CELL:
            inside = size
        elif kind == _STRUCT:
            (length,) = self._integers()
            inside = size * (self._element()[1] // max(length, 1))
        elif kind == _CHAR:
            if size > max(self._element()[1], 64):
                raise ValueError("it is damaged")
        elif kind in _NUMBERS:
            for _ in range(2 if flags & _COMPLEX else 1):
                self._element()
        else:
            raise ValueError("it holds something that is no number, text, cell or struct")
        if inside > (len(self.content) - self.position) // 8:
            raise ValueError("it is damaged")
        return inside

    def _integers(self) -> tuple[int, ...]:
        start, count = self._element()
        if count > 128:
            raise ValueError("it is damaged")
        return struct.unpack_from(f"{self.order}{count // 4}i", self.content, start)

    def _element(self) -> tuple[int, int]:
        """Where the content of the next element begins and how many bytes it has."""
        kind, count = self._unpack("II", 8)
        if kind >> 16:  # up to four bytes lie in the tag itself
            return self.position - 4, min(kind >> 16, 4)
        start = self.position
        self.position += count + -count % 8
        if start + count > len(self.content):
            raise ValueError("it is cut off")
        return start, count

    def _unpack(self, form: str, length: int) -> tuple[int, ...]:
        self.position += length
        return struct.unpack_from(self.order + form, self.content, self.position - length)
