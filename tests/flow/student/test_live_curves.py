"""The curves of a training while it goes on, and afterwards."""

from __future__ import annotations

import os
from dataclasses import replace

import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.flow.jobs.kinds import RetrainSettings, retrain_job
from mmemo.flow.student.live_curves import CURVE_COLUMNS, Curves, kept_curves, live_curves
from mmemo.flow.student.training import train_student
from mmemo.flow.teacher.label import LabelSettings
from mmemo.progress import run
from mmemo.store.files import read_json
from mmemo.store.jobs import Job, JobProgress, clock_ms
from mmemo.store.workspace import Workspace
from mmemo.student.settings import TrainSettings
from tests.ui.made import EPISODE_ID

FAST = TrainSettings(epochs=3, folds=2)


def job_at_work() -> Job:
    now = clock_ms()
    return Job(1, "retrain", "Retrain", {}, "running", JobProgress(), now, started_ms=now, pid=os.getpid())


def test_a_training_tells_its_epochs_while_it_goes_on_and_the_run_keeps_the_same(labelled: Workspace):
    job = job_at_work()
    stage = train_student(labelled, [EPISODE_ID], LabelSettings(), FAST)
    seen: list[Curves] = []
    while True:
        try:
            next(stage)
        except StopIteration as stop:
            record = stop.value
            break
        if (told := live_curves(labelled, job)) is not None:
            seen.append(told)
    assert len(seen[0].table) == 0 and list(seen[0].table) == [*CURVE_COLUMNS]
    assert seen[-1].running and seen[-1].students == 3 and seen[-1].run_id == record.run_id
    kept = kept_curves(labelled, record.run_id)
    assert kept is not None and not kept.running and kept.students == 3
    pd.testing.assert_frame_equal(seen[-1].table, kept.table, check_dtype=False)
    assert live_curves(labelled, job) is None and not list((labelled.scratch / "curves").iterdir())
    assert abs(read_json(record.folder / "config.json")["trained_ms"] - clock_ms()) < 60_000


def test_a_cancelled_training_leaves_no_curve_and_another_job_sees_none(labelled: Workspace):
    stage = train_student(labelled, [EPISODE_ID], LabelSettings(), FAST)
    while not list((labelled.scratch / "curves").glob("*")):
        next(stage)
    job = job_at_work()
    assert live_curves(labelled, job) is None, "it began before the job"
    early = replace(job, started_ms=0)
    assert live_curves(labelled, early) is not None and live_curves(labelled, replace(early, pid=1)) is None
    assert live_curves(labelled, replace(early, state="done")) is None
    stage.close()
    assert live_curves(labelled, early) is None and labelled.runs() == []
    assert not list((labelled.scratch / "curves").iterdir())


def test_a_damaged_file_is_no_curve(labelled: Workspace):
    folder = labelled.scratch / "curves"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("")
    (folder / "b.jsonl").write_text('{"run": "b"\n')
    assert live_curves(labelled, job_at_work()) is None and kept_curves(labelled, "none") is None
    head = f'{{"run": "c", "pid": {os.getpid()}, "students": 3, "began_ms": {clock_ms() + 1}}}\n'
    row = '{"fold": 0, "epoch": 0, "train_loss": 1.0, "val_loss": null}\n'
    (folder / "c.jsonl").write_text(head + row + row.replace("1.0", "0.5") + '{"fold": 0, "ep')
    told = live_curves(labelled, job_at_work())
    assert told is not None and told.table["train_loss"].tolist() == [0.5], "another round begins at epoch 0 again"


def test_a_retraining_may_change_recipe_and_seed_and_says_when_nothing_was_new(labelled: Workspace):
    first = run(train_student(labelled, [EPISODE_ID], LabelSettings(), FAST))
    asked = RetrainSettings(first.run_id, recipe="teacher_soft", seed=3)
    made = run(retrain_job(labelled, asked))
    assert made["run"] != first.run_id and "again" not in made
    train = labelled.run_config(made["run"])["train"]
    assert (train["recipe"], train["seed"], train["folds"]) == ("teacher_soft", 3, 2)
    assert run(retrain_job(labelled, asked)) == {**made, "again": "yes"}
    with pytest.raises(InputError, match="choose one|--finetune"):
        run(retrain_job(labelled, RetrainSettings(first.run_id, finetune=True, upper_blocks=2)))
