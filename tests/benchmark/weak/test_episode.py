"""Which gold and which unit a track is judged by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmemo.benchmark.weak.episode import EpisodeBenchmark, _with_anchor, benchmark_episode, judged_by
from mmemo.benchmark.weak.sample import episode_benchmark, sample_benchmark
from mmemo.errors import InputError
from mmemo.flow.student.material import Material
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.teacher.anchors import generic_anchor, measure_anchor
from tests.benchmark.weak.made import trial

CUES = pd.DataFrame({"cue_id": [0, 1, 2], "start_ms": [0, 2000, 4000], "end_ms": [1000, 3000, 5000]})
TRACKS = pd.DataFrame({"track_id": [5, 6, 7], "cue_id": [2, 0, 1]})


def gold(folder: Path, *rows: str, head: str = "cue,start_ms,end_ms,emotion,still") -> Path:
    path = folder / "gold.csv"
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    return path


def test_a_track_is_judged_by_its_cue_and_belongs_to_the_film_of_its_still(tmp_path: Path) -> None:
    rows = ["3,4000,5000,joy,My_Film_1_1.png", "1,0,1000,fear,Other_7_2.png", "2,2000,3000,,Other_8_1.png"]
    classes, units, units_are = judged_by(gold(tmp_path, *rows), CUES, TRACKS)
    assert classes.tolist() == [EKMAN7.index("joy"), EKMAN7.index("fear"), -1]
    assert units.tolist() == ["My_Film", "Other", "Other"]
    assert units_are == "film"


def test_without_stills_every_track_stands_for_itself(tmp_path: Path) -> None:
    path = gold(tmp_path, "1,0,1000,joy", head="cue,start_ms,end_ms,emotion")
    classes, units, units_are = judged_by(path, CUES, TRACKS)
    assert classes.tolist() == [-1, 1, -1]
    assert units.tolist() == ["5", "6", "7"] and units_are == "track"


def test_gold_of_another_episode_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fits a usable face"):
        judged_by(gold(tmp_path, "1,90000,91000,joy,A_1_1.png"), CUES, TRACKS)


def test_a_missing_file_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no .*episode\.mp4"):
        run(benchmark_episode(EpisodeBenchmark("episode", tmp_path, tmp_path / "cache", ("meld_dev",))))
    assert not (tmp_path / "cache").exists()


def test_an_unknown_recipe_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown recipe"):
        run(benchmark_episode(sample_benchmark(tmp_path / "cache", recipes=("magic",))))


def test_no_anchor_of_the_episode_comes_from_its_own_lines(tmp_path: Path) -> None:
    """episode_dev has lines of MELD dev."""
    assert "meld_dev" not in episode_benchmark(tmp_path, tmp_path).anchors
    assert "meld_dev" in episode_benchmark(tmp_path, tmp_path).not_anchors
    assert np.unique(episode_benchmark(tmp_path, tmp_path).seeds).size >= 3


def test_another_anchor_changes_what_is_known_of_the_teacher_and_nothing_else() -> None:
    training = trial().training
    before = Material(TRACKS, TRACKS, training, generic_anchor())
    probs = np.random.default_rng(0).dirichlet(np.ones(7), 70).astype(np.float32)
    anchor = measure_anchor("mine", probs, np.arange(70) % 7, "made up")
    after = _with_anchor(before, anchor)
    assert after.anchor is anchor
    assert np.array_equal(after.training.opinions.teacher_confusion, anchor.confusion)
    assert np.array_equal(after.training.opinions.teacher_prior, anchor.prior)
    assert after.training.opinions.teacher is training.opinions.teacher
    assert after.training.opinions.evidence is not None
    assert np.allclose(after.training.opinions.evidence, anchor.evidence(training.opinions.teacher))
    assert after.training.opinions.image_confusion is training.opinions.image_confusion
