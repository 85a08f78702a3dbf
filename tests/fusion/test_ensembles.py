"""Weights and stacks on opinions whose worth is known."""

from __future__ import annotations

import numpy as np
import torch

from mmemo.fusion.ensembles import average, fit_stack, search_weights, stacked, weighted
from mmemo.fusion.models.ensemble import EnsembleSettings, EnsembleWeighted, Late
from mmemo.fusion.task import Task
from mmemo.fusion.training import FusionTraining, train
from mmemo.labels import EMOTIC26
from mmemo.progress import run
from tests.fusion.made import agreeing_set, fresh, made_encoders, three_task


def opinions(n: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, 2, 3): the first member is right in nine of ten, the second says anything."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, n)
    right = np.where(draw.random(n) < 0.9, labels, (labels + 1) % 3)
    good = np.full((n, 3), 0.1) + 0.7 * np.eye(3)[right]
    return torch.tensor(np.stack([good, draw.dirichlet(np.ones(3), n)], 1)).float(), torch.from_numpy(labels)


def test_weights_go_to_who_knows():
    said, labels = opinions()
    weights = search_weights(said, labels)
    assert float(weights.sum()) == 1 or abs(float(weights.sum()) - 1) < 1e-5
    assert float(weights[0]) > 0.9
    assert torch.allclose(weighted(said, weights).sum(1), torch.ones(200), atol=1e-5)
    assert torch.allclose(average(said), weighted(said, torch.tensor([0.5, 0.5])))


def test_without_samples_all_weigh_the_same():
    said, labels = opinions(0)
    assert search_weights(said, labels).tolist() == [0.5, 0.5]


def test_a_stack_trusts_who_knows_and_is_no_worse_than_the_average():
    said, labels = opinions()
    strength, bias = fit_stack(said, labels, three_task())
    assert strength[0] > 3 * strength[1].abs()
    found = stacked(said, strength, bias, three_task()).argmax(1)
    assert (found == labels).float().mean() >= (average(said).argmax(1) == labels).float().mean()


def test_several_labels_at_once():
    task = Task(EMOTIC26, several=True)
    draw = torch.Generator().manual_seed(0)
    labels = (torch.rand((60, 26), generator=draw) < 0.2).float()
    said = torch.stack([0.1 + 0.8 * labels, torch.rand((60, 26), generator=draw)], 1)
    assert float(search_weights(said, labels)[0]) > 0.8
    strength, bias = fit_stack(said, labels, task)
    assert ((stacked(said, strength, bias, task) > 0) == (labels > 0.5)).float().mean() > 0.99


def test_late_fusion_has_three_members_and_sets_weights_on_validation():
    model = fresh("late", three_task())
    assert isinstance(model, Late)
    assert list(model.members) == ["text", "face", "intermediate"]
    run(train(model, agreeing_set(200), FusionTraining(epochs=2)))
    assert abs(float(model.weights.sum()) - 1) < 1e-4
    assert not torch.allclose(model.weights, torch.full((3,), 1 / 3), atol=1e-4)


def test_members_of_any_kind_and_modality():
    members = (("words", "concat", ("text",)), ("both", "joint_embedding", ()))
    model = EnsembleWeighted(made_encoders("text", "face"), three_task(), EnsembleSettings(members))
    assert model.member("words").modalities == ("text",)
    assert model.member("both").modalities == ("text", "face")


def test_every_member_is_asked_once_for_an_answer():
    model = fresh("late", three_task())
    assert isinstance(model, Late)
    asked: list[str] = []
    for name in model.members:
        model.member(name).register_forward_hook(lambda *_, name=name: asked.append(name))
    model(agreeing_set(4).batch(np.arange(4)))
    assert asked == list(model.members)
