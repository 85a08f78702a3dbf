"""Reviewing as plain values: which faces match, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pandas as pd

from mmemo.errors import InputError
from mmemo.flow.review.faces import DROPPED, LISTENER, TRAINING, UNREAD
from mmemo.flow.review.tracks import SOURCES
from mmemo.flow.review.words import CODES, STATUSES, Standing
from mmemo.labels import EKMAN7
from mmemo.store.labels import REJECT

PAGE_FACES = 48
MAX_PAGE_FACES = 400
ANY = ""
# By time is the default: corrections of nothing but the doubtful faces were measured to teach less than any faces.
ORDERS = ("time", "gain", "issue", "confidence")
# Pairs of sources of which a person may ask where they differ.
DISAGREEMENTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "teacher-image": (("teacher", "image"),),
    "teacher-student": (("teacher", "student"),),
    "student-image": (("student", "image"),),
    "any": (("teacher", "image"), ("teacher", "student"), ("student", "image")),
}
_USES = (TRAINING, LISTENER, UNREAD, DROPPED)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "order": ORDERS,
    "status": (ANY, *STATUSES),
    "differ": (ANY, *DISAGREEMENTS),
    "source": tuple(SOURCES),
    **dict.fromkeys(("teacher", "image", "student", "target"), (ANY, *EKMAN7.labels)),
    "person": (ANY, *EKMAN7.labels, REJECT),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a person wants to see; everything empty lets through all faces that train.

    `use` is what faces are used for ("" for all), or a drop reason; confidences are shares of 1 of `source`.
    `status` and `person` are about the words of `annotator`, or of all people. `blind` hides what would tell a label:
    such filters then let everything through, and `status` is about one's own words alone. `assigned`: the faces that
    one is asked to label.
    """

    use: str = TRAINING
    status: str = ANY
    character: str = ANY
    teacher: str = ANY
    image: str = ANY
    student: str = ANY
    target: str = ANY
    person: str = ANY
    annotator: str = ANY
    source: str = "target"
    confidence_from: float = 0.0
    confidence_to: float = 1.0
    differ: str = ANY
    issues: bool = False
    text: str = ""
    order: str = "time"
    blind: bool = False
    assigned: bool = False

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                hint = f"choose one of {', '.join(filter(None, choices))}"
                raise InputError(f"unknown {name} {str(getattr(self, name))[:40]!r}", hint=hint)

    @classmethod
    def of(cls, asked: Mapping[str, object]) -> Filters:
        """From what a page sent; fields that it does not name keep their default. InputError for nonsense."""
        given: dict[str, object] = {}
        for known in fields(cls):
            value = asked.get(known.name, known.default)
            wanted = type(known.default)
            if wanted is float and isinstance(value, int):
                value = float(value)
            if not isinstance(value, wanted):
                raise InputError(f"the filter {known.name} is broken", hint="reload the page")
            given[known.name] = value
        return cls(**given).unless_blind()  # type: ignore[arg-type]

    def untold(self) -> Filters:
        """The same without what is known from people's words: after a training the target of a face is what was said
        of it, and from the target come its issues and what a word on it would teach."""
        known = self.source == "target"
        told = self.order in ("gain", "issue") or (known and self.order == "confidence")
        return replace(
            self,
            target=ANY,
            issues=False,
            order="time" if told else self.order,
            confidence_from=0.0 if known else self.confidence_from,
            confidence_to=1.0 if known else self.confidence_to,
        )

    def unless_blind(self) -> Filters:
        """Who does not see line, opinions and other people's words finds nothing out by filters either."""
        if not self.blind:
            return self
        kept = {name: getattr(self, name) for name in ("use", "status", "character", "assigned")}
        return Filters(**kept, blind=True)


@dataclass(frozen=True, slots=True, eq=False)
class FaceSearch:
    """Faces as columns that are quick to filter: built once, asked often.

    table: see mmemo.flow.review.faces.joined; lines (L,) different texts, casefolded; line (N,) the one of each face.
    """

    table: pd.DataFrame
    columns: Mapping[str, np.ndarray]
    lines: list[str]
    line: np.ndarray
    orders: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def over(cls, table: pd.DataFrame) -> FaceSearch:
        """Prepare a joined table."""
        line, texts = pd.factorize(table["text"])
        columns = {name: table[name].to_numpy() for name in table.columns}
        return cls(table, columns, [str(text).casefold() for text in texts], np.asarray(line))

    def matching(self, filters: Filters, said: Standing, people: list[str]) -> np.ndarray:
        """Rows that the filters let through, in their order. `said` is of the filters' annotator, or of everybody."""
        keep = self._used(filters.use)
        if filters.status:
            keep &= said.status == STATUSES.index(filters.status)
        if filters.annotator:
            who = people.index(filters.annotator) if filters.annotator in people else -2
            if filters.status != STATUSES[0]:
                keep &= (said.who == who) | ((said.status == STATUSES.index("skipped")) & (who >= 0))
        if filters.person:
            keep &= said.label == CODES[filters.person]
        if filters.character:
            keep &= self.columns["character"] == filters.character
        for source in SOURCES:
            if wanted := getattr(filters, source):
                keep &= self.columns[f"{source}_label"] == EKMAN7.index(wanted)
        if filters.confidence_from > 0.0 or filters.confidence_to < 1.0:
            shares = self.columns[f"{filters.source}_confidence"]
            keep &= (shares >= filters.confidence_from) & (shares <= filters.confidence_to)
        if filters.differ:
            keep &= self._differing(filters.differ)
        if filters.issues:
            keep &= self.columns["label_issue"]
        if wanted := filters.text.strip().casefold():
            keep &= np.array([wanted in text for text in self.lines], bool)[self.line]
        order = self.order(filters.order, filters.source)
        found: np.ndarray = order[keep[order]]
        return found

    def order(self, name: str, source: str) -> np.ndarray:
        """All rows in one order; computed once."""
        key = f"{name} {source}" if name == "confidence" else name
        if key not in self.orders:
            ranks = {
                "time": np.arange(len(self.table)),
                "gain": -self.columns["expected_gain"],
                "issue": self.columns["label_quality"],  # how likely the label is: the least likely first
                "confidence": self.columns[f"{source}_confidence"],
            }
            self.orders[key] = np.argsort(ranks[name], kind="stable")  # what has none comes last
        return self.orders[key]

    def _used(self, use: str) -> np.ndarray:
        if not use:
            return np.ones(len(self.table), bool)
        name = "use" if use in _USES else "drop_reason"
        used: np.ndarray = self.columns[name] == use
        return used

    def _differing(self, which: str) -> np.ndarray:
        found = np.zeros(len(self.table), bool)
        for one, other in DISAGREEMENTS[which]:
            a, b = self.columns[f"{one}_label"], self.columns[f"{other}_label"]
            found |= (a != b) & (a >= 0) & (b >= 0)
        return found
