"""A CSV of pictures and labels: `path,label`, and if you have them `group`, `text`, `context`, `split`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmemo.datasets.classes import columns_of
from mmemo.datasets.paired import FACE, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import LEFT_OUT, MISSING, ProblemLog
from mmemo.datasets.sources import PictureFiles, on_disk
from mmemo.datasets.tables import first_line, read_table
from mmemo.errors import InputError

_FORM = "give a CSV with the columns path,label and, if you have them, group, text, context and split"


def is_flat_csv(path: Path) -> bool:
    """Whether a CSV begins with the columns path and label."""
    names = first_line(path).split(",")
    return path.suffix.lower() == ".csv" and {"path", "label"} <= set(names)


def splits_of(path: Path) -> tuple[str, ...]:
    """The values of the column split in their order, or "" without one."""
    if "split" not in first_line(path).split(","):
        return ("",)
    return tuple(dict.fromkeys(row["split"].strip() for row in read_table(path, ("split",), _FORM)))


def flat_csv_set(path: Path, split: str = "") -> PairedSet:
    """The rows of a split, or all; paths are relative to the CSV's folder and never lead out of it.

    Rows without a label are left out and counted; so are pictures that are missing. Without the column group each
    picture counts as independent. Labels are as in `mmemo.datasets.classes`, over all splits.
    """
    rows = read_table(path, ("path", "label"), _FORM)
    columns = set(rows[0]) if rows else set()
    log = ProblemLog()
    for row in rows:
        if not row["label"].strip():
            log.add(LEFT_OUT, "rows without a label", row["path"])
    rows = [row for row in rows if row["label"].strip()]
    if not rows:
        raise InputError(f"{path} holds no row with a label", hint=_FORM)
    vocabulary, labels = columns_of([row["label"].strip() for row in rows])
    chosen = [i for i, row in enumerate(rows) if not split or (row.get("split") or "").strip() == split]
    if not chosen:
        raise InputError(f"{path} has no split {split!r}", hint=f"it has {', '.join(splits_of(path))}")
    kept = [rows[i] for i in chosen]
    names = [row["path"].strip() for row in kept]
    present = on_disk(path.parent, names, Listing())
    for number in np.flatnonzero(~present).tolist():
        log.add(MISSING, "missing pictures", names[number])
    ids = _different(names)
    groups = tuple((row.get("group") or "").strip() or name for row, name in zip(kept, ids, strict=True))

    def column(name: str) -> tuple[str, ...] | None:
        return tuple((row[name] or "").strip() for row in kept) if name in columns else None

    return PairedSet(
        name="CSV",
        split=split,
        vocabulary=vocabulary,
        ids=ids,
        groups=groups,
        labels=labels[chosen],
        texts=column("text"),
        contexts=column("context"),
        pictures={FACE: PictureFiles(path.parent, names, ids, present)},
        problems=log.problems(),
    )


def _different(names: list[str]) -> tuple[str, ...]:
    """The names, with a number behind those that come again: one picture may go with several texts."""
    seen: dict[str, int] = {}
    ids = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(ids)
