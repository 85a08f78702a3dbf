"""Labelled text, how well a teacher reads it, and the anchor that this gives."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.goemotions import read_goemotions
from mmemo.datasets.labelled_lines import read_labelled_lines
from mmemo.datasets.meld import read_meld
from mmemo.datasets.msctd import read_msctd
from mmemo.errors import InputError
from mmemo.labels import EKMAN7, SENTIMENT3, Vocabulary
from mmemo.progress import Stage
from mmemo.teacher.anchors import TeacherAnchor, measure_anchor
from mmemo.teacher.calibration import expected_calibration_error, log_loss
from mmemo.teacher.lines import Line, with_context
from mmemo.teacher.protocol import Teacher, read_with_progress
from mmemo.teacher.sentiment import read_sentiment

_STAGE = "read"
_LINES_OF_A_SCENE = 8


@dataclass(frozen=True, slots=True, eq=False)
class LabelledText:
    """Lines and their (N,) gold columns of a vocabulary; N is at least 1. `source` names them for a reader.

    `groups` is (N,) the dialogue of each line: lines of one dialogue are never on both sides of a split.
    """

    source: str
    vocabulary: Vocabulary
    lines: tuple[Line, ...]
    gold: np.ndarray
    groups: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.lines) == len(self.gold) == len(self.groups), "one gold label and one dialogue a line"
        if not self.lines:
            raise InputError(f"{self.source} holds no labelled line", hint="choose another split or file")


@dataclass(frozen=True, slots=True)
class TeacherScore:
    """Figures between 0 and 1 on `n` lines; recall is None for a label that the gold does not show.

    Weighted F1 weights each label by its gold count, macro-F1 is the plain mean over the labels in the gold.
    `log_loss` is in nats; `calibration_error` is the mean gap between confidence and accuracy.
    """

    teacher: str
    n: int
    accuracy: float
    weighted_f1: float
    macro_f1: float
    recall: dict[str, float | None]
    lines_per_second: float
    log_loss: float
    calibration_error: float


def meld_text(
    folder: Path, split: str, *, context_lines: int = 2, next_lines: int = 0, sentiment: bool = False
) -> LabelledText:
    """A split of MELD with the lines around each in its dialogue; gold is the emotion, or the sentiment."""
    rows = read_meld(folder, split, context_lines, next_lines)
    vocabulary = SENTIMENT3 if sentiment else EKMAN7
    labels = [row.sentiment if sentiment else row.emotion for row in rows]
    return LabelledText(
        f"MELD {split}, {vocabulary.name}, {_context_words(context_lines, next_lines)}",
        vocabulary,
        tuple(Line(row.text, row.context) for row in rows),
        _columns(vocabulary, labels),
        np.array([row.dialogue_id for row in rows], np.int64),
    )


def goemotions_text(folder: Path, split: str) -> LabelledText:
    """The comments of a GoEmotions split that have exactly one emotion; they have no context."""
    rows = [row for row in read_goemotions(folder, split) if len(row.emotions) == 1]
    return LabelledText(
        f"GoEmotions {split}, rows with one emotion, no context",
        EKMAN7,
        tuple(Line(row.text) for row in rows),
        _columns(EKMAN7, [row.emotions[0] for row in rows]),
        np.arange(len(rows)),
    )


def msctd_text(folder: Path, split: str, *, context_lines: int = 2, next_lines: int = 0) -> LabelledText:
    """A split of MSCTD with the lines around each in its dialogue; gold is the sentiment."""
    rows = read_msctd(folder, split)
    groups = [row.dialogue_id for row in rows]
    return LabelledText(
        f"MSCTD {split}, {SENTIMENT3.name}, {_context_words(context_lines, next_lines)}",
        SENTIMENT3,
        tuple(with_context([row.text for row in rows], context_lines, next_lines, groups)),
        _columns(SENTIMENT3, [row.sentiment for row in rows]),
        np.array(groups, np.int64),
    )


def csv_text(path: Path, *, context_lines: int = 2, next_lines: int = 0) -> LabelledText:
    """A CSV with the columns text (or line) and emotion, in the order in which the lines are said.

    Eight lines that follow each other count as one dialogue when folds are made.
    """
    rows = read_labelled_lines(path)
    return LabelledText(
        f"{path.name}, {EKMAN7.name}, {_context_words(context_lines, next_lines)}",
        EKMAN7,
        tuple(with_context([text for text, _ in rows], context_lines, next_lines)),
        _columns(EKMAN7, [emotion for _, emotion in rows]),
        np.arange(len(rows)) // _LINES_OF_A_SCENE,
    )


def measure(teacher: Teacher, text: LabelledText) -> Stage[TeacherScore]:
    """Let a teacher read labelled text and score its most probable label."""
    started = time.perf_counter()
    probs = yield from opinions(teacher, text)
    return score(teacher.identity, probs, text, time.perf_counter() - started)


def anchor(teacher: Teacher, text: LabelledText, name: str) -> Stage[TeacherAnchor]:
    """Let a teacher read labelled text and keep its mean votes by gold emotion."""
    if text.vocabulary is not EKMAN7:
        raise InputError(f"an anchor needs {EKMAN7.name} gold", hint="choose text that is labelled with emotions")
    probs = yield from opinions(teacher, text)
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
        log_loss=log_loss(probs, gold),
        calibration_error=expected_calibration_error(probs, gold),
    )


def majority(text: LabelledText) -> float:
    """Accuracy of always saying the label that the gold shows most often."""
    return float(np.bincount(text.gold).max() / len(text.gold))


def opinions(teacher: Teacher, text: LabelledText) -> Stage[np.ndarray]:
    """(N, K) float32 of what a teacher says of labelled text, in the text's vocabulary."""
    if text.vocabulary is EKMAN7:
        batches = teacher.read(text.lines)
    else:
        batches = read_sentiment(teacher, text.lines)
    probs = yield from read_with_progress(batches, len(text.lines), _STAGE)
    return probs


def _columns(vocabulary: Vocabulary, labels: list[str]) -> np.ndarray:
    return np.array([vocabulary.index(label) for label in labels], np.int64)


def _context_words(context_lines: int, next_lines: int) -> str:
    after = f" before and {next_lines} after" if next_lines else ""
    return f"{context_lines} lines of context{after}"
