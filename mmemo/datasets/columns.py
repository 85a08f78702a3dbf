"""Columns of text in a Parquet file: read from the mapped file one value at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from mmemo.errors import InputError


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


def open_parquet(path: Path, form: str) -> dict[str, ArrowColumn]:
    """The columns of a Parquet file by name; a file that is none raises InputError with `form`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, memory_map=True)
    except (OSError, pa.ArrowException, MemoryError) as error:
        raise InputError(f"{path} is missing or is no Parquet file", hint=form) from error
    rows = np.arange(table.num_rows)
    return {name: ArrowColumn(table.column(name), rows) for name in table.column_names}
