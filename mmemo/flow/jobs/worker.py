"""The worker: works off the jobs of a workspace one after the other, whoever looks on and whoever leaves."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from types import TracebackType
from typing import Any

from mmemo.errors import InputError, MmemoError
from mmemo.flow.jobs.kinds import KINDS, JobKind
from mmemo.flow.jobs.lock import worker_lock
from mmemo.flow.jobs.meter import JobMeter
from mmemo.progress import Progress
from mmemo.store.files import storage_errors
from mmemo.store.jobs import Job, JobState, JobStore
from mmemo.store.workspace import LABELS_FILE, Workspace

log = logging.getLogger(__name__)

IDLE_S = 60.0
BUG = "this is a bug in mmemo, not in your files"
BUG_HINT = "the details are in tmp/worker.log of the workspace"
_POLL_S = 0.3
# How often the table is written and read while a job is at work, and how often a job without news gives a sign of life.
_BEAT_S, _HEARTBEAT_S = 0.25, 2.0
# A job that has not stopped so long after it was asked to hangs, and its process ends with it.
STOP_S = 30.0
# How long it is tried to write down how a job ended.
_LAST_WORD_S, _LAST_WORD_PAUSE_S = 60.0, 2.0


def open_jobs(workspace: Workspace) -> JobStore:
    """The table of jobs of a workspace."""
    with storage_errors(workspace.root):
        return JobStore(workspace.root / LABELS_FILE)


def work_off(workspace: Workspace, kinds: Mapping[str, JobKind] = KINDS, idle_s: float = IDLE_S) -> int:
    """Do all jobs that wait, and those that come until none came for `idle_s`; returns how many.

    Does nothing when the workspace has a worker already. SystemExit and KeyboardInterrupt leave the job at hand
    interrupted, with nothing half-written.
    """
    count = 0
    with closing(open_jobs(workspace)) as store:
        while True:
            with worker_lock(workspace.root) as mine:
                if not mine:
                    return count
                store.interrupt()  # nobody else works here: what is still called running was left by a dead worker
                count += _work_until_idle(store, workspace, kinds, idle_s)
            # A job that came between the last look and the end of the lock saw a worker, and started none.
            if store.first("queued") is None:
                return count


def _work_until_idle(store: JobStore, workspace: Workspace, kinds: Mapping[str, JobKind], idle_s: float) -> int:
    count, rests_since = 0, time.monotonic()
    while True:
        job = store.claim(os.getpid())
        if job is not None:
            _work(store, workspace, kinds, job)
            count, rests_since = count + 1, time.monotonic()
        elif time.monotonic() - rests_since >= idle_s:
            return count
        else:
            time.sleep(_POLL_S)


def _work(store: JobStore, workspace: Workspace, kinds: Mapping[str, JobKind], job: Job) -> None:
    """Do one job; whatever happens to it, and to the table meanwhile, must not end the worker."""
    state: JobState = "interrupted"
    told: dict[str, Any] = {}
    try:
        with _Pulse(store, job.job_id) as pulse:
            state, told = _drive(workspace, kinds, job, pulse)
    except MmemoError as error:
        state, told = "failed", {"error": error.message, "hint": error.hint}
    except Exception:
        log.exception("the job %s %r failed", job.job_id, job.title)
        state, told = "failed", {"error": BUG, "hint": BUG_HINT}
    finally:
        _keep_end(store, job, state, told)


def _keep_end(store: JobStore, job: Job, state: JobState, told: Mapping[str, Any]) -> None:
    """Write down how a job ended, again and again for a while; what is not kept then is called interrupted later."""
    until = time.monotonic() + _LAST_WORD_S
    while True:
        try:
            store.finish(job.job_id, os.getpid(), state, **told)
        except MmemoError as error:
            log.warning("that job %s is %s was not kept: %s", job.job_id, state, error)
        else:
            return
        if state == "interrupted" or time.monotonic() >= until:  # a process that is being ended does not wait
            return
        time.sleep(_LAST_WORD_PAUSE_S)


def _drive(
    workspace: Workspace, kinds: Mapping[str, JobKind], job: Job, pulse: _Pulse
) -> tuple[JobState, dict[str, Any]]:
    if job.kind not in kinds:
        raise InputError(
            f"nobody here knows how to do {job.kind!r}", hint="it was asked for by another version of mmemo"
        )
    stage = kinds[job.kind].start(workspace, job.arguments)
    try:
        while not pulse.stopped.is_set():
            pulse.move_to(next(stage))
    except StopIteration as stop:
        return "done", {"result": stop.value}
    finally:
        stage.close()
    return "cancelled", {}


class _Pulse:
    """A thread that writes progress and signs of life of a job, and learns when it is to stop.

    When the job does not, because a step of its work never ends, it ends the process.
    """

    def __init__(self, store: JobStore, job_id: int) -> None:
        self.stopped = threading.Event()
        self._store, self._job_id, self._meter = store, job_id, JobMeter()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._news = False
        self._thread = threading.Thread(target=self._beat, name="mmemo-pulse", daemon=True)

    def __enter__(self) -> _Pulse:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._tell(force=True)

    def move_to(self, progress: Progress) -> None:
        """Take in one report; costs no look into the database."""
        with self._lock:
            self._meter.move_to(progress)
            self._news = True

    def _beat(self) -> None:
        last = asked = time.monotonic()
        while not self._over.wait(_BEAT_S):
            now = time.monotonic()
            if self._tell(force=now - last >= _HEARTBEAT_S):
                last = now
            if not self.stopped.is_set():
                asked = now
            elif now - asked >= STOP_S:
                self._end_process()

    def _end_process(self) -> None:
        """The job hangs and hears nothing. Files are whole or not there, so the next worker goes on where it was."""
        log.error("job %s did not stop within %.0f s of being asked to: the worker ends", self._job_id, STOP_S)
        try:
            self._store.finish(self._job_id, os.getpid(), "cancelled")
        except MmemoError as error:
            log.warning("that job %s is cancelled was not kept: %s", self._job_id, error)
        os._exit(0)

    def _tell(self, *, force: bool) -> bool:
        """Write what is new, and ask whether to go on; a table that cannot be written now is tried again later."""
        with self._lock:
            progress = self._meter.progress() if self._news else None
            self._news = False
        try:
            if progress is None and not force:
                state = self._store.state(self._job_id, os.getpid())
            else:
                state = self._store.report(self._job_id, os.getpid(), progress)
        except MmemoError as error:
            log.warning("the progress of job %s was not kept: %s", self._job_id, error)
            return False
        if state != "running":
            self.stopped.set()
        return progress is not None or force
