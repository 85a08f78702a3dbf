"""Training a whole network: it learns, it can be stopped anywhere, and a foreign checkpoint is not used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmemo.errors import InputError
from mmemo.progress import run
from mmemo.student.backbones.augmentation import NO_CHANGE
from mmemo.student.backbones.training import (
    NetworkSettings,
    Source,
    balanced_weights,
    one_cycle,
    smoothed,
    train_network,
)
from mmemo.student.losses import generalized_cross_entropy, soft_cross_entropy

SETTINGS = NetworkSettings(steps=60, batch_size=16, learning_rate=0.05, input_px=16, checkpoint_steps=10)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 7))


def source(share: float = 1.0) -> Source:
    """Dark faces are neutral, bright ones joyful."""
    labels = np.tile([0, 1], 8)
    images = np.where(labels[:, None, None] == 1, 200, 40).astype(np.uint8) * np.ones((1, 16, 16), np.uint8)
    return Source(images, np.eye(7, dtype=np.float32)[labels], balanced_weights(labels), soft_cross_entropy, share)


class Tiny(nn.Module):
    """Three blocks after a stem, by the names of timm's EfficientNet."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv_stem, self.bn1 = nn.Conv2d(3, 4, 3, stride=4), nn.BatchNorm2d(4)
        self.blocks = nn.Sequential(*(nn.Conv2d(4, 4, 1) for _ in range(3)))
        self.classifier = nn.Linear(64, 7)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(self.blocks(self.bn1(self.conv_stem(images))).flatten(1))
        return logits


def weights(module: nn.Module) -> torch.Tensor:
    return torch.cat([value.float().flatten() for value in module.state_dict().values()])


def test_it_learns_and_keeps_its_curve(tmp_path: Path):
    averaged, curve = run(
        train_network(network(), [source()], replace(SETTINGS, augmentation=NO_CHANGE), tmp_path / "c")
    )
    assert len(curve) == 6 and curve[-1] < 0.5 * curve[0]
    faces = torch.tensor([40.0, 200.0]).view(2, 1, 1, 1).expand(2, 3, 16, 16) / 255
    assert averaged((faces - 0.5) / 0.25).argmax(1).tolist() == [0, 1]
    assert not averaged.training


def test_a_stopped_run_ends_at_the_same_weights(tmp_path: Path):
    whole, curve = run(train_network(network(), [source()], SETTINGS, tmp_path / "whole"))
    stopped = train_network(network(), [source()], SETTINGS, tmp_path / "stopped")
    for _ in range(27):
        next(stopped)
    stopped.close()
    again = train_network(network(), [source()], SETTINGS, tmp_path / "stopped")
    assert next(again).done == 21  # the last checkpoint was after 20 steps
    resumed, curve_again = run(again)
    assert torch.equal(weights(whole), weights(resumed)) and curve == curve_again


def test_a_checkpoint_of_other_settings_or_a_torn_one_is_not_used(tmp_path: Path):
    run(train_network(network(), [source()], SETTINGS, tmp_path / "c"))
    assert next(train_network(network(), [source()], replace(SETTINGS, seed=1), tmp_path / "c")).done == 1
    assert next(train_network(network(), [source(0.5)], SETTINGS, tmp_path / "c")).done == 1
    (tmp_path / "c").write_bytes(b"torn")
    assert next(train_network(network(), [source()], SETTINGS, tmp_path / "c")).done == 1


def test_two_sources_share_the_batch_and_statistics_can_stay(tmp_path: Path):
    sources = [source(0.75), replace(source(0.25), loss=generalized_cross_entropy)]
    settings = replace(SETTINGS, steps=3, frozen_statistics=True)
    averaged, curve = run(train_network(network(), sources, settings, tmp_path / "c"))
    assert len(curve) == 1 and np.isfinite(curve).all()
    assert torch.equal(averaged[1].running_mean, torch.zeros(4))


def test_frozen_blocks_stay_with_their_statistics(tmp_path: Path):
    start = Tiny()
    before = {name: value.clone() for name, value in start.state_dict().items()}
    settings = replace(SETTINGS, steps=3, frozen_blocks=2)
    averaged, _ = run(train_network(start, [source()], settings, tmp_path / "c"))
    for name, value in averaged.state_dict().items():
        stays = name.startswith(("conv_stem.", "bn1.", "blocks.0.", "blocks.1."))
        assert torch.equal(value, before[name]) == stays, name


def test_one_cycle_goes_up_and_down():
    rates = [one_cycle(step, 100) for step in range(100)]
    assert 0.9 < max(rates) <= 1 and 25 <= int(np.argmax(rates)) <= 35
    assert rates[0] == pytest.approx(1 / 25) and rates[-1] < 1e-4
    assert 0 < one_cycle(0, 1) <= 1


def test_rare_classes_are_drawn_more_often_and_targets_smoothed():
    np.testing.assert_allclose(balanced_weights(np.array([0, 0, 0, 0, 1])), [0.5] * 4 + [1.0])
    np.testing.assert_allclose(smoothed(np.eye(7)[:1], 0.07)[0], [0.94] + [0.01] * 6, atol=1e-6)


def test_impossible_settings_are_refused():
    with pytest.raises(InputError, match="at least one step"):
        NetworkSettings(steps=0)
    with pytest.raises(InputError, match="--seed"):
        NetworkSettings(steps=1, seed=-1)
