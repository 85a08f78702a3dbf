"""The benchmark of corrections on made-up features: the time, the curve in both orders, and no peeking at gold."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmemo.benchmark.weak import corrections
from mmemo.benchmark.weak.corrections import (
    CorrectionsBenchmark,
    benchmark_corrections,
    curve,
    made_up,
    time_retraining,
)
from mmemo.benchmark.weak.protocol import Trial
from mmemo.benchmark.weak.table import DEFAULT_RECIPE
from mmemo.progress import run
from mmemo.student.settings import TrainSettings


class Made:
    """What `curve` needs of a film material: made-up faces, one a track, and a trial of them."""

    def __init__(self) -> None:
        training, self.fitter, gold = made_up(300, 0)
        self.training, self.features = training, training.mean_by_track(self.fitter.features[:, 0])[:, None]
        self.gold = gold[::3]
        self.faces = type("Faces", (), {"gold": self.gold, "groups": training.group_of_item.astype(str)})

    def trial(self, seed: int) -> Trial:
        nobody = np.full(len(self.gold), -1)
        made = Trial(self.training, self.fitter, self.gold, TrainSettings(seed=seed, folds=2, epochs=1))
        return made.with_known(nobody)


def test_the_time_alone_needs_no_data(tmp_path: Path):
    outcome = run(benchmark_corrections(CorrectionsBenchmark(None, tmp_path, faces=600)))
    timed = outcome.settings["timed"]
    assert outcome.rows == [] and timed["heads"] == 6 and timed["faces"] == 600 and timed["features"] == "made up"
    assert timed["cpu_s"] > 0 and 0 < timed["wall_s"] == outcome.checks[0].measured
    assert time_retraining(600)["student_accuracy"] == timed["student_accuracy"], "the same again"


def test_the_curve_has_every_count_in_both_orders(tmp_path: Path):
    made = Made()
    settings = CorrectionsBenchmark(None, tmp_path, seeds=(0, 1), counts=(0, 10, 20))
    systems = run(curve(made, settings))  # type: ignore[arg-type]
    helped = (f"{DEFAULT_RECIPE}+{n}_{o}" for o in ("active", "random") for n in (10, 20))
    names = ["image_only", DEFAULT_RECIPE, *helped]
    assert sorted(systems) == sorted(names)
    assert all(len(opinions) == 2 and opinions[0].shape == (100, 7) for opinions in systems.values())
    paired = corrections._paired(made, systems, settings.counts)  # type: ignore[arg-type]
    assert list(paired) == ["10", "20"] and len(paired["10"]["accuracy_ci95"]) == 2


def test_corrections_grow_and_are_gold(tmp_path: Path):
    made = Made()
    trial = made.trial(0)
    settings = CorrectionsBenchmark(None, tmp_path, counts=(0, 10, 20))
    for order in corrections.ORDERS:
        none, some, more = corrections._known(trial, order, np.arange(100), settings)
        assert [int((k >= 0).sum()) for k in (none, some, more)] == [0, 20, 40], "half of them in each training part"
        assert (more[some >= 0] == some[some >= 0]).all() and (more[more >= 0] == made.gold[more >= 0]).all()
