"""What people said of faces: rows that are only ever added, in SQLite through SQLAlchemy.

A word is pinned to a face in a frame of the video, as a name of a character is: another cut of the same video numbers
its tracks and cues anew, but the face stays where it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Boolean, DateTime, Engine, Float, Index, Integer, String, Table, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.store.database import database_errors, open_database

REJECT = "reject"
WITHDRAW = "withdraw"
SKIP = "skip"
# What a word is about: one picture of a face, the face from its first picture to its last, or a whole line.
FRAME, TRACK, CUE = "frame", "track", "cue"
SCOPES = (FRAME, TRACK, CUE)
# How a word came about: a label was chosen, a proposed one accepted, or an earlier word taken back.
CHOSEN, ACCEPTED, UNDONE = "chosen", "accepted", "undone"
WAYS = (CHOSEN, ACCEPTED, UNDONE)
PIN_COLUMNS = ("cut_key", "time_ms", "x1", "y1", "x2", "y2")
_COLUMNS = ("id", "track_id", "cue_id", "label", "annotator", "created_at", *PIN_COLUMNS)
_HOW = ("scope", "way", "blind", "press", "undoes")
EVENT_COLUMNS = ("episode_id", *_COLUMNS, *_HOW)
# Tell which words were taken back: by `standing`.
UNDO_COLUMNS = ("press", "undoes")
_HISTORY = (*_COLUMNS, *UNDO_COLUMNS)


class _Base(DeclarativeBase):
    pass


class _LabelRow(_Base):
    """One utterance of one person about one face; a later row on the same face supersedes it.

    Rows from before there were pins have none until they are pinned; nothing else of a row ever changes. Rows from
    before it was kept how a word came about do not know it: they are about a track.
    """

    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    episode_id: Mapped[str] = mapped_column(String(128))
    track_id: Mapped[int] = mapped_column(Integer)
    cue_id: Mapped[int] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(String(32))
    annotator: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    cut_key: Mapped[str | None] = mapped_column(String(64))
    time_ms: Mapped[int | None] = mapped_column(Integer)
    x1: Mapped[float | None] = mapped_column(Float)
    y1: Mapped[float | None] = mapped_column(Float)
    x2: Mapped[float | None] = mapped_column(Float)
    y2: Mapped[float | None] = mapped_column(Float)
    scope: Mapped[str | None] = mapped_column(String(8))
    way: Mapped[str | None] = mapped_column(String(12))
    blind: Mapped[bool | None] = mapped_column(Boolean)
    press: Mapped[str | None] = mapped_column(String(64))
    undoes: Mapped[str | None] = mapped_column(String(64))
    __table_args__ = (
        Index("labels_by_track", "episode_id", "track_id"),
        # A press that is sent twice is one press.
        Index("labels_by_press", "press", "episode_id", "track_id", unique=True),
    )


_LABELS: Table = _Base.metadata.tables[_LabelRow.__tablename__]


@dataclass(frozen=True, slots=True)
class FacePin:
    """Where a face is: the cut that found it, when in the video in ms, and its box in px of the frame."""

    cut_key: str
    time_ms: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """A person's word on a face: an Ekman-7 label, `reject`, `withdraw` to take it back, or `skip` to leave it.

    `track_id` and `cue_id` are those of the pin's cut; without a pin, of the cut that is in use when it is next read.
    A word of scope `frame` is about the one picture that the pin names; one of scope `cue` was said of a whole line
    and is kept once for each of its tracks. `blind`: line and opinions were hidden. `press` names the press of a key
    that it came from, which may have said something of many faces; `undoes` the press that it takes back.
    """

    episode_id: str
    track_id: int
    cue_id: int
    label: str
    annotator: str = "local"
    pin: FacePin | None = None
    scope: str = TRACK
    way: str = CHOSEN
    blind: bool | None = None
    press: str | None = None
    undoes: str | None = None

    def __post_init__(self) -> None:
        if self.label not in (REJECT, WITHDRAW, SKIP):
            EKMAN7.index(self.label)
        if self.scope not in SCOPES or self.way not in WAYS:
            raise InputError(f"no word is of scope {self.scope!r} and way {self.way!r}", hint="reload the page")
        if self.scope == FRAME and self.pin is None:
            raise InputError("a word on one picture must say which", hint="reload the page")


class Said(NamedTuple):
    """One row: EVENT_COLUMNS as plain values, NaN for a place that is not known, None for what else is not."""

    episode_id: str
    id: int
    track_id: int
    cue_id: int
    label: str
    annotator: str
    created_at: dt.datetime
    cut_key: str | None
    time_ms: float
    x1: float
    y1: float
    x2: float
    y2: float
    scope: str | None
    way: str | None
    blind: bool | None
    press: str | None
    undoes: str | None


class LabelStore:
    """Adds labels and reads them back; safe for several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._engine: Engine = open_database(path, _LABELS)

    def add(self, label: HumanLabel) -> int:
        """Add one row and return its number; what was said before stays in the history."""
        with database_errors("the label was not saved"), Session(self._engine) as session:
            row = _LabelRow(**_values(label))
            session.add(row)
            session.commit()
            return row.id

    def add_once(self, labels: Sequence[HumanLabel]) -> None:
        """Add the rows of presses, all or none; those of a press that was saved before are left out."""
        if not labels:
            return
        new = insert(_LabelRow).on_conflict_do_nothing(index_elements=["press", "episode_id", "track_id"])
        with database_errors("the label was not saved"), Session(self._engine) as session:
            session.execute(new, [_values(label) for label in labels])
            session.commit()

    def history(self, episode_id: str) -> pd.DataFrame:
        """What was said of faces as a whole, in order: id, track_id, cue_id, label, annotator, created_at, PIN_COLUMNS,
        UNDO_COLUMNS.

        Track and cue are numbers of the row's own cut. A row without a pin has null there; one of which no face was
        found when it was to be pinned has a cut alone. Skips and words on single pictures are left out.
        """
        mine = _LabelRow.episode_id == episode_id
        about_tracks = or_(_LabelRow.scope.is_(None), _LabelRow.scope != FRAME)
        return self._read([*map(_column, _HISTORY)], mine, about_tracks, _LabelRow.label != SKIP)

    def frames(self, episode_id: str) -> pd.DataFrame:
        """What was said of single pictures, in order; the columns of `history`."""
        return self._read([*map(_column, _HISTORY)], _LabelRow.episode_id == episode_id, _LabelRow.scope == FRAME)

    def events(self, after: int = 0) -> pd.DataFrame:
        """Every row of every episode with a number above `after`, in order: EVENT_COLUMNS, None for what is not known."""
        table = self._read([*map(_column, EVENT_COLUMNS)], _LabelRow.id > after)
        known = table[list(_HOW)].astype(object)
        return table.assign(**{name: known[name].where(known[name].notna(), None) for name in _HOW})

    def said_after(self, number: int) -> list[Said]:
        """Every row of every episode with a higher number, in order: what `events` gives, cheap enough to ask all the time."""
        query = select(*map(_column, EVENT_COLUMNS)).where(_LabelRow.id > number).order_by(_LabelRow.id)
        with database_errors("the labels cannot be read"), Session(self._engine) as session:
            rows = [Said(*row) for row in session.execute(query)]
        nowhere = dict.fromkeys(PIN_COLUMNS[1:], float("nan"))
        return [row._replace(**nowhere) if row.time_ms is None else row for row in rows]

    def _read(self, columns: Sequence[Any], *wanted: Any) -> pd.DataFrame:
        query = select(*columns).where(*wanted).order_by(_LabelRow.id)
        with database_errors("the labels cannot be read"), Session(self._engine) as session:
            rows = session.execute(query).all()
        table = pd.DataFrame([tuple(row) for row in rows], columns=[column.key for column in columns])
        return table.astype({"cut_key": object, **dict.fromkeys(PIN_COLUMNS[1:], "float64")})

    def current(self, episode_id: str) -> pd.DataFrame:
        """The last word on each track of each cut, withdrawn ones left out; the columns of `history`.

        By numbers alone: `mmemo.flow.review.human_labels` tells which of them are words on the same face.
        """
        return standing(self.history(episode_id), ["cut_key", "track_id", "cue_id"]).reset_index(drop=True)

    def pin(self, pins: Mapping[int, FacePin]) -> None:
        """Say of rows, by number, where their faces are; a row that knows it already keeps what it has."""
        self._fill([(number, asdict(pin)) for number, pin in pins.items()])

    def claim(self, numbers: Mapping[int, str]) -> None:
        """Say of rows, by number, which cut they mean, where their face is not known; no other cut can mean them."""
        self._fill([(number, {"cut_key": cut_key}) for number, cut_key in numbers.items()])

    def _fill(self, rows: list[tuple[int, dict[str, object]]]) -> None:
        with database_errors("the labels were not pinned to their faces"), Session(self._engine) as session:
            for number, values in rows:
                mine = update(_LabelRow).where(_LabelRow.id == number, _LabelRow.time_ms.is_(None))
                free = (_LabelRow.cut_key.is_(None)) | (_LabelRow.cut_key == values["cut_key"])
                session.execute(mine.where(free).values(**values))
            session.commit()

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()


def standing(history: pd.DataFrame, face: list[str]) -> pd.DataFrame:
    """Of words in the order in which they were said, the last one on each face that its own annotator did not withdraw.

    `face` are the columns that tell faces apart. A press that was taken back counts as never made, and so do the rows
    that took it back: a word from before it holds again as of when it was said, and hides nobody's later word.
    """
    back = history["undoes"].notna()
    history = history[~back & ~history["press"].isin(history.loc[back, "undoes"])]
    own = history.drop_duplicates([*dict.fromkeys([*face, "annotator"])], keep="last")
    return own[own["label"] != WITHDRAW].drop_duplicates(face, keep="last")


def _column(name: str) -> Any:
    return getattr(_LabelRow, name)


def _values(label: HumanLabel) -> dict[str, Any]:
    """The columns of a row; it is said now."""
    plain = asdict(label)
    pin = plain.pop("pin") or dict.fromkeys(PIN_COLUMNS)
    return {**plain, **pin, "created_at": dt.datetime.now(dt.timezone.utc)}
