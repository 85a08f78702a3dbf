"""Changes of style: what tells where a picture comes from and nothing of the expression in it.

A network that learns from few sources takes the style of a source for its label ("from the web" for "neutral", say).
Each function changes a share of grey faces (B, 1, h, w) in 0..1, each in its own way, and gives (B, 1, h, w) in 0..1;
a share of 0 draws no random number. Some take the style from another face of the batch, so that every source lends
its style to all. Styles that say nothing: Geirhos et al. 2019, "ImageNet-trained CNNs are biased towards texture".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_BLOCK = 8
_TINY = 1e-4
# Sides of a pasted face against the picture, and radii of its ellipse against its own side.
_PASTED = (0.6, 1.0)
_RADII = (0.40, 0.52)


def equalised(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Grey values move some way, from none to all, to those of an even histogram."""
    rows = _drawn(len(images), share, generator)
    if len(rows) == 0:
        return images
    flat = images[rows].flatten(1)
    ranks = flat.argsort(1).argsort(1).to(flat.dtype) / max(flat.shape[1] - 1, 1)
    way = torch.rand(len(rows), 1, generator=generator)
    return _with(images, rows, (flat + way * (ranks - flat)).view_as(images[rows]))


def borrowed_spectrum(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Brightness, contrast and sharpness of another face of the batch: its mean amplitude at every spatial frequency.

    After Yang and Soatto 2020 (Fourier domain adaptation), eq. 3, with the mean over each ring of frequencies in
    place of single amplitudes, so that nothing of the other face can be seen.
    """
    rows = _drawn(len(images), share, generator)
    if len(rows) == 0:
        return images
    lender = torch.randint(0, len(images), (len(rows),), generator=generator)
    ring = _rings(*images.shape[2:])
    spectrum = torch.fft.fft2(images[rows, 0])
    own, other = (_amplitude(part, ring) for part in (spectrum, torch.fft.fft2(images[lender, 0])))
    gain = (other / own.clamp_min(_TINY)).clamp(0.1, 10.0)
    return _with(images, rows, torch.fft.ifft2(spectrum * gain[:, ring]).real[:, None])


def coarse(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Fewer pixels and back again: a picture of 35 to 90 % of the size."""
    rows = _drawn(len(images), share, generator)
    found = images.clone() if len(rows) else images
    size = images.shape[2:]
    for row in rows.tolist():
        kept = 0.35 + 0.55 * float(torch.rand(1, generator=generator))
        small = [max(2, round(side * kept)) for side in size]
        one = nn.functional.interpolate(images[row][None], small, mode="bilinear", antialias=True)
        found[row] = nn.functional.interpolate(one, size, mode="bilinear")[0]
    return found


def noisy(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Normal noise of up to 0.08."""
    rows = _drawn(len(images), share, generator)
    if len(rows) == 0:
        return images
    spread = 0.08 * torch.rand(len(rows), 1, 1, 1, generator=generator)
    noise = torch.randn(images[rows].shape, generator=generator)
    return _with(images, rows, images[rows] + spread * noise)


def compressed(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Rounded cosine coefficients of blocks of 8 x 8, the finer the coarser, as JPEG rounds them; a picture whose
    sides are no multiples of 8 stays as it is."""
    rows = _drawn(len(images), share, generator)
    height, width = images.shape[2:]
    if len(rows) == 0 or height % _BLOCK or width % _BLOCK:
        return images
    cosine, fineness = _cosines(), torch.arange(_BLOCK)
    blocks = images[rows, 0].unfold(1, _BLOCK, _BLOCK).unfold(2, _BLOCK, _BLOCK)
    strength = 0.04 * torch.rand(len(rows), 1, 1, 1, 1, generator=generator) + 0.002
    step = strength * (1 + fineness[:, None] + fineness)
    rounded = ((cosine @ blocks @ cosine.T) / step).round() * step
    back = (cosine.T @ rounded @ cosine).transpose(2, 3).reshape(len(rows), 1, height, width)
    return _with(images, rows, back)


def transplanted(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """The face alone, an ellipse with a soft rim, smaller and in the surroundings of another face of the batch.

    So neither the background nor how closely a face is cut tells its source. After Yun et al. 2019 (CutMix), but the
    label stays that of the face in the middle.
    """
    rows = _drawn(len(images), share, generator)
    if len(rows) == 0:
        return images
    count = len(rows)
    around = images[torch.randint(0, len(images), (count,), generator=generator)]
    side = _between(count, _PASTED, generator)
    right, down = ((torch.rand(count, generator=generator) * 2 - 1) * (1 - side) * 0.5 for _ in range(2))
    zero = torch.zeros(count)
    place = torch.stack(
        [torch.stack([1 / side, zero, -right / side], 1), torch.stack([zero, 1 / side, -down / side], 1)], 1
    )
    grid = nn.functional.affine_grid(place, list(images[rows].shape), align_corners=False)
    face = nn.functional.grid_sample(images[rows], grid, padding_mode="border", align_corners=False)
    # The grid counts in half sides of the pasted face.
    wide, high = (2 * _between(count, _RADII, generator)[:, None, None] for _ in range(2))
    distance = ((grid[..., 0] / wide) ** 2 + (grid[..., 1] / high) ** 2).sqrt()
    mask = ((1.1 - distance) / 0.2).clamp(0, 1)[:, None]
    return _with(images, rows, mask * face + (1 - mask) * around)


def _drawn(count: int, share: float, generator: torch.Generator) -> Tensor:
    """Rows of the faces that are changed."""
    if share <= 0:
        return torch.zeros(0, dtype=torch.long)
    return torch.nonzero(torch.rand(count, generator=generator) < share).flatten()


def _with(images: Tensor, rows: Tensor, changed: Tensor) -> Tensor:
    found = images.clone()
    found[rows] = changed.clamp(0, 1)
    return found


def _between(count: int, bounds: tuple[float, float], generator: torch.Generator) -> Tensor:
    low, high = bounds
    return low + (high - low) * torch.rand(count, generator=generator)


def _rings(height: int, width: int) -> Tensor:
    """(h, w) distance of every frequency from 0, in whole cycles a picture."""
    down, right = torch.fft.fftfreq(height) * height, torch.fft.fftfreq(width) * width
    distance: Tensor = (down[:, None] ** 2 + right**2).sqrt()
    return distance.round().long()


def _amplitude(spectrum: Tensor, ring: Tensor) -> Tensor:
    """(B, h, w) complex -> (B, R) root of the mean power in every ring."""
    power = spectrum.abs().square().flatten(1)
    total = torch.zeros(len(power), int(ring.max()) + 1).index_add_(1, ring.flatten(), power)
    amplitude: Tensor = (total / torch.bincount(ring.flatten()).clamp_min(1)).sqrt()
    return amplitude


def _cosines() -> Tensor:
    """(8, 8) the orthonormal discrete cosine transform, one frequency a row."""
    place = torch.arange(_BLOCK)
    rows = torch.cos(math.pi / _BLOCK * (place + 0.5) * place[:, None]) * math.sqrt(2 / _BLOCK)
    rows[0] /= math.sqrt(2)
    return rows
