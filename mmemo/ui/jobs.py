"""Long work in the background: one job at a time, watched and cancelled from any page."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from mmemo.errors import MmemoError
from mmemo.progress import Progress, Stage
from mmemo.ui.words import sentences

log = logging.getLogger(__name__)

JobState: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
StartStage: TypeAlias = Callable[[], Stage[Any]]

BUG_MESSAGE = "This is a bug in mmemo, not in your files. The details are in the log of the server."
_KEPT_JOBS = 20
_LOG_LINES = 200
_CLOCK = time.monotonic


@dataclass(frozen=True, slots=True)
class JobView:
    """What a page may know of a job at one moment; later moments are other views.

    `steps` are the names of the steps so far, the current one last. `rate` is units a second in the
    current step, `remaining_s` the seconds left in it; both None until they can be told.
    """

    job_id: int
    title: str
    state: JobState
    progress: Progress | None
    steps: tuple[str, ...]
    log: tuple[str, ...]
    elapsed_s: float
    rate: float | None
    remaining_s: float | None
    cancelling: bool
    message: str
    result: Any

    @property
    def active(self) -> bool:
        """True while the job waits or works."""
        return self.state in ("queued", "running")


@dataclass(slots=True)
class _Job:
    """The runner's own record of a job; guarded by the runner's lock."""

    job_id: int
    title: str
    start: StartStage
    state: JobState = "queued"
    progress: Progress | None = None
    steps: list[str] = field(default_factory=list)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_LOG_LINES))
    started_at: float | None = None
    ended_at: float | None = None
    step_started_at: float = 0.0
    step_first_done: int = 0
    message: str = ""
    result: Any = None
    cancel: threading.Event = field(default_factory=threading.Event)

    def view(self) -> JobView:
        rate, remaining_s = self._speed()
        ended = self.ended_at if self.ended_at is not None else _CLOCK()
        return JobView(
            job_id=self.job_id,
            title=self.title,
            state=self.state,
            progress=self.progress,
            steps=tuple(self.steps),
            log=tuple(self.log),
            elapsed_s=ended - self.started_at if self.started_at is not None else 0.0,
            rate=rate,
            remaining_s=remaining_s,
            cancelling=self.cancel.is_set() and self.state in ("queued", "running"),
            message=self.message,
            result=self.result,
        )

    def _speed(self) -> tuple[float | None, float | None]:
        """Rate of the current step from its own first report: a resumed step starts above 0."""
        if self.progress is None or self.state != "running":
            return None, None
        done = self.progress.done - self.step_first_done
        seconds = _CLOCK() - self.step_started_at
        if done <= 0 or seconds < 0.5:
            return None, None
        rate = done / seconds
        left = self.progress.total - self.progress.done
        return rate, left / rate if self.progress.total > 0 else None

    def note(self, line: str) -> None:
        self.log.append(f"{time.strftime('%H:%M:%S')}  {line}")

    def move_to(self, progress: Progress) -> None:
        """Take in one report; a new step closes the one before it in the log."""
        if not self.steps or self.steps[-1] != progress.stage:
            self.close_step()
            self.steps.append(progress.stage)
            self.step_started_at, self.step_first_done = _CLOCK(), progress.done
            self.note(f"{progress.stage} …")
        self.progress = progress

    def close_step(self) -> None:
        if self.progress is not None:
            last, seconds = self.progress, _CLOCK() - self.step_started_at
            note = f", {last.note}" if last.note else ""
            count = f"{last.done} of {last.total}" if last.total else f"{last.done}"
            self.note(f"{last.stage}: {count} in {seconds:.0f} s{note}")

    def end(self, state: JobState, message: str) -> None:
        self.close_step()
        self.state, self.message, self.ended_at = state, message, _CLOCK()
        self.note(message or state)


class JobRunner:
    """Runs stages one after the other in one background thread; outlives every page that looks at it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._jobs: dict[int, _Job] = {}
        self._ids = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, title: str, start: StartStage) -> int:
        """Queue a job and return its number; `start` is called in the worker and gives the stage."""
        with self._wake:
            assert not self._closed, "a closed runner takes no jobs"
            job = _Job(next(self._ids), title, start)
            self._jobs[job.job_id] = job
            self._forget_old()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mmemo-jobs", daemon=True)
                self._thread.start()
            self._wake.notify_all()
            return job.job_id

    def view(self, job_id: int) -> JobView | None:
        """One job, or None when it is unknown or long gone."""
        with self._lock:
            job = self._jobs.get(job_id)
            return job.view() if job is not None else None

    def latest(self) -> JobView | None:
        """The job to show: the running one, else the next in the queue, else the last that ended."""
        with self._lock:
            for state in ("running", "queued"):
                for job in self._jobs.values():
                    if job.state == state:
                        return job.view()
            ended = [j for j in self._jobs.values() if j.ended_at is not None]
            return max(ended, key=lambda j: j.ended_at or 0.0).view() if ended else None

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop; it does so between two steps of its work. Ended jobs stay as they are."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.state not in ("queued", "running"):
                return
            job.cancel.set()
            if job.state == "queued":
                job.end("cancelled", "Cancelled before it began.")

    def dismiss(self) -> None:
        """Forget the jobs that ended, so that pages no longer show them."""
        with self._lock:
            for job_id in [j.job_id for j in self._jobs.values() if j.ended_at is not None]:
                del self._jobs[job_id]

    def close(self, timeout_s: float = 10.0) -> None:
        """Cancel everything and wait for the worker to end."""
        with self._wake:
            self._closed = True
            for job in self._jobs.values():
                job.cancel.set()
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _forget_old(self) -> None:
        ended = [j.job_id for j in self._jobs.values() if j.ended_at is not None]
        for job_id in ended[: max(0, len(ended) - _KEPT_JOBS)]:
            del self._jobs[job_id]

    def _next(self) -> _Job | None:
        with self._wake:
            while True:
                if self._closed:
                    return None
                for job in self._jobs.values():
                    if job.state == "queued":
                        job.state, job.started_at = "running", _CLOCK()
                        return job
                self._wake.wait()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            state, message, result = self._run(job)
            with self._lock:
                job.result = result
                job.end(state, message)

    def _run(self, job: _Job) -> tuple[JobState, str, Any]:
        """Drive one stage to its end; whatever happens to it must not end the worker."""
        try:
            stage = job.start()
            try:
                while not job.cancel.is_set():
                    progress = next(stage)
                    with self._lock:
                        job.move_to(progress)
            except StopIteration as stop:
                return "done", "", stop.value
            finally:
                stage.close()
            return "cancelled", "Cancelled. What was finished is kept; start again to go on from there.", None
        except MmemoError as error:
            return "failed", sentences(error), None
        except Exception:
            log.exception("the job %r failed", job.title)
            return "failed", BUG_MESSAGE, None
