"""From face crops of any size to the batch that a network reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.errors import InputError

# ITU-R BT.601, the weights that image libraries use for grey.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How crops become input: resize to `input_px` square, then (x - mean) / std of values in 0..1.

    `grey` first takes the luma and repeats it in all three channels. `interpolation` is "bilinear" or "bicubic";
    both are antialiased. A crop that is not square is stretched.
    """

    input_px: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    grey: bool = False
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        assert self.input_px > 0 and all(s > 0 for s in self.std), "a size and a spread above 0"
        assert self.interpolation in ("bilinear", "bicubic"), "the two that can be antialiased"

    def __call__(self, crops: Sequence[np.ndarray]) -> Tensor:
        """N crops (H, W, 3) uint8 RGB, sizes may differ -> (N, 3, input_px, input_px) float32; N may be 0."""
        if len(crops) == 0:
            return torch.zeros((0, 3, self.input_px, self.input_px))
        resized = torch.cat([self._resize(crop) for crop in crops])
        mean = torch.tensor(self.mean).view(1, 3, 1, 1)
        std = torch.tensor(self.std).view(1, 3, 1, 1)
        return (resized - mean) / std

    def _resize(self, crop: np.ndarray) -> Tensor:
        if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8 or 0 in crop.shape:
            raise InputError(
                f"a face crop has shape {crop.shape} and type {crop.dtype}", hint="give height x width x 3 uint8, RGB"
            )
        # A copy: torch warns of arrays that it may not write, such as those of Pillow.
        pixels = torch.from_numpy(crop.astype(np.float32, order="C")).permute(2, 0, 1)[None] / 255.0
        if self.grey:
            pixels = (pixels * torch.tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        size = (self.input_px, self.input_px)
        resized = nn.functional.interpolate(pixels, size, mode=self.interpolation, align_corners=False, antialias=True)
        return resized.expand(-1, 3, -1, -1)
