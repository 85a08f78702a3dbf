"""Training upper blocks on cached activations: the split is exact, it learns, and the lower blocks stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.progress import run
from mmemo.student.backbones import Backbone, Preprocessing, features_of
from mmemo.student.fitters import Task
from mmemo.student.heads import LinearHead
from mmemo.student.losses import EarlyLearning, soft_cross_entropy
from mmemo.student.settings import TrainSettings
from mmemo.student.top_blocks import (
    SourceLooks,
    TopBlocks,
    TopBlocksFitter,
    activations_of,
    lower_blocks,
)

SHORT = TopBlocks(blocks=1, steps=60, batch_size=16, learning_rate=0.02)
PLAIN = TrainSettings(dropout=0.0)


class Tiny(nn.Module):
    """Three blocks between a stem and a head, by the names of timm's EfficientNet."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv_stem, self.bn1 = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4)
        self.blocks = nn.Sequential(*(nn.Sequential(nn.Conv2d(4, 4, 1), nn.LeakyReLU(0.3)) for _ in range(3)))
        self.conv_head, self.bn2 = nn.Conv2d(4, 8, 1), nn.BatchNorm2d(8)

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        assert pre_logits
        return maps.mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.bn2(self.conv_head(self.blocks(self.bn1(self.conv_stem(images))))), True)


def backbone() -> Backbone:
    shape = Preprocessing(16, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), grey=True)
    return Backbone("tiny", 8, shape, Tiny().eval())


def crops(count: int) -> list[np.ndarray]:
    """Dark and bright faces in turn."""
    draw = np.random.default_rng(1)
    return [(draw.integers(0, 40, (16, 16, 3)) + 180 * (n % 2)).astype(np.uint8) for n in range(count)]


def activations(net: Backbone, count: int, blocks: int = 1) -> np.ndarray:
    """The plain look, its mirror image, and the plain one with noise."""
    batches = (net.prepare(crops(count)[i : i + 4]) for i in range(0, count, 4))
    noise = torch.Generator().manual_seed(0)
    looks = (
        torch.stack([some, some.flip(3), some + 0.1 * torch.randn(some.shape, generator=noise)], 1) for some in batches
    )
    return run(activations_of(lower_blocks(net, blocks), looks, count))


def task(count: int, loss=soft_cross_entropy) -> Task:  # type: ignore[no-untyped-def]
    rows = np.arange(count)
    return Task(rows, np.eye(7, dtype=np.float32)[rows % 2], np.ones(count), rows, loss)


def test_lower_and_upper_blocks_are_the_network():
    net = backbone()
    head = LinearHead(np.random.default_rng(0).normal(size=(7, 8)).astype(np.float32), np.zeros(7, np.float32))
    still = replace(SHORT, steps=1, learning_rate=1e-12)
    fitter = TopBlocksFitter(activations(net, 6), net, head, replace(still, blocks=2))
    cut_lower = replace(fitter, activations=activations(net, 6, blocks=2))
    said = run(cut_lower.fit(task(6), PLAIN, "t")).probs(np.arange(6))
    whole = head.probs(run(features_of(net, crops(6))))
    np.testing.assert_allclose(said, whole, atol=0.05)  # half precision, and one step of the batch statistics


def test_it_learns_and_leaves_the_backbone_and_the_lower_blocks_alone():
    net = backbone()
    before = {name: value.clone() for name, value in net.module.state_dict().items()}
    fitter = TopBlocksFitter(activations(net, 12), net, None, SHORT)
    fitted = run(fitter.fit(task(12), PLAIN, "t"))
    rows = np.arange(12)
    assert (fitted.probs(rows).argmax(1) == rows % 2).all()
    assert fitted.probs(rows[:0]).shape == (0, 7) and fitted.probs(rows[:1]).shape == (1, 7)
    np.testing.assert_allclose(fitter.judge(fitted, fitter.activations[:5]), fitted.probs(rows[:5]), atol=1e-6)
    assert fitted.curve[-1].train < fitted.curve[0].train and len(fitted.curve) == 3
    after = net.module.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    for name, value in before.items():
        moved = name.startswith(("blocks.2.", "conv_head.", "bn2."))
        same = np.array_equal(fitted.tensors[f"backbone.{name}"], value.numpy())
        assert same != moved, name


def test_the_seed_decides():
    net = backbone()
    fitter = TopBlocksFitter(activations(net, 4), net, None, replace(SHORT, steps=3))
    one, again, other = (run(fitter.fit(task(4), TrainSettings(seed=s), "t")).tensors for s in (0, 0, 1))
    assert np.array_equal(one["head.weight"], again["head.weight"])
    assert not np.array_equal(one["head.weight"], other["head.weight"])


def test_source_faces_stay_in_the_mix_and_a_loss_may_remember_items():
    net = backbone()
    looks = activations(net, 4)
    source = SourceLooks(looks, np.eye(7, dtype=np.float32)[[5, 6, 5, 6]], np.ones(4))
    fitter = TopBlocksFitter(looks[:1], net, None, replace(SHORT, steps=120, source_share=0.5), source)
    said = run(fitter.fit(task(1, EarlyLearning()), PLAIN, "t"))
    assert said.probs(np.array([0]))[0, [0, 5]].sum() > 0.85
    assert fitter.judge(said, looks[1:2])[0].argmax() == 6


def test_many_faces_get_two_passes_and_few_the_fewest_steps():
    assert TopBlocks(steps=7).steps_for(10**6) == 7
    assert TopBlocks().steps_for(1000) == 150 and TopBlocks(passes=1).steps_for(28_160) == 220
    assert TopBlocks(batch_size=100, source_share=0.2).steps_for(28_200) == 705


def test_a_network_without_blocks_and_impossible_settings_are_refused():
    plain = Backbone("plain", 8, backbone().preprocessing, nn.Sequential(nn.Flatten(), nn.Linear(768, 8)))
    with pytest.raises(InputError, match="no blocks in a row"):
        lower_blocks(plain, 1)
    with pytest.raises(InputError, match="has 3 blocks, 3 are"):
        lower_blocks(backbone(), 3)
    with pytest.raises(InputError, match="needs a block"):
        TopBlocks(steps=-1)
    with pytest.raises(InputError, match="source's share"):
        TopBlocks(source_share=1.0)
    with pytest.raises(InputError, match="fills all 4"):
        TopBlocks(batch_size=4, source_share=0.9)
