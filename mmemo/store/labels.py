"""What people said: rows that are only ever added, in SQLite through SQLAlchemy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy import DateTime, Engine, Index, Integer, String, Table, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.labels import EKMAN7
from mmemo.store.database import database_errors, open_database

REJECT = "reject"
WITHDRAW = "withdraw"


class _Base(DeclarativeBase):
    pass


class _LabelRow(_Base):
    """One utterance of one person about one track; a later row on the same track supersedes it."""

    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    episode_id: Mapped[str] = mapped_column(String(128))
    track_id: Mapped[int] = mapped_column(Integer)
    cue_id: Mapped[int] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(String(32))
    annotator: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("labels_by_track", "episode_id", "track_id"),)


_LABELS: Table = _Base.metadata.tables[_LabelRow.__tablename__]


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """A person's word on a face track: an Ekman-7 label, `reject`, or `withdraw` to take it back."""

    episode_id: str
    track_id: int
    cue_id: int
    label: str
    annotator: str = "local"

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
        )
        with database_errors("the label was not saved"), Session(self._engine) as session:
            session.add(row)
            session.commit()
            return row.id

    def history(self, episode_id: str) -> pd.DataFrame:
        """Every row of an episode in order: id, track_id, cue_id, label, annotator, created_at."""
        columns = ["id", "track_id", "cue_id", "label", "annotator", "created_at"]
        query = select(_LabelRow).where(_LabelRow.episode_id == episode_id).order_by(_LabelRow.id)
        with database_errors("the labels cannot be read"), Session(self._engine) as session:
            rows = [[getattr(row, c) for c in columns] for row in session.scalars(query)]
        return pd.DataFrame(rows, columns=columns)

    def current(self, episode_id: str) -> pd.DataFrame:
        """The last word on each track, withdrawn ones left out; the columns of `history`.

        Every cut numbers its tracks anew: the same number in another cue is another track.
        """
        last = self.history(episode_id).drop_duplicates(["track_id", "cue_id"], keep="last")
        return last[last["label"] != WITHDRAW].reset_index(drop=True)

    def by_annotator(self, episode_id: str) -> pd.DataFrame:
        """The last word of each annotator on each track, withdrawn ones left out; the columns of `history`."""
        last = self.history(episode_id).drop_duplicates(["track_id", "cue_id", "annotator"], keep="last")
        return last[last["label"] != WITHDRAW].reset_index(drop=True)

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()
