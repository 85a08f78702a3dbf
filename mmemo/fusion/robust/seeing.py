"""Systems from pixels to probabilities with gradients all the way: what an attacker who has the weights can use."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmemo.datasets.paired import FACE
from mmemo.fusion.batch import Batch, Signal
from mmemo.fusion.model import FusionModel
from mmemo.student.backbones import Backbone, Preprocessing
from mmemo.student.heads import LinearHead

# ITU-R BT.601, as the preprocessing of faces takes it.
_LUMA = (0.299, 0.587, 0.114)
_FLOOR = 1e-9


class FaceFeatures(nn.Module):
    """(B, 3, S, S) RGB in 0..1 -> (B, V, D) features; V is 2 with the mirror image. Weights get no gradients."""

    def __init__(self, backbone: Backbone, mirror: bool) -> None:
        super().__init__()
        self.preprocessing = backbone.preprocessing
        self.network = copy.deepcopy(backbone.module).eval().requires_grad_(False)
        self.mirror = mirror

    def forward(self, pixels: Tensor) -> Tensor:
        """The network's view of the pictures."""
        images = prepared(pixels, self.preprocessing)
        if not self.mirror:
            found: Tensor = self.network(images)
            return found[:, None]
        both: Tensor = self.network(torch.cat([images, images.flip(3)]))
        return both.reshape(2, len(images), -1).transpose(0, 1)


def prepared(pixels: Tensor, how: Preprocessing) -> Tensor:
    """(B, 3, S, S) in 0..1 -> (B, 3, px, px), what `how` makes of the same pictures as bytes, with gradients."""
    if how.grey:
        pixels = (pixels * pixels.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    if pixels.shape[2:] != (how.input_px, how.input_px):
        size = (how.input_px, how.input_px)
        pixels = F.interpolate(pixels, size, mode=how.interpolation, align_corners=False, antialias=True)
    mean, std = (pixels.new_tensor(one).view(1, 3, 1, 1) for one in (how.mean, how.std))
    return (pixels.expand(-1, 3, -1, -1) - mean) / std


class HeadSystem(nn.Module):
    """A linear head on both views of a face, as baseline and students answer: (B, 3, S, S) -> (B, K) log-probabilities."""

    weight: Tensor
    bias: Tensor

    def __init__(self, features: FaceFeatures, head: LinearHead) -> None:
        super().__init__()
        assert features.mirror, "baseline and students look at the mirror image as well"
        self.features = features
        self.register_buffer("weight", torch.tensor(head.weight))
        self.register_buffer("bias", torch.tensor(head.bias))

    def about(self, rows: np.ndarray) -> nn.Module:
        """The system for these samples; it reads nothing but the face."""
        return self

    def forward(self, pixels: Tensor) -> Tensor:
        """The logarithm of the mean of both views' probabilities."""
        logits = F.linear(self.features(pixels), self.weight, self.bias)
        return torch.log(torch.softmax(logits, dim=2).mean(1) + _FLOOR)


class FusionSystem(nn.Module):
    """A fusion model of one label a sample whose face is attacked while its line stays: -> (B, K) log-probabilities.

    `others`: the signals of all N samples apart from the face; `about` chooses those of the samples under attack.
    """

    def __init__(self, features: FaceFeatures, model: FusionModel, others: Mapping[str, Signal]) -> None:
        super().__init__()
        self.features, self.model, self.others = features, model.eval(), dict(others)

    def about(self, rows: np.ndarray) -> nn.Module:
        """The system for these samples (B,); one sample alone may be looked at many times in a batch."""
        chosen = torch.from_numpy(np.asarray(rows, np.int64))
        taken = {name: Signal(one.values[chosen], one.mask[chosen]) for name, one in self.others.items()}
        return FusionSystem(self.features, self.model, taken)

    def forward(self, pixels: Tensor) -> Tensor:
        """Log-probabilities of the faces with their lines."""
        vectors = self.features(pixels)[:, :1]
        face = Signal(vectors, torch.ones(vectors.shape[:2], dtype=torch.bool))
        signals = {name: _repeated(one, len(pixels)) for name, one in self.others.items()}
        return self.model.task.log_probs(self.model(Batch({**signals, FACE: face})).logits)


def _repeated(signal: Signal, count: int) -> Signal:
    if len(signal.mask) == count:
        return signal
    assert len(signal.mask) == 1, "one line for all pictures, or one each"
    return Signal(signal.values.expand(count, *signal.values.shape[1:]), signal.mask.expand(count, -1))


# What an attack is given: `about(rows)` is a network (B, 3, S, S) in 0..1 -> (B, K) log-probabilities.
System = HeadSystem | FusionSystem


def art_classifier(network: nn.Module, side_px: int, classes: int) -> Any:
    """The network as adversarial-robustness-toolbox wants it: pictures (B, 3, side_px, side_px) in 0..1."""
    from art.estimators.classification import PyTorchClassifier

    return PyTorchClassifier(
        model=network,
        loss=nn.NLLLoss(),
        input_shape=(3, side_px, side_px),
        nb_classes=classes,
        clip_values=(0.0, 1.0),
        device_type="cpu",
    )


def as_pixels(pictures: np.ndarray) -> np.ndarray:
    """(N, S, S, 3) uint8 -> (N, 3, S, S) float32 in 0..1."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32) / 255.0


def as_pictures(pixels: np.ndarray) -> np.ndarray:
    """(N, 3, S, S) in 0..1 -> (N, S, S, 3) uint8: what is left of a change once the picture is a file."""
    return np.ascontiguousarray(np.clip(np.rint(pixels * 255.0), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1))
