"""Tiny kinds of jobs, and a worker process that knows them: through the seam by which the real ones come."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmemo.errors import InputError
from mmemo.flow.jobs import worker as job_worker
from mmemo.flow.jobs.kinds import JobKind, Made
from mmemo.flow.jobs.worker import work_off
from mmemo.progress import Progress, Stage
from mmemo.settings import REPOSITORY
from mmemo.store.files import publish_file
from mmemo.store.jobs import Job, JobStore
from mmemo.store.workspace import Workspace

_CODE = "import sys; from tests.made_jobs import main; main(*sys.argv[1:])"


@dataclass(frozen=True, slots=True)
class PagesSettings:
    """How many pages to write, how long each takes, and where it goes wrong: by a mistake, a bug, or without an end."""

    pages: int = 3
    page_ms: int = 0
    wrong_at: int | None = None
    bug_at: int | None = None
    hangs_at: int | None = None

    def __post_init__(self) -> None:
        if self.pages < 0:
            raise InputError("there are no pages below 0")


def write_pages(workspace: Workspace, settings: PagesSettings) -> Stage[Made]:
    """Write numbered files, as stages do: what is there is not written again; `done.txt` lists what was."""
    for page in range(1, settings.pages + 1):
        path = workspace.root / "pages" / f"{page}.txt"
        if not path.is_file():
            with publish_file(path) as temporary:
                temporary.write_text("half")
                time.sleep(settings.page_ms / 1000)
                if page == settings.hangs_at:
                    time.sleep(3600)
                if page == settings.wrong_at:
                    raise InputError(f"{page}.txt cannot be written", hint="take fewer pages")
                if page == settings.bug_at:
                    raise ZeroDivisionError("secret detail")
                temporary.write_text(f"page {page}")
            with (workspace.root / "done.txt").open("a") as stream:
                stream.write(f"{page}\n")
        yield Progress("write", page, settings.pages, f"page {page}")
    yield Progress("bind", 1, 1)
    return {"episode": "book", "run": f"run-{settings.pages}"}


KINDS = {"pages": JobKind(PagesSettings, write_pages)}


def main(root: str, idle_s: str = "0.2", stop_s: str = "30") -> None:
    """A worker that ends when there is nothing left to do, or when a job hangs that is to stop."""
    job_worker.STOP_S = float(stop_s)
    work_off(Workspace(Path(root)), KINDS, float(idle_s))


def start_made_worker(workspace: Workspace, idle_s: float = 0.2, stop_s: float = 30.0) -> subprocess.Popen[bytes]:
    """A worker process that knows the tiny kinds."""
    arguments = [str(workspace.root), str(idle_s), str(stop_s)]
    return subprocess.Popen([sys.executable, "-c", _CODE, *arguments], cwd=REPOSITORY)


def wait_for(store: JobStore, job_id: int, holds: Callable[[Job], bool], timeout_s: float = 60.0) -> Job:
    """The job once something holds of it."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        job = store.job(job_id)
        if job is not None and holds(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"job {job_id} did not get there: {store.job(job_id)}")


def ended(job: Job) -> bool:
    """Whether nobody is at work on it."""
    return not job.active
