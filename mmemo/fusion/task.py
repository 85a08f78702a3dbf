"""What a fusion model is to say: one class of several, or several at once, and numbers beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmemo.labels import Vocabulary


@dataclass(frozen=True, slots=True)
class Task:
    """`vocabulary` names the K columns of the logits; `several`: labels do not exclude each other.

    `dimensions` names numbers to say beside them, such as valence and arousal; `scale` is their largest value.
    """

    vocabulary: Vocabulary
    several: bool = False
    dimensions: tuple[str, ...] = ()
    scale: float = 1.0

    @property
    def classes(self) -> int:
        """K."""
        return len(self.vocabulary)

    def probs(self, logits: Tensor) -> Tensor:
        """(B, K) logits -> (B, K) probabilities; rows sum to 1 unless several labels may hold."""
        return torch.sigmoid(logits) if self.several else torch.softmax(logits, dim=1)

    def log_probs(self, logits: Tensor) -> Tensor:
        """(B, K) logarithms of the probabilities."""
        return F.logsigmoid(logits) if self.several else torch.log_softmax(logits, dim=1)

    def loss(self, logits: Tensor, labels: Tensor, class_weights: Tensor | None = None) -> Tensor:
        """Mean cross entropy: labels (B,) int64 for one of K, or (B, K) in 0..1 for several; weights (K,)."""
        if self.several:
            return F.binary_cross_entropy_with_logits(logits, labels.float(), pos_weight=class_weights)
        return F.cross_entropy(logits, labels, weight=class_weights)

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which `task_from` makes it again."""
        return {
            "vocabulary": self.vocabulary.name,
            "labels": list(self.vocabulary.labels),
            "several": self.several,
            "dimensions": list(self.dimensions),
            "scale": self.scale,
        }


def task_from(stored: Mapping[str, Any]) -> Task:
    """The task that `to_json` wrote."""
    vocabulary = Vocabulary(stored["vocabulary"], tuple(stored["labels"]))
    return Task(vocabulary, bool(stored["several"]), tuple(stored["dimensions"]), float(stored["scale"]))
