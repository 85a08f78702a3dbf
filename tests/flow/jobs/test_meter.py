from __future__ import annotations

import pytest

from mmemo.flow.jobs.meter import JobMeter
from mmemo.progress import Progress
from mmemo.store.jobs import JobProgress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_known_before_the_first_report():
    assert JobMeter().progress() == JobProgress()


def test_rate_and_time_left_follow_the_current_step():
    clock = Clock()
    meter = JobMeter(clock)
    meter.move_to(Progress("cut", 0, 10))
    clock.now += 1
    meter.move_to(Progress("cut", 10, 10, "30 faces"))
    clock.now += 1
    meter.move_to(Progress("train: fold 1", 100, 200))  # goes on from work that was done before
    clock.now += 2
    meter.move_to(Progress("train: fold 1", 110, 200))
    made = meter.progress()
    assert [(step.stage, step.done, step.seconds) for step in made.steps] == [
        ("cut", 10, 1.0),
        ("train: fold 1", 110, 2.0),
    ]
    assert (made.unit, made.rate, made.seconds_left) == ("rounds", pytest.approx(5.0), pytest.approx(18.0))


def test_a_rate_falls_while_nothing_comes():
    clock = Clock()
    meter = JobMeter(clock)
    meter.move_to(Progress("cut", 0, 0))
    clock.now += 1
    meter.move_to(Progress("cut", 4, 0))
    first = meter.progress()
    clock.now += 3
    second = meter.progress()
    assert (first.rate, second.rate, second.seconds_left) == (4.0, 1.0, None)


def test_the_next_episode_has_a_clock_of_its_own():
    clock = Clock()
    meter = JobMeter(clock)
    for total, step_s in ((10, 120), (100, 1)):
        for done in (0, total // 2, total):
            meter.move_to(Progress("label", done, total))
            clock.now += step_s if done < total else 0
    meter.move_to(Progress("label", 0, 100))
    clock.now += 1
    meter.move_to(Progress("label", 1, 100))
    made = meter.progress()
    assert [(step.done, step.total) for step in made.steps] == [(10, 10), (100, 100), (1, 100)]
    assert made.seconds_left == pytest.approx(99.0)


@pytest.mark.parametrize(("done", "seconds"), [(0, 5.0), (3, 0.1)])
def test_a_rate_is_no_guess(done: int, seconds: float):
    clock = Clock()
    meter = JobMeter(clock)
    meter.move_to(Progress("cut", 0, 9))
    clock.now += seconds
    meter.move_to(Progress("cut", done, 9))
    assert meter.progress().rate is None


def test_an_endless_row_of_steps_does_not_grow():
    meter = JobMeter()
    for number in range(1000):
        meter.move_to(Progress(f"step {number}", 1, 1))
    steps = meter.progress().steps
    assert len(steps) == 200
    assert steps[-1].stage == "step 999"
