"""What a fusion model gets: every modality as steps in time with a mask of which steps are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """One modality of B samples: `values` (B, T, ...) of words, frames or windows, `mask` (B, T) bool of real ones.

    A vector a sample is a signal with T = 1. A sample without this modality has no True in its row, and T is never 0.
    """

    values: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        assert self.mask.dtype == torch.bool and self.values.shape[:2] == self.mask.shape, "one mask entry a step"
        assert self.mask.shape[1] > 0, "at least one step, which may be masked"

    @property
    def present(self) -> Tensor:
        """(B,) bool: which samples have the modality at all."""
        return self.mask.any(dim=1)

    def to(self, device: torch.device | str) -> Signal:
        """The same on another device."""
        return Signal(self.values.to(device), self.mask.to(device))

    def absent(self) -> Signal:
        """The same with nothing there: values are 0 and no step is real."""
        return Signal(torch.zeros_like(self.values), torch.zeros_like(self.mask))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B samples: a signal a modality, and what is known of them when they are labelled.

    labels: (B,) int64 columns, or (B, K) float32 in 0..1 where several labels may hold. dimensions: (B, D) float32.
    """

    signals: Mapping[str, Signal]
    labels: Tensor | None = None
    dimensions: Tensor | None = None
    rows: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))

    def __post_init__(self) -> None:
        sizes = {len(signal.mask) for signal in self.signals.values()}
        assert len(sizes) == 1, "all modalities tell of the same samples"

    def __len__(self) -> int:
        return len(next(iter(self.signals.values())).mask)

    def to(self, device: torch.device | str) -> Batch:
        """The same on another device."""
        return Batch(
            {name: signal.to(device) for name, signal in self.signals.items()},
            None if self.labels is None else self.labels.to(device),
            None if self.dimensions is None else self.dimensions.to(device),
            self.rows.to(device),
        )

    def without(self, *names: str) -> Batch:
        """The same samples with these modalities missing."""
        return replace(
            self, signals={name: one.absent() if name in names else one for name, one in self.signals.items()}
        )

    def only(self, *names: str) -> Batch:
        """The same samples with all other modalities missing."""
        return self.without(*(name for name in self.signals if name not in names))


def padded(steps: Sequence[np.ndarray], like: np.ndarray) -> Signal:
    """B arrays (T_i, ...), where T_i may be 0, as one signal of the longest; `like` (0, ...) gives shape and type."""
    longest = max(1, *(len(one) for one in steps)) if steps else 1
    values = np.zeros((len(steps), longest, *like.shape[1:]), like.dtype)
    mask = np.zeros((len(steps), longest), bool)
    for row, one in enumerate(steps):
        values[row, : len(one)] = one
        mask[row, : len(one)] = True
    return Signal(torch.from_numpy(values), torch.from_numpy(mask))


def of_vectors(vectors: np.ndarray | Tensor) -> Signal:
    """(B, D) vectors as a signal of one step each."""
    values = torch.as_tensor(vectors)[:, None]
    return Signal(values, torch.ones(values.shape[:2], dtype=torch.bool))
