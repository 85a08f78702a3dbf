"""How well a teacher reads labelled lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.teacher.lines import Line
from mmemo.teacher.protocol import Teacher


@dataclass(frozen=True, slots=True)
class TeacherScore:
    """Scores in percent on `n` lines; recall by emotion is None where the gold has none of it."""

    teacher: str
    n: int
    accuracy: float
    weighted_f1: float
    macro_f1: float
    recall: dict[str, float | None]
    lines_per_second: float


def read_with_progress(teacher: Teacher, lines: Sequence[Line], stage: str) -> Stage[np.ndarray]:
    """Opinions on all lines, (N, 7) float32; yields after every batch."""
    batches: list[np.ndarray] = []
    done = 0
    for batch in teacher.read(lines):
        batches.append(batch)
        done += len(batch)
        yield Progress(stage, done, len(lines))
    return np.concatenate(batches) if batches else np.zeros((0, len(EKMAN7)), np.float32)


def measure_teacher(teacher: Teacher, lines: Sequence[Line], gold: np.ndarray) -> Stage[TeacherScore]:
    """Score a teacher's most probable emotion against (N,) gold columns; no lines raises InputError.

    Weighted F1 weights each emotion by its gold count; macro-F1 is over the emotions that the gold holds.
    """
    if not len(lines):
        raise InputError("there are no labelled lines to measure on", hint="choose a file with labelled lines")
    started = time.perf_counter()
    probs = yield from read_with_progress(teacher, lines, "read")
    seconds = time.perf_counter() - started
    return score(teacher.identity, probs, gold, len(lines) / seconds)


def score(name: str, probs: np.ndarray, gold: np.ndarray, lines_per_second: float) -> TeacherScore:
    """Scores of (N, 7) opinions against (N,) gold columns."""
    from sklearn.metrics import f1_score

    predicted = probs.argmax(axis=1)
    present = sorted(set(gold.tolist()))
    recall = {
        label: 100 * float((predicted[gold == z] == z).mean()) if z in present else None
        for z, label in enumerate(EKMAN7.labels)
    }
    return TeacherScore(
        teacher=name,
        n=len(gold),
        accuracy=100 * float((predicted == gold).mean()),
        weighted_f1=100 * float(f1_score(gold, predicted, average="weighted", zero_division=0)),
        macro_f1=100 * float(f1_score(gold, predicted, labels=present, average="macro", zero_division=0)),
        recall=recall,
        lines_per_second=lines_per_second,
    )
