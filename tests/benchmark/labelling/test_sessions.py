"""The benchmark of many people at once, in small: its faces, its refusals, and one short run with a real browser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmemo.benchmark.labelling.faces import EPISODE_ID, RUN_ID, make_faces
from mmemo.benchmark.labelling.sessions import SessionsBenchmark
from mmemo.errors import InputError
from mmemo.flow.review.faces import episode_faces
from mmemo.settings import REPOSITORY


@pytest.mark.parametrize("faces", [1, 30])
def test_the_made_up_faces_are_what_review_reads(tmp_path: Path, faces: int):
    workspace = make_faces(tmp_path / "workspace", faces)
    found = episode_faces(workspace, workspace.episode(EPISODE_ID), RUN_ID)
    assert len(found.tracks) == faces and set(found.tracks["use"]) == {"training"}
    assert all((found.folder / crop).is_file() for crop in found.tracks["crop"])
    assert all(probs.shape == (faces, 7) for probs in found.opinions.values())


@pytest.mark.parametrize(
    "wrong", [{"sessions": 0, "browsers": 0}, {"seconds": 0}, {"every_s": 0}, {"browsers": 21}, {"browsers": -1}]
)
def test_a_benchmark_of_nothing_is_refused(tmp_path: Path, wrong: dict[str, int]):
    with pytest.raises(InputError):
        SessionsBenchmark(tmp_path, **wrong)
    with pytest.raises(InputError):
        make_faces(tmp_path / "none", 0)


@pytest.mark.slow
@pytest.mark.browser
def test_a_short_run_keeps_every_label(tmp_path: Path):
    asked = "--sessions 3 --browsers 1 --seconds 4 --every 0.5 --faces 60 --json --cache".split()
    command = [sys.executable, "-m", "pipelines.benchmark", "sessions", *asked, str(tmp_path)]
    # A process of its own: one process drives one browser at a time.
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    row = told["rows"][0]
    assert row["presses"] == row["saved_rows"] > 5
    assert (row["lost"], row["wrong"], row["refused"], row["not_acknowledged"]) == (0, 0, 0, 0)
    assert 0 < row["presses_in_a_browser"] < row["presses"], "both kinds of sessions labelled"
    assert row["save_ms"]["median"] > 0
    assert [check["met"] for check in told["checks"][:2]] == [True, True]
    assert not [path for path in tmp_path.iterdir() if path.is_dir()], "nothing is left behind"
