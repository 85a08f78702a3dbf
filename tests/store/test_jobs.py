from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mmemo.errors import StorageError
from mmemo.store.jobs import JobProgress, JobStep, JobStore
from mmemo.store.labels import HumanLabel, LabelStore

ME, OTHER = 101, 202
HALF = JobProgress((JobStep("cut", 9, 9, 2.0), JobStep("train", 3, 6, 1.5, "loss 1.2")), "rounds", 2.0, 1.5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "labels.db")
    yield store
    store.close()


def working(store: JobStore, title: str = "first") -> int:
    number = store.add("pages", title, {})
    job = store.claim(ME)
    assert job is not None and job.job_id == number
    return number


def test_an_empty_table_has_nothing_to_do(store: JobStore):
    assert store.jobs() == []
    assert store.job(1) is None
    assert store.claim(ME) is None
    assert store.first("queued", "running") is None
    store.cancel(1)
    store.remove(1)
    store.interrupt()
    assert not store.resume(1)


def test_a_job_keeps_what_it_was_asked_with_for_every_process(store: JobStore, tmp_path: Path):
    number = store.add("pages", "Adapt to Ünïcode & <b>", {"pages": 3, "video": Path("a.mp4")})
    job = JobStore(tmp_path / "labels.db").job(number)
    assert job is not None and job.active and not job.resumable
    assert (job.kind, job.title, job.state) == ("pages", "Adapt to Ünïcode & <b>", "queued")
    assert job.arguments == {"pages": 3, "video": "a.mp4"}
    assert job.progress == JobProgress()
    assert job.seconds() == 0.0


def test_jobs_are_taken_in_the_order_in_which_they_were_asked_for_and_only_once(store: JobStore, tmp_path: Path):
    numbers = [store.add("pages", title, {}) for title in "abc"]
    taken = [store.claim(ME)]
    store.finish(numbers[0], ME, "done")
    taken.append(JobStore(tmp_path / "labels.db").claim(ME))
    assert [job.job_id for job in taken if job] == numbers[:2]
    assert [job.title for job in store.jobs()] == ["c", "b", "a"]


def test_progress_is_kept_and_the_current_step_has_columns_of_its_own(store: JobStore):
    number = working(store)
    assert store.report(number, ME, HALF) == "running"
    job = store.job(number)
    assert job is not None and job.progress == HALF and job.step == HALF.steps[-1]
    assert job.seconds(now_ms=job.started_ms) == 0.0
    with store._engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT stage, done, total, unit, rate, message FROM jobs").one()
    assert tuple(row) == ("train", 3, 6, "rounds", 2.0, "loss 1.2")


def test_a_sign_of_life_leaves_the_progress_alone(store: JobStore):
    number = working(store)
    store.report(number, ME, HALF)
    before = store.job(number)
    assert store.report(number, ME, None) == "running"
    after = store.job(number)
    assert before and after and after.progress == HALF
    assert after.heartbeat_ms is not None and before.heartbeat_ms is not None
    assert after.heartbeat_ms >= before.heartbeat_ms
    assert after.reported_ms == before.reported_ms is not None, "it is no news of the work"


def test_a_result_is_kept_and_the_job_is_over(store: JobStore):
    number = working(store)
    store.report(number, ME, HALF)
    store.finish(number, ME, "done", {"episode": "pilot"})
    job = store.job(number)
    assert job is not None and not job.active and not job.resumable
    assert (job.state, job.result, job.progress.rate) == ("done", {"episode": "pilot"}, None)
    assert store.report(number, ME, HALF) is None
    assert not store.resume(number)


def test_a_waiting_job_is_cancelled_at_once_and_one_at_work_is_asked(store: JobStore):
    first, second = working(store), store.add("pages", "second", {})
    store.cancel(first)
    store.cancel(second)
    assert [job.state for job in store.jobs()] == ["cancelled", "cancelling"]
    assert store.report(first, ME, HALF) == "cancelling"
    assert store.claim(ME) is None
    store.finish(first, ME, "cancelled")
    store.cancel(first)
    assert store.first("cancelling") is None


@pytest.mark.parametrize("when", [0, 1, 2])
def test_no_cancel_is_lost_while_a_worker_takes_the_job(store: JobStore, monkeypatch: pytest.MonkeyPatch, when: int):
    number, change, count = store.add("pages", "first", {}), store._change, 0

    def interrupted(statement: object) -> int:
        nonlocal count
        if count == when:
            monkeypatch.setattr(store, "_change", change)
            store.claim(ME)
            monkeypatch.setattr(store, "_change", interrupted)
        count += 1
        return change(statement)

    monkeypatch.setattr(store, "_change", interrupted)
    store.cancel(number)
    job = store.job(number)
    assert job is not None and job.state in ("cancelling", "cancelled")


def test_a_job_that_is_cancelled_while_it_is_taken_is_the_workers_to_end(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
):
    number = store.add("pages", "first", {})

    def after_cancel(read: Callable[..., object], *asked: object) -> object:
        store.cancel(number)
        return read(*asked)

    for reader in (store.first, store.job):
        monkeypatch.setattr(store, reader.__name__, functools.partial(after_cancel, reader))
    job = store.claim(ME)
    assert job is not None and (job.job_id, job.state) == (number, "cancelling")


def test_who_takes_a_job_is_no_longer_at_another(store: JobStore):
    number = working(store)
    other = store.add("pages", "second", {})
    taken = store.claim(ME)
    assert taken is not None and taken.job_id == other
    assert [job.state for job in store.jobs()] == ["running", "interrupted"]
    assert store.first("running") == taken and store.job(number) is not None


def test_only_its_worker_speaks_for_a_job(store: JobStore):
    number = working(store)
    assert store.report(number, OTHER, HALF) is None
    store.finish(number, OTHER, "done")
    job = store.job(number)
    assert job is not None and (job.state, job.progress) == ("running", JobProgress())


def test_what_a_dead_worker_left_is_interrupted_and_can_be_resumed(store: JobStore):
    number = working(store)
    store.report(number, ME, HALF)
    other = store.add("pages", "second", {})
    store.interrupt()
    job = store.job(number)
    assert job is not None and job.state == "interrupted" and job.resumable
    assert job.finished_ms == job.heartbeat_ms
    assert store.report(number, ME, HALF) is None, "a worker that was thought dead is told to stop"
    assert store.resume(number)
    job = store.job(number)
    assert job is not None and (job.state, job.progress, job.pid, job.started_ms) == (
        "queued",
        JobProgress(),
        None,
        None,
    )
    taken = store.claim(OTHER)
    assert taken is not None and taken.job_id == other, "who asks again stands at the end of the queue"


def test_a_job_that_another_worker_took_since_is_not_interrupted(store: JobStore):
    number = working(store)
    seen = store.job(number)
    store.interrupt()
    store.resume(number)
    store.claim(OTHER)
    store.interrupt(seen)
    job = store.job(number)
    assert job is not None and job.state == "running"


def test_only_what_ended_is_removed_and_no_number_is_used_again(store: JobStore):
    number = working(store)
    store.remove(number)
    assert store.job(number) is not None
    store.finish(number, ME, "failed", error="it is no video", hint="choose another")
    job = store.job(number)
    assert job is not None and (job.error, job.hint) == ("it is no video", "choose another")
    store.remove(number)
    assert store.jobs() == []
    assert store.add("pages", "next", {}) > number


def test_what_is_dismissed_stays_in_the_list_and_comes_back_when_it_is_resumed(store: JobStore):
    number = working(store)
    waiting = store.add("pages", "second", {})
    store.finish(number, ME, "cancelled")
    store.dismiss()
    assert [(job.job_id, job.dismissed) for job in store.jobs()] == [(waiting, False), (number, True)]
    store.resume(number)
    job = store.job(number)
    assert job is not None and not job.dismissed


def test_the_table_stands_beside_that_of_the_labels(store: JobStore, tmp_path: Path):
    labels = LabelStore(tmp_path / "labels.db")
    labels.add(HumanLabel("pilot", 1, 1, "joy"))
    number = working(store)
    assert len(labels.history("pilot")) == 1
    assert store.job(number) is not None
    labels.close()


def test_a_damaged_database_is_told(tmp_path: Path):
    (tmp_path / "labels.db").write_bytes(b"no database" * 100)
    with pytest.raises(StorageError, match="labels.db"):
        JobStore(tmp_path / "labels.db")
