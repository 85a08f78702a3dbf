"""Models made of models: late fusion and ensembles, whose weights are chosen on samples that no member learned from."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mmemo.fusion.batch import Batch
from mmemo.fusion.encoders import Encoder
from mmemo.fusion.ensembles import average, fit_stack, member_logits, search_weights, stacked, weighted
from mmemo.fusion.model import Answer, FusionModel, Lesson
from mmemo.fusion.task import Task

# Name of a member, its model, and the modalities that it reads; no modality means all of them.
Member = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class EnsembleSettings:
    """members: see Member; by default a model a modality and those that the class names. folds: of stacking."""

    members: tuple[Member, ...] = ()
    folds: int = 3


class Ensemble(FusionModel):
    """Members that are trained one after the other, each on a loss of its own, and a way to join what they say."""

    Settings = EnsembleSettings
    how: ClassVar[str]
    joint: ClassVar[tuple[str, ...]] = ("concat", "intermediate", "joint_embedding")

    def __init__(self, encoders: Mapping[str, Encoder], task: Task, settings: Any = None) -> None:
        from mmemo.fusion.models import model_class

        # The members have copies of their own; here an encoder only says what is read.
        hollow = {name: Encoder(one.reader, one.dim, one.stored) for name, one in encoders.items()}
        super().__init__(hollow, task, settings)
        self.members = nn.ModuleDict()
        for name, kind, modalities in self.settings.members or self._by_default():
            mine = {key: copy.deepcopy(encoders[key]) for key in modalities or encoders}
            self.members[name] = model_class(kind)(mine, task)
        self.folds = self.settings.folds if self.how == "stacking" else 0
        self.register_buffer("weights", torch.full((len(self.members),), 1 / len(self.members)))
        self.register_buffer("bias", torch.zeros(task.classes))

    weights: Tensor
    bias: Tensor

    def _by_default(self) -> tuple[Member, ...]:
        single: list[Member] = [(name, "concat", (name,)) for name in self.modalities]
        return (*single, *((name, name, ()) for name in self.joint))

    def member(self, name: str) -> FusionModel:
        """One of the models."""
        found = self.members[name]
        assert isinstance(found, FusionModel)
        return found

    def opinions(self, batch: Batch) -> Tensor:
        """(B, M, K) probabilities of all members."""
        return self._opinions(self._answers(batch))

    def _answers(self, batch: Batch) -> list[Answer]:
        """What each member says; each is asked once."""
        return [self.member(name)(batch) for name in self.members]

    def _opinions(self, found: Sequence[Answer]) -> Tensor:
        return torch.stack([self.task.probs(one.logits) for one in found], dim=1)

    def forward(self, batch: Batch) -> Answer:
        """The joined answer as logits."""
        found = self._answers(batch)
        said = self._opinions(found)
        if self.how == "stacking":
            logits = stacked(said, self.weights, self.bias, self.task)
        else:
            joined = average(said) if self.how == "average" else weighted(said, self.weights)
            logits = member_logits(joined, self.task)
        numbers = [one.dimensions for one in found if one.dimensions is not None]
        return Answer(logits, {"opinions": said}, torch.stack(numbers).mean(0) if numbers else None)

    def take_members(self, other: Ensemble) -> None:
        """Use the trained members of another ensemble: those of the same names."""
        self.members = nn.ModuleDict({name: other.member(name) for name in self.members})

    def like_new(self) -> Ensemble:
        """A copy of its own."""
        return copy.deepcopy(self)

    def lessons(self) -> Sequence[Lesson]:
        """Those of every member."""
        return [
            Lesson(f"{self.name}, {name}", lesson.module, lesson.loss)
            for name in self.members
            for lesson in self.member(name).lessons()
        ]

    def settle(self, validation: Sequence[Batch]) -> None:
        """The weights, where they are chosen: on validation samples alone."""
        for name in self.members:
            self.member(name).settle(validation)
        if self.how == "weighted" and validation:
            said = torch.cat([self.opinions(batch).cpu() for batch in validation])
            labels = torch.cat([batch.labels.cpu() for batch in validation if batch.labels is not None])
            self.weights.copy_(search_weights(said, labels))

    def stack(self, opinions: Tensor, labels: Tensor) -> None:
        """Fit the model on top on out-of-fold opinions (N, M, K)."""
        strength, bias = fit_stack(opinions, labels, self.task)
        self.weights.copy_(strength)
        self.bias.copy_(bias)


class Late(Ensemble):
    """Late fusion of a model a modality and their intermediate fusion, weighted on validation samples."""

    name = "late"
    how = "weighted"
    joint = ("intermediate",)


class EnsembleAverage(Ensemble):
    """The plain average of single modalities and three ways of fusion."""

    name = "ensemble_average"
    how = "average"


class EnsembleWeighted(Ensemble):
    """The same members, weighted on validation samples."""

    name = "ensemble_weighted"
    how = "weighted"


class EnsembleStacking(Ensemble):
    """The same members, joined by a small model that is fitted on their out-of-fold opinions."""

    name = "ensemble_stacking"
    how = "stacking"
