"""What many models begin with: each modality pooled, brought to one scale and to one width."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmemo.fusion.batch import Signal
from mmemo.fusion.encoders.frames import Pool


class Tower(nn.Module):
    """(B, T, dim) signal -> (B, width): pooled over time, normalised, projected; a missing one gives a learned vector."""

    def __init__(self, dim: int, width: int, pooling: str = "average", dropout: float = 0.2) -> None:
        super().__init__()
        self.pool = Pool(pooling, dim)
        self.layers = nn.Sequential(
            nn.LayerNorm(dim), nn.Dropout(dropout), nn.Linear(dim, width), nn.GELU(), nn.Dropout(dropout)
        )
        self.missing = nn.Parameter(torch.zeros(width))

    def forward(self, signal: Signal) -> Tensor:
        """(B, T, dim) -> (B, width)."""
        found: Tensor = self.layers(self.pool(signal))
        return torch.where(signal.present[:, None], found, self.missing)


def drop_modalities(signals: dict[str, Signal], share: float, training: bool) -> dict[str, Signal]:
    """While training, each modality of each sample is missing with this chance, but never all of them.

    So a model learns to answer from what is there (Neverova et al. 2016, ModDrop).
    """
    if not training or share <= 0 or len(signals) < 2:
        return signals
    masks = torch.stack([one.present for one in signals.values()])
    kept = masks & (torch.rand(masks.shape, device=masks.device) >= share)
    kept = torch.where(kept.any(dim=0), kept, masks)
    return {name: Signal(one.values, one.mask & kept[row][:, None]) for row, (name, one) in enumerate(signals.items())}
