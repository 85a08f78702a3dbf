"""What people said about who is who: rows that are only ever added, in the database of the labels.

A word is pinned to a face in a frame of the video, never to a character's number: another clustering may give that
number to somebody else and another cut numbers its tracks anew, but the face stays where it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import DateTime, Engine, Float, Index, Integer, String, Table, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.errors import InputError
from mmemo.store.database import database_errors, open_database

MAX_NAME_CHARACTERS = 80


class _Base(DeclarativeBase):
    pass


class _WordRow(_Base):
    """One word of one person about one face; a later row on the same face supersedes it."""

    __tablename__ = "character_names"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    episode_id: Mapped[str] = mapped_column(String(128))
    cut_key: Mapped[str] = mapped_column(String(64))
    track_id: Mapped[int] = mapped_column(Integer)
    cue_id: Mapped[int] = mapped_column(Integer)
    frame_ms: Mapped[int] = mapped_column(Integer)
    x1: Mapped[float] = mapped_column(Float)
    y1: Mapped[float] = mapped_column(Float)
    x2: Mapped[float] = mapped_column(Float)
    y2: Mapped[float] = mapped_column(Float)
    name: Mapped[str | None] = mapped_column(String(MAX_NAME_CHARACTERS))
    like_cut_key: Mapped[str | None] = mapped_column(String(64))
    like_track_id: Mapped[int | None] = mapped_column(Integer)
    like_cue_id: Mapped[int | None] = mapped_column(Integer)
    like_frame_ms: Mapped[int | None] = mapped_column(Integer)
    like_x1: Mapped[float | None] = mapped_column(Float)
    like_y1: Mapped[float | None] = mapped_column(Float)
    like_x2: Mapped[float | None] = mapped_column(Float)
    like_y2: Mapped[float | None] = mapped_column(Float)
    annotator: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("character_names_by_episode", "episode_id"),)


_WORDS: Table = _Base.metadata.tables[_WordRow.__tablename__]


@dataclass(frozen=True, slots=True)
class FaceAnchor:
    """A face that a word is pinned to: its track and cue in a cut, and where it is in the video.

    `frame_ms` and the box in px of the frame find the face again in another cut of the same video.
    """

    cut_key: str
    track_id: int
    cue_id: int
    frame_ms: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class CharacterWord:
    """A person's word on a face: who it is (`name`; "" takes a name back), or whose face it is as well (`like`).

    Neither: it is not the character that it was taken for.
    """

    episode_id: str
    face: FaceAnchor
    name: str | None = None
    like: FaceAnchor | None = None
    annotator: str = "local"

    def __post_init__(self) -> None:
        assert self.name is None or self.like is None, "a name or a likeness, not both"
        if self.name is None:
            return
        if len(self.name) > MAX_NAME_CHARACTERS:
            raise InputError(
                f"a name of {len(self.name)} characters is too long", hint=f"use at most {MAX_NAME_CHARACTERS}"
            )
        if not self.name.isprintable() or self.name != self.name.strip():
            raise InputError(f"{self.name!r} is no name", hint="use printable characters on one line")


class CharacterStore:
    """Adds words about characters and reads them back; safe for several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._engine: Engine = open_database(path, _WORDS)

    def add(self, words: Sequence[CharacterWord]) -> None:
        """Add words in their order, all or none; what was said before stays in the history."""
        now = dt.datetime.now(dt.timezone.utc)
        with database_errors("the name was not saved"), Session(self._engine) as session:
            session.add_all([_row(word, now) for word in words])
            session.commit()

    def words(self, episode_id: str) -> list[CharacterWord]:
        """Every word on an episode in the order in which it was said."""
        query = select(_WordRow).where(_WordRow.episode_id == episode_id).order_by(_WordRow.id)
        with database_errors("the names cannot be read"), Session(self._engine) as session:
            return [_word(row) for row in session.scalars(query)]

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()


def _row(word: CharacterWord, now: dt.datetime) -> _WordRow:
    like = {} if word.like is None else {f"like_{key}": value for key, value in asdict(word.like).items()}
    return _WordRow(
        episode_id=word.episode_id,
        **asdict(word.face),
        name=word.name,
        **like,
        annotator=word.annotator,
        created_at=now,
    )


def _word(row: _WordRow) -> CharacterWord:
    keys = FaceAnchor.__slots__
    face = FaceAnchor(*(getattr(row, key) for key in keys))
    like = None if row.like_track_id is None else FaceAnchor(*(getattr(row, f"like_{key}") for key in keys))
    return CharacterWord(row.episode_id, face, row.name, like, row.annotator)
