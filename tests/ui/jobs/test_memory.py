"""Which jobs a reloaded page follows: those that its own tab of the browser started, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mmemo.flow.jobs.worker import open_jobs, work_off
from mmemo.store.workspace import Workspace
from mmemo.ui.jobs.memory import made_meanwhile, moves, read, recall_script, remember_script, written
from mmemo.ui.jobs.runner import JobRunner
from tests.made_jobs import KINDS, PagesSettings


@pytest.fixture
def runner(workspace: Workspace) -> Iterator[JobRunner]:
    runner = JobRunner(workspace, lambda _: None)
    yield runner
    runner.close()


@pytest.mark.parametrize(
    ("known", "numbers"),
    [(None, ()), ("", ()), ("none", ()), ("3,7", (3, 7)), ("3,x,-1,,9999999999999999999,²,4", (3, 4)), ({"a": 1}, ())],
)
def test_what_a_browser_kept_is_read_with_care(known: object, numbers: tuple[int, ...]):
    assert read(known) == numbers


def test_a_job_is_remembered_until_it_made_something(runner: JobRunner, workspace: Workspace):
    first, second = (runner.submit("pages", name, PagesSettings(n)) for n, name in enumerate(("first", "second"), 1))
    assert read(written(runner, (first, second, 99))) == (first, second)
    assert made_meanwhile(runner, (first, second)) is None
    runner.cancel(second)
    work_off(workspace, KINDS, 0)
    assert read(written(runner, (first, second))) == (second,), "one that was cancelled can be resumed"
    assert made_meanwhile(runner, (second,)) is None
    made = made_meanwhile(runner, (first, second))
    assert made is not None and made.job_id == first
    assert made_meanwhile(runner, ()) is None, "what others did is no reason to go elsewhere"
    assert written(runner, (first,)) == "none", "the browser must be told that there is nothing left"


def test_an_export_moves_nobody(runner: JobRunner, workspace: Workspace):
    with closing(open_jobs(workspace)) as store:
        number = store.add("export", "Export", {})
        store.claim(1)
        store.finish(number, 1, "done", {"episode": "pilot", "run": "old", "export": "csv-1"})
    assert not moves(runner.view(number)) and not moves(None)
    assert made_meanwhile(runner, (number,)) is None


def test_each_workspace_has_a_store_of_its_own_and_nothing_said_is_nothing_kept(tmp_path: Path):
    one, other = (remember_script(Workspace(tmp_path / name)) for name in ("one", "other"))
    assert one != other and "if (known)" in one
    assert recall_script(Workspace(tmp_path / "one"), 2).startswith("(given0, known) =>")
