"""What people said, kept in memory for pages that are asked for often: read once, then only what is new."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mmemo.flow.review.faces import EpisodeFaces
from mmemo.flow.review.human_labels import CutFaces
from mmemo.labels import EKMAN7
from mmemo.store.labels import FRAME, REJECT, SKIP, WITHDRAW, LabelStore
from mmemo.store.workspace import Workspace

NOBODY_SPOKE, LABELLED, REJECTED, SKIPPED = range(4)
STATUSES = ("unlabelled", "labelled", "rejected", "skipped")
# A label's code is its place in EKMAN7; these come after the last.
CODES = {label: code for code, label in enumerate((*EKMAN7.labels, REJECT, WITHDRAW, SKIP))}
WORDS = tuple(CODES)


class Word(NamedTuple):
    """A word on a row: its number, the row, the annotator's place in WordLog.people, the label's code, the time of the
    single picture that it is about, -1 for the face as a whole, and the numbers of its press and of the press that it
    takes back, -1 for none."""

    number: int
    row: int
    who: int
    code: int
    frame_ms: int
    press: int = -1
    undoes: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What holds on each of N rows: status (N,) of STATUSES, label (N,) codes, -1 for none, who (N,) said it last."""

    status: np.ndarray
    label: np.ndarray
    who: np.ndarray


@dataclass(slots=True)
class WordLog:
    """Every row of the label database in order; `refresh` reads what came since. Safe for several threads."""

    workspace: Workspace
    store: LabelStore
    last_id: int = 0
    people: list[str] = field(default_factory=list)
    _events: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    _presses: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    _undone: set[str] = field(default_factory=set)
    _press_numbers: dict[str, int] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def refresh(self) -> int:
        """Read what was said since the last time; gives the number of the last word."""
        with self._lock:
            new = self.store.said_after(self.last_id)
            unpinned = {event.episode_id for event in new if event.cut_key is None}
            if not self.last_id and unpinned:
                self._pin(sorted(unpinned))
                new = self.store.said_after(0)
            for event in new:
                self._events[event.episode_id].append(event)
                if event.annotator not in self.people:
                    self.people.append(event.annotator)
                if event.press:
                    self._presses[event.press].append(event)
                if event.undoes:
                    self._undone.add(event.undoes)
            self.last_id = new[-1].id if new else self.last_id
            return self.last_id

    def _pin(self, episode_ids: Iterable[str]) -> None:
        """Words from before there were pins get theirs."""
        known = {episode.episode_id: episode for episode in self.workspace.episodes()}
        for episode_id in episode_ids:
            if episode_id in known:
                self.workspace.pin_labels(known[episode_id])

    def of(self, episode_id: str) -> list[Any]:
        """Everything said of an episode, in order: rows of EVENT_COLUMNS."""
        with self._lock:
            return [*self._events.get(episode_id, ())]

    def of_press(self, press: str) -> list[Any]:
        """What one press of a key said."""
        with self._lock:
            return [*self._presses.get(press, ())]

    def press_number(self, press: str | None) -> int:
        """A number for a press that is always the same; -1 for none."""
        with self._lock:
            return self._press_numbers.setdefault(press, len(self._press_numbers)) if press else -1

    def last_until(self, episode_id: str, moment: pd.Timestamp) -> int:
        """The number of the last word on an episode at a moment (UTC); 0 for none."""
        events = self.of(episode_id)
        said_at = pd.to_datetime(pd.Series([event.created_at for event in events]), utc=True)
        known = np.flatnonzero(said_at <= moment)
        return int(events[known[-1]].id) if len(known) else 0

    def is_undone(self, press: str) -> bool:
        """Whether a press was taken back."""
        return press in self._undone

    def undoable(self, annotator: str, most: int) -> list[dict[str, Any]]:
        """The last presses of a person that were not taken back, the oldest first: press, label, items."""
        found: list[dict[str, Any]] = []
        with self._lock:
            for press, events in reversed(self._presses.items()):
                first = events[0]
                if first.annotator == annotator and not first.undoes and press not in self._undone:
                    items = [f"{e.episode_id}/{e.cut_key}/{e.track_id}" for e in events]
                    found.append({"press": press, "label": first.label, "items": items})
                if len(found) == most:
                    break
        return found[::-1]


@dataclass(slots=True)
class PlacedWords:
    """The words of a log on the rows of some episodes' tracks, which follow each other as in `joined`."""

    parts: Sequence[EpisodeFaces]
    _seen: dict[str, int] = field(default_factory=dict)
    _cuts: dict[str, CutFaces] = field(default_factory=dict)
    _table: np.ndarray = field(default_factory=lambda: words_table([]))
    _of_row: dict[int, list[Word]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, log: WordLog) -> np.ndarray:
        """(E, 7) int64, the words in order: see Word."""
        with self._lock:
            start, new = 0, list[Word]()
            for part in self.parts:
                events = log.of(part.episode.episode_id)
                for event in events[self._seen.get(part.episode.episode_id, 0) :]:
                    row = self._row(part, event, log.workspace)
                    if row is not None:
                        new.append(_word(log, event, start + row))
                self._seen[part.episode.episode_id] = len(events)
                start += len(part.tracks)
            for word in sorted(new):
                self._of_row[word.row].append(word)
            if new:
                table = np.concatenate([self._table, words_table(sorted(new))])
                self._table = table[np.argsort(table[:, 0], kind="stable")]
            return self._table

    def on(self, row: int) -> list[Word]:
        """The words on one row, in order."""
        with self._lock:
            return [*self._of_row.get(row, ())]

    def _row(self, part: EpisodeFaces, event: Any, workspace: Workspace) -> int | None:
        cut = part.episode.cut_key
        if event.cut_key == cut:
            return part.row_of.get(int(event.track_id))
        if not isinstance(event.cut_key, str):
            return None
        episode_id = part.episode.episode_id
        if episode_id not in self._cuts:
            self._cuts[episode_id] = CutFaces.read(workspace, part.episode)
        place = self._cuts[episode_id].at(event)
        return None if place is None else part.row_of.get(place[0])


def words_table(words: Sequence[Word]) -> np.ndarray:
    """(E, 7) int64 of words."""
    return np.array(words, np.int64).reshape(-1, len(Word._fields))


def _word(log: WordLog, event: Any, row: int) -> Word:
    frame_ms = int(event.time_ms) if event.scope == FRAME else -1
    presses = log.press_number(event.press), log.press_number(event.undoes)
    return Word(int(event.id), row, log.people.index(event.annotator), CODES[event.label], frame_ms, *presses)


def standing_on(events: np.ndarray, rows: int, until: int | None = None, annotator: int | None = None) -> Standing:
    """What holds on each of `rows` rows, after the word with number `until` if given; of one annotator, or of all.

    events: see PlacedWords.follow. A skip changes nothing but the status of a face of which nobody said anything. A
    press that was taken back by then counts as never made, as in mmemo.store.labels.standing.
    """
    status, label, who = np.zeros(rows, np.int8), np.full(rows, -1, np.int8), np.full(rows, -1, np.int16)
    events = _in_force(events, until)
    events = events[events[:, 4] < 0]
    if annotator is not None:
        events = events[events[:, 2] == annotator]
    skips = events[:, 3] == CODES[SKIP]
    last = _last(events, [1, 2])
    status[last[last[:, 3] == CODES[SKIP], 1]] = SKIPPED
    own = _last(events[~skips], [1, 2])
    holds = _last(own[own[:, 3] != CODES[WITHDRAW]], [1])
    label[holds[:, 1]], who[holds[:, 1]] = holds[:, 3], holds[:, 2]
    status[holds[:, 1]] = np.where(holds[:, 3] == CODES[REJECT], REJECTED, LABELLED)
    return Standing(status, label, who)


def corrected_since(events: np.ndarray, rows: int, last: int) -> int:
    """On how many of `rows` faces the label is another than after the word `last`; what was undone does not count.

    A single picture that was rejected counts as one: of these only the rejected ones change what is learned.
    """
    labels = int((standing_on(events, rows).label != standing_on(events, rows, last).label).sum())
    return labels + len(_rejected_pictures(events, None) ^ _rejected_pictures(events, last))


def _rejected_pictures(events: np.ndarray, until: int | None) -> set[tuple[int, int]]:
    """(row, time in ms) of the single pictures that people rejected."""
    events = _in_force(events, until)
    own = _last(events[events[:, 4] >= 0], [1, 4, 2])
    holds = _last(own[own[:, 3] != CODES[WITHDRAW]], [1, 4])
    rejected = holds[holds[:, 3] == CODES[REJECT]]
    return {(int(row), int(ms)) for row, ms in rejected[:, [1, 4]]}


def _in_force(events: np.ndarray, until: int | None) -> np.ndarray:
    """The words of presses that were not taken back by then, without the rows that took others back."""
    if until is not None:
        events = events[: np.searchsorted(events[:, 0], until, side="right")]
    back = events[:, 6] >= 0
    kept: np.ndarray = events[~back & ~np.isin(events[:, 5], events[back, 6])]
    return kept


def before_press(words: Sequence[Word], number: int, who: int, frame_ms: int) -> list[str]:
    """What a person had said of a row before the word `number`, for the rows that take it back: one word, or two.

    words: all on the row, in order. A skip hides no label, so both come back where a skipped face had none. These rows
    tell what happened; what holds is found without them, see standing_on.
    """
    own = [word for word in words if word.number < number and word.who == who and word.frame_ms == frame_ms]
    labels = [word.code for word in own if word.code != CODES[SKIP]]
    label = WORDS[labels[-1]] if labels else WITHDRAW
    skipped = bool(own) and own[-1].code == CODES[SKIP] and label == WITHDRAW
    return [label, SKIP] if skipped else [label]


def _last(events: np.ndarray, columns: list[int]) -> np.ndarray:
    """The last event of each combination of some columns, in the order of their numbers."""
    keys = pd.DataFrame(events[:, columns])
    kept: np.ndarray = events[~keys.duplicated(keep="last").to_numpy()]
    return kept
