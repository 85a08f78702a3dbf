"""Picture encoders: every face network of the student, and torchvision's, frozen or trained along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.batch import Signal
from mmemo.fusion.encoders.encoder import Encoder, Reader, pictures_of
from mmemo.hub import model_loading
from mmemo.student.backbones import Backbone, Preprocessing, load_backbone
from mmemo.student.backbones.loading import weights_hash

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_MAX_FRAMES = 8


class FrozenPictures(Reader):
    """(T, D) features of a sample's frames from a network that is not trained; at most 8 frames, evenly spaced."""

    costly = True

    def __init__(self, source: str, backbone: Backbone) -> None:
        self.source = source
        self.backbone = backbone
        self.identity = f"{source}:{backbone.identity}:{_MAX_FRAMES}"
        self.like = np.zeros((0, backbone.feature_dim), np.float32)
        self.parameters = sum(one.numel() for one in backbone.module.parameters())

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """(T, D) float32 a sample."""
        frames = [evenly(frames) for frames in pictures_of(data, self.source, rows)]
        ends = np.cumsum([len(one) for one in frames])
        flat = [frame for one in frames for frame in one]
        if not flat:
            return [self.like for _ in rows]
        features = self.backbone.features(self.backbone.prepare(flat)).numpy()
        return list(np.split(features, ends[:-1]))


class Pixels(Reader):
    """(T, 3, px, px) float32 of a sample's frames, prepared for a network; at most 8 frames, evenly spaced."""

    def __init__(self, source: str, preprocessing: Preprocessing, max_frames: int = _MAX_FRAMES) -> None:
        self.source = source
        self.preprocessing = preprocessing
        self.max_frames = max_frames
        self.identity = f"pixels:{source}:{preprocessing}:{max_frames}"
        self.like = np.zeros((0, 3, preprocessing.input_px, preprocessing.input_px), np.float32)

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """(T, 3, px, px) float32 a sample."""
        return [
            self.preprocessing(evenly(frames, self.max_frames)).numpy()
            for frames in pictures_of(data, self.source, rows)
        ]


class TrainedPictures(Encoder):
    """A picture network whose weights are trained: (B, T, 3, px, px) -> (B, T, dim)."""

    def __init__(self, source: str, backbone: Backbone, stored: dict[str, Any]) -> None:
        super().__init__(Pixels(source, backbone.preprocessing), backbone.feature_dim, stored)
        self.network = backbone.module

    def forward(self, signal: Signal) -> Signal:
        """Every frame that is there through the network; the others are 0."""
        found = signal.values.new_zeros((*signal.mask.shape, self.dim))
        if signal.mask.any():
            found[signal.mask] = self.network(signal.values[signal.mask]).to(found.dtype)
        return Signal(found, signal.mask)


def evenly(frames: Sequence[np.ndarray], limit: int = _MAX_FRAMES) -> list[np.ndarray]:
    """At most `limit` of the frames, evenly spaced."""
    if len(frames) <= limit:
        return list(frames)
    return [frames[i] for i in np.linspace(0, len(frames) - 1, limit).round().astype(int)]


def picture_network(name: str) -> Backbone:
    """A network by name: those of `student.backbones`, or `torchvision:NAME[/WEIGHTS]`; a bad name raises InputError."""
    library, _, model = name.partition(":")
    return _torchvision(model) if library == "torchvision" else load_backbone(name)


def _torchvision(name: str) -> Backbone:
    """A classifier of torchvision without its last layer; WEIGHTS "none" starts at random, by default ImageNet's."""
    from torchvision import models

    architecture, _, weights = name.partition("/")
    if architecture not in models.list_models(module=models):
        raise InputError(
            f"torchvision has no model {architecture!r}", hint="such as resnet50, vgg16, mobilenet_v3_small"
        )
    with model_loading(f"torchvision:{name}", "connect once so that it can be fetched, or use the encoder embedded"):
        module = models.get_model(architecture, weights=None if weights == "none" else weights or "DEFAULT")
    px = 299 if architecture == "inception_v3" else 224
    if architecture == "inception_v3":
        module.aux_logits, module.AuxLogits = False, None
    _without_last_layer(module)
    with torch.inference_mode():
        dim = int(module.eval()(torch.zeros(1, 3, px, px)).flatten(1).shape[1])
    return Backbone(f"torchvision:{name}@{weights_hash(module)}", dim, Preprocessing(px, *_IMAGENET), module)


def _without_last_layer(module: nn.Module) -> None:
    """torchvision calls its classifier fc, head, heads or classifier; the last linear layer in it becomes nothing."""
    for name in ("fc", "classifier", "heads", "head"):
        part = getattr(module, name, None)
        if isinstance(part, nn.Linear):
            setattr(module, name, nn.Identity())
            return
        if isinstance(part, nn.Sequential):
            last = max(i for i, layer in enumerate(part) if isinstance(layer, nn.Linear))
            part[last] = nn.Identity()
            return
    raise InputError("this model of torchvision has no classifier at its end", hint="choose another one")
