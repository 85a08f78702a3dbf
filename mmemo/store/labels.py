"""What people said of faces: rows that are only ever added, in SQLite through SQLAlchemy.

A word is pinned to a face in a frame of the video, as a name of a character is: another cut of the same video numbers
its tracks and cues anew, but the face stays where it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy import DateTime, Engine, Float, Index, Integer, String, Table, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.labels import EKMAN7
from mmemo.store.database import database_errors, open_database

REJECT = "reject"
WITHDRAW = "withdraw"
PIN_COLUMNS = ("cut_key", "time_ms", "x1", "y1", "x2", "y2")
_COLUMNS = ("id", "track_id", "cue_id", "label", "annotator", "created_at", *PIN_COLUMNS)


class _Base(DeclarativeBase):
    pass


class _LabelRow(_Base):
    """One utterance of one person about one face; a later row on the same face supersedes it.

    Rows from before there were pins have none until they are pinned; nothing else of a row ever changes.
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
    __table_args__ = (Index("labels_by_track", "episode_id", "track_id"),)


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
    """A person's word on a face track: an Ekman-7 label, `reject`, or `withdraw` to take it back.

    `track_id` and `cue_id` are those of the pin's cut; without a pin, of the cut that is in use when it is next read.
    """

    episode_id: str
    track_id: int
    cue_id: int
    label: str
    annotator: str = "local"
    pin: FacePin | None = None

    def __post_init__(self) -> None:
        if self.label not in (REJECT, WITHDRAW):
            EKMAN7.index(self.label)


class LabelStore:
    """Adds labels and reads them back; safe for several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._engine: Engine = open_database(path, _LABELS)

    def add(self, label: HumanLabel) -> int:
        """Add one row and return its number; what was said before stays in the history."""
        row = _LabelRow(
            episode_id=label.episode_id,
            track_id=label.track_id,
            cue_id=label.cue_id,
            label=label.label,
            annotator=label.annotator,
            created_at=dt.datetime.now(dt.timezone.utc),
            **({} if label.pin is None else asdict(label.pin)),
        )
        with database_errors("the label was not saved"), Session(self._engine) as session:
            session.add(row)
            session.commit()
            return row.id

    def history(self, episode_id: str) -> pd.DataFrame:
        """Every row of an episode in order: id, track_id, cue_id, label, annotator, created_at, and PIN_COLUMNS.

        Track and cue are numbers of the row's own cut. A row without a pin has null there; one of which no face was
        found when it was to be pinned has a cut alone.
        """
        query = select(_LabelRow).where(_LabelRow.episode_id == episode_id).order_by(_LabelRow.id)
        with database_errors("the labels cannot be read"), Session(self._engine) as session:
            rows = [[getattr(row, c) for c in _COLUMNS] for row in session.scalars(query)]
        table = pd.DataFrame(rows, columns=list(_COLUMNS))
        return table.astype({"cut_key": object, **dict.fromkeys(PIN_COLUMNS[1:], "float64")})

    def current(self, episode_id: str) -> pd.DataFrame:
        """The last word on each track of each cut, withdrawn ones left out; the columns of `history`.

        By numbers alone: `mmemo.flow.human_labels` tells which of them are words on the same face.
        """
        last = self.history(episode_id).drop_duplicates(["cut_key", "track_id", "cue_id"], keep="last")
        return last[last["label"] != WITHDRAW].reset_index(drop=True)

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
