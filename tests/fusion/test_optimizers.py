"""Which optimizer, how far each part moves, and how the learning rate goes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmemo.errors import InputError
from mmemo.fusion.optimizers import OPTIMIZERS, clip, new_optimizer, set_rate
from mmemo.fusion.training import FusionTraining, train
from mmemo.progress import run
from tests.fusion.made import accuracy, agreeing_set, fresh, three_task


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns(name: str):
    torch.manual_seed(0)
    model = fresh("concat", three_task())
    rate = 0.1 if name == "sgd" else 3e-3
    run(train(model, agreeing_set(), FusionTraining(epochs=20, batch_size=32, learning_rate=rate, optimizer=name)))
    assert accuracy(model, agreeing_set(seed=1)) > 0.75


def test_the_rate_rises_and_falls_or_stays():
    model = fresh("concat", three_task())
    falls, stays = (
        FusionTraining(learning_rate=0.1, warm_up=0.5, schedule=schedule) for schedule in ("cosine", "constant")
    )
    optimizer = new_optimizer(falls, model.lessons()[0], model)
    rates = {}
    for how in (falls, stays):
        rates[how.schedule] = []
        for step in range(8):
            set_rate(optimizer, how, step, 8)
            rates[how.schedule].append(optimizer.param_groups[0]["lr"])
    assert rates["cosine"][:4] == rates["constant"][:4] == pytest.approx([0.025, 0.05, 0.075, 0.1])
    assert rates["constant"][4:] == [0.1] * 4
    assert rates["cosine"][4:] == sorted(rates["cosine"][4:], reverse=True)
    assert rates["cosine"][-1] < 0.05


def test_a_gradient_is_shortened_or_left():
    weight = nn.Parameter(torch.zeros(2))
    for most, length in ((1.0, 1.0), (0.0, 5.0), (9.0, 5.0)):
        weight.grad = torch.tensor([3.0, 4.0])
        clip([weight], most)
        assert float(weight.grad.norm()) == pytest.approx(length, abs=1e-4)


@pytest.mark.parametrize("wrong", [{"optimizer": "lion"}, {"schedule": "stairs"}])
def test_unknown_names_are_refused(wrong: dict[str, str]):
    with pytest.raises(InputError, match="unknown"):
        FusionTraining(**wrong)  # type: ignore[arg-type]
