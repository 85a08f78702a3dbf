"""The app's side of the jobs: asks for them, looks at them, and sees to it that somebody works them off."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from mmemo.flow.jobs.lock import last_worker, worker_runs
from mmemo.flow.jobs.worker import open_jobs
from mmemo.settings import REPOSITORY
from mmemo.store.files import storage_errors
from mmemo.store.jobs import WORKING, Job, clock_ms
from mmemo.store.workspace import Workspace

log = logging.getLogger(__name__)

# How long a worker that could not be started is left alone before it is tried again.
_PAUSE_S = 10.0
# How often the queue is looked after when no page asks.
_KEEP_S = 3.0
# Who comes back after that is told of an ended job by the list alone.
_NEWS_MS = 24 * 3600 * 1000
_LOG_BYTES = 1 << 20

StartWorker = Callable[[Workspace], "subprocess.Popen[bytes] | None"]


def start_worker(workspace: Workspace) -> subprocess.Popen[bytes]:
    """Start the worker as a process of its own, which outlives the app; what it says goes to tmp/worker.log."""
    log = workspace.scratch / "worker.log"
    apart: dict[str, Any] = {"start_new_session": True}  # Ctrl-C at the app's terminal is not meant for it
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    with storage_errors(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        mode = "wb" if log.is_file() and log.stat().st_size > _LOG_BYTES else "ab"
        with log.open(mode) as output:
            return subprocess.Popen(
                [sys.executable, "-m", "pipelines.worker", "--workspace", str(workspace.root.resolve())],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **apart,
            )


class JobRunner:
    """The jobs of a workspace, for every page alike; holds nothing that a restart of the app would lose."""

    def __init__(self, workspace: Workspace, start: StartWorker = start_worker) -> None:
        self._workspace, self._start = workspace, start
        self._store = open_jobs(workspace)
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        self._leaving: list[subprocess.Popen[bytes]] = []
        self._keeper: threading.Thread | None = None
        self._closed = threading.Event()
        self._paused_until = 0.0

    def submit(self, kind: str, title: str, settings: Any) -> int:
        """Queue a job of a kind of `mmemo.flow.jobs.kinds` and return its number; `settings` is its dataclass."""
        job_id = self._store.add(kind, title, settings)
        self.tend(asked=True)
        return job_id

    def view(self, job_id: int) -> Job | None:
        """One job; None when it is unknown or was removed."""
        self.tend()
        return self._store.job(job_id)

    def listed(self, limit: int = 100) -> list[Job]:
        """The newest first."""
        self.tend()
        return self._store.jobs(limit)

    def latest(self) -> Job | None:
        """The job to show: the running one, else the next in the queue, else the last that began, ended and is still news."""
        self.tend()
        active = self._store.first(*WORKING) or self._store.first("queued")
        if active is not None:
            return active
        since = clock_ms() - _NEWS_MS
        news = [j for j in self._store.jobs() if not j.dismissed and (j.finished_ms or 0) > since]
        # By when they began: one that was cancelled while it waited does not hide what was interrupted meanwhile.
        return max(news, key=lambda j: (j.started_ms or 0, j.finished_ms or 0), default=None)

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop; it does so between two steps of its work. Ended jobs stay as they are."""
        self._store.cancel(job_id)

    def resume(self, job_id: int) -> bool:
        """Queue a job again that ended before its work was done; what it finished is not done again.

        False when it is no such job (any more).
        """
        queued = self._store.resume(job_id)
        self.tend(asked=True)
        return queued

    def remove(self, job_id: int) -> None:
        """Take a job that ended off the list; what it made stays."""
        self._store.remove(job_id)

    def dismiss(self) -> None:
        """Jobs that ended are no longer shown, except in the list."""
        self._store.dismiss()

    def tend(self, *, asked: bool = False) -> None:
        """Call jobs of a dead worker interrupted, and start a worker when jobs wait and nobody is there.

        One that failed is only started again after a while, or when a person asks for work.
        """
        if worker_runs(self._workspace.root):
            return
        with self._lock:
            if self._on_its_way():
                return
            left = self._store.first(*WORKING)
            # Asked again, because a worker may have come since: of a job that was taken before, it is now sure.
            if left is not None and not worker_runs(self._workspace.root):
                self._store.interrupt(left)
            if (asked or not self.stuck) and self._store.first("queued") is not None:
                self._worker = self._start(self._workspace)

    def _on_its_way(self) -> bool:
        """Whether the worker that was started last has yet to begin; one that let go of the lock is only ending."""
        self._leaving = [worker for worker in self._leaving if worker.poll() is None]
        worker = self._worker
        if worker is None:
            return False
        if worker.poll() is None:
            if last_worker(self._workspace.root) != worker.pid:
                return True
            self._leaving.append(worker)
        elif worker.returncode != 0:
            self._paused_until = time.monotonic() + _PAUSE_S
        self._worker = None
        return False

    def keep(self, every_s: float = _KEEP_S) -> None:
        """Tend until `close`, in a thread: jobs that wait are worked off when no page is open, too."""
        self._keeper = threading.Thread(target=self._keep, args=(every_s,), name="mmemo-jobs", daemon=True)
        self._keeper.start()

    def _keep(self, every_s: float) -> None:
        wrong = False
        while not self._closed.is_set():
            try:
                self.tend()
                wrong = False
            except Exception:  # a full disk has room again one day; it is told once
                if not wrong:
                    log.exception("the jobs that wait could not be looked after")
                wrong = True
            self._closed.wait(every_s)

    @property
    def stuck(self) -> bool:
        """True while no worker can be started: it ended at once, and is tried again in a moment."""
        return time.monotonic() < self._paused_until

    def close(self) -> None:
        """Look after nothing any more and let go of the table; jobs go on without the app."""
        self._closed.set()
        if self._keeper is not None:
            self._keeper.join(_PAUSE_S)
        self._store.close()
