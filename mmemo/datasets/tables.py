"""Tables of text: decoded, bounded in size, and read with one clear sentence when they are damaged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmemo.errors import InputError

# The largest published table that is read whole, of raw tweets, has half of this.
_MAX_TABLE_BYTES = 1 << 30
# Bytes of Windows' code page that went through as if they were Latin-1: control characters that no text means.
_LEFTOVERS = {code: bytes([code]).decode("cp1252", errors="replace") for code in range(0x80, 0xA0)}


def decode(content: bytes) -> str:
    """Text of a file in UTF-8 or Windows-1252, with double-encoded Windows characters put right."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.translate(_LEFTOVERS)


def read_text(path: Path, form: str) -> str:
    """The whole text of a file; `form` says in the error what was expected in its place."""
    return decode(_content(path, form))


def read_lines(path: Path, form: str) -> list[str]:
    """The lines of a UTF-8 file; "\\n" or "\\r\\n" ends one, other separators belong to the text."""
    try:
        text = _content(path, form).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="get it again") from error
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def read_table(path: Path, columns: Sequence[str], form: str) -> list[dict[str, str]]:
    """Rows of a CSV with a header that has at least these columns, all values text.

    A missing file, a missing column, a short row and a field of absurd length raise InputError.
    """
    text = read_text(path, form)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{path} has no column {', '.join(missing)}", hint=form)
        rows: list[dict[str, str]] = []
        for row in reader:
            if any(row[name] is None for name in columns):
                raise InputError(f"row {len(rows) + 1} of {path} is too short", hint=form)
            rows.append(row)
    except csv.Error as error:
        raise InputError(f"{path} cannot be read: {error}", hint=form) from error
    return rows


def read_plain_table(path: Path, form: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV without a header, each with its number from 1; empty rows are passed over."""
    try:
        for number, row in enumerate(csv.reader(io.StringIO(read_text(path, form), newline=""), strict=True), 1):
            if row:
                yield number, row
    except csv.Error as error:
        raise InputError(f"{path} cannot be read: {error}", hint=form) from error


def first_line(path: Path, limit: int = 4096) -> str:
    """The first line of a file, to tell what it is; "" for what cannot be read."""
    try:
        with path.open("rb") as stream:
            return decode(stream.readline(limit)).rstrip("\r\n")
    except OSError:
        return ""


def _content(path: Path, form: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > _MAX_TABLE_BYTES:
            raise InputError(f"{path} has {size >> 20} MB, more than a table may have", hint=form)
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint=form) from error
