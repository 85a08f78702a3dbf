"""The main job on the bundled sample, from the command line to the report, and the bundled result of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mmemo.evaluate.rows import ROW_ORDER
from mmemo.labels import EKMAN7
from mmemo.settings import REPOSITORY, SAMPLE
from mmemo.store.workspace import Workspace

# What another processor's arithmetic may move on 155 tracks.
_TOLERANCE = 0.05
pytestmark = pytest.mark.slow


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=REPOSITORY, capture_output=True, text=True, timeout=900
    )


def adapt(workspace: Path) -> dict[str, Any]:
    done = command(
        "pipelines.adapt", SAMPLE / "episode.mp4", SAMPLE / "episode.srt", "--gold", SAMPLE / "gold.csv",
        "--workspace", workspace, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Synthetic material:" in done.stdout
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    workspace = tmp_path_factory.mktemp("sample") / "workspace"
    return workspace, adapt(workspace)


def row(said: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in said["comparison"]["rows"] if r["name"] == name)
    return found


def test_the_contract_is_kept(job: tuple[Path, dict[str, Any]]) -> None:
    _, said = job
    cues = said["cues"]
    assert cues["kept"] + sum(cues["dropped"].values()) == cues["total"]
    assert {"episode", "faces", "tracks", "seconds", "peak_rss_mb", "comparison", "report"} <= set(said)
    assert [r["name"] for r in said["comparison"]["rows"]] == list(ROW_ORDER)
    assert set(row(said, "student")["recall"]) == set(EKMAN7.labels)
    assert said["peak_rss_mb"] < 3000
    page = Path(said["report"]).read_text(encoding="utf-8")
    assert "<svg" in page and "synthetic" in page.lower()


def test_every_drop_reason_occurs(job: tuple[Path, dict[str, Any]]) -> None:
    _, said = job
    assert set(said["cues"]["dropped"]) == {
        "out_of_video", "not_speech", "music", "off_screen", "no_face", "several_speakers",
    }  # fmt: skip


def test_the_student_is_proven_better_on_the_drawn_show(job: tuple[Path, dict[str, Any]]) -> None:
    _, said = job
    assert said["comparison"]["gain"]["proven"] is True
    assert row(said, "student")["accuracy"] > row(said, "image_only")["accuracy"]


def test_the_same_again_computes_nothing_and_says_the_same(job: tuple[Path, dict[str, Any]]) -> None:
    workspace, said = job
    before = {p: p.stat().st_mtime_ns for p in workspace.rglob("*.parquet")}
    again = adapt(workspace)
    assert again["run"] == said["run"] and again["comparison"] == said["comparison"]
    assert {p: p.stat().st_mtime_ns for p in workspace.rglob("*.parquet")} == before


def test_the_student_predicts_a_picture(job: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    from mmemo.datasets.drawn import CAST, draw_face

    Image.fromarray(draw_face(CAST["Nora"], "joy", 1.0, np.random.default_rng(0), 300)).save(tmp_path / "nora.png")
    done = command("pipelines.predict", tmp_path / "nora.png", "--workspace", job[0], "--json")
    assert done.returncode == 0, done.stderr
    (picture,) = json.loads(done.stdout.splitlines()[-1])
    (face,) = picture["faces"]
    for model in ("image_only", "student"):
        assert set(face[model]) == set(EKMAN7.labels)
        assert sum(face[model].values()) == pytest.approx(1, abs=1e-3)


def test_the_bundled_result_is_what_the_code_makes_now(job: tuple[Path, dict[str, Any]]) -> None:
    _, said = job
    bundled = Workspace(SAMPLE / "adapted")
    assert bundled.runs() == [said["run"]], "run scripts/bundle_sample.py and commit what it makes"
    stored = json.loads((bundled.report_folder(said["run"]) / "comparison.json").read_text(encoding="utf-8"))
    for there in stored["rows"]:
        here = row(said, there["name"])
        assert here["n"] == there["n"]
        assert here["accuracy"] == pytest.approx(there["accuracy"], abs=_TOLERANCE)
