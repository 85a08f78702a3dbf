"""What people wrote about runs: rows that are only ever added, in the database of the labels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import DateTime, Engine, Index, Integer, String, Table, Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.store.database import database_errors, open_database


class _Base(DeclarativeBase):
    pass


class _NoteRow(_Base):
    """One note of one person about one run; a later row on the same run supersedes it, an empty one takes it back."""

    __tablename__ = "run_notes"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(String(128))
    note: Mapped[str] = mapped_column(Text)
    annotator: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("run_notes_by_run", "run_id"),)


_NOTES: Table = _Base.metadata.tables[_NoteRow.__tablename__]


@dataclass(frozen=True, slots=True)
class RunNote:
    """A note about a run, and who wrote it."""

    run_id: str
    note: str
    annotator: str


class RunNoteStore:
    """Adds notes about runs and reads them back; safe for several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._engine: Engine = open_database(path, _NOTES)

    def add(self, note: RunNote) -> None:
        """Add a note; what was written before stays in the history."""
        row = _NoteRow(
            run_id=note.run_id,
            note=note.note,
            annotator=note.annotator,
            created_at=dt.datetime.now(dt.timezone.utc),
        )
        with database_errors("the note was not saved"), Session(self._engine) as session:
            session.add(row)
            session.commit()

    def history(self) -> list[RunNote]:
        """Every note on every run, in the order in which they were written."""
        query = select(_NoteRow).order_by(_NoteRow.id)
        with database_errors("the notes cannot be read"), Session(self._engine) as session:
            return [RunNote(row.run_id, row.note, row.annotator) for row in session.scalars(query)]

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()
