"""What every text teacher can do, embedded or from a hub."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from mmemo.progress import Progress, Stage
from mmemo.teacher.anchors import DEFAULT_ANCHOR, TeacherAnchor
from mmemo.teacher.lines import Line

DEFAULT_BATCH = 64
# Lines of like length are read together; this many batches are sorted at a time, so that the first
# answers come soon and a cancel takes effect soon.
_BATCHES_SORTED_TOGETHER = 4


class Teacher(Protocol):
    """A frozen text classifier with an opinion on every line."""

    @property
    def identity(self) -> str:
        """Which weights these are; two teachers of one identity answer alike."""

    def anchor(self, name: str = DEFAULT_ANCHOR) -> TeacherAnchor:
        """How far to trust it, measured on the named labelled text; the generic anchor when nobody measured."""

    def read(self, lines: Sequence[Line], batch_size: int = DEFAULT_BATCH) -> Iterator[np.ndarray]:
        """Opinions in the order of the lines: batches of (B, 7) float32 in EKMAN7 order, rows sum to 1."""


def read_by_length(
    lines: Sequence[Line], batch_size: int, classify: Callable[[list[Line]], np.ndarray]
) -> Iterator[np.ndarray]:
    """Answers of `classify` ((B,) lines -> (B, K)) in the order of the lines; short lines share batches."""
    assert batch_size > 0, "a batch holds at least one line"
    window = batch_size * _BATCHES_SORTED_TOGETHER
    for start in range(0, len(lines), window):
        part = list(lines[start : start + window])
        order = sorted(range(len(part)), key=lambda i: len(part[i].text) + len(part[i].context))
        groups = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        answers = np.concatenate([classify([part[i] for i in group]) for group in groups])
        in_order = np.empty_like(answers)
        in_order[order] = answers
        for i in range(0, len(part), batch_size):
            yield in_order[i : i + batch_size]


def read_all(teacher: Teacher, lines: Sequence[Line]) -> np.ndarray:
    """(N, 7) float32 opinions on all lines at once; N may be 0."""
    batches = list(teacher.read(lines))
    return np.concatenate(batches) if batches else np.zeros((0, 7), np.float32)


def read_with_progress(batches: Iterator[np.ndarray], total: int, stage: str, note: str = "") -> Stage[np.ndarray]:
    """Collect batches of (B, K) answers into (total, K), telling after each how far it is; total may not be 0."""
    assert total > 0, "there is something to read"
    collected: list[np.ndarray] = []
    done = 0
    for batch in batches:
        collected.append(batch)
        done += len(batch)
        yield Progress(stage, done, total, note)
    return np.concatenate(collected)
