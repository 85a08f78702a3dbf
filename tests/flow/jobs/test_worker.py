"""The worker, in this process and as one of its own that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmemo.errors import StorageError
from mmemo.flow.jobs import worker as job_worker
from mmemo.flow.jobs.kinds import KINDS as REAL_KINDS
from mmemo.flow.jobs.lock import LOCK_FILE, last_worker, worker_lock, worker_runs
from mmemo.flow.jobs.worker import open_jobs, work_off
from mmemo.settings import REPOSITORY
from mmemo.store.jobs import Job, JobStore
from mmemo.store.workspace import Workspace
from tests.made_jobs import KINDS, PagesSettings, ended, start_made_worker, wait_for


@pytest.fixture
def store(workspace: Workspace) -> Iterator[JobStore]:
    store = open_jobs(workspace)
    yield store
    store.close()


def pages(workspace: Workspace) -> dict[str, str]:
    return {path.name: path.read_text() for path in (workspace.root / "pages").iterdir()}


def written(workspace: Workspace) -> list[int]:
    return [int(line) for line in (workspace.root / "done.txt").read_text().split()]


def left_behind(workspace: Workspace) -> list[Path]:
    return list(workspace.root.rglob("*.tmp"))


def test_nothing_to_do_is_done_at_once(workspace: Workspace, store: JobStore):
    assert work_off(workspace, KINDS, 0) == 0
    assert not worker_runs(workspace.root)


def test_jobs_are_done_in_order_with_their_results_and_steps(workspace: Workspace, store: JobStore):
    numbers = [store.add("pages", "a book", PagesSettings(n)) for n in (2, 4, 0)]
    assert work_off(workspace, KINDS, 0) == 3
    jobs = [store.job(number) for number in numbers]
    assert [job.state for job in jobs if job] == ["done"] * 3
    assert [job.result["run"] for job in jobs if job and job.result] == ["run-2", "run-4", "run-0"]
    assert jobs[1] is not None and [(s.stage, s.done) for s in jobs[1].progress.steps] == [("write", 4), ("bind", 1)]
    assert written(workspace) == [1, 2, 3, 4], "what was there is not written again"


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("pages", PagesSettings(3, wrong_at=2), "2.txt cannot be written"),
        ("pages", {"pages": -1}, "no pages below 0"),
        ("pages", {"unknown": 1}, "not what they should be"),
        ("unheard", {}, "nobody here knows"),
        ("adapt", {"video": 3}, "AdaptSettings.video is 3"),
    ],
)
def test_wrong_input_is_one_sentence_and_the_next_job_runs(
    workspace: Workspace, store: JobStore, kind: str, arguments: object, words: str
):
    first, second = store.add(kind, "first", arguments), store.add("pages", "second", PagesSettings(1))
    work_off(workspace, {**REAL_KINDS, **KINDS}, 0)
    job, other = store.job(first), store.job(second)
    assert job is not None and (job.state, job.resumable) == ("failed", True)
    assert words in job.error and job.error.count("\n") == 0
    assert other is not None and other.state == "done"
    assert left_behind(workspace) == []


def test_a_bug_is_named_a_bug_and_its_details_are_in_the_log_alone(
    workspace: Workspace, store: JobStore, caplog: pytest.LogCaptureFixture
):
    number = store.add("pages", "first", PagesSettings(3, bug_at=2))
    work_off(workspace, KINDS, 0)
    job = store.job(number)
    assert job is not None and job.state == "failed"
    assert "bug" in job.error and "secret detail" not in job.error + job.hint
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("failures", [2, 1000])
def test_a_table_that_cannot_be_written_does_not_end_the_worker(
    workspace: Workspace, store: JobStore, monkeypatch: pytest.MonkeyPatch, failures: int
):
    first, second = (store.add("pages", name, PagesSettings(1)) for name in ("first", "second"))
    finish, left = JobStore.finish, [failures]

    def failing(self: JobStore, job_id: int, *rest: Any, **told: Any) -> None:
        if job_id == first and left[0]:
            left[0] -= 1
            raise StorageError("the job was not saved")
        finish(self, job_id, *rest, **told)

    monkeypatch.setattr(JobStore, "finish", failing)
    monkeypatch.setattr(job_worker, "_LAST_WORD_S", 0.2)
    monkeypatch.setattr(job_worker, "_LAST_WORD_PAUSE_S", 0.02)
    assert work_off(workspace, KINDS, 0) == 2
    states = [job.state for job in map(store.job, (first, second)) if job]
    assert states == ["done" if failures == 2 else "interrupted", "done"]


def test_there_is_one_worker_a_workspace(workspace: Workspace, store: JobStore):
    number = store.add("pages", "first", PagesSettings(1))
    assert last_worker(workspace.root) is None
    with worker_lock(workspace.root) as mine:
        assert mine
        assert worker_runs(workspace.root)
        assert last_worker(workspace.root) == os.getpid()
        with worker_lock(workspace.root, patience_s=0.1) as other:
            assert not other
        assert work_off(workspace, KINDS, 0) == 0
    assert not worker_runs(workspace.root)
    job = store.job(number)
    assert job is not None and job.state == "queued"


def test_who_asks_whether_there_is_a_worker_keeps_none_away(workspace: Workspace):
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            worker_runs(workspace.root)

    workspace.root.mkdir(parents=True)
    (workspace.root / LOCK_FILE).touch()
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(20):
            with worker_lock(workspace.root) as mine:
                assert mine
    finally:
        stop.set()
        asking.join()


def test_cancel_stops_at_the_next_step_and_leaves_nothing_half_written(workspace: Workspace, store: JobStore):
    number = store.add("pages", "endless", PagesSettings(10_000, page_ms=10))
    second = store.add("pages", "second", PagesSettings(1))
    worker = threading.Thread(target=work_off, args=(workspace, KINDS, 0))
    worker.start()
    wait_for(store, number, lambda job: job.step is not None and job.step.done > 3)
    store.cancel(number)
    job = wait_for(store, number, ended)
    worker.join(30)
    other = store.job(second)
    assert job.state == "cancelled" and job.resumable
    assert other is not None and other.state == "done"
    assert set(pages(workspace).values()) == {f"page {n}" for n in range(1, len(pages(workspace)) + 1)}
    assert left_behind(workspace) == []


def test_a_job_that_comes_while_the_worker_rests_is_done_too(workspace: Workspace, store: JobStore):
    worker = threading.Thread(target=work_off, args=(workspace, KINDS, 5))
    worker.start()
    while not worker_runs(workspace.root):
        time.sleep(0.01)
    job = wait_for(store, store.add("pages", "late", PagesSettings(1)), ended)
    assert job.state == "done"
    worker.join(30)


def test_progress_is_written_a_few_times_a_second_at_most(
    workspace: Workspace, store: JobStore, monkeypatch: pytest.MonkeyPatch
):
    writes: list[float] = []
    report = JobStore.report

    def counted(self: JobStore, *args: object) -> object:
        writes.append(time.monotonic())
        return report(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(JobStore, "report", counted)
    store.add("pages", "many", PagesSettings(300, page_ms=4))
    started = time.monotonic()
    work_off(workspace, KINDS, 0)
    assert 1 <= len(writes) <= 2 + 4 * (time.monotonic() - started)


@pytest.mark.slow
def test_a_killed_worker_leaves_its_job_interrupted_and_resume_gives_the_same(workspace: Workspace, store: JobStore):
    number = store.add("pages", "a book", PagesSettings(30, page_ms=20))
    worker = start_made_worker(workspace)
    wait_for(store, number, lambda job: job.step is not None and job.step.done > 3)
    assert last_worker(workspace.root) == worker.pid
    worker.send_signal(signal.SIGKILL)
    worker.wait(30)
    assert not worker_runs(workspace.root)
    before = written(workspace)
    assert work_off(workspace, KINDS, 0) == 0
    job = store.job(number)
    assert job is not None and job.state == "interrupted"
    store.resume(number)
    assert start_made_worker(workspace).wait(60) == 0
    job = store.job(number)
    assert job is not None and (job.state, job.result) == ("done", {"episode": "book", "run": "run-30"})
    assert pages(workspace) == {f"{n}.txt": f"page {n}" for n in range(1, 31)}
    assert 3 < len(before) < 30
    assert written(workspace)[: len(before)] == before
    assert sorted(set(written(workspace))) == list(range(1, 31))
    assert len(written(workspace)) <= 31, "only the page at which it was killed may have been written twice"
    assert left_behind(workspace) == [], "what the killed one left is cleared away"


@pytest.mark.slow
def test_a_job_that_hangs_is_cancelled_with_its_worker_and_the_next_one_runs(workspace: Workspace, store: JobStore):
    number = store.add("pages", "a book", PagesSettings(9, hangs_at=5))
    second = store.add("pages", "second", PagesSettings(5))
    worker = start_made_worker(workspace, stop_s=0.5)
    wait_for(store, number, lambda job: job.step is not None and job.step.done == 4)
    store.cancel(number)
    assert worker.wait(30) == 0
    job = store.job(number)
    assert job is not None and (job.state, job.resumable) == ("cancelled", True)
    assert start_made_worker(workspace).wait(60) == 0
    job = store.job(second)
    assert job is not None and job.state == "done"
    assert left_behind(workspace) == []


@pytest.mark.slow
def test_a_worker_that_is_asked_to_end_leaves_nothing_half_written(workspace: Workspace, store: JobStore):
    code = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); from tests.made_jobs import main; main(sys.argv[1])"
    number = store.add("pages", "a book", PagesSettings(10_000, page_ms=20))
    worker = subprocess.Popen([sys.executable, "-c", code, str(workspace.root)], cwd=REPOSITORY)
    wait_for(store, number, lambda job: job.step is not None and job.step.done > 3)
    worker.terminate()
    assert worker.wait(30) == 143
    job: Job | None = store.job(number)
    assert job is not None and job.state == "interrupted"
    assert left_behind(workspace) == []


@pytest.mark.slow
def test_two_workers_that_start_at_once_do_every_job_once(workspace: Workspace, store: JobStore):
    numbers = [store.add("pages", str(n), PagesSettings(5, page_ms=5)) for n in range(4)]
    workers = [start_made_worker(workspace) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert [job.state for job in map(store.job, numbers) if job] == ["done"] * 4
    assert written(workspace) == [1, 2, 3, 4, 5]
