"""How far each person is, how fast, and how good on the questions whose answer is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pandas as pd

from mmemo.evaluate.agreement import Measure, share
from mmemo.flow.team.words import Hidden, TeamWords
from mmemo.store.labels import REJECT, SKIP, WITHDRAW

# A longer gap between two presses is a break, not a slow label.
BREAK_S = 300.0
FEW_PRESSES, FEW_S = 10, 30.0


@dataclass(frozen=True, slots=True)
class PersonProgress:
    """One person on the faces of some episodes.

    assigned, done: of open rounds; an answer or a skip is done. answered: faces with an answer that stands. an_hour:
    presses an hour while at work, over `active_s` seconds; None for too few presses. skipped, rejected: shares of the faces that the person
    dealt with. alike: share of the others' answers on the same faces that are the same, both given without sight of
    the other, with how many there are; its interval takes each for itself, so it is too narrow where three people or
    more answered on the same faces. gold: share of gold questions answered right, and how many.
    """

    name: str
    assigned: int
    done: int
    answered: int
    an_hour: float | None
    active_s: float
    skipped: float | None
    rejected: float | None
    alike: Measure
    met: int
    gold: Measure
    golds: int


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeWork:
    """What one episode tells of people's work.

    asked: (person, track) of open rounds. hidden: when others' words were hidden from whom. gold: {track: answer}; tested: (person, track) of gold questions that were put to people. last, first and
    free: the answers that stand, the first ones, and those given without sight of another's.
    """

    words: TeamWords
    asked: set[tuple[str, int]]
    hidden: Hidden
    gold: Mapping[int, str]
    tested: set[tuple[str, int]]
    last: pd.DataFrame = field(init=False)
    first: pd.DataFrame = field(init=False)
    free: pd.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "last", self.words.last())
        object.__setattr__(self, "first", self.words.first())
        object.__setattr__(self, "free", self.words.independent(self.hidden))


def progress_of(name: str, work: Collection[EpisodeWork]) -> PersonProgress:
    """One person over some episodes."""
    assigned = done = answered = dealt = skipped = rejected = same = met = right = golds = 0
    moments: list[pd.DataFrame] = []
    for part in work:
        mine = part.words.words[part.words.words["annotator"] == name]
        own = part.last[part.last["annotator"] == name]
        skips = _skipped(mine, own)
        dealt_with = set(own["track_id"]) | skips
        asked = {track for person, track in part.asked if person == name}
        assigned, done = assigned + len(asked), done + len(asked & dealt_with)
        answered, dealt, skipped = answered + len(own), dealt + len(dealt_with), skipped + len(skips)
        rejected += int((own["label"] == REJECT).sum())
        hits, pairs = _met(name, part.free)
        same, met = same + hits, met + pairs
        first = part.first[part.first["annotator"] == name]
        for track, label in zip(first["track_id"].tolist(), first["label"].tolist(), strict=True):
            if track in part.gold and (name, track) in part.tested:
                golds, right = golds + 1, right + (part.gold[track] == label)
        moments.append(mine[["created_at", "press", "id", "label"]])
    an_hour, active_s = _an_hour(moments)
    return PersonProgress(
        name, assigned, done, answered, an_hour, active_s, skipped / dealt if dealt else None,
        rejected / dealt if dealt else None, share(same, met), met, share(right, golds), golds,
    )  # fmt: skip


def _skipped(mine: pd.DataFrame, own: pd.DataFrame) -> set[int]:
    """Tracks that a person passed over and gave no answer on."""
    return set(mine.loc[mine["label"] == SKIP, "track_id"]) - set(own["track_id"])


def _met(name: str, independent: pd.DataFrame) -> tuple[int, int]:
    """How many of the others' answers on one's own faces are the same, and how many there are."""
    mine = independent[independent["annotator"] == name][["track_id", "label"]]
    others = independent[independent["annotator"] != name][["track_id", "label"]]
    both = mine.merge(others, on="track_id", suffixes=("", "_other"))
    return int((both["label"] == both["label_other"]).sum()), len(both)


def _an_hour(parts: Collection[pd.DataFrame]) -> tuple[float | None, float]:
    """Presses an hour over the time at work, and that time in s: the gaps between presses, breaks left out.

    A burst is followed by looking and thinking, which is work too; so all gaps count, not the usual one. None for fewer
    than FEW_PRESSES, or less than FEW_S of work.
    """
    said = pd.concat([part[part["label"] != WITHDRAW] for part in parts]) if parts else pd.DataFrame()
    if said.empty:
        return None, 0.0
    # A press that labelled many faces is one; rows without a press are one each.
    press = said["press"].where(said["press"].notna(), said["id"].astype(str))
    moments = said.groupby(press)["created_at"].min().sort_values()
    gaps = moments.diff().dt.total_seconds().to_numpy()[1:]
    gaps = gaps[gaps < BREAK_S]
    active_s = float(gaps.sum())
    if len(gaps) < FEW_PRESSES or active_s < FEW_S:
        return None, active_s
    return 3600.0 * len(gaps) / active_s, active_s
