"""The server's side of Team: who did what, how far people agree, and what is open; plain values only."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mmemo.errors import InputError
from mmemo.evaluate.agreement import Measure, group_agreement, pair_agreement
from mmemo.flow.review.faces import EpisodeFaces
from mmemo.flow.review.human_labels import CutFaces, verdicts_on
from mmemo.flow.team.assignment import on_cut
from mmemo.flow.team.progress import EpisodeWork, progress_of
from mmemo.flow.team.words import ANSWERS, TeamWords, columns_of
from mmemo.labels import EKMAN7
from mmemo.store.labels import FacePin, LabelStore
from mmemo.store.people import LOCAL, Person
from mmemo.store.team import PlacedFace, TeamStore
from mmemo.store.workspace import Workspace
from mmemo.ui.review.desk import ReviewDesk, item_of
from mmemo.ui.sign_in import People, need_lead

Json = Mapping[str, Any]
_NONE = {"value": None, "low": None, "high": None}
_UNTOLD = {"alike": _NONE, "met": 0, "gold": _NONE, "golds": 0}
_BOX = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True, slots=True, eq=False)
class TeamPart:
    """One episode as Team sees it, in the cut that is in use.

    decisions and gold: track_id, label, annotator of what holds, one row a track.
    """

    faces: EpisodeFaces
    work: EpisodeWork
    decisions: pd.DataFrame
    gold: pd.DataFrame

    def item(self, track: int) -> str:
        """What a page calls a face."""
        return f"{self.faces.episode.episode_id}/{self.faces.episode.cut_key}/{track}"

    def placed(self, track: int) -> PlacedFace:
        """A face with its pin."""
        return placed_face(self.faces, track)

    def conflicts(self) -> list[int]:
        """Tracks on which people differ and nothing is decided, in order of time."""
        decided = set(self.decisions["track_id"])
        return [track for track in self.differing() if track not in decided]

    def differing(self) -> list[int]:
        """Tracks on which people differ, in order of time."""
        differ = [track for track in self.work.words.conflicts() if track in self.faces.row_of]
        return sorted(differ, key=lambda track: self.faces.row_of[track])


@dataclass(slots=True)
class TeamDesk:
    """Answers a page of Team. Who asks is told by the server; everything that matters is in the store."""

    workspace: Workspace
    store: LabelStore
    people: People
    team: TeamStore = field(init=False)
    review: ReviewDesk = field(init=False)
    _parts: dict[str, tuple[Hashable, TeamPart]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.review = ReviewDesk(self.workspace, self.store)
        self.team = self.review.team

    def open(self, asked: Json, me: Person) -> dict[str, Any]:
        """What a page begins with: who asks, how far everybody is, and how much is open. Who labels sees the own
        row alone."""
        parts = self.parts(asked)
        if not parts:
            return {**self._whom(me), "episode": None}
        names = self.names(parts) if me.is_lead else [me.name]
        work = [part.work for part in parts]
        rows = [_progress(progress_of(name, work)) for name in names]
        rounds = [one for one in self.team.rounds() if me.is_lead or me.name in one["people"]]
        if not me.is_lead and not all(one["closed"] for one in rounds):
            # One more gold question, or one more that is like another's, would tell which face it was.
            rows = [{**row, **_UNTOLD, "untold": True} for row in rows]
        return {
            **self._whom(me),
            "episode": str(asked["episode"]),
            "episodes": [episode.episode_id for episode in self.workspace.episodes()],
            "labels": list(EKMAN7.labels),
            "progress": rows,
            "conflicts": sum(len(part.conflicts()) for part in parts) if me.is_lead else 0,
            "decided": sum(len(part.decisions) for part in parts),
            "gold": sum(len(part.gold) for part in parts) if me.is_lead else 0,
            "rounds": [_round(one) for one in rounds],
            "names": self.may_be_asked() if me.is_lead else [],
        }

    def _whom(self, me: Person) -> dict[str, Any]:
        return {"me": me.name, "lead": me.is_lead, "alone": not self.people.sign_in, "oauth": self.people.oauth}

    def agreement(self, asked: Json, me: Person) -> dict[str, Any]:
        """How far people agree on what they said without sight of each other, and two of them in full."""
        need_lead(me)
        parts = self.parts(asked)
        tracks = [(part, track) for part in parts for track in sorted(part.faces.row_of)]
        columns: dict[str, Any] = {}
        said = counted = 0
        for part in parts:
            free = part.work.free
            said, counted = said + len(part.work.first), counted + len(free)
            keys = [track if other is part else -1 for other, track in tracks]
            for name, column in columns_of(free, keys).items():
                columns[name] = np.where(column >= 0, column, columns.get(name, -1))
        return {"group": _group(columns), "pairs": _pairs(columns), "left_out": said - counted, "answers": [*ANSWERS]}

    def parts(self, asked: Json) -> list[TeamPart]:
        """The chosen episode, or all."""
        chosen = str(asked.get("episode") or "")
        ids = [episode.episode_id for episode in self.workspace.episodes()]
        if not asked.get("all"):
            ids = [chosen] if chosen in ids else []
        self.review.log.refresh()
        for episode_id in ids:
            if self.review.forget_if_changed(episode_id, None):
                with self._lock:
                    self._parts.pop(episode_id, None)
        return [self.part(episode_id) for episode_id in ids]

    def part(self, episode_id: str) -> TeamPart:
        """One episode as it stands now; read again only when somebody said or did something."""
        episode = self.workspace.episode(episode_id)
        stamp = (episode.cut_key, self.review.log.last_id, self.team.stamp(), self._leads())
        with self._lock:
            there = self._parts.get(episode_id)
        if there is not None and there[0] == stamp:
            return there[1]
        faces = self.review.part(episode_id, episode.cut_key)
        cut = CutFaces.read(self.workspace, episode)
        gold = verdicts_on(self.team.gold(episode_id), cut)
        decisions = verdicts_on(self.team.decisions(episode_id), cut)
        made = TeamPart(faces, self._work(episode_id, cut, gold), decisions, gold)
        with self._lock:
            self._parts[episode_id] = (stamp, made)
        return made

    def _work(self, episode_id: str, cut: CutFaces, gold: pd.DataFrame) -> EpisodeWork:
        words = TeamWords.of(self.review.log.of(episode_id), cut)
        asked = on_cut(self.team.assignments(episode_id), cut)
        ever = on_cut(self.team.assignments(episode_id, also_closed=True), cut)
        open_from = {one["id"]: (_utc(one["created_at"]), _utc(one["closed_at"])) for one in self.team.rounds()}
        leads, since = self._leads(), dict[tuple[str, int], list[Any]]()
        for who, track, number in ever[["person", "track_id", "round_id"]].itertuples(index=False):
            if str(who) not in leads:  # who sees all words under Conflicts
                since.setdefault((str(who), int(track)), []).append(open_from[number])
        tested = ever[ever["gold"].astype(bool)]
        return EpisodeWork(
            words, _pairs_of(asked), since, dict(zip(gold["track_id"].tolist(), gold["label"].tolist(), strict=True)),
            _pairs_of(tested),
        )  # fmt: skip

    def _leads(self) -> frozenset[str]:
        return frozenset({name for name, one in self.people.known().items() if one.is_lead} | {*self.people.leads})

    def names(self, parts: list[TeamPart]) -> list[str]:
        """Everybody who is listed, said something, or is asked for something."""
        found = {*self.people.known()}
        for part in parts:
            found |= {*part.work.words.people, *(who for who, _ in part.work.asked)}
        return sorted(found or {LOCAL})

    def may_be_asked(self) -> list[str]:
        """Who can be given faces: the list; on a Space whoever was here; without sign-in the one person."""
        if self.people.path is not None:
            return sorted(self.people.known())
        if not self.people.sign_in:
            return [LOCAL]
        self.review.log.refresh()
        return sorted({*self.review.log.people, *self.people.leads} - {LOCAL})

    def face(self, item: object) -> tuple[TeamPart, int]:
        """The part and track that a page means. InputError for a face that is not there any more."""
        episode_id, cut_key, track = item_of(item)
        self.review.log.refresh()
        part = self.part(episode_id)
        if part.faces.episode.cut_key != cut_key or track not in part.faces.row_of:
            raise InputError("this face is not in the cut that is in use", hint="reload the page")
        return part, track


def placed_face(faces: EpisodeFaces, track: int) -> PlacedFace:
    """A track with the pin of the face that is shown of it."""
    row = faces.tracks.iloc[faces.row_of[track]]
    pin = FacePin(faces.episode.cut_key, int(row["time_ms"]), *(float(row[name]) for name in _BOX))
    return PlacedFace(faces.episode.episode_id, track, int(row["cue_id"]), pin)


def _pairs_of(given: pd.DataFrame) -> set[tuple[str, int]]:
    return {(str(who), int(track)) for who, track in given[["person", "track_id"]].itertuples(index=False)}


def _utc(moment: Any) -> Any:
    """A time of the database, which keeps them in UTC and does not say so; None stays None."""
    stamp = None if moment is None else pd.Timestamp(moment)
    return stamp if stamp is None or stamp.tzinfo is not None else stamp.tz_localize("UTC")


def _progress(found: Any) -> dict[str, Any]:
    plain = asdict(found)
    return {**plain, "alike": measure_json(found.alike), "gold": measure_json(found.gold)}


def _round(one: Json) -> dict[str, Any]:
    kept = {name: value for name, value in one.items() if name != "closed_at"}
    return {**kept, "created_at": _utc(one["created_at"]).isoformat(timespec="seconds")}


def measure_json(measure: Measure) -> dict[str, float | None]:
    """value, low and high; null where it is not known."""
    low, high = measure.ci95 or (None, None)
    return {"value": measure.value, "low": low, "high": high}


def _group(columns: Mapping[str, Any]) -> dict[str, Any]:
    found = group_agreement(columns, len(ANSWERS))
    by_class = [
        {"label": label, "value": value, "n": n} for label, (value, n) in zip(ANSWERS, found.by_class, strict=True)
    ]
    return {
        "faces": found.faces,
        "words": found.words,
        "few": found.is_few,
        "alpha": measure_json(found.alpha),
        "same": measure_json(found.same),
        "by_class": by_class,
    }


def _pairs(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    names, found = [*columns], []
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            pair = pair_agreement(columns[first], columns[second], len(ANSWERS))
            if pair.faces:
                known = {"kappa": measure_json(pair.kappa), "same": measure_json(pair.same), "few": pair.is_few}
                found.append({"a": first, "b": second, "faces": pair.faces, **known, "counts": pair.counts.tolist()})
    return sorted(found, key=lambda pair: -pair["faces"])
