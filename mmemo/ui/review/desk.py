"""The server's side of Review: pages of faces, one face in full, and presses of keys that are saved; plain values only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from mmemo.errors import InputError
from mmemo.flow.review.faces import DROPPED, TRAINING, EpisodeFaces, episode_faces, joined
from mmemo.flow.review.human_labels import Resting, read_words
from mmemo.flow.review.words import PlacedWords, Standing, WordLog, corrected_since, standing_on
from mmemo.flow.team.assignment import assigned_tracks, open_team
from mmemo.labels import EKMAN7
from mmemo.store.characters import CharacterStore
from mmemo.store.files import storage_errors
from mmemo.store.labels import LabelStore
from mmemo.store.team import TeamStore
from mmemo.store.workspace import LABELS_FILE, Workspace
from mmemo.ui.review.matching import MAX_PAGE_FACES, PAGE_FACES, FaceSearch, Filters
from mmemo.ui.review.rows import face_json, row_json
from mmemo.ui.review.shown import Shown
from mmemo.ui.text import say
from mmemo.ui.work import decisions_known, runs_of, trained_with

Json = Mapping[str, Any]
_Value = TypeVar("_Value")
_UNDOABLE = 200
_KEPT = 64


class _Cache:
    """The values that were asked for last, by key; computing one twice at once does no harm."""

    def __init__(self, most: int) -> None:
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._most, self._lock = most, threading.Lock()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                value: _Value = self._values[key]
                return value
        made = make()
        with self._lock:
            self._values[key] = made
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return made

    def first(self, wanted: Callable[[Any], bool]) -> Any:
        """A value whose key is wanted; None where there is none."""
        with self._lock:
            return next((value for key, value in self._values.items() if wanted(key)), None)

    def drop(self, wanted: Callable[[Any], bool]) -> None:
        with self._lock:
            for key in [key for key in self._values if wanted(key)]:
                del self._values[key]


@dataclass(slots=True)
class ReviewDesk:
    """Answers a Review page. Everything that matters is in the store; what is kept here can be read again."""

    workspace: Workspace
    store: LabelStore
    log: WordLog = field(init=False)
    team: TeamStore = field(init=False)
    _parts: _Cache = field(default_factory=lambda: _Cache(_KEPT))
    _shown: _Cache = field(default_factory=lambda: _Cache(4))
    _found: _Cache = field(default_factory=lambda: _Cache(_KEPT))
    _words: _Cache = field(default_factory=lambda: _Cache(_KEPT))
    _rests: _Cache = field(default_factory=lambda: _Cache(4))
    _tracks: _Cache = field(default_factory=lambda: _Cache(_KEPT))
    _stamps: dict[Hashable, Hashable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = WordLog(self.workspace, self.store)
        self.team = open_team(self.workspace)

    def open(self, asked: Json, me: str) -> dict[str, Any]:
        """What a page needs to begin: choices of its filters, who labels, and what can be undone."""
        if not asked.get("episode"):
            return {"me": me, "episode": None}
        episode_id, run_id = str(asked["episode"]), _text(asked.get("run"))
        self.forget_if_changed(episode_id, run_id)
        shown = self.shown(asked)
        table = shown.search.table
        self.log.refresh()
        drops = table.loc[table["use"] == DROPPED, "drop_reason"].value_counts()
        whose = table.loc[table["character"] != "", "character"].value_counts()
        return {
            "me": me,
            "episode": episode_id,
            "run": run_id,
            "episodes": [episode.episode_id for episode in self.workspace.episodes()],
            "labels": list(EKMAN7.labels),
            "page": PAGE_FACES,
            "uses": {str(use): int(n) for use, n in table["use"].value_counts().items()},
            "drops": {str(reason): int(n) for reason, n in drops.items()},
            "characters": {str(name): int(n) for name, n in whose.items()},
            "people": sorted(self.log.people),
            "undo": self.log.undoable(me, _UNDOABLE),
            "asked": int(self._asked(shown, me).sum()),
            "resting": _resting_words(self._resting(shown, table)),
        }

    def page(self, asked: Json, me: str) -> dict[str, Any]:
        """One page of faces: `total` that match, and `rows` from `offset` on.

        `as_of` is the number of a word: who matches is decided as it was then, so that a page does not move while a
        person works on it; what was said since is shown all the same.
        """
        shown, filters = self.shown(asked), Filters.of(_object(asked.get("filters")))
        newest = self.log.refresh()
        as_of = min(_whole(asked.get("as_of"), newest), newest)
        found = self._matching(shown, filters, as_of, me)
        limit = min(max(_whole(asked.get("limit"), PAGE_FACES), 1), MAX_PAGE_FACES)
        offset = min(max(_whole(asked.get("offset"), 0), 0), max(len(found) - 1, 0) // limit * limit)
        now = self._told(shown, newest, me if filters.blind else None, me)
        given, here = self._asked(shown, me), found[offset : offset + limit].tolist()
        rows = [row_json(shown, row, now, self.log.people, filters.blind, bool(given[row])) for row in here]
        return {"total": len(found), "of": len(shown.search.table), "offset": offset, "as_of": as_of, "rows": rows}

    def face(self, asked: Json, me: str) -> dict[str, Any]:
        """One track in full: its pictures, its line between its neighbours, opinions, and what was said of it."""
        self.log.refresh()
        episode_id, cut_key, track_id = item_of(asked.get("item"))
        runs = [part for part in self.shown(asked).parts if part.episode.episode_id == episode_id]
        part = next((p for p in runs if p.episode.cut_key == cut_key), None) or self.part(episode_id, cut_key)
        if track_id not in part.row_of:
            raise InputError(f"the face {track_id} is gone", hint="reload the page")
        words = [event for event in self.log.of(episode_id) if event.cut_key == cut_key and event.track_id == track_id]
        given = track_id in self.asked_of(episode_id, cut_key, me)
        blind = Filters.of(_object(asked.get("filters"))).blind
        return face_json(part, track_id, words, blind, me, given)

    def asked_of(self, episode_id: str, cut_key: str, me: str) -> set[int]:
        """Tracks of a cut that a person is asked to label. What others say of them is hidden until the round is over,
        since only answers given without sight of another's tell how far people agree."""
        return self._asked_tracks(self.part(episode_id, cut_key), me, self.team.stamp())

    def _asked_tracks(self, part: EpisodeFaces, me: str, stamp: tuple[int, ...]) -> set[int]:
        key = (part.episode.episode_id, part.episode.cut_key, me, stamp)
        return self._tracks.get(key, lambda: assigned_tracks(self.workspace, part.episode, me, self.team))

    def _asked(self, shown: Shown, me: str) -> np.ndarray:
        """(N,) bool: the rows that a person is asked to label."""
        stamp = self.team.stamp()

        def find() -> np.ndarray:
            parts = [np.isin(part.tracks["track_id"], [*self._asked_tracks(part, me, stamp)]) for part in shown.parts]
            return np.concatenate(parts)

        return self._tracks.get((shown.key, me, stamp), find)

    def _told(self, shown: Shown, as_of: int, annotator: str | None, me: str) -> Standing:
        """What holds, as far as `me` may know it: of faces that one is asked to label the own words alone."""
        said, asked = self._standing(shown, as_of, annotator), self._asked(shown, me)
        if annotator == me or not asked.any():
            return said
        own = self._standing(shown, as_of, me if annotator is None else "")
        return Standing(
            np.where(asked, own.status, said.status),
            np.where(asked, own.label, said.label),
            np.where(asked, own.who, said.who),
        )

    def corrections(self, episode_id: str, run_id: str | None) -> int:
        """On how many faces people say, or a lead decides, something else than when a run was trained; 0 without one.

        A decision on a face counts beside the words on it.
        """
        if run_id is None:
            return 0
        self.log.refresh()
        last = trained_with(self.workspace, run_id, episode_id)
        if not isinstance(last, int):
            last = self.log.last_until(episode_id, last)
        # A retraining learns from the newest cut, whatever cut is looked at.
        part = self.part(episode_id, self.workspace.episode(episode_id).cut_key)
        decided = self.team.decided_since(episode_id, decisions_known(self.workspace, run_id, episode_id))
        return corrected_since(self.words_of(part).follow(self.log), len(part.tracks), last) + decided

    def _resting(self, shown: Shown, table: pd.DataFrame) -> Resting:
        """Words on no face in use, read anew only when somebody said something or the episode changed."""
        episode = shown.parts[0].episode
        key = (shown.key, self._stamps.get((episode.episode_id, shown.parts[0].run_id)), self.log.last_id)

        def read() -> Resting:
            return read_words(self.workspace, episode).resting(table[table["use"] == TRAINING])

        return self._rests.get(key, read)

    def part(self, episode_id: str, cut_key: str) -> EpisodeFaces:
        """The faces of one cut, whatever run they were shown with. Raises InputError for what is not there."""
        there: EpisodeFaces | None = self._parts.first(lambda key: key[:2] == (episode_id, cut_key))
        if there is not None:
            return there
        episode = self.workspace.episode(episode_id)
        known = replace(episode, cut_key=cut_key)
        if not cut_key.isalnum() or not self.workspace.cut_folder(known).is_dir():
            raise InputError("the cut that these faces were shown from is gone", hint="reload the page")
        return self._parts.get((episode_id, cut_key, None), lambda: episode_faces(self.workspace, known, None))

    def forget_if_changed(self, episode_id: str, run_id: str | None) -> bool:
        """Names of people, the cut and the run may have been made anew since they were read; whether they were."""
        stamp = _stamp(self.workspace, episode_id, run_id)
        if self._stamps.get((episode_id, run_id)) == stamp:
            return False
        self._parts.drop(lambda key: key[0] == episode_id)
        self._words.drop(lambda key: key[0] == episode_id)
        self._shown.drop(lambda key: any(one[0] == episode_id for one in key))
        self._found.drop(lambda key: any(one[0] == episode_id for one in key[0]))
        self._stamps[episode_id, run_id] = stamp
        return True

    def words_of(self, part: EpisodeFaces) -> PlacedWords:
        """What was said of the faces of one cut."""
        return self._words.get((part.episode.episode_id, part.episode.cut_key), lambda: PlacedWords((part,)))

    def shown(self, asked: Json) -> Shown:
        """The faces that a page is about: of one episode, or of all with the newest run of each."""
        chosen, run_id = str(asked.get("episode") or ""), _text(asked.get("run"))
        several = bool(asked.get("all"))
        ids = [episode.episode_id for episode in self.workspace.episodes()] if several else [chosen]
        pairs = [(episode_id, run_id if episode_id == chosen else self._newest_run(episode_id)) for episode_id in ids]
        parts = tuple(self._read(*pair) for pair in pairs)
        key = tuple((part.episode.episode_id, part.episode.cut_key, part.run_id) for part in parts)
        return self._shown.get(key, lambda: Shown(key, parts, FaceSearch.over(joined(parts)), PlacedWords(parts)))

    def _read(self, episode_id: str, run_id: str | None) -> EpisodeFaces:
        config = {} if run_id is None else self.workspace.run_config(run_id)
        episode = self.workspace.episode_of_run(config, episode_id)
        key = (episode_id, episode.cut_key, run_id)
        return self._parts.get(key, lambda: episode_faces(self.workspace, episode, run_id))

    def _newest_run(self, episode_id: str) -> str | None:
        return next(iter(runs_of(self.workspace, episode_id)), None)

    def _matching(self, shown: Shown, filters: Filters, as_of: int, me: str) -> np.ndarray:
        whose = me if filters.blind or filters.assigned else filters.annotator or None
        asked = self._asked(shown, me)

        def find() -> np.ndarray:
            said, untold = self._told(shown, as_of, whose, me), filters.untold()
            found = shown.search.matching(filters, said, self.log.people)
            if untold != filters and asked.any():
                blind = shown.search.matching(untold, said, self.log.people)
                found = np.concatenate([blind[asked[blind]], found[~asked[found]]])
                if untold.order == filters.order:  # else those come first that one is asked for
                    order = shown.search.order(filters.order, filters.source)
                    found = order[np.isin(order, found)]
            return found[asked[found]] if filters.assigned else found

        return self._found.get((shown.key, filters, as_of, whose, me, self.team.stamp()), find)

    def _standing(self, shown: Shown, as_of: int, annotator: str | None) -> Standing:
        def find() -> Standing:
            events = shown.words.follow(self.log)
            who = None
            if annotator is not None:
                who = self.log.people.index(annotator) if annotator in self.log.people else -1
            return standing_on(events, len(shown.search.table), as_of, who)

        return self._found.get((shown.key, as_of, annotator), find)


def _stamp(workspace: Workspace, episode_id: str, run_id: str | None) -> Hashable:
    """Changes when the tables of an episode or of a run do, or what people said of its characters."""
    folder = workspace.episode_folder(episode_id)
    files = [*folder.glob("*"), *folder.glob("*/*"), *(workspace.run_folder(run_id).glob("*") if run_id else ())]
    with storage_errors(workspace.root), closing(CharacterStore(workspace.root / LABELS_FILE)) as store:
        names = tuple(store.words(episode_id))
    return names, tuple(_file_stamp(path) for path in sorted(files))


def _file_stamp(path: Path) -> Hashable:
    try:
        stat = path.stat()
    except FileNotFoundError:  # a cut that runs meanwhile moves its files
        return str(path)
    return str(path), stat.st_mtime_ns, stat.st_size


def item_of(item: object) -> tuple[str, str, int]:
    """(episode, cut, track) of what a page calls a face. Raises InputError for nonsense."""
    parts = str(item).split("/")
    if len(parts) != 3 or not parts[2].isdecimal():
        raise InputError("this is no face", hint="reload the page")
    return parts[0], parts[1], int(parts[2])


def _resting_words(resting: Resting) -> str:
    """How many labels wait for another cut, in a sentence; empty for none."""
    parts = [
        say(f"review.resting.{name}.{'one' if n == 1 else 'many'}", n=n)
        for name, n in resting.to_contract().items()
        if n
    ]
    return say("review.resting", what=", ".join(parts)) if parts else ""


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return str(value) if value else None


def _whole(value: object, otherwise: int) -> int:
    return int(value) if isinstance(value, (int, float)) else otherwise
