"""The curves of a training while it goes on: a line a finished epoch, in a file that anybody may read meanwhile."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import pandas as pd

from mmemo.progress import Progress, Stage
from mmemo.store.files import read_table
from mmemo.store.jobs import Job, clock_ms
from mmemo.store.workspace import Workspace

if TYPE_CHECKING:
    from mmemo.student.settings import TrainSettings

T = TypeVar("T")
CURVE_COLUMNS = ("fold", "epoch", "train_loss", "val_loss")


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Losses by epoch of the students of a run, CURVE_COLUMNS: fold -1 is the student of all faces, NaN is unknown.

    `students` are how many there will be in all. `running`: the training goes on.
    """

    run_id: str
    table: pd.DataFrame
    students: int
    running: bool


def watched(stage: Stage[T], workspace: Workspace, run_id: str, settings: TrainSettings) -> Stage[T]:
    """The same stage, which also writes down every finished epoch; the file is gone when the stage is over.

    A disk that takes no more lines does not end the training: the run keeps its curves in any case.
    """
    path = _file(workspace, run_id)
    head = {"run": run_id, "pid": os.getpid(), "students": settings.folds + 1, "began_ms": clock_ms()}
    out = _opened(path, head)
    try:
        while True:
            try:
                progress = next(stage)
            except StopIteration as stop:
                result: T = stop.value
                return result
            if out is not None and (line := _line(progress)) is not None:
                with suppress(OSError):
                    out.write(line)
            yield progress
    finally:
        stage.close()
        with suppress(OSError):
            if out is not None:
                out.close()
            path.unlink(missing_ok=True)


def live_curves(workspace: Workspace, job: Job) -> Curves | None:
    """What a job at work has told of its training so far; None while it does not train."""
    if job.pid is None or job.started_ms is None or not job.active:
        return None
    for path in sorted((workspace.scratch / "curves").glob("*.jsonl")):
        with suppress(OSError, ValueError, KeyError):  # it may end this very moment
            head, *rows = path.read_text(encoding="utf-8").splitlines()
            told = json.loads(head)
            if told["pid"] == job.pid and told["began_ms"] >= job.started_ms:
                return Curves(told["run"], _table(rows), int(told["students"]), running=True)
    return None


def kept_curves(workspace: Workspace, run_id: str) -> Curves | None:
    """The curves that a finished run keeps; None when it has none."""
    path = workspace.run_folder(run_id) / "curves.parquet"
    if not path.is_file():
        return None
    table = read_table(path)
    return Curves(run_id, table, int(table["fold"].nunique()), running=False)


def _file(workspace: Workspace, run_id: str) -> Path:
    return workspace.scratch / "curves" / f"{run_id}.jsonl"


def _opened(path: Path, head: dict[str, Any]) -> TextIO | None:
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        out = path.open("w", encoding="utf-8", buffering=1)
        out.write(json.dumps(head) + "\n")
        return out
    return None


def _line(progress: Progress) -> str | None:
    """What an epoch of a student of the cross-fitting tells; None for any other progress."""
    from mmemo.student.heads import EpochDone

    if not isinstance(progress, EpochDone) or progress.fold is None or progress.losses is None or progress.prepares:
        return None
    losses = progress.losses
    val = None if math.isnan(losses.val) else losses.val
    return (
        json.dumps({"fold": progress.fold, "epoch": losses.epoch, "train_loss": losses.train, "val_loss": val}) + "\n"
    )


def _table(rows: list[str]) -> pd.DataFrame:
    """Of a student that was fitted in rounds, the last round, as the run will keep it; half a line is left out."""
    students: dict[int, dict[int, dict[str, Any]]] = {}
    for row in rows:
        with suppress(ValueError):
            told = json.loads(row)
            epochs = students.setdefault(told["fold"], {})
            if epochs and told["epoch"] <= max(epochs):
                epochs.clear()
            epochs[told["epoch"]] = told
    table = pd.DataFrame(
        [told for epochs in students.values() for told in epochs.values()], columns=list(CURVE_COLUMNS)
    )
    return table.astype({"fold": "int64", "epoch": "int64", "train_loss": "float64", "val_loss": "float64"})
