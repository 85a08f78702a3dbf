"""Distillation with gold labels: a text model teaches a picture model, which answers alone.

After Yun et al. 2024, "TelME: Teacher-leading Multimodal fusion network for Emotion recognition in conversation": the
student learns from the labels, from how the teacher's logits correlate over classes and over samples (Huang et al.
2022, DIST, eq. 8 to 10), and from how the teacher's features lie to each other. Weak supervision, which mmemo is
about, needs no labels; this shows what labels would bring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.fusion.batch import Batch
from mmemo.fusion.encoders import Encoder
from mmemo.fusion.model import Answer, FusionModel, Lesson
from mmemo.fusion.models.towers import Tower
from mmemo.fusion.task import Task


@dataclass(frozen=True, slots=True)
class DistillationSettings:
    """teacher: the modality that teaches; all others learn from it and are read later. Weights of the two losses."""

    teacher: str = "text"
    width: int = 64
    pooling: str = "average"
    dropout: float = 0.3
    logit_loss: float = 1.0
    feature_loss: float = 0.5
    temperature: float = 2.0
    feature_temperature: float = 0.2


class _Side(nn.Module):
    """Towers of some modalities, added up, and a head on them."""

    def __init__(self, encoders: Mapping[str, Encoder], names: Sequence[str], task: Task, s: Any) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict({name: encoders[name] for name in names})
        self.towers = nn.ModuleDict({name: Tower(encoders[name].dim, s.width, s.pooling, s.dropout) for name in names})
        self.head = nn.Linear(s.width, task.classes)
        self.numbers = nn.Linear(s.width, len(task.dimensions)) if task.dimensions else None

    def features(self, batch: Batch) -> Tensor:
        """(B, width)."""
        return torch.stack(
            [tower(self.encoders[name](batch.signals[name])) for name, tower in self.towers.items()]
        ).sum(0)

    def answer(self, batch: Batch, scale: float) -> Answer:
        """Logits, and the vectors before them as `features`."""
        found = self.features(batch)
        numbers = None if self.numbers is None else self.numbers(found) * scale
        return Answer(self.head(found), {"features": found}, numbers)


class Distillation(FusionModel):
    """A teacher on one modality and a student on the others; only the student answers."""

    name = "distill"
    Settings = DistillationSettings

    def __init__(self, encoders: Mapping[str, Encoder], task: Task, settings: Any = None) -> None:
        super().__init__(encoders, task, settings)
        s = self.settings
        if s.teacher not in encoders or len(encoders) < 2:
            raise InputError(f"{s.teacher} cannot teach {', '.join(encoders)}", hint="give the teacher and another one")
        self.teacher = _Side(self.encoders, [s.teacher], task, s)  # type: ignore[arg-type]
        self.student = _Side(self.encoders, self.reads, task, s)  # type: ignore[arg-type]

    @property
    def reads(self) -> tuple[str, ...]:
        """All but the teacher's."""
        return tuple(name for name in self.modalities if name != self.settings.teacher)

    def forward(self, batch: Batch) -> Answer:
        """What the student says."""
        return self.student.answer(batch, self.task.scale)

    def lessons(self) -> Sequence[Lesson]:
        """First the teacher, on the labels; then the student, while the teacher stays as it is."""
        return [
            Lesson(f"{self.name}, teacher", self.teacher, self._teacher_loss),
            Lesson(f"{self.name}, student", self.student, self._student_loss),
        ]

    def _teacher_loss(self, batch: Batch) -> Tensor:
        return super().loss(self.teacher.answer(batch, self.task.scale), batch)

    def _student_loss(self, batch: Batch) -> Tensor:
        return self.loss(self.forward(batch), batch)

    def loss(self, answer: Answer, batch: Batch) -> Tensor:
        """The student's cross entropy and both losses against the teacher, over samples that have the teacher."""
        loss = super().loss(answer, batch)
        there = batch.signals[self.settings.teacher].present
        if there.sum() < 2:
            return loss
        with torch.no_grad():
            taught = self.teacher.answer(batch, self.task.scale)
        s = self.settings
        logits = correlation_loss(answer.logits[there], taught.logits[there], s.temperature, self.task)
        features = feature_loss(
            answer.vectors["features"][there], taught.vectors["features"][there], s.feature_temperature
        )
        total: Tensor = loss + s.logit_loss * logits + s.feature_loss * features
        return total


def correlation_loss(student: Tensor, teacher: Tensor, temperature: float, task: Task) -> Tensor:
    """1 - Pearson correlation of (B, K) probabilities, the mean of that over classes and over samples.

    Huang et al. 2022, eq. 8 to 10: what matters is which classes the teacher prefers, not by how much.
    """
    a, b = (task.probs(logits / temperature) for logits in (student, teacher))
    return ((1 - _pearson(a, b, 1)).mean() + (1 - _pearson(a, b, 0)).mean()) / 2


def _pearson(a: Tensor, b: Tensor, dim: int) -> Tensor:
    return F.cosine_similarity(a - a.mean(dim, keepdim=True), b - b.mean(dim, keepdim=True), dim=dim)


def feature_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL from how the teacher's (B, D) features lie to each other to how the student's lie to the teacher's."""
    t, s = F.normalize(teacher, dim=1), F.normalize(student, dim=1)
    wanted = torch.softmax(t @ t.T / temperature, dim=1)
    found = torch.log_softmax(s @ t.T / temperature, dim=1)
    return F.kl_div(found, wanted, reduction="batchmean")
