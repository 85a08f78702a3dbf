from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mmemo.errors import InputError
from mmemo.progress import Progress, Stage
from mmemo.ui.jobs import BUG_MESSAGE, JobRunner, JobView


@pytest.fixture
def runner() -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    runner.close()


def wait_for(runner: JobRunner, job_id: int, holds: Callable[[JobView], bool], timeout_s: float = 5.0) -> JobView:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        view = runner.view(job_id)
        if view is not None and holds(view):
            return view
        time.sleep(0.01)
    raise AssertionError(f"job {job_id} did not get there: {runner.view(job_id)}")


def ended(view: JobView) -> bool:
    return not view.active


def two_steps() -> Stage[str]:
    yield Progress("cut", 1, 2)
    yield Progress("cut", 2, 2, "two faces")
    yield Progress("train", 1, 1)
    return "trained"


class Endless:
    """A stage that counts until it is closed, and remembers that it was."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.started = threading.Event()

    def __call__(self) -> Stage[None]:
        try:
            done = 0
            while True:
                done += 1
                self.started.set()
                yield Progress("cut", done, 0)
                time.sleep(0.005)
        finally:
            self.closed.set()


def test_a_new_runner_has_nothing_to_show(runner: JobRunner) -> None:
    assert runner.latest() is None
    assert runner.view(1) is None
    runner.cancel(1)
    runner.dismiss()


def test_a_job_runs_to_its_result_and_keeps_its_steps(runner: JobRunner) -> None:
    view = wait_for(runner, runner.submit("adapt", two_steps), ended)
    assert (view.state, view.result, view.steps) == ("done", "trained", ("cut", "train"))
    assert any("cut: 2 of 2" in line and "two faces" in line for line in view.log)
    assert runner.latest() == view


def test_a_stage_without_any_report_still_ends(runner: JobRunner) -> None:
    def nothing() -> Stage[int]:
        return 7
        yield Progress("never", 0, 0)

    assert wait_for(runner, runner.submit("nothing", nothing), ended).result == 7


def test_wrong_input_becomes_one_sentence(runner: JobRunner) -> None:
    def wrong() -> Stage[None]:
        yield Progress("cut", 0, 1)
        raise InputError("a.mp4 is no video", hint="choose another file")

    view = wait_for(runner, runner.submit("adapt", wrong), ended)
    assert (view.state, view.message) == ("failed", "a.mp4 is no video. Choose another file.")


def test_a_bug_is_named_a_bug_and_the_next_job_runs(runner: JobRunner, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Stage[None]:
        yield Progress("cut", 0, 1)
        raise ZeroDivisionError("secret detail")

    view = wait_for(runner, runner.submit("adapt", broken), ended)
    assert (view.state, view.message) == ("failed", BUG_MESSAGE)
    assert "secret detail" in caplog.text
    assert wait_for(runner, runner.submit("again", two_steps), ended).state == "done"


def test_an_error_before_the_first_report_is_told_too(runner: JobRunner) -> None:
    def refuses() -> Stage[None]:
        raise InputError("no such file")

    assert wait_for(runner, runner.submit("adapt", refuses), ended).message == "No such file."


def test_cancel_closes_the_stage_and_frees_the_worker(runner: JobRunner) -> None:
    endless = Endless()
    job_id = runner.submit("adapt", endless)
    assert endless.started.wait(5)
    runner.cancel(job_id)
    view = wait_for(runner, job_id, ended)
    assert view.state == "cancelled"
    assert endless.closed.is_set()
    assert wait_for(runner, runner.submit("again", two_steps), ended).state == "done"


def test_a_queued_job_waits_and_can_be_cancelled_before_it_begins(runner: JobRunner) -> None:
    endless = Endless()
    first = runner.submit("first", endless)
    assert endless.started.wait(5)
    second = runner.submit("second", two_steps)
    assert wait_for(runner, second, lambda v: v.state == "queued").elapsed_s == 0.0
    runner.cancel(second)
    assert wait_for(runner, second, ended).state == "cancelled"
    shown = runner.latest()
    assert shown is not None and shown.job_id == first


def test_rate_and_time_left_follow_the_current_step(runner: JobRunner) -> None:
    def slow() -> Stage[None]:
        yield Progress("cut", 100, 200)
        time.sleep(0.6)
        yield Progress("cut", 110, 200)
        time.sleep(0.3)

    view = wait_for(runner, runner.submit("adapt", slow), lambda v: v.rate is not None)
    assert view.rate is not None and view.remaining_s is not None
    assert view.rate == pytest.approx(10 / 0.65, rel=0.4)
    assert view.remaining_s == pytest.approx(90 / view.rate, rel=0.01)


def test_dismiss_forgets_only_jobs_that_ended(runner: JobRunner) -> None:
    endless = Endless()
    job_id = runner.submit("adapt", endless)
    assert endless.started.wait(5)
    runner.dismiss()
    assert runner.view(job_id) is not None
    runner.cancel(job_id)
    wait_for(runner, job_id, ended)
    runner.dismiss()
    assert runner.latest() is None


def test_close_ends_a_running_job() -> None:
    runner, endless = JobRunner(), Endless()
    runner.submit("adapt", endless)
    assert endless.started.wait(5)
    runner.close()
    assert endless.closed.is_set()
