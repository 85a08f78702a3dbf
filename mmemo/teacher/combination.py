"""Several teachers as one: a weighted vote of calibrated opinions, with weights from labelled lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmemo.errors import InputError
from mmemo.store.files import hash_value, read_json
from mmemo.teacher.anchors import DEFAULT_ANCHOR, TeacherAnchor, choose_anchor
from mmemo.teacher.calibration import Calibration
from mmemo.teacher.lines import Line
from mmemo.teacher.protocol import DEFAULT_BATCH, Teacher
from mmemo.teacher.sentiment import read_sentiment

COMBINATION_FILE = "combination.json"
FORMAT = "mmemo-combined-teacher"
FORMAT_VERSION = 1
_EM_STEPS = 200


@dataclass(frozen=True, slots=True)
class Member:
    """One teacher of a combination: what finds it, its share of the vote, and how its opinions are corrected.

    `identity` is that of the weights which the share was measured with; empty when nobody measured.
    """

    name: str
    weight: float = 1.0
    calibration: Calibration = field(default_factory=Calibration)
    identity: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise InputError("a teacher in a list has no name", hint="write NAME,NAME or NAME=WEIGHT,NAME=WEIGHT")
        if not (math.isfinite(self.weight) and self.weight >= 0):
            raise InputError(f"{self.weight} is no weight of the teacher {self.name!r}", hint="use 0 or more")


@dataclass(frozen=True, slots=True)
class Combination:
    """Members whose weights sum to 1; at least one."""

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise InputError("a combination needs a teacher", hint="name one or more")
        if not math.isclose(sum(member.weight for member in self.members), 1.0, abs_tol=1e-6):
            raise InputError("the weights of a combination do not sum to 1", hint="combine the teachers again")


class CombinedTeacher:
    """The linear opinion pool: sum over teachers of weight x calibrated opinion (Stone 1961)."""

    def __init__(
        self, identity: str, combination: Combination, teachers: Sequence[Teacher], anchors: dict[str, TeacherAnchor]
    ) -> None:
        assert len(teachers) == len(combination.members), "one teacher a member"
        self._identity = identity
        self._members = combination.members
        self._teachers = tuple(teachers)
        self._anchors = anchors

    @property
    def identity(self) -> str:
        """Hash of all members' identities, weights and corrections."""
        return self._identity

    def anchor(self, name: str = DEFAULT_ANCHOR) -> TeacherAnchor:
        """How far to trust it; generic when nobody measured."""
        return choose_anchor(self._anchors, name)

    def read(self, lines: Sequence[Line], batch_size: int = DEFAULT_BATCH) -> Iterator[np.ndarray]:
        """Batches of (B, 7) float32 in EKMAN7 order, in the order of the lines; every member reads every line."""
        for opinions in zip(*(teacher.read(lines, batch_size) for teacher in self._teachers), strict=True):
            corrected = [member.calibration.apply(p) for member, p in zip(self._members, opinions, strict=True)]
            yield pooled(corrected, [member.weight for member in self._members])

    def read_sentiment(self, lines: Sequence[Line], batch_size: int = DEFAULT_BATCH) -> Iterator[np.ndarray]:
        """Batches of (B, 3) float32 in SENTIMENT3 order: the same vote on what each member says of the sentiment.

        The corrections are those of emotions and do not apply.
        """
        for opinions in zip(*(read_sentiment(teacher, lines, batch_size) for teacher in self._teachers), strict=True):
            yield pooled(opinions, [member.weight for member in self._members])


def pooled(opinions: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """(N, K) float32 weighted mean of the members' (N, K) opinions; the weights sum to 1."""
    total: np.ndarray = np.tensordot(np.asarray(weights), np.stack(opinions).astype(np.float64), axes=1)
    normalised: np.ndarray = (total / total.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def vote_weights(opinions: Sequence[np.ndarray], gold: np.ndarray) -> np.ndarray:
    """(M,) weights of least log loss of the pooled opinion on (N,) gold columns; they sum to 1.

    Expectation-maximisation of the mixture's weights, each step of which lowers the loss, from equal weights: "stacked
    density estimation" (Smyth and Wolpert 1999, section 2) for classifiers. A teacher that adds nothing gets about 0,
    and two that are alike share.
    """
    likelihood = np.stack([p[np.arange(len(gold)), gold] for p in opinions], axis=1).astype(np.float64) + 1e-9
    weights = np.full(likelihood.shape[1], 1 / likelihood.shape[1])
    for _ in range(_EM_STEPS):
        shares = likelihood * weights
        weights = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
    return weights


def parse_teachers(name: str) -> Combination | None:
    """The combination that `NAME,NAME` or `NAME=WEIGHT,NAME=WEIGHT` asks for; None when it names one teacher.

    Weights count relative to each other, and those that are not given are 1. A folder of exactly this name wins.
    """
    if "," not in name or Path(name).expanduser().is_dir():
        return None
    members = [_member(part.strip()) for part in name.split(",")]
    total = sum(member.weight for member in members)
    if total <= 0:
        raise InputError(f"no teacher in {name!r} has a vote", hint="give at least one a weight above 0")
    if len({member.name for member in members}) < len(members):
        raise InputError(f"a teacher is named twice in {name!r}", hint="give it a larger weight: NAME=2")
    return Combination(tuple(Member(member.name, member.weight / total) for member in members))


def combination_identity(label: str, combination: Combination, identities: Sequence[str]) -> str:
    """Identity of a combination whose members have these identities now."""
    parts = [
        [identity, member.weight, member.calibration.temperature, member.calibration.bias]
        for member, identity in zip(combination.members, identities, strict=True)
    ]
    return f"combined:{label}@{hash_value(parts)}"


def pooled_anchors(
    combination: Combination, anchors: Sequence[Mapping[str, TeacherAnchor]]
) -> dict[str, TeacherAnchor]:
    """Anchors of a plain weighted vote: the weighted mean of the members' anchors that all of them have.

    Mean votes of a weighted mean are the weighted mean of mean votes, so this is exact for members without a
    calibration that were measured on the same lines, and it is not used for others.
    """
    if any(member.calibration != Calibration() for member in combination.members):
        return {}
    weights = [member.weight for member in combination.members]
    names = set(anchors[0]).intersection(*anchors[1:])
    same_lines = [name for name in sorted(names) if len({(each[name].source, each[name].n) for each in anchors}) == 1]
    return {
        name: TeacherAnchor(
            name,
            pooled([each[name].confusion for each in anchors], weights),
            pooled([each[name].prior[None] for each in anchors], weights)[0],
            anchors[0][name].n,
            anchors[0][name].source,
        )
        for name in same_lines
    }


def is_combination(folder: Path) -> bool:
    """Whether a folder holds a combination."""
    return (folder / COMBINATION_FILE).is_file()


def read_combination(folder: Path) -> Combination:
    """The combination stored in a folder; a damaged one raises InputError. Relative folders count from this one."""
    path = folder / COMBINATION_FILE
    stored = read_json(path)
    try:
        members = [
            Member(
                _found_from(folder, str(member["name"])),
                float(member["weight"]),
                Calibration(float(member["temperature"]), tuple(float(value) for value in member["bias"])),
                str(member["identity"]),
            )
            for member in stored["members"]
        ]
        return Combination(tuple(members))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} holds no combination", hint="make it again with pipelines.combine_teachers"
        ) from error


def combination_record(combination: Combination, fitted_on: str, figures: Mapping[str, object]) -> dict[str, object]:
    """What is stored of a combination: members in plain values, the lines it was fitted on, and figures on them."""
    members = [
        {
            "name": member.name,
            "identity": member.identity,
            "weight": member.weight,
            "temperature": member.calibration.temperature,
            "bias": list(member.calibration.bias),
        }
        for member in combination.members
    ]
    record = {"format": FORMAT, "version": FORMAT_VERSION, "fitted_on": fitted_on}
    return record | {"members": members, "figures": dict(figures)}


def _member(part: str) -> Member:
    name, sign, weight = part.rpartition("=")
    if not sign:
        return Member(part)
    try:
        return Member(name.strip(), float(weight))
    except ValueError as error:
        raise InputError(f"{weight!r} is no weight", hint="write NAME=WEIGHT, such as embedded=2") from error


def _found_from(folder: Path, name: str) -> str:
    beside = folder / name
    return str(beside) if not Path(name).is_absolute() and beside.is_dir() else name
