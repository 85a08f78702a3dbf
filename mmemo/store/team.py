"""How people share the work: rounds of assigned faces, decisions where people differ, and gold questions.

Rows are only ever added, in the database of the labels. A face is pinned as a word on it is, so that it is found again
in another cut: see mmemo.store.labels.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Boolean, DateTime, Engine, Float, Index, Integer, String, Table, Text, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.store.database import database_errors, open_database
from mmemo.store.labels import PIN_COLUMNS, REJECT, WITHDRAW, FacePin

PLACE_COLUMNS = ("episode_id", "track_id", "cue_id", *PIN_COLUMNS)
ASSIGNMENT_COLUMNS = ("id", "round_id", "person", "gold", *PLACE_COLUMNS)
VERDICT_COLUMNS = ("id", "label", "author", "words", "created_at", *PLACE_COLUMNS)


class _Base(DeclarativeBase):
    pass


class _Placed:
    """Which face a row is about."""

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    episode_id: Mapped[str] = mapped_column(String(128))
    track_id: Mapped[int] = mapped_column(Integer)
    cue_id: Mapped[int] = mapped_column(Integer)
    cut_key: Mapped[str] = mapped_column(String(64))
    time_ms: Mapped[int] = mapped_column(Integer)
    x1: Mapped[float] = mapped_column(Float)
    y1: Mapped[float] = mapped_column(Float)
    x2: Mapped[float] = mapped_column(Float)
    y2: Mapped[float] = mapped_column(Float)


class _RoundRow(_Base):
    """Faces that were handed out together; `people` and `episodes` are JSON lists of names."""

    __tablename__ = "rounds"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    title: Mapped[str] = mapped_column(String(80))
    people: Mapped[str] = mapped_column(Text)
    episodes: Mapped[str] = mapped_column(Text)
    faces: Mapped[str] = mapped_column(String(32))
    overlap: Mapped[float] = mapped_column(Float)
    by: Mapped[int] = mapped_column(Integer)
    seed: Mapped[int] = mapped_column(Integer)
    author: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    # A round that is sent twice is one round.
    press: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("rounds_by_press", "press", unique=True),)


class _ClosingRow(_Base):
    """A round is over: nobody is asked for its faces any more."""

    __tablename__ = "round_closings"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    round_id: Mapped[int] = mapped_column(Integer)
    author: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))


class _AssignmentRow(_Placed, _Base):
    """One face for one person; `gold`: it is a question whose answer is known."""

    __tablename__ = "assignments"
    round_id: Mapped[int] = mapped_column(Integer)
    person: Mapped[str] = mapped_column(String(64))
    gold: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (Index("assignments_by_person", "episode_id", "person"),)


class _Verdict(_Placed):
    """A label that a lead gave to a face, a later one supersedes it; `words`: numbers of the labels it judges, JSON."""

    label: Mapped[str] = mapped_column(String(32))
    author: Mapped[str] = mapped_column(String(64))
    words: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    press: Mapped[str | None] = mapped_column(String(64))


class _AdjudicationRow(_Verdict, _Base):
    __tablename__ = "adjudications"
    __table_args__ = (Index("adjudications_by_press", "press", "episode_id", "track_id", unique=True),)


class _GoldRow(_Verdict, _Base):
    __tablename__ = "gold_questions"
    __table_args__ = (Index("gold_questions_by_press", "press", "episode_id", "track_id", unique=True),)


_ROWS = (_RoundRow, _ClosingRow, _AssignmentRow, _AdjudicationRow, _GoldRow)
_TABLES: list[Table] = [_Base.metadata.tables[row.__tablename__] for row in _ROWS]


@dataclass(frozen=True, slots=True)
class PlacedFace:
    """A face track and where it is; the numbers are those of the pin's cut."""

    episode_id: str
    track_id: int
    cue_id: int
    pin: FacePin


@dataclass(frozen=True, slots=True)
class Round:
    """Faces handed out together: `overlap` is the share of them that `by` people get, the others get one each.

    `faces` says in a word which faces these are; `press` names the press of a button that it came from.
    """

    title: str
    people: tuple[str, ...]
    episodes: tuple[str, ...]
    faces: str
    overlap: float
    by: int
    seed: int
    author: str
    press: str

    def __post_init__(self) -> None:
        if not self.people or len(set(self.people)) < len(self.people):
            raise InputError("a round is for at least one person, and for each once", hint="choose people")
        if not 0.0 <= self.overlap <= 1.0 or self.by < 1:
            raise InputError("the share that several people label is no share", hint="give 0 to 100 %")
        if self.overlap > 0 and self.by > len(self.people):
            hint = "choose more people, or nothing for several people"
            raise InputError(
                f"{self.by} people cannot label the same face: only {len(self.people)} are chosen", hint=hint
            )
        if not 0 < len(self.press) <= 60 or not self.title.strip() or len(self.title) > 80:
            raise InputError("a round has a title of at most 80 characters", hint="give it a short one")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One face for one person; of a gold question the person does not learn that it is one."""

    person: str
    face: PlacedFace
    gold: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A lead's label on a face: an Ekman-7 label, `reject`, or `withdraw` to take the one before back.

    `words` are the numbers of the labels that it judges.
    """

    face: PlacedFace
    label: str
    author: str
    words: tuple[int, ...] = ()
    press: str | None = None

    def __post_init__(self) -> None:
        if self.label not in (REJECT, WITHDRAW):
            EKMAN7.index(self.label)
        if self.press is not None and not 0 < len(self.press) <= 60:
            raise InputError("the decision did not arrive whole", hint="reload the page")


class TeamStore:
    """Adds rows and reads them back; safe for several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._engine: Engine = open_database(path, *_TABLES)

    def add_round(self, made: Round, assignments: Sequence[Assignment]) -> int:
        """Save a round with all its assignments, or nothing; gives its number, also when it was saved before."""
        plain = {**asdict(made), "people": json.dumps(made.people), "episodes": json.dumps(made.episodes)}
        with database_errors("the round was not saved"), Session(self._engine) as session:
            row = _RoundRow(**plain, created_at=_now())
            session.add(row)
            try:
                session.flush()
            except IntegrityError:  # the same press arrived before
                session.rollback()
                return session.execute(select(_RoundRow.id).where(_RoundRow.press == made.press)).scalar_one()
            number = row.id
            rows = [
                {"round_id": number, "person": one.person, "gold": one.gold, **_place(one.face)} for one in assignments
            ]
            if rows:
                session.execute(insert(_AssignmentRow), rows)
            session.commit()
            return number

    def round_of(self, press: str) -> int | None:
        """The number of the round that a press made; None for none."""
        with database_errors("the rounds cannot be read"), Session(self._engine) as session:
            return session.execute(select(_RoundRow.id).where(_RoundRow.press == press)).scalar_one_or_none()

    def assigned_in(self, round_id: int) -> pd.DataFrame:
        """Everything that one round handed out: ASSIGNMENT_COLUMNS."""
        return self._read(_AssignmentRow, ASSIGNMENT_COLUMNS, _AssignmentRow.round_id == round_id)

    def close_round(self, round_id: int, author: str) -> None:
        """End a round; what was said of its faces stays."""
        with database_errors("the round was not closed"), Session(self._engine) as session:
            if session.get(_RoundRow, round_id) is None:
                raise InputError(f"there is no round {round_id}", hint="reload the page")
            session.add(_ClosingRow(round_id=round_id, author=author, created_at=_now()))
            session.commit()

    def rounds(self) -> list[dict[str, Any]]:
        """All rounds, the newest first: the fields of Round, with id, created_at, closed and closed_at."""
        with database_errors("the rounds cannot be read"), Session(self._engine) as session:
            closings = select(_ClosingRow.round_id, func.min(_ClosingRow.created_at)).group_by(_ClosingRow.round_id)
            closed = dict(session.execute(closings).tuples().all())
            found = session.execute(select(_RoundRow).order_by(_RoundRow.id.desc())).scalars().all()
            names = ("id", "title", "faces", "overlap", "by", "seed", "author", "created_at")
            return [
                {**{name: getattr(row, name) for name in names}, "closed": row.id in closed}
                | {"closed_at": closed.get(row.id)}
                | {"people": json.loads(row.people), "episodes": json.loads(row.episodes)}
                for row in found
            ]

    def assignments(self, episode_id: str, person: str | None = None, *, also_closed: bool = False) -> pd.DataFrame:
        """Faces of an episode that were handed out, in order: ASSIGNMENT_COLUMNS."""
        wanted = [_AssignmentRow.episode_id == episode_id]
        if person is not None:
            wanted.append(_AssignmentRow.person == person)
        if not also_closed:
            wanted.append(_AssignmentRow.round_id.not_in(select(_ClosingRow.round_id)))
        return self._read(_AssignmentRow, ASSIGNMENT_COLUMNS, *wanted)

    def decide(self, verdict: Verdict) -> None:
        """Add a decision between people who differ; the same press twice is one."""
        self._judge(_AdjudicationRow, verdict)

    def decisions(self, episode_id: str) -> pd.DataFrame:
        """Every decision on an episode in order, also those that later ones supersede: VERDICT_COLUMNS."""
        return self._read(_AdjudicationRow, VERDICT_COLUMNS, _AdjudicationRow.episode_id == episode_id)

    def decided_since(self, episode_id: str, last: int) -> int:
        """On how many faces of an episode something else is decided than after the decision with the number `last`."""
        rows = self.decisions(episode_id)

        def held(until: pd.DataFrame) -> dict[Any, str]:
            newest = until.drop_duplicates(["cut_key", "track_id"], keep="last")
            newest = newest[newest["label"] != WITHDRAW]
            return dict(zip(zip(newest["cut_key"], newest["track_id"], strict=True), newest["label"], strict=True))

        before, now = held(rows[rows["id"] <= last]), held(rows)
        return sum(before.get(face) != now.get(face) for face in {*before, *now})

    def set_gold(self, verdict: Verdict) -> None:
        """Make a face a gold question, or with `withdraw` an ordinary face again."""
        self._judge(_GoldRow, verdict)

    def gold(self, episode_id: str) -> pd.DataFrame:
        """Every row on gold questions of an episode in order: VERDICT_COLUMNS."""
        return self._read(_GoldRow, VERDICT_COLUMNS, _GoldRow.episode_id == episode_id)

    def stamp(self) -> tuple[int, ...]:
        """Changes whenever a row came: the numbers of the last round, closing, assignment, decision, gold question."""
        with database_errors("what the team did cannot be read"), Session(self._engine) as session:
            newest = (select(func.coalesce(func.max(row.id), 0)).scalar_subquery() for row in _ROWS)
            return tuple(session.execute(select(*newest)).one())

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()

    def _judge(self, row: Any, verdict: Verdict) -> None:
        values = {
            "label": verdict.label,
            "author": verdict.author,
            "words": json.dumps(verdict.words),
            "press": verdict.press,
            "created_at": _now(),
            **_place(verdict.face),
        }
        new = insert(row).on_conflict_do_nothing(index_elements=["press", "episode_id", "track_id"])
        with database_errors("the decision was not saved"), Session(self._engine) as session:
            session.execute(new, [values])
            session.commit()

    def _read(self, row: Any, columns: Sequence[str], *wanted: Any) -> pd.DataFrame:
        query = select(*(getattr(row, name) for name in columns)).where(*wanted).order_by(row.id)
        with database_errors("what the team did cannot be read"), Session(self._engine) as session:
            found = session.execute(query).all()
        table = pd.DataFrame([tuple(one) for one in found], columns=list(columns))
        return table.astype({"id": "int64", "track_id": "int64", "cue_id": "int64", "cut_key": object})


def _place(face: PlacedFace) -> dict[str, Any]:
    return {"episode_id": face.episode_id, "track_id": face.track_id, "cue_id": face.cue_id, **asdict(face.pin)}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)
