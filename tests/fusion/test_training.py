"""The training loop: early stopping, class weights, checkpoints, logs, and its malformed cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmemo.errors import InputError
from mmemo.fusion.prepared import PreparedSet
from mmemo.fusion.training import FusionTraining, Keeping, class_weights, train
from mmemo.progress import run
from tests.fusion.made import agreeing_set, fresh, three_task

SHORT = FusionTraining(epochs=6, patience=6, batch_size=64)


def weights_after(data: PreparedSet, settings: FusionTraining, keeping: Keeping | None = None) -> torch.Tensor:
    torch.manual_seed(0)
    model = fresh("concat", three_task())
    run(train(model, data, settings, keeping=keeping))
    return torch.cat([one.flatten() for one in model.state_dict().values()])


def test_a_seed_gives_the_same_weights_and_another_seed_others():
    data = agreeing_set(120)
    first, again = weights_after(data, SHORT), weights_after(data, SHORT)
    other = weights_after(data, FusionTraining(epochs=6, patience=6, batch_size=64, seed=1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_training_that_was_cancelled_goes_on_to_the_same_weights(tmp_path: Path):
    data = agreeing_set(120)
    keeping = Keeping(checkpoint=tmp_path / "state.pt")
    torch.manual_seed(0)
    stage = train(fresh("concat", three_task()), data, SHORT, keeping=keeping)
    for _ in range(4):
        next(stage)
    stage.close()
    assert (tmp_path / "state.pt").is_file()
    resumed = weights_after(data, SHORT, keeping)
    assert torch.equal(resumed, weights_after(data, SHORT))
    assert not (tmp_path / "state.pt").exists()


def test_a_checkpoint_of_other_settings_or_a_damaged_one_is_refused(tmp_path: Path):
    data = agreeing_set(120)
    keeping = Keeping(checkpoint=tmp_path / "state.pt")
    stage = train(fresh("concat", three_task()), data, SHORT, keeping=keeping)
    next(stage), next(stage)
    stage.close()
    with pytest.raises(InputError, match="other settings"):
        weights_after(data, FusionTraining(epochs=7), keeping)
    other = agreeing_set(120, seed=1)
    with pytest.raises(InputError, match="other samples"):
        weights_after(other, SHORT, keeping)
    with pytest.raises(InputError, match="another model"):
        run(train(fresh("concat", three_task(), {"width": 32}), data, SHORT, keeping=keeping))
    (tmp_path / "state.pt").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="damaged"):
        weights_after(data, SHORT, keeping)


def test_early_stopping_ends_before_the_last_epoch_and_keeps_the_best():
    rng = np.random.default_rng(0)
    data = agreeing_set(120, noise=3)
    noise = PreparedSet(data.arrays, data.groups, rng.integers(0, 3, 120))
    trained = run(
        train(fresh("concat", three_task()), noise, FusionTraining(epochs=200, patience=3, learning_rate=1e-2))
    )
    assert len(trained.curves) < 60
    assert all(point.validation_loss is not None for point in trained.curves)


def test_curves_are_written_for_tensorboard(tmp_path: Path):
    pytest.importorskip("tensorboard")
    run(train(fresh("concat", three_task()), agreeing_set(60), FusionTraining(epochs=2), keeping=Keeping(tmp_path)))
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_class_weights():
    labels = np.array([0] * 90 + [1] * 10)
    balanced = class_weights(labels, 2, "balanced")
    assert balanced is not None
    assert float(balanced[1] / balanced[0]) == pytest.approx(9)
    assert float(balanced[labels].mean()) == pytest.approx(1)
    root = class_weights(labels, 2, "root")
    assert root is not None
    assert float(root[1] / root[0]) == pytest.approx(3)
    assert class_weights(labels, 2, "none") is None
    several = class_weights(np.eye(4, dtype=np.float32), 4, "balanced")
    assert several is not None
    assert several.tolist() == pytest.approx([3] * 4)


def test_one_sample_trains_and_nothing_does_not():
    data = agreeing_set(1)
    assert run(train(fresh("concat", three_task()), data, FusionTraining(epochs=2))).curves[0].validation_loss is None
    with pytest.raises(InputError, match="nothing to train on"):
        run(train(fresh("concat", three_task()), data, SHORT, rows=np.array([], int)))
    with pytest.raises(InputError, match="nothing to train on"):
        run(train(fresh("concat", three_task()), PreparedSet(data.arrays, data.groups), SHORT))


@pytest.mark.parametrize("wrong", [{"class_weights": "heavy"}, {"epochs": 0}, {"learning_rate": 0.0}])
def test_wrong_settings_are_refused(wrong: dict[str, object]):
    with pytest.raises(InputError):
        FusionTraining(**wrong)  # type: ignore[arg-type]
