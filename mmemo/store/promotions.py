"""What people said about which students to use: rows that are only ever added, in the database of the labels."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sqlalchemy import Boolean, DateTime, Engine, Index, Integer, String, Table, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.store.database import database_errors, open_database


class _Base(DeclarativeBase):
    pass


class _PromotionRow(_Base):
    """One word of one person about one run; a later row on the same run supersedes it."""

    __tablename__ = "promotions"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(String(128))
    promoted: Mapped[bool] = mapped_column(Boolean)
    annotator: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("promotions_by_run", "run_id"),)


_PROMOTIONS: Table = _Base.metadata.tables[_PromotionRow.__tablename__]


class PromotionStore:
    """Adds words about runs and reads the last one back; safe for several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._engine: Engine = open_database(path, _PROMOTIONS)

    def add(self, run_id: str, promoted: bool, annotator: str = "local") -> None:
        """Say that a run's student is to be used by default, or that it is not."""
        row = _PromotionRow(
            run_id=run_id, promoted=promoted, annotator=annotator, created_at=dt.datetime.now(dt.timezone.utc)
        )
        with database_errors("the promotion was not saved"), Session(self._engine) as session:
            session.add(row)
            session.commit()

    def last_words(self) -> dict[str, bool]:
        """{run: what was said of it last}; runs of which nobody spoke are left out."""
        query = select(_PromotionRow.run_id, _PromotionRow.promoted).order_by(_PromotionRow.id)
        with database_errors("the promotions cannot be read"), Session(self._engine) as session:
            return {row.run_id: row.promoted for row in session.execute(query)}

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()
