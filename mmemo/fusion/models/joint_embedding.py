"""Joint embedding: modalities are brought into one space in which what belongs together lies close.

A contrastive loss pulls the two sides of a sample together (Radford et al. 2021, CLIP), or all sides of a class
(Khosla et al. 2020, supervised contrastive learning). With its weight at 0 the same network is the baseline of separate
embeddings: same size, same head, nothing that ties the two sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.fusion.batch import Batch
from mmemo.fusion.encoders import Encoder
from mmemo.fusion.model import Answer, FusionModel, Lesson
from mmemo.fusion.models.towers import Tower, drop_modalities
from mmemo.fusion.scoring import score_retrieval
from mmemo.fusion.task import Task

POSITIVES = ("pair", "class")
_JOINT = "joint_"


@dataclass(frozen=True, slots=True)
class JointSettings:
    """width: of the shared space. contrastive: weight of its loss, 0 for separate embeddings. positives: see POSITIVES.

    alone_first: a lesson of its own on the contrastive loss, which needs no labels, before everything is trained.
    """

    width: int = 64
    hidden: int = 64
    pooling: str = "average"
    dropout: float = 0.3
    drop_modality: float = 0.0
    contrastive: float = 0.3
    positives: str = "pair"
    temperature: float = 0.1
    alone_first: bool = False


class JointEmbedding(FusionModel):
    """Each modality as a unit vector of one space; the logits come from these vectors and their products."""

    name = "joint_embedding"
    Settings = JointSettings

    def __init__(self, encoders: Mapping[str, Encoder], task: Task, settings: Any = None) -> None:
        super().__init__(encoders, task, settings)
        s = self.settings
        if s.positives not in POSITIVES:
            raise InputError(f"unknown positives {s.positives!r}", hint=f"choose one of {', '.join(POSITIVES)}")
        self.towers = nn.ModuleDict(
            {name: Tower(one.dim, s.width, s.pooling, s.dropout) for name, one in encoders.items()}
        )
        self.into = nn.ModuleDict({name: nn.Linear(s.width, s.width) for name in encoders})
        self.log_scale = nn.Parameter(torch.tensor(1 / s.temperature).log())
        count = len(encoders)
        inside = (count + count * (count - 1) // 2) * s.width
        self.hidden = nn.Sequential(nn.LayerNorm(inside), nn.Linear(inside, s.hidden), nn.GELU(), nn.Dropout(s.dropout))
        self.head = nn.Linear(s.hidden, task.classes)
        self.numbers = nn.Linear(s.hidden, len(task.dimensions)) if task.dimensions else None

    def embedded(self, batch: Batch) -> dict[str, Tensor]:
        """(B, width) unit vectors of each modality in the shared space."""
        signals = drop_modalities(self.encoded(batch), self.settings.drop_modality, self.training)
        return {name: F.normalize(self.into[name](self.towers[name](one)), dim=1) for name, one in signals.items()}

    def forward(self, batch: Batch) -> Answer:
        """Logits, and the vectors of the shared space as `joint_NAME`."""
        parts = self.embedded(batch)
        scale = self.settings.width**0.5  # a product of unit vectors is small in each place
        products = [parts[a] * parts[b] * scale for a, b in combinations(parts, 2)]
        fused = self.hidden(torch.cat([*parts.values(), *products], dim=1))
        numbers = None if self.numbers is None else self.numbers(fused) * self.task.scale
        return Answer(self.head(fused), {f"{_JOINT}{name}": part for name, part in parts.items()}, numbers)

    def loss(self, answer: Answer, batch: Batch) -> Tensor:
        """Cross entropy and the contrastive loss."""
        loss = super().loss(answer, batch)
        if self.settings.contrastive > 0 and len(self.modalities) > 1:
            loss = loss + self.settings.contrastive * self.contrastive_loss(answer.vectors, batch)
        return loss

    def contrastive_loss(self, vectors: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """Mean over every two modalities, both directions, over the samples that have both."""
        losses = []
        scale = self.log_scale.clamp(max=4.6).exp()
        for a, b in combinations(self.modalities, 2):
            both = batch.signals[a].present & batch.signals[b].present
            if both.sum() < 2:
                continue
            alike = _alike(batch.labels[both] if batch.labels is not None else None, self.settings.positives, both)
            similarity = scale * vectors[f"{_JOINT}{a}"][both] @ vectors[f"{_JOINT}{b}"][both].T
            losses += [_pull(similarity, alike), _pull(similarity.T, alike)]
        return torch.stack(losses).mean() if losses else self.log_scale * 0

    def lessons(self) -> Sequence[Lesson]:
        """Everything at once, or the contrastive loss first."""
        whole = Lesson(self.name, self, lambda batch: self.loss(self(batch), batch))
        if not self.settings.alone_first:
            return [whole]
        pull = Lesson(
            f"{self.name}, contrastive", self, lambda batch: self.contrastive_loss(self(batch).vectors, batch)
        )
        return [pull, whole]


class SeparateEmbedding(JointEmbedding):
    """The baseline: the same network, whose two sides are never compared."""

    name = "separate_embedding"

    @dataclass(frozen=True, slots=True)
    class SeparateSettings(JointSettings):
        """As for the joint embedding, without the contrastive loss."""

        contrastive: float = 0.0

    Settings = SeparateSettings


def _alike(labels: Tensor | None, positives: str, both: Tensor) -> Tensor:
    """(n, n) float32: which rows belong together; rows of labels that may be several do when one is shared."""
    count = int(both.sum())
    own = torch.eye(count, device=both.device)
    if positives == "pair" or labels is None:
        return own
    same = labels[:, None] == labels[None] if labels.ndim == 1 else (labels @ labels.T) > 0
    return torch.maximum(own, same.float())


def _pull(similarity: Tensor, alike: Tensor) -> Tensor:
    """Cross entropy of each row of (n, n) similarities against its partners, evenly."""
    return -(alike / alike.sum(1, keepdim=True) * torch.log_softmax(similarity, dim=1)).sum(1).mean()


@torch.inference_mode()
def retrieval(model: JointEmbedding, batches: Sequence[Batch], left: str, right: str) -> dict[str, float]:
    """How well one modality finds the other among all samples that have both; see scoring.score_retrieval."""
    model.eval()
    sides: dict[str, list[Tensor]] = {left: [], right: []}
    for batch in batches:
        both = batch.signals[left].present & batch.signals[right].present
        for name, vectors in model.embedded(batch).items():
            if name in sides:
                sides[name].append(vectors[both])
    return score_retrieval(torch.cat(sides[left]).numpy(), torch.cat(sides[right]).numpy())
