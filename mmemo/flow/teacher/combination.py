"""The stage that makes one teacher of one or several: corrections and votes fitted on labelled lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.errors import InputError
from mmemo.flow.teacher.quality import LabelledText, TeacherScore, opinions, score
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.store.files import publish_folder, write_json
from mmemo.teacher.anchors import ANCHORS_FILE, measure_anchor, save_anchor
from mmemo.teacher.calibration import Calibration, choose_calibration
from mmemo.teacher.combination import (
    COMBINATION_FILE,
    Combination,
    Member,
    combination_record,
    pooled,
    vote_weights,
)
from mmemo.teacher.loading import load_teacher

# Folds that show what a combination is worth on dialogues that it was not fitted on.
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class CombinedReport:
    """What was stored: members with weights and corrections, and how they read the lines.

    `alone` has each member as it is, `combined` is on held-out dialogues (5 folds): neither saw its own gold.
    """

    folder: Path
    combination: Combination
    fitted_on: str
    alone: dict[str, TeacherScore]
    combined: TeacherScore


def combine(
    names: Sequence[str], text: LabelledText, anchor_name: str, folder: Path, *, calibrate: bool = True
) -> Stage[CombinedReport]:
    """Fit corrections, then weights, on labelled text, and store them with an anchor as a teacher of its own.

    `folder` must not exist. One name gives a calibrated teacher. Raises InputError for text that is not labelled with
    emotions and for a teacher that is named twice.
    """
    if text.vocabulary is not EKMAN7:
        raise InputError(f"teachers are combined on {EKMAN7.name} gold", hint="choose text labelled with emotions")
    if folder.exists():
        raise InputError(f"{folder} exists already", hint="choose a new folder or remove the old one")
    if not names or len(set(names)) < len(names):
        raise InputError("name each teacher once, and at least one", hint="such as: embedded models/my-bert")
    read, identities, alone = [], [], {}
    for name in names:
        started = time.perf_counter()
        teacher = load_teacher(name)
        probs = yield from opinions(teacher, text)
        read.append(probs)
        identities.append(teacher.identity)
        alone[name] = score(teacher.identity, probs, text, time.perf_counter() - started)
    held_out = _held_out(read, text, calibrate)
    corrections, weights = _fit(read, text.gold, text.groups, calibrate)
    members = tuple(
        Member(str(name), float(weight), correction, identity)
        for name, weight, correction, identity in zip(
            map(_lasting, names), weights, corrections, identities, strict=True
        )
    )
    combination = Combination(members)
    seconds = sum(len(text.lines) / one.lines_per_second for one in alone.values())
    combined = score(f"combined:{folder.name}", held_out, text, seconds)
    whole = _vote(read, corrections, weights)
    with publish_folder(folder) as temporary:
        figures = {"alone": alone, "combined_held_out": combined}
        write_json(temporary / COMBINATION_FILE, combination_record(combination, text.source, figures))
        save_anchor(temporary / ANCHORS_FILE, measure_anchor(anchor_name, whole, text.gold, text.source))
    return CombinedReport(folder, combination, text.source, alone, combined)


def _fit(
    read: Sequence[np.ndarray], gold: np.ndarray, groups: np.ndarray, calibrate: bool
) -> tuple[list[Calibration], np.ndarray]:
    corrections = [choose_calibration(probs, gold, groups) if calibrate else Calibration() for probs in read]
    corrected = [correction.apply(probs) for correction, probs in zip(corrections, read, strict=True)]
    return corrections, vote_weights(corrected, gold)


def _vote(read: Sequence[np.ndarray], corrections: Sequence[Calibration], weights: np.ndarray) -> np.ndarray:
    corrected = [correction.apply(probs) for correction, probs in zip(corrections, read, strict=True)]
    return pooled(corrected, [float(weight) for weight in weights])


def _held_out(read: Sequence[np.ndarray], text: LabelledText, calibrate: bool) -> np.ndarray:
    """(N, 7) opinions of combinations that were fitted without the line's dialogue; the plain vote for one dialogue."""
    numbers = np.unique(text.groups, return_inverse=True)[1]
    folds = min(_FOLDS, int(numbers.max()) + 1)
    probs = pooled(read, [1 / len(read)] * len(read))
    for fold in range(folds if folds > 1 else 0):
        test = numbers % folds == fold
        fitted = _fit([p[~test] for p in read], text.gold[~test], text.groups[~test], calibrate)
        probs[test] = _vote([p[test] for p in read], *fitted)
    return probs


def _lasting(name: str) -> str:
    """A folder's name that holds wherever the command is run from."""
    folder = Path(name).expanduser()
    return str(folder.resolve()) if folder.is_dir() else name
