"""A table of pictures and labels: `path,label`, and if you have them `group`, `text`, `context`, `split`.

Both CSV and Parquet are read into memory; of a Parquet file these columns alone, and equal texts are held once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mmemo.datasets.classes import columns_of
from mmemo.datasets.columns import ArrowColumn, column_names, open_parquet
from mmemo.datasets.paired import FACE, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import LEFT_OUT, MISSING, ProblemLog
from mmemo.datasets.repeats import numbered
from mmemo.datasets.sources import PictureFiles, on_disk
from mmemo.datasets.tables import first_line, read_table
from mmemo.errors import InputError

_COLUMNS = ("path", "label", "group", "text", "context", "split")
_PROSE = ("text", "context")
_FORM = "give a CSV or Parquet file with the columns path,label and, if you have them, group, text, context and split"


def is_flat_table(path: Path) -> bool:
    """Whether a file is a table with the columns path and label."""
    if path.suffix.lower() == ".parquet":
        try:
            return {"path", "label"} <= set(column_names(path, _FORM))
        except InputError:
            return False
    return path.suffix.lower() == ".csv" and {"path", "label"} <= set(first_line(path).split(","))


def splits_of(path: Path) -> tuple[str, ...]:
    """The values of the column split in their order, or "" without one."""
    columns = _columns(path, ("split",))
    return tuple(dict.fromkeys(columns["split"])) if "split" in columns else ("",)


def flat_set(path: Path, split: str = "") -> PairedSet:
    """The rows of a split, or all; paths are relative to the table's folder and never lead out of it.

    Rows without a label are left out and counted; so are pictures that are missing. Without the column group each
    picture is a group, also where it is in several rows. Labels are as in `mmemo.datasets.classes`, over all splits.
    """
    columns, log = _columns(path), ProblemLog()
    labelled = [row for row, label in enumerate(columns["label"]) if label]
    for row in sorted(set(range(len(columns["label"]))) - set(labelled)):
        log.add(LEFT_OUT, "rows without a label", columns["path"][row])
    if not labelled:
        raise InputError(f"{path} holds no row with a label", hint=_FORM)
    vocabulary, labels = columns_of([columns["label"][row] for row in labelled])
    parts = columns.get("split", ())
    chosen = [i for i, row in enumerate(labelled) if not split or (parts and parts[row] == split)]
    if not chosen:
        raise InputError(f"{path} has no split {split!r}", hint=f"it has {', '.join(splits_of(path))}")
    rows = [labelled[i] for i in chosen]
    names = [columns["path"][row] for row in rows]
    present = on_disk(path.parent, names, Listing())
    for number in np.flatnonzero(~present).tolist():
        log.add(MISSING, "missing pictures", names[number])
    ids, groups = numbered(names), tuple(names)
    if "group" in columns:
        groups = tuple(columns["group"][row] or name for row, name in zip(rows, names, strict=True))
    return PairedSet(
        name="table",
        split=split,
        vocabulary=vocabulary,
        ids=ids,
        groups=groups,
        labels=labels[chosen],
        texts=_text(columns.get("text"), rows),
        contexts=_text(columns.get("context"), rows),
        pictures={FACE: PictureFiles(path.parent, names, ids, present)},
        problems=log.problems(),
    )


def _columns(path: Path, wanted: Sequence[str] = _COLUMNS) -> Mapping[str, Sequence[str]]:
    """Those of the wanted columns that the table has, text without blanks around it."""
    if path.suffix.lower() == ".parquet":
        there = column_names(path, _FORM)
        missing = [name for name in ("path", "label") if name not in there]
        if missing:
            raise InputError(f"{path} has no column {', '.join(missing)}", hint=_FORM)
        stored = open_parquet(path, wanted, _FORM)
        return {name: column if name in _PROSE else list(column) for name, column in stored.items()}
    rows = read_table(path, ("path", "label"), _FORM)
    there = [name for name in wanted if rows and name in rows[0]]
    return {name: [(row[name] or "").strip() for row in rows] for name in there or ("path", "label")}


def _text(column: Sequence[str] | None, rows: list[int]) -> Sequence[str] | None:
    if column is None:
        return None
    return column.of(rows) if isinstance(column, ArrowColumn) else tuple(column[row] for row in rows)
