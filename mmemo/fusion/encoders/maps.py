"""Pictures and sound as maps for a trunk that is trained on them: pixels, mel windows, early layers of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.batch import Signal
from mmemo.fusion.encoders.audio import MelSteps
from mmemo.fusion.encoders.encoder import Encoder, Reader, pictures_of
from mmemo.fusion.encoders.image import evenly
from mmemo.student.backbones import Backbone, Preprocessing

FRAME_PX, FRAMES = 48, 8
STRIDES = (8, 16, 32)
_AS_IT_IS = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class Maps(Encoder):
    """What a reader gives, as float32 of about -1 to 1: (B, T, C, H, W), no weights. `shape` is (C, H, W)."""

    def __init__(self, reader: Reader, stored: dict[str, Any], middle: float = 0.0, spread: float = 1.0) -> None:
        channels, height, width = reader.like.shape[1:]
        super().__init__(reader, channels, stored)
        self.shape = (channels, height, width)
        self.middle, self.spread = middle, spread

    def forward(self, signal: Signal) -> Signal:
        """(B, T, C, H, W) of any type -> float32; steps that are not there are whatever they were."""
        return Signal((signal.values.float() - self.middle) / self.spread, signal.mask)


class Frames(Reader):
    """(T, 3, px, px) uint8 of a sample's frames; at most `limit`, evenly spaced."""

    def __init__(self, source: str, px: int = FRAME_PX, limit: int = FRAMES) -> None:
        self.source, self.limit = source, limit
        self.preprocessing = Preprocessing(px, *_AS_IT_IS)
        self.identity = f"frames:{source}:{px}:{limit}"
        self.like = np.zeros((0, 3, px, px), np.uint8)

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """(T, 3, px, px) uint8 a sample."""
        found = [evenly(frames, self.limit) for frames in pictures_of(data, self.source, rows)]
        return [(self.preprocessing(frames) * 255).round().clamp(0, 255).to(torch.uint8).numpy() for frames in found]


class EarlyLayers(Reader):
    """(T, C, H, W) float16 of a sample's frames: a frozen network up to where its maps are `stride` times smaller."""

    costly = True

    def __init__(self, source: str, backbone: Backbone, stride: int, limit: int = FRAMES) -> None:
        self.source, self.backbone, self.limit = source, backbone, limit
        self.layer = _layer_of(backbone, stride)
        self.identity = f"maps:{source}:{backbone.identity}:{stride}:{limit}"
        self.like = self._maps([np.zeros((backbone.input_px, backbone.input_px, 3), np.uint8)])[:0]
        self.parameters = sum(one.numel() for one in backbone.module.parameters())

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """(T, C, H, W) float16 a sample."""
        frames = [evenly(several, self.limit) for several in pictures_of(data, self.source, rows)]
        flat = [frame for several in frames for frame in several]
        if not flat:
            return [self.like for _ in rows]
        return list(np.split(self._maps(flat), np.cumsum([len(several) for several in frames])[:-1]))

    def _maps(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        module: Any = self.backbone.module
        with torch.inference_mode():
            images = self.backbone.prepare(frames).contiguous(memory_format=torch.channels_last)
            found = module.forward_intermediates(
                images, indices=[self.layer], stop_early=True, intermediates_only=True
            )[0]
        maps: np.ndarray = found.half().contiguous().numpy()
        return maps


def _layer_of(backbone: Backbone, stride: int) -> int:
    """Which of the network's stages has maps of this stride; a network that does not tell raises InputError."""
    told = getattr(backbone.module, "feature_info", None)
    if stride not in STRIDES or told is None or not hasattr(backbone.module, "forward_intermediates"):
        raise InputError(
            f"{backbone.identity} gives no maps of stride {stride}",
            hint="choose embedded+maps:8, :16 or :32, or a convolutional network of timm",
        )
    strides = [one["reduction"] for one in told] if isinstance(told, list) else list(told.reduction())
    if stride not in strides:
        raise InputError(f"{backbone.identity} has no layer of stride {stride}", hint=f"it has {strides}")
    return strides.index(stride)


def frame_maps(source: str, px: int, spec: str) -> Maps:
    """The pixels of frames, for a network that is trained from the start."""
    if not 16 <= px <= 256:
        raise InputError(f"frames of {px} pixels", hint="give 16 to 256, such as frames:48")
    return Maps(Frames(source, px), {"spec": spec}, 127.5, 64.0)


def mel_maps(spec: str) -> Maps:
    """Half seconds of the log-mel spectrogram; silence is about -2, loud speech about 2."""
    return Maps(MelSteps(), {"spec": spec}, -5.0, 4.5)
