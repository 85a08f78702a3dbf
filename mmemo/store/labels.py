"""What people said: rows that are only ever added, in SQLite through SQLAlchemy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy import DateTime, Engine, Index, Integer, String, create_engine, event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.errors import StorageError
from mmemo.labels import EKMAN7

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
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine: Engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        event.listen(self._engine, "connect", _use_write_ahead_log)
        try:
            _Base.metadata.create_all(self._engine)
        except OperationalError as error:
            raise StorageError(
                f"the label database {path} cannot be opened", hint="is the disk full or read-only?"
            ) from error

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
        try:
            with Session(self._engine) as session:
                session.add(row)
                session.commit()
                return row.id
        except OperationalError as error:
            raise StorageError("the label was not saved", hint="is the disk full or read-only?") from error

    def history(self, episode_id: str) -> pd.DataFrame:
        """Every row of an episode in order: id, track_id, cue_id, label, annotator, created_at."""
        columns = ["id", "track_id", "cue_id", "label", "annotator", "created_at"]
        query = select(_LabelRow).where(_LabelRow.episode_id == episode_id).order_by(_LabelRow.id)
        with Session(self._engine) as session:
            rows = [[getattr(row, c) for c in columns] for row in session.scalars(query)]
        return pd.DataFrame(rows, columns=columns)

    def current(self, episode_id: str) -> pd.DataFrame:
        """The last word on each track, withdrawn ones left out; the columns of `history`."""
        last = self.history(episode_id).drop_duplicates("track_id", keep="last")
        return last[last["label"] != WITHDRAW].reset_index(drop=True)

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()


def _use_write_ahead_log(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
