"""Labelled text, how well a teacher reads it, and the anchor that this gives."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.goemotions import read_goemotions
from mmemo.datasets.meld import read_meld
from mmemo.errors import InputError
from mmemo.labels import EKMAN7, SENTIMENT3, Vocabulary
from mmemo.progress import Stage
from mmemo.teacher.anchors import TeacherAnchor, measure_anchor
from mmemo.teacher.lines import Line
from mmemo.teacher.protocol import Teacher, read_with_progress

_STAGE = "read"


@dataclass(frozen=True, slots=True, eq=False)
class LabelledText:
    """Lines and their (N,) gold columns of a vocabulary; N is at least 1. `source` names them for a reader."""

    source: str
    vocabulary: Vocabulary
    lines: tuple[Line, ...]
    gold: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.lines) == len(self.gold), "one gold label a line"
        if not self.lines:
            raise InputError(f"{self.source} holds no labelled line", hint="choose another split or file")


@dataclass(frozen=True, slots=True)
class TeacherScore:
    """Figures between 0 and 1 on `n` lines; recall is None for a label that the gold does not show.

    Weighted F1 weights each label by its gold count, macro-F1 is the plain mean over the labels in the gold.
    """

    teacher: str
    n: int
    accuracy: float
    weighted_f1: float
    macro_f1: float
    recall: dict[str, float | None]
    lines_per_second: float


def meld_text(folder: Path, split: str, *, context_lines: int = 2, sentiment: bool = False) -> LabelledText:
    """A split of MELD with the lines before each in its dialogue; gold is the emotion, or the sentiment."""
    rows = read_meld(folder, split, context_lines)
    vocabulary = SENTIMENT3 if sentiment else EKMAN7
    labels = [row.sentiment if sentiment else row.emotion for row in rows]
    return LabelledText(
        f"MELD {split}, {vocabulary.name}, {context_lines} lines of context",
        vocabulary,
        tuple(Line(row.text, row.context) for row in rows),
        np.array([vocabulary.index(label) for label in labels], np.int64),
    )


def goemotions_text(folder: Path, split: str) -> LabelledText:
    """The comments of a GoEmotions split that have exactly one emotion; they have no context."""
    rows = [row for row in read_goemotions(folder, split) if len(row.emotions) == 1]
    return LabelledText(
        f"GoEmotions {split}, rows with one emotion, no context",
        EKMAN7,
        tuple(Line(row.text) for row in rows),
        np.array([EKMAN7.index(row.emotions[0]) for row in rows], np.int64),
    )


def measure(teacher: Teacher, text: LabelledText) -> Stage[TeacherScore]:
    """Let a teacher read labelled text and score its most probable label."""
    started = time.perf_counter()
    probs = yield from _opinions(teacher, text)
    return score(teacher.identity, probs, text, time.perf_counter() - started)


def anchor(teacher: Teacher, text: LabelledText, name: str) -> Stage[TeacherAnchor]:
    """Let a teacher read labelled text and keep its mean votes by gold emotion."""
    if text.vocabulary is not EKMAN7:
        raise InputError(f"an anchor needs {EKMAN7.name} gold", hint="choose text that is labelled with emotions")
    probs = yield from _opinions(teacher, text)
    return measure_anchor(name, probs, text.gold, text.source)


def score(teacher: str, probs: np.ndarray, text: LabelledText, seconds: float) -> TeacherScore:
    """Figures of (N, K) probabilities on labelled text."""
    from sklearn.metrics import f1_score

    gold, predicted = text.gold, probs.argmax(axis=1)
    present = np.unique(gold)
    macro_f1 = f1_score(gold, predicted, labels=present, average="macro", zero_division=0.0)
    return TeacherScore(
        teacher=teacher,
        n=len(gold),
        accuracy=float((predicted == gold).mean()),
        weighted_f1=float(f1_score(gold, predicted, average="weighted", zero_division=0.0)),
        macro_f1=float(macro_f1),
        recall={
            label: float((predicted[gold == z] == z).mean()) if z in present else None
            for z, label in enumerate(text.vocabulary.labels)
        },
        lines_per_second=len(gold) / max(seconds, 1e-9),
    )


def _opinions(teacher: Teacher, text: LabelledText) -> Stage[np.ndarray]:
    if text.vocabulary is EKMAN7:
        batches = teacher.read(text.lines)
    elif hasattr(teacher, "read_sentiment"):
        batches = teacher.read_sentiment(text.lines)
    else:
        raise InputError(f"{teacher.identity} knows no sentiments", hint="measure emotions, or use embedded")
    probs = yield from read_with_progress(batches, len(text.lines), _STAGE)
    return probs
