"""Columns of text in a Parquet file, held in memory as Arrow holds them: equal values once.

A Parquet file unpacks to many times its size, so its own account is looked at before and the texts are measured after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from mmemo.errors import InputError

_MAX_ROWS = 10_000_000
_MAX_UNPACKED_BYTES = 1 << 29
_MAX_TEXT_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class ArrowColumn(Sequence[str]):
    """Some rows of a column of Arrow, as text; an empty value is ""."""

    column: Any
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[str]: ...
    def __getitem__(self, row: int | slice) -> str | Sequence[str]:
        if isinstance(row, slice):
            return ArrowColumn(self.column, self.rows[row])
        value = self.column[int(self.rows[row])].as_py()
        return "" if value is None else str(value).strip()

    def of(self, rows: Sequence[int]) -> ArrowColumn:
        """Some of these rows; nothing is read."""
        return ArrowColumn(self.column, self.rows[np.asarray(rows, np.int64)])


def column_names(path: Path, form: str) -> list[str]:
    """The columns that a Parquet file has, told from its end alone; errors as in `open_parquet`."""
    import pyarrow.parquet as pq

    with _told(path, form), pq.ParquetFile(path) as file:
        return list(file.schema_arrow.names)


def open_parquet(path: Path, columns: Sequence[str], form: str) -> dict[str, ArrowColumn]:
    """Those of the columns that a Parquet file has, by name; the others are not read.

    A file that is none, columns of lists, and sizes beyond the bounds raise InputError with `form`.
    """
    import pyarrow.parquet as pq

    with _told(path, form), pq.ParquetFile(path) as file:
        names = [name for name in columns if name in file.schema_arrow.names]
        _check_account(path, file, names, form)
    with _told(path, form), pq.ParquetFile(path, read_dictionary=names) as file:
        table = file.read(columns=names, use_threads=False)
        if sum(_text_bytes(table.column(name)) for name in names) > _MAX_TEXT_BYTES:
            raise InputError(f"{path} holds more than {_MAX_TEXT_BYTES >> 20} MB of text", hint=form)
    rows = np.arange(table.num_rows)
    return {name: ArrowColumn(table.column(name), rows) for name in names}


@contextmanager
def _told(path: Path, form: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException, MemoryError) as error:
        raise InputError(f"{path} is missing or is no Parquet file", hint=form) from error


def _check_account(path: Path, file: Any, names: Sequence[str], form: str) -> None:
    """Hold what the file says of itself against the bounds."""
    import pyarrow as pa

    account, size = file.metadata, 0
    if account.num_rows > _MAX_ROWS:
        raise InputError(f"{path} has {account.num_rows} rows, more than {_MAX_ROWS}", hint=form)
    for name in names:
        if pa.types.is_nested(file.schema_arrow.field(name).type):
            raise InputError(f"the column {name} of {path} holds lists, not text", hint=form)
    for group in range(account.num_row_groups):
        parts = [account.row_group(group).column(i) for i in range(account.num_columns)]
        size += sum(part.total_uncompressed_size for part in parts if part.path_in_schema in names)
    if size > _MAX_UNPACKED_BYTES:
        raise InputError(f"{path} unpacks to {size >> 20} MB", hint=f"split it; {form}")


def _text_bytes(column: Any) -> int:
    """How long the texts of a column are all together, also those that are held once for many rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    total = 0
    for part in column.chunks:
        of_text = part.dictionary if pa.types.is_dictionary(part.type) else part
        if not (pa.types.is_string(of_text.type) or pa.types.is_large_string(of_text.type)):
            continue
        lengths = pc.binary_length(of_text)
        if of_text is not part:
            lengths = lengths.take(part.indices)
        total += pc.sum(lengths.cast(pa.int64())).as_py() or 0
    return total
