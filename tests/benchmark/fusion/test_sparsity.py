"""What the sparse model leaves out is counted and timed beside the dense one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.benchmark.fusion.sparsity import (
    SparsityBenchmark,
    benchmark_sparsity,
    cost_of,
    lines_of_rows,
    sample_with_sound,
    times,
)
from mmemo.datasets.paired import FACE
from mmemo.errors import InputError
from mmemo.fusion.encoders import TEXT
from mmemo.fusion.training import FusionTraining
from mmemo.progress import run
from tests.fusion.models.test_mme2e import SPECS, film, fresh


def test_costs_of_dense_and_sparse():
    data = film(6)
    dense, prepared = fresh("mme2e", data, SPECS)
    batch = prepared.batch(np.arange(6))
    every = cost_of(dense, batch)
    assert every.computed == 1
    assert 0 < every.trunk < every.whole
    costs = [cost_of(fresh("mme2e_sparse", data, SPECS, threshold=p)[0], batch) for p in (0.9, 0.6, 0.3)]
    assert every.trunk > costs[0].trunk > costs[1].trunk > costs[2].trunk
    assert 1 > costs[0].computed > costs[1].computed > costs[2].computed
    assert every.whole - every.trunk == costs[0].whole - costs[0].trunk


def test_a_convolution_is_counted_as_it_is_computed():
    data = film(3)
    model, prepared = fresh("mme2e", data, {TEXT: "bilstm", FACE: "frames:32"}, widths=(6, 8), feature_dim=16)
    batch = prepared.batch(np.arange(3))
    maps = int(batch.signals[FACE].mask.sum())
    stem = 32 * 32 * 5 * 5 * 3 * 6
    block = 16 * 16 * 9 * (6 * 8 + 8 * 8)
    flat = 8 * 8 * 8 * 16 + 16 * 8
    assert cost_of(model, batch).trunk == 2 * maps * (stem + block + flat)


def test_models_take_turns():
    data = film(3)
    models = {name: fresh(name, data, SPECS)[0] for name in ("mme2e", "mme2e_sparse")}
    _, prepared = fresh("mme2e", data, SPECS)
    found = times(models, prepared.batch(np.arange(3)), 2)
    assert [len(one) for one in found.values()] == [2, 2]
    assert all(one >= 0 for several in found.values() for one in several)


@pytest.mark.parametrize("wrong", [{"thresholds": ()}, {"thresholds": (0.0,)}, {"repeats": 0}])
def test_wrong_settings_are_refused(wrong: dict[str, object], tmp_path: Path):
    with pytest.raises(InputError):
        SparsityBenchmark(tmp_path, **wrong)  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_bundled_episode_has_sound_for_every_line(tmp_path: Path):
    data = run(sample_with_sound(tmp_path))
    assert data.audio is not None
    lengths = [len(data.audio[row]) for row in range(len(data))]
    assert min(lengths) > 4000
    assert max(lengths) < 15 * 16_000


@pytest.mark.slow
def test_the_table(tmp_path: Path):
    short = FusionTraining(epochs=1, batch_size=32)
    outcome = run(benchmark_sparsity(SparsityBenchmark(tmp_path, (0.8, 0.4), short, 1)))
    names = ["dense", "sparse 0.8", "sparse 0.4", "sparse 0.8, attention random"]
    assert [row["name"] for row in outcome.rows] == [*names, *names[:3]]
    assert len(lines_of_rows(outcome.rows)) == 9
    for rows in (outcome.rows[:3], outcome.rows[4:]):
        assert [row["trunk_share"] for row in rows] == sorted((row["trunk_share"] for row in rows), reverse=True)
        assert rows[0]["trunk_share"] == 1
