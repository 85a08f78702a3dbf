"""How far a teacher can be trusted: its confusion and prior, measured once on labelled text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.store.files import read_json, write_json
from mmemo.teacher.calibration import Calibration, fit_evidence
from mmemo.teacher.vote_density import MIN_LINES, VoteDensity, fit_density

ANCHORS_FILE = "anchors.json"
DEFAULT_ANCHOR = "meld_dev"
# Without a measurement we only assume that a teacher is right more often than not in its choice: each true
# emotion gets this share of the vote, and the rest is spread evenly. It is meant to be weak.
_GENERIC_DIAGONAL = 0.4
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a teacher's votes as evidence: each emotion as likely as any other before the line is read.

    `calibration` makes evidence of votes (see `fit_evidence`); `confusion` (7, 7) is the mean evidence by gold emotion.
    """

    calibration: Calibration
    confusion: np.ndarray


@dataclass(frozen=True, slots=True)
class TeacherAnchor:
    """A teacher's measured behaviour on `n` labelled lines.

    `confusion` is (7, 7): row z is the mean soft vote over the lines whose gold is z, so rows sum to 1.
    `prior` is (7,): the mean soft vote over all those lines. `source` says which lines they were.
    `reading` and `votes` are None when there were under 100 lines or nobody measured.
    """

    name: str
    confusion: np.ndarray
    prior: np.ndarray
    n: int = 0
    source: str = ""
    reading: Reading | None = None
    votes: VoteDensity | None = None

    def __post_init__(self) -> None:
        k = len(EKMAN7)
        if self.confusion.shape != (k, k) or self.prior.shape != (k,):
            raise InputError(f"the anchor {self.name!r} is not of {k} emotions", hint="compute it again")
        rows = np.vstack([self.confusion, self.prior[None], *([self.reading.confusion] if self.reading else [])])
        if not (np.isfinite(rows).all() and (rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-3)):
            raise InputError(f"the anchor {self.name!r} holds rows that are no probabilities", hint="compute it again")

    def evidence(self, probs: np.ndarray) -> np.ndarray:
        """(N, 7) votes -> (N, 7) evidence; where no reading was measured the prior alone goes out."""
        if self.reading is not None:
            return self.reading.calibration.apply(probs)
        divided = probs / np.maximum(self.prior, _FLOOR)
        even: np.ndarray = (divided / np.maximum(divided.sum(axis=1, keepdims=True), _FLOOR)).astype(np.float32)
        return even

    def of_evidence(self) -> TeacherAnchor:
        """The anchor that goes with evidence in place of votes: its confusion, and an even prior; no reading is left.

        Without a measured reading the confusion is that of the mean votes, whose prior goes out likewise.
        """
        confusion = self.evidence(self.confusion) if self.reading is None else self.reading.confusion
        even = np.full(len(EKMAN7), 1 / len(EKMAN7), np.float32)
        return TeacherAnchor(self.name, confusion, even, self.n, self.source)


def generic_anchor() -> TeacherAnchor:
    """The anchor of a teacher that nobody measured: a weak diagonal and an even prior."""
    k = len(EKMAN7)
    confusion = np.full((k, k), (1 - _GENERIC_DIAGONAL) / (k - 1), np.float32)
    np.fill_diagonal(confusion, _GENERIC_DIAGONAL)
    return TeacherAnchor("generic", confusion, np.full(k, 1 / k, np.float32), 0, "an assumption, not a measurement")


def measure_anchor(name: str, probs: np.ndarray, gold: np.ndarray, source: str) -> TeacherAnchor:
    """Anchor from (N, 7) soft votes on lines with (N,) gold columns; an emotion without lines gets the prior."""
    if len(probs) == 0:
        raise InputError("an anchor needs labelled lines, and there are none", hint="choose a file with labelled lines")
    prior = _normalised(probs.mean(axis=0, keepdims=True))[0]
    reading = None
    if len(probs) >= MIN_LINES:
        calibration = fit_evidence(probs, gold, prior)
        reading = Reading(calibration, _mean_by_emotion(calibration.apply(probs), gold))
    return TeacherAnchor(
        name, _mean_by_emotion(probs, gold), prior, len(probs), source, reading, fit_density(probs, gold)
    )


def read_anchors(folder: Path) -> dict[str, TeacherAnchor]:
    """The measured anchors beside a teacher's weights, by name; empty when nobody measured any."""
    path = folder / ANCHORS_FILE
    if not path.is_file():
        return {}
    stored = read_json(path)
    try:
        return {name: _from_plain(name, value) for name, value in stored.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} holds no anchors", hint="compute them again with pipelines.anchor") from error


def choose_anchor(anchors: dict[str, TeacherAnchor], name: str) -> TeacherAnchor:
    """The named anchor; `generic_anchor()` when none was ever measured; an unknown name raises InputError."""
    if not anchors:
        return generic_anchor()
    if name not in anchors:
        raise InputError(f"no anchor {name!r} for this teacher", hint=f"choose auto, {', '.join(sorted(anchors))}")
    return anchors[name]


def save_anchor(path: Path, anchor: TeacherAnchor) -> None:
    """Add one anchor to a file of anchors, or replace the one of that name, in one move."""
    stored = read_json(path) if path.is_file() else {}
    stored[anchor.name] = _to_plain(anchor)
    write_json(path, dict(sorted(stored.items())))


def _to_plain(anchor: TeacherAnchor) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "n": anchor.n,
        "source": anchor.source,
        "prior": _rounded(anchor.prior),
        "confusion": [_rounded(row) for row in anchor.confusion],
    }
    if anchor.reading is not None:
        plain["evidence"] = {
            "temperature": round(anchor.reading.calibration.temperature, 5),
            "bias": _rounded(np.array(anchor.reading.calibration.bias)),
            "confusion": [_rounded(row) for row in anchor.reading.confusion],
        }
    if anchor.votes is not None:
        plain["votes"] = anchor.votes.to_plain()
    return plain


def _from_plain(name: str, value: dict[str, Any]) -> TeacherAnchor:
    confusion = _normalised(np.asarray(value["confusion"], np.float32))
    prior = _normalised(np.asarray(value["prior"], np.float32)[None])[0]
    reading = None
    if told := value.get("evidence"):
        calibration = Calibration(float(told["temperature"]), tuple(float(b) for b in told["bias"]))
        reading = Reading(calibration, _normalised(np.asarray(told["confusion"], np.float32)))
    votes = VoteDensity.from_plain(value["votes"]) if "votes" in value else None
    return TeacherAnchor(name, confusion, prior, int(str(value["n"])), str(value["source"]), reading, votes)


def _mean_by_emotion(probs: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """(7, 7) mean of (N, 7) rows by (N,) gold column; the mean of all for an emotion that no line shows."""
    everywhere = probs.mean(axis=0)
    rows = [probs[gold == z].mean(axis=0) if (gold == z).any() else everywhere for z in range(len(EKMAN7))]
    return _normalised(np.stack(rows))


def _normalised(rows: np.ndarray) -> np.ndarray:
    """Take the rounding of the stored digits out again."""
    normalised: np.ndarray = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def _rounded(row: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in row]
