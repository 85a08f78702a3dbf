"""The main job through the worker, killed in the middle and resumed: the same as one that was left alone."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from mmemo.flow.adapt import AdaptSettings, adapt
from mmemo.flow.jobs.kinds import ADAPT
from mmemo.flow.jobs.worker import open_jobs
from mmemo.progress import run
from mmemo.settings import REPOSITORY
from mmemo.store.workspace import Workspace
from tests.made_jobs import ended, wait_for
from tests.ui.made import subtitles_text, tiny_video

_CUES = 9
_LONG_S = 400.0


def start(workspace: Workspace) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipelines.worker", "--workspace", str(workspace.root), "--idle", "0"]
    return subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_and_resumed_an_adaptation_gives_what_it_would_have_given(tmp_path: Path):
    tiny_video(tmp_path / "Pilot.mp4", 2 * _CUES)
    (tmp_path / "Pilot.srt").write_text(subtitles_text(_CUES), encoding="utf-8")
    settings = AdaptSettings(tmp_path / "Pilot.mp4", tmp_path / "Pilot.srt")
    whole, broken = Workspace(tmp_path / "whole"), Workspace(tmp_path / "broken")
    with closing(open_jobs(broken)) as store:
        number = store.add(ADAPT, "Adapt to Pilot.mp4", settings)
        worker = start(broken)
        wait_for(
            store, number, lambda job: job.step is not None and job.step.stage not in ("cut", "characters"), _LONG_S
        )
        worker.kill()
        worker.wait(30)
        cut = [path.stat().st_mtime_ns for path in (broken.root / "episodes").rglob("cues.parquet")]
        assert start(broken).wait(60) == 0
        job = store.job(number)
        assert job is not None and job.state == "interrupted" and job.step is not None
        store.resume(number)
        assert start(broken).wait(_LONG_S) == 0
        job = wait_for(store, number, ended, 5.0)
    assert (job.state, job.error) == ("done", "")
    assert [path.stat().st_mtime_ns for path in (broken.root / "episodes").rglob("cues.parquet")] == cut, (
        "not cut again"
    )
    result = run(adapt(whole, settings))
    assert job.result == {"episode": result.cut.episode_id, "run": result.run.run_id}
    for name in ("targets.parquet", "predictions.parquet"):
        tables = [pd.read_parquet(place.run_folder(result.run.run_id) / name) for place in (whole, broken)]
        pd.testing.assert_frame_equal(*tables)
    assert list(broken.root.rglob("*.tmp")) == []
