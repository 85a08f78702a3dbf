"""The benchmark of many people at once, in small: its faces, its refusals, and one short run with a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.benchmark.labelling.faces import EPISODE_ID, RUN_ID, make_faces
from mmemo.benchmark.labelling.sessions import SessionsBenchmark, benchmark_sessions
from mmemo.errors import InputError
from mmemo.flow.review_faces import episode_faces
from mmemo.progress import run


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
    outcome = run(benchmark_sessions(SessionsBenchmark(tmp_path, 3, 1, 4.0, 0.5, 60)))
    row = outcome.rows[0]
    assert row["presses"] == row["saved_rows"] > 5
    assert (row["lost"], row["wrong"], row["refused"], row["not_acknowledged"]) == (0, 0, 0, 0)
    assert 0 < row["presses_in_a_browser"] < row["presses"], "both kinds of sessions labelled"
    assert row["save_ms"]["median"] > 0
    assert [check.met for check in outcome.checks[:2]] == [True, True]
    assert not [path for path in tmp_path.iterdir() if path.is_dir()], "nothing is left behind"
