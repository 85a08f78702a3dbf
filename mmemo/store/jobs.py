"""The table of jobs: long work that was asked for, how far it is, and what became of it.

Pages write here what is wanted (a new job, Cancel, Resume); the worker writes what happens. Whoever looks sees the
same, whichever browser or process it is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import Boolean, Engine, Float, Index, Integer, String, Table, Text, delete, func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mmemo.store.database import database_errors, open_database
from mmemo.store.files import to_json

JobState: TypeAlias = Literal["queued", "running", "cancelling", "cancelled", "failed", "done", "interrupted"]
WORKING: tuple[JobState, ...] = ("running", "cancelling")
ACTIVE: tuple[JobState, ...] = ("queued", *WORKING)
ENDED: tuple[JobState, ...] = tuple(state for state in get_args(JobState) if state not in ACTIVE)


@dataclass(frozen=True, slots=True)
class JobStep:
    """A part of a job that was begun: its name, units done of all (0 for unknown), seconds, and its last note."""

    stage: str
    done: int
    total: int
    seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is: its steps, the current one last.

    `rate` is units a second in the current step, `seconds_left` the seconds left in it; None until they can be told.
    """

    steps: tuple[JobStep, ...] = ()
    unit: str = ""
    rate: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One job at one moment. Times are ms since 1970; `arguments` and `result` hold plain values.

    `error` is one sentence and `hint` says what to do, both made for people. `heartbeat_ms` is when the worker last
    gave a sign of life, `reported_ms` when the work itself last got on.
    """

    job_id: int
    kind: str
    title: str
    arguments: Mapping[str, Any]
    state: JobState
    progress: JobProgress
    created_ms: int
    started_ms: int | None = None
    finished_ms: int | None = None
    pid: int | None = None
    heartbeat_ms: int | None = None
    reported_ms: int | None = None
    result: Mapping[str, Any] | None = None
    error: str = ""
    hint: str = ""
    dismissed: bool = False

    @property
    def active(self) -> bool:
        """True while the job waits or works."""
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        """True for a job that ended before its work was done: running it again skips what it finished."""
        return self.state in ("cancelled", "failed", "interrupted")

    @property
    def step(self) -> JobStep | None:
        """The current step, or the last one of a job that ended."""
        return self.progress.steps[-1] if self.progress.steps else None

    def seconds(self, now_ms: int | None = None) -> float:
        """How long it has been at work, or was; 0 before it began."""
        if self.started_ms is None:
            return 0.0
        until = self.finished_ms if self.finished_ms is not None else now_ms if now_ms is not None else clock_ms()
        return max(0, until - self.started_ms) / 1000


class _Base(DeclarativeBase):
    pass


class _JobRow(_Base):
    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(Text)
    arguments: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str | None] = mapped_column(Text)
    done: Mapped[int | None] = mapped_column(Integer)
    total: Mapped[int | None] = mapped_column(Integer)
    unit: Mapped[str | None] = mapped_column(String(32))
    rate: Mapped[float | None] = mapped_column(Float)
    seconds_left: Mapped[float | None] = mapped_column(Float)
    message: Mapped[str | None] = mapped_column(Text)
    steps: Mapped[str | None] = mapped_column(Text)
    created_ms: Mapped[int] = mapped_column(Integer)
    queued_ms: Mapped[int] = mapped_column(Integer)
    started_ms: Mapped[int | None] = mapped_column(Integer)
    finished_ms: Mapped[int | None] = mapped_column(Integer)
    pid: Mapped[int | None] = mapped_column(Integer)
    heartbeat_ms: Mapped[int | None] = mapped_column(Integer)
    reported_ms: Mapped[int | None] = mapped_column(Integer)
    result: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    hint: Mapped[str | None] = mapped_column(Text)
    dismissed: Mapped[bool | None] = mapped_column(Boolean)
    # A number is never used again: a page may still be looking at a job that was removed.
    __table_args__ = (Index("jobs_by_state", "state", "queued_ms"), {"sqlite_autoincrement": True})


_JOBS: Table = _Base.metadata.tables[_JobRow.__tablename__]
_UNBEGUN: dict[str, Any] = dict.fromkeys(
    "stage done total unit rate seconds_left message steps started_ms finished_ms pid heartbeat_ms reported_ms "
    "result error hint".split()
)


class JobStore:
    """Adds jobs, moves them from state to state, and reads them back; safe for several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._engine: Engine = open_database(path, _JOBS)

    def add(self, kind: str, title: str, arguments: Any) -> int:
        """Queue a job and return its number; `arguments` is a settings dataclass or a mapping of plain values."""
        now = clock_ms()
        row = _JobRow(
            kind=kind, title=title, arguments=to_json(arguments), state="queued", created_ms=now, queued_ms=now
        )
        with database_errors("the job was not saved"), Session(self._engine) as session:
            session.add(row)
            session.commit()
            return row.id

    def job(self, job_id: int) -> Job | None:
        """One job; None when it is unknown or was removed."""
        with database_errors("the jobs cannot be read"), Session(self._engine) as session:
            row = session.get(_JobRow, job_id)
            return _job(row) if row is not None else None

    def jobs(self, limit: int = 100) -> list[Job]:
        """The newest first."""
        query = select(_JobRow).order_by(_JobRow.id.desc()).limit(limit)
        with database_errors("the jobs cannot be read"), Session(self._engine) as session:
            return [_job(row) for row in session.scalars(query)]

    def first(self, *states: JobState) -> Job | None:
        """Of the jobs in these states the one that was queued first."""
        query = select(_JobRow).where(_JobRow.state.in_(states)).order_by(_JobRow.queued_ms, _JobRow.id).limit(1)
        with database_errors("the jobs cannot be read"), Session(self._engine) as session:
            row = session.scalars(query).first()
            return _job(row) if row is not None else None

    def claim(self, pid: int) -> Job | None:
        """Take the next job for a worker, which is from now on at work on it; None when nothing waits.

        It may be asked to stop by then. What this worker is still said to be at from before is interrupted.
        """
        waiting = select(_JobRow.id).where(_JobRow.state == "queued").order_by(_JobRow.queued_ms, _JobRow.id).limit(1)
        now = clock_ms()
        taken = {"state": "running", "pid": pid, "started_ms": now, "heartbeat_ms": now, "reported_ms": now}
        take = update(_JobRow).where(_JobRow.id == waiting.scalar_subquery()).values(taken).returning(_JobRow.id)
        with database_errors("the job was not saved"), self._engine.begin() as connection:
            job_id = connection.execute(take).scalar()
        if job_id is None:
            return None
        self._change(_interrupted(_JobRow.pid == pid, _JobRow.id != job_id))
        return self.job(job_id)

    def report(self, job_id: int, pid: int, progress: JobProgress | None) -> JobState | None:
        """Give a sign of life and, if there is any, the progress; tells the state.

        None when the job is no longer this worker's, so that it should stop.
        """
        now = clock_ms()
        values: dict[str, Any] = {"heartbeat_ms": now}
        if progress is not None:
            values |= {"reported_ms": now, **_columns(progress)}
        self._change(_of_worker(job_id, pid).values(values))
        return self.state(job_id, pid)

    def state(self, job_id: int, pid: int) -> JobState | None:
        """The state of a job that a worker is at; None when it is no longer this worker's."""
        query = select(_JobRow.state).where(_JobRow.id == job_id, _JobRow.pid == pid, _JobRow.state.in_(WORKING))
        with database_errors("the jobs cannot be read"), Session(self._engine) as session:
            state: Any = session.scalars(query).first()
            return state  # type: ignore[no-any-return]

    def finish(
        self,
        job_id: int,
        pid: int,
        state: JobState,
        result: Mapping[str, Any] | None = None,
        error: str = "",
        hint: str = "",
    ) -> None:
        """Say how a worker's job ended; does nothing when it is no longer this worker's."""
        assert state in ENDED, "a job ends in a last state"
        values = {"state": state, "finished_ms": clock_ms(), "rate": None, "seconds_left": None}
        told = {"result": to_json(result) if result is not None else None, "error": error, "hint": hint}
        self._change(_of_worker(job_id, pid).values({**values, **told}))

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop: one that waits does at once, one at work at its next step. Ended jobs stay as they are."""
        mine = update(_JobRow).where(_JobRow.id == job_id)
        # In this order: a worker may take the job between the two.
        self._change(mine.where(_JobRow.state == "queued").values(state="cancelled", finished_ms=clock_ms()))
        self._change(mine.where(_JobRow.state == "running").values(state="cancelling"))

    def resume(self, job_id: int) -> bool:
        """Queue a job again that ended before its work was done; False when it is no such job."""
        ended = update(_JobRow).where(_JobRow.id == job_id, _JobRow.state.in_([s for s in ENDED if s != "done"]))
        return (
            self._change(ended.values(_UNBEGUN | {"state": "queued", "queued_ms": clock_ms(), "dismissed": None})) > 0
        )

    def interrupt(self, job: Job | None = None) -> None:
        """Say of a job at work that its worker is gone, or of all of them. Only for who knows that it is.

        Of a job that somebody else is at by now, nothing is said.
        """
        which = (_JobRow.id == job.job_id, _JobRow.pid == job.pid) if job is not None else ()
        self._change(_interrupted(*which))

    def remove(self, job_id: int) -> None:
        """Forget a job that ended; what it made stays."""
        self._change(delete(_JobRow).where(_JobRow.id == job_id, _JobRow.state.in_(ENDED)))

    def dismiss(self) -> None:
        """Jobs that ended need no more be brought to anybody's mind; they stay in the list."""
        self._change(
            update(_JobRow).where(_JobRow.state.in_(ENDED), _JobRow.dismissed.is_not(True)).values(dismissed=True)
        )

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()

    def _change(self, statement: Any) -> int:
        with database_errors("the job was not saved"), self._engine.begin() as connection:
            return int(connection.execute(statement).rowcount)


def clock_ms() -> int:
    """Now, in ms since 1970."""
    return time.time_ns() // 1_000_000


def _of_worker(job_id: int, pid: int) -> Any:
    return update(_JobRow).where(_JobRow.id == job_id, _JobRow.pid == pid, _JobRow.state.in_(WORKING))


def _interrupted(*which: Any) -> Any:
    """Say of jobs at work that nobody is; they ended with their last sign of life."""
    when = func.coalesce(_JobRow.heartbeat_ms, _JobRow.queued_ms)
    left = update(_JobRow).where(_JobRow.state.in_(WORKING), *which)
    return left.values(state="interrupted", finished_ms=when, rate=None, seconds_left=None)


def _columns(progress: JobProgress) -> dict[str, Any]:
    """The current step has columns of its own, so that anybody can read the table without unpacking JSON."""
    step = progress.steps[-1] if progress.steps else None
    current = {"stage": step.stage, "done": step.done, "total": step.total, "message": step.note} if step else {}
    figures = {"unit": progress.unit, "rate": progress.rate, "seconds_left": progress.seconds_left}
    return {**current, **figures, "steps": json.dumps([asdict(step) for step in progress.steps])}


def _job(row: _JobRow) -> Job:
    steps = tuple(JobStep(**step) for step in json.loads(row.steps or "[]"))
    state: Any = row.state
    return Job(
        job_id=row.id,
        kind=row.kind,
        title=row.title,
        arguments=json.loads(row.arguments),
        state=state,
        progress=JobProgress(steps, row.unit or "", row.rate, row.seconds_left),
        created_ms=row.created_ms,
        started_ms=row.started_ms,
        finished_ms=row.finished_ms,
        pid=row.pid,
        heartbeat_ms=row.heartbeat_ms,
        reported_ms=row.reported_ms,
        result=json.loads(row.result) if row.result else None,
        error=row.error or "",
        hint=row.hint or "",
        dismissed=bool(row.dismissed),
    )
