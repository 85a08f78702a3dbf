"""Which labelled text a show's lines are like, told from a teacher's votes on them alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmemo.labels import EKMAN7
from mmemo.teacher.anchors import DEFAULT_ANCHOR, Reading, TeacherAnchor, choose_anchor
from mmemo.teacher.calibration import Calibration
from mmemo.teacher.vote_density import emotion_shares

AUTO = "auto"
# With fewer votes the default is taken: two texts are then told apart by chance.
MIN_VOTES = 25
# Neighbouring lines are alike, and a normal distribution is a rough picture: the votes together count like so many
# independent ones at most, so that a small difference mixes two texts and does not choose one.
_MOST_VOTES = 50
# The mean vote may differ by this much from what the text's anchor expects of it, and by chance in few lines.
_USUAL_MISFIT, _CHANCE = 0.10, 0.7


@dataclass(frozen=True, slots=True)
class Resemblance:
    """What was told from `lines` votes: the share of each anchor (sum 1), and how far even these are from the votes.

    `misfit` (0 to 1) is the total variation between the mean vote and the one that the anchors expect with the
    text's own shares of emotions; more than `usual` says that no labelled text is like these lines.
    `emotions` (7,) are those shares, in EKMAN7 order.
    """

    shares: Mapping[str, float]
    lines: int
    misfit: float
    emotions: np.ndarray

    @property
    def usual(self) -> float:
        """The largest misfit of text that is like its anchor, for so many lines."""
        return _USUAL_MISFIT + _CHANCE / float(np.sqrt(max(self.lines, 1)))

    @property
    def is_strange(self) -> bool:
        """Whether these lines are like none of the labelled texts."""
        return self.misfit > self.usual

    def to_contract(self) -> dict[str, object]:
        """The object that a command prints."""
        shares = {name: round(share, 4) for name, share in self.shares.items()}
        return {"like": shares, "strange": self.is_strange, "misfit": round(self.misfit, 4), "says": self.says()}

    def says(self) -> str:
        """One or two plain sentences."""
        if self.lines < MIN_VOTES:
            (name,) = self.shares
            return f"{self.lines} lines are too few to tell which labelled text they are like: {name} is assumed"
        ranked = sorted(self.shares.items(), key=lambda item: -item[1])
        like = " and ".join(f"{name} ({100 * share:.0f} %)" for name, share in ranked if share >= 0.05)
        told = f"of the labelled texts, the lines are most like {like}"
        if not self.is_strange:
            return told
        return (
            f"{told}, but they are like none of them: the teacher's mean vote is {self.misfit:.2f} away from what it "
            f"should be, and up to {self.usual:.2f} is usual. Is it English dialogue? Do not trust what the text says "
            "without gold to compare with"
        )


def resembling_anchor(
    anchors: Mapping[str, TeacherAnchor], probs: np.ndarray
) -> tuple[TeacherAnchor, Resemblance | None]:
    """The anchor for lines with these (N, 7) votes: the measured ones mixed by how well each explains the votes.

    The likelihood of the votes under each anchor leaves the shares of the emotions free, so a sad show is not taken
    for another kind of text. With under 25 votes it is the default anchor. Without a measured spread of votes (old or
    generic anchors) it is the default as well, and no Resemblance is told.
    """
    known = {name: anchor for name, anchor in anchors.items() if anchor.votes is not None}
    if not known:
        return choose_anchor(dict(anchors), _default_of(anchors)), None
    if len(probs) < MIN_VOTES:
        name = _default_of(known)
        return known[name], Resemblance({name: 1.0}, len(probs), 0.0, np.full(len(EKMAN7), 1 / len(EKMAN7)))
    emotions, support = {}, {}
    for name, anchor in known.items():
        assert anchor.votes is not None
        emotions[name], each = emotion_shares(anchor.votes.log_density(probs))
        support[name] = min(len(probs), _MOST_VOTES) * float(each.mean())
    most = max(support.values())
    raw = {name: float(np.exp(value - most)) for name, value in support.items()}
    shares = {name: value / sum(raw.values()) for name, value in raw.items()}
    expected = sum(shares[name] * emotions[name] @ known[name].confusion for name in known)
    misfit = 0.5 * float(np.abs(probs.mean(axis=0) - expected).sum())
    told = sum(shares[name] * emotions[name] for name in known)
    return mixed_anchor(known, shares), Resemblance(shares, len(probs), misfit, np.asarray(told))


def mixed_anchor(anchors: Mapping[str, TeacherAnchor], shares: Mapping[str, float]) -> TeacherAnchor:
    """One anchor of several: means of their confusions and priors by share, and readings where all have one."""
    names = sorted(shares, key=lambda name: -shares[name])
    parts, weights = [anchors[name] for name in names], np.array([shares[name] for name in names])
    readings = [part.reading for part in parts if part.reading is not None]
    reading = None
    if len(readings) == len(parts):
        temperature = float(weights @ [one.calibration.temperature for one in readings])
        bias = _mean([np.array(one.calibration.bias) for one in readings], weights)
        confusion = _mean([one.confusion for one in readings], weights).astype(np.float32)
        reading = Reading(Calibration(temperature, tuple(float(value) for value in bias)), confusion)
    used = [f"{100 * share:.0f} % {part.source}" for part, share in zip(parts, weights, strict=True) if share >= 0.005]
    return TeacherAnchor(
        AUTO,
        _mean([part.confusion for part in parts], weights).astype(np.float32),
        _mean([part.prior for part in parts], weights).astype(np.float32),
        sum(part.n for part, share in zip(parts, weights, strict=True) if share >= 0.005),
        "; ".join(used),
        reading,
    )


def _default_of(anchors: Mapping[str, TeacherAnchor]) -> str:
    return DEFAULT_ANCHOR if DEFAULT_ANCHOR in anchors or not anchors else sorted(anchors)[0]


def _mean(values: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    mean: np.ndarray = np.tensordot(weights, np.stack(values), axes=1)
    return mean
