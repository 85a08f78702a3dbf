"""Random changes that leave the expression of a face as it is; pure tensor functions with an explicit generator."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mmemo.student.backbones import restyling


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far faces are changed: degrees, shares of the side, exponents and shares of faces; all 0 changes nothing
    but the size. From `equalised` on: shares of faces that get another style, see `restyling`."""

    rotation_deg: float = 15.0
    scale: float = 0.18
    shift: float = 0.12
    gamma: float = 0.35
    contrast: float = 0.3
    blurred: float = 0.2
    erased: float = 0.25
    mirrored: float = 0.5
    equalised: float = 0.0
    borrowed: float = 0.0
    coarse: float = 0.0
    noisy: float = 0.0
    compressed: float = 0.0
    transplanted: float = 0.0


STRONG = Augmentation()
# For training on sources whose style goes with their labels.
ANY_STYLE = replace(
    STRONG,
    scale=0.3,
    gamma=0.4,
    contrast=0.4,
    blurred=0.1,
    equalised=0.3,
    borrowed=0.5,
    coarse=0.2,
    noisy=0.2,
    compressed=0.2,
    transplanted=0.7,
)
NO_CHANGE = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)


def augment(images: Tensor, output_px: int, how: Augmentation, generator: torch.Generator) -> Tensor:
    """(B, 1, h, w) grey in 0..1 -> (B, 1, px, px) in 0..1, each face changed in its own way; B may be 0."""
    if len(images) == 0:
        return images.new_zeros((0, images.shape[1], output_px, output_px))
    changed = _moved(_restyled(images, how, generator), output_px, how, generator)
    changed = _toned(changed, how, generator)
    changed = _blurred(changed, how.blurred, generator)
    return _erased(changed, how.erased, generator)


def _restyled(images: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """At the size of the pictures themselves, where their pixels and blocks are."""
    changed = restyling.transplanted(images, how.transplanted, generator)
    changed = restyling.borrowed_spectrum(changed, how.borrowed, generator)
    changed = restyling.equalised(changed, how.equalised, generator)
    changed = restyling.coarse(changed, how.coarse, generator)
    changed = restyling.noisy(changed, how.noisy, generator)
    return restyling.compressed(changed, how.compressed, generator)


def _uniform(count: int, span: float, generator: torch.Generator) -> Tensor:
    """(B,) between -span and span."""
    return (torch.rand(count, generator=generator) * 2 - 1) * span


def _moved(images: Tensor, output_px: int, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Rotation, scale, shift and mirror in one bilinear sampling; outside, the border goes on."""
    count = len(images)
    angle = _uniform(count, math.radians(how.rotation_deg), generator)
    scale = 1 + _uniform(count, how.scale, generator)
    # The grid counts in half sides, a shift in sides.
    right, down = (_uniform(count, 2 * how.shift, generator) for _ in range(2))
    mirror = 1 - 2 * (torch.rand(count, generator=generator) < how.mirrored).float()
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [torch.stack([cos * mirror, -sin, right], 1), torch.stack([sin * mirror, cos, down], 1)]
    size = [count, images.shape[1], output_px, output_px]
    grid = nn.functional.affine_grid(torch.stack(rows, 1), size, align_corners=False)
    return nn.functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _toned(images: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    gamma, contrast = (_uniform(len(images), span, generator) for span in (how.gamma, how.contrast))
    toned = images.clamp_min(1e-4) ** torch.exp(gamma)[:, None, None, None]
    mean = toned.mean((1, 2, 3), keepdim=True)
    return ((toned - mean) * (1 + contrast)[:, None, None, None] + mean).clamp(0, 1)


def _blurred(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A 5x5 mean on a share of the faces."""
    chosen = torch.rand(len(images), generator=generator) < share
    if not bool(chosen.any()):
        return images
    blurred = images.clone()
    blurred[chosen] = nn.functional.avg_pool2d(images[chosen], 5, stride=1, padding=2, count_include_pad=False)
    return blurred


def _erased(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A rectangle of mean grey, a fifth to a third of the side, on a share of the faces."""
    side = images.shape[-1]
    erased = images.clone()
    for row in torch.nonzero(torch.rand(len(images), generator=generator) < share).flatten().tolist():
        height, width = torch.randint(side // 5, side // 3 + 1, (2,), generator=generator).tolist()
        top = int(torch.randint(0, side - height + 1, (1,), generator=generator))
        left = int(torch.randint(0, side - width + 1, (1,), generator=generator))
        erased[row, :, top : top + height, left : left + width] = images[row].mean()
    return erased
