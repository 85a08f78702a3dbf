"""What the app knows of its jobs and does about them; the worker is a thread, or a process that is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmemo.flow.jobs.lock import worker_lock, worker_runs
from mmemo.flow.jobs.worker import open_jobs, work_off
from mmemo.store.jobs import Job, JobStore
from mmemo.store.workspace import Workspace
from mmemo.ui.jobs import runner as jobs
from mmemo.ui.jobs.runner import JobRunner, start_worker
from tests.made_jobs import KINDS, PagesSettings, ended, start_made_worker, wait_for


class Starter:
    """Counts how often a worker is started, and works as a thread."""

    def __init__(self, exits_with: int | None = None) -> None:
        self.count, self.exits_with = 0, exits_with
        self.threads: list[threading.Thread] = []

    def __call__(self, workspace: Workspace) -> Any:
        self.count += 1
        if self.exits_with is not None:
            return SimpleNamespace(poll=lambda: self.exits_with, returncode=self.exits_with, pid=-1)
        self.threads.append(threading.Thread(target=work_off, args=(workspace, KINDS, 0)))
        self.threads[-1].start()
        return SimpleNamespace(poll=lambda: None if self.threads[-1].is_alive() else 0, returncode=0, pid=-1)


@pytest.fixture
def starter() -> Iterator[Starter]:
    starter = Starter()
    yield starter
    for thread in starter.threads:
        thread.join(30)


@pytest.fixture
def store(workspace: Workspace) -> Iterator[JobStore]:
    store = open_jobs(workspace)
    yield store
    store.close()


@pytest.fixture
def runner(workspace: Workspace, starter: Starter) -> Iterator[JobRunner]:
    runner = JobRunner(workspace, starter)
    yield runner
    runner.close()


def test_a_new_workspace_has_nothing_to_show_and_starts_nothing(runner: JobRunner, starter: Starter):
    assert runner.latest() is None
    assert runner.listed() == []
    assert runner.view(1) is None
    runner.cancel(1)
    runner.resume(1)
    runner.remove(1)
    runner.dismiss()
    assert starter.count == 0


def test_a_worker_is_started_for_a_job_and_the_job_is_done(runner: JobRunner, starter: Starter, store: JobStore):
    number = runner.submit("pages", "a book", PagesSettings(2))
    assert wait_for(store, number, ended).state == "done"
    assert starter.count == 1
    job = runner.latest()
    assert job is not None and (job.job_id, job.result) == (number, {"episode": "book", "run": "run-2"})


def test_the_running_job_is_shown_before_those_that_wait(runner: JobRunner, store: JobStore):
    first = runner.submit("pages", "first", PagesSettings(10_000, page_ms=10))
    wait_for(store, first, lambda job: job.step is not None)
    second = runner.submit("pages", "second", PagesSettings(1))
    shown = runner.latest()
    assert shown is not None and shown.job_id == first
    runner.cancel(first)
    assert wait_for(store, second, ended).state == "done"
    assert [job.job_id for job in runner.listed()] == [second, first]


def test_dismissed_jobs_stay_in_the_list_until_they_are_removed(runner: JobRunner, store: JobStore):
    number = runner.submit("pages", "a book", PagesSettings(1))
    wait_for(store, number, ended)
    runner.dismiss()
    assert runner.latest() is None
    assert len(runner.listed()) == 1
    runner.remove(number)
    assert runner.listed() == []


def test_another_app_on_the_workspace_sees_the_same(runner: JobRunner, store: JobStore, workspace: Workspace):
    number = runner.submit("pages", "a book", PagesSettings(1))
    wait_for(store, number, ended)
    other = JobRunner(workspace, Starter())
    assert other.latest() == runner.latest()
    other.dismiss()
    assert runner.latest() is None
    other.close()


def test_a_job_that_waited_while_the_app_was_away_is_worked_off(
    workspace: Workspace, store: JobStore, starter: Starter
):
    number = store.add("pages", "a book", PagesSettings(1))
    runner = JobRunner(workspace, starter)
    assert [job.job_id for job in runner.listed()] == [number]
    assert wait_for(store, number, ended).state == "done"
    runner.close()


def test_no_second_worker_is_started_beside_one_that_runs(workspace: Workspace):
    starter = Starter()
    runner = JobRunner(workspace, starter)
    with worker_lock(workspace.root):
        runner.submit("pages", "a book", PagesSettings(1))
        assert runner.latest() is not None
    assert starter.count == 0
    runner.close()


def test_a_worker_that_cannot_start_is_not_tried_all_the_time(workspace: Workspace):
    starter = Starter(exits_with=1)
    runner = JobRunner(workspace, starter)
    runner.submit("pages", "a book", PagesSettings(1))
    for _ in range(5):
        runner.tend()
    assert starter.count == 1
    assert runner.stuck
    runner.close()


def test_jobs_are_looked_after_when_no_page_is_open(workspace: Workspace, store: JobStore, starter: Starter):
    runner = JobRunner(workspace, starter)
    runner.keep(0.02)
    assert wait_for(store, store.add("pages", "a book", PagesSettings(1)), ended).state == "done"
    runner.close()
    store.add("pages", "second", PagesSettings(1))
    time.sleep(0.1)
    assert starter.count == 1, "it ends with the app"


def test_a_place_that_cannot_be_read_for_a_while_is_looked_after_again(
    workspace: Workspace, starter: Starter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    asked: list[float] = []

    def full(_root: Path) -> bool:
        asked.append(time.monotonic())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "worker_runs", full)
    runner = JobRunner(workspace, starter)
    runner.keep(0.01)
    deadline = time.monotonic() + 10
    while len(asked) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    runner.close()
    assert len(asked) >= 3
    assert caplog.text.count("could not be looked after") == 1


def test_a_worker_that_let_go_of_its_work_and_is_still_ending_is_not_waited_for(workspace: Workspace, store: JobStore):
    ending = SimpleNamespace(poll=lambda: None, returncode=None, pid=os.getpid())
    started: list[Workspace] = []

    def start(place: Workspace) -> Any:
        started.append(place)
        return ending

    runner = JobRunner(workspace, start)
    runner.submit("pages", "first", PagesSettings(1))
    runner.tend()
    assert len(started) == 1, "it is on its way"
    with worker_lock(workspace.root):
        pass
    runner.tend()
    assert len(started) == 2
    runner.close()


@pytest.mark.slow
def test_a_job_whose_worker_was_killed_is_interrupted_and_resumed(workspace: Workspace, store: JobStore):
    workers: list[subprocess.Popen[bytes]] = []

    def start(place: Workspace) -> subprocess.Popen[bytes]:
        workers.append(start_made_worker(place))
        return workers[-1]

    runner = JobRunner(workspace, start)
    number = runner.submit("pages", "a book", PagesSettings(40, page_ms=20))
    wait_for(store, number, lambda job: job.step is not None and job.step.done > 3)
    workers[0].kill()
    workers[0].wait(30)
    job: Job | None = runner.view(number)
    assert job is not None and job.state == "interrupted", "who watched it is told"
    assert runner.latest() == job
    runner.resume(number)
    assert wait_for(store, number, ended).state == "done"
    assert len(workers) == 2
    workers[1].wait(60)
    runner.close()


@pytest.mark.slow
def test_the_real_worker_is_a_process_apart_that_writes_a_log(workspace: Workspace, store: JobStore):
    number = store.add("no such kind", "<secret>", {})
    process = start_worker(workspace)
    try:
        job = wait_for(store, number, ended)
        assert (job.state, job.pid) == ("failed", process.pid)
        assert worker_runs(workspace.root)
    finally:
        process.terminate()
        process.wait(30)
    assert not worker_runs(workspace.root)
    assert (workspace.scratch / "worker.log").is_file()


def test_the_worker_of_the_app_is_a_command_that_is_there(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    called: list[Any] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: called.append((command, options)))
    log = workspace.scratch / "worker.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * (2 << 20))
    start_worker(workspace)
    command, options = called[0]
    assert command == [sys.executable, "-m", "pipelines.worker", "--workspace", str(workspace.root.resolve())]
    assert (Path(options["cwd"]) / "pipelines" / "worker.py").is_file()
    assert options["start_new_session"] is True
    assert log.stat().st_size == 0, "a long log begins anew"
