"""The part of a report that tells how an episode was cut, and the report of a cut alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any

from mmemo.episode.account import CueAccount
from mmemo.evaluate.report_page import render_page
from mmemo.store.files import to_json

EXAMPLES_SHOWN = 4
KEPT = "kept"
_TEMPLATE = "cut.html.j2"


@dataclass(frozen=True, slots=True)
class FaceShown:
    """A face beside a cue: JPEG bytes, what it was taken for, and how much its mouth moves with the line."""

    image: bytes
    role: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class CueExample:
    """A cue that stands for an outcome: its line, its picture if one was looked at, one face a track.

    `margin` tells how clearly the speaker stood out, None when there was nobody to compare with; `more_faces` are
    those that are not shown. `measured` is what a reason rests on, where figures say it.
    """

    cue_id: int
    start_ms: int
    line: str
    scene: bytes | None = None
    faces: tuple[FaceShown, ...] = ()
    more_faces: int = 0
    margin: float | None = None
    measured: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What happened to the text at a line of the subtitle."""

    line: int
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule of the cleaning, how many cues it touched, and one of them before and after."""

    rule: str
    meaning: str
    cues: int
    before: str = ""
    after: str = ""
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How a subtitle was read: what was repaired and refused at which line, and what the cleaning did.

    `repaired` and `refused` are the first notes; the totals count all.
    """

    format: str
    encoding: str
    read: int
    repaired_total: int = 0
    refused_total: int = 0
    repaired: tuple[Note, ...] = ()
    refused: tuple[Note, ...] = ()
    rules: tuple[RuleUse, ...] = ()
    stream: int | None = None
    streams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QaRow:
    """One thing that looks wrong, with the line of its cue."""

    kind: str
    start_ms: int
    what: str
    cue_id: int = 0
    line: str = ""


@dataclass(frozen=True, slots=True)
class QaList:
    """How often each kind occurs, and the rows that are shown."""

    counts: Mapping[str, int]
    rows: tuple[QaRow, ...]

    @property
    def total(self) -> int:
        """All rows, shown or not."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class CharacterRow:
    """One character of the episode: a face, a name if one is known and who says so, and how much there is.

    `name_source` is "person", "prefix" (`votes` of `of` lines with a name in front say so) or "".
    """

    character_id: int
    name: str
    name_source: str
    tracks: int
    lines: int
    seconds: float
    image: bytes | None = None
    votes: int = 0
    of: int = 0

    @property
    def name_from(self) -> str:
        """Who says so, for people."""
        if self.name_source == "prefix" and self.of:
            return f"NAME: in {self.votes} of {self.of} lines"
        return {"person": "a person", "prefix": "NAME: in front of lines", "": "–"}.get(
            self.name_source, self.name_source
        )


@dataclass(frozen=True, slots=True)
class CutDetails:
    """How one episode was cut; what is None or empty was not stored with it and has no section.

    `examples` by outcome, "kept" or a drop reason. `sync` is what the account holds of the sync check, None when
    nothing was checked. `more_characters` are those that are not shown.
    """

    episode_id: str
    account: CueAccount
    examples: Mapping[str, tuple[CueExample, ...]] = field(default_factory=dict)
    reading: Reading | None = None
    sync: Mapping[str, Any] | None = None
    qa: QaList | None = None
    characters: tuple[CharacterRow, ...] = ()
    more_characters: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CutPage:
    """Everything that the report of a cut alone shows."""

    title: str
    created: str
    details: CutDetails
    faces: int
    tracks: int
    duration_ms: int
    seconds: Mapping[str, float] = field(default_factory=dict)
    synthetic_notice: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)


def render_cut(page: CutPage) -> str:
    """The whole HTML document as text; all words in it that come from outside are escaped."""
    return render_page(
        _TEMPLATE,
        {
            "page": page,
            "cut": page.details,
            "examples": merged_examples([page.details]),
            "settings_json": to_json(page.settings, indent=2) if page.settings else "",
        },
    )


def merged_examples(cuts: Sequence[CutDetails]) -> dict[str, list[CueExample]]:
    """Examples of every outcome over all episodes, from each in turn, EXAMPLES_SHOWN at most.

    In the order of the account: kept, then the most frequent reason first.
    """
    dropped: dict[str, int] = {}
    for cut in cuts:
        for reason, n in cut.account.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + n
    merged = {}
    for outcome in [KEPT, *sorted(dropped, key=lambda reason: -dropped[reason])]:
        turns = zip_longest(*(cut.examples.get(outcome, ()) for cut in cuts))
        found = list(islice((example for turn in turns for example in turn if example is not None), EXAMPLES_SHOWN))
        if found:
            merged[outcome] = found
    return merged
