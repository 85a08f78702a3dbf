"""Driving a stage: its progress, its result, and cancelling it."""

from __future__ import annotations

import pytest

from mmemo.progress import Progress, Stage, run


def counting(total: int, closed: list[bool]) -> Stage[int]:
    try:
        for done in range(total):
            yield Progress("count", done + 1, total)
        return total
    finally:
        closed.append(True)


def test_run_returns_the_result_and_tells_every_step():
    seen: list[Progress] = []
    assert run(counting(3, []), seen.append) == 3
    assert [progress.done for progress in seen] == [1, 2, 3]


def test_a_stage_without_steps_has_a_result():
    assert run(counting(0, [])) == 0


def test_closing_cancels():
    closed: list[bool] = []
    stage = counting(3, closed)
    next(stage)
    stage.close()
    assert closed == [True]
    with pytest.raises(StopIteration):
        next(stage)


@pytest.mark.parametrize(("done", "total", "fraction"), [(0, 4, 0.0), (1, 4, 0.25), (5, 4, 1.0), (3, 0, 0.0)])
def test_fraction(done: int, total: int, fraction: float):
    assert Progress("x", done, total).fraction == fraction


def test_done_counts_up_from_zero():
    with pytest.raises(AssertionError, match="counts up"):
        Progress("x", -1, 3)
