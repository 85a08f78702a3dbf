"""One interface for every model: signals in, logits out; a list of lessons says how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mmemo.fusion.batch import Batch, Signal
from mmemo.fusion.encoders import Encoder
from mmemo.fusion.task import Task


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a model says of B samples: `logits` (B, K), `dimensions` (B, D) or None, and what its loss needs besides."""

    logits: Tensor
    vectors: Mapping[str, Tensor] = field(default_factory=dict)
    dimensions: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One run of the training loop: which part is trained, and by which loss of a batch.

    Early stopping looks at the same loss on the validation samples.
    """

    name: str
    module: nn.Module
    loss: Callable[[Batch], Tensor]


@dataclass(frozen=True, slots=True)
class NoSettings:
    """For a model that has nothing to set."""


class FusionModel(nn.Module):
    """Base of all models: encoders by modality, a task, and settings; forward(Batch) -> Answer.

    A subclass has a `name`, a frozen dataclass `Settings`, and `forward`; it may have a loss of its own, several
    lessons, and `settle`, which chooses what is chosen on validation samples.
    """

    name: ClassVar[str]
    Settings: ClassVar[type] = NoSettings
    # Encoders that it reads by when none are named, by modality, "pictures" for all sources of pictures.
    default_encoders: ClassVar[Mapping[str, str]] = {}
    class_weights: Tensor | None

    def __init__(self, encoders: Mapping[str, Encoder], task: Task, settings: Any = None) -> None:
        super().__init__()
        assert encoders, "a model reads at least one modality"
        self.encoders = nn.ModuleDict(dict(encoders))
        self.task = task
        self.settings = settings if settings is not None else self.Settings()
        self.register_buffer("class_weights", None, persistent=False)
        self.folds = 0

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it reads, in the order of its encoders."""
        return tuple(self.encoders)

    @property
    def reads(self) -> tuple[str, ...]:
        """The modalities that its answer looks at; fewer than `modalities` where one is for training alone."""
        return self.modalities

    def encoder(self, modality: str) -> Encoder:
        """The encoder of a modality."""
        found = self.encoders[modality]
        assert isinstance(found, Encoder)
        return found

    def encoded(self, batch: Batch) -> dict[str, Signal]:
        """Each modality's signal (B, T, D) from its encoder."""
        return {name: self.encoder(name)(batch.signals[name]) for name in self.modalities}

    def forward(self, batch: Batch) -> Answer:
        """B samples -> what the model says of them."""
        raise AssertionError(f"{type(self).__name__} answers nothing: a model defines forward()")

    def loss(self, answer: Answer, batch: Batch) -> Tensor:
        """Cross entropy, and the mean squared error of the dimensions (in units of their scale), as one number."""
        assert batch.labels is not None, "training needs labels"
        loss = self.task.loss(answer.logits, batch.labels, self.class_weights)
        if answer.dimensions is not None and batch.dimensions is not None:
            known = ~batch.dimensions.isnan()
            if known.any():
                off = (answer.dimensions - batch.dimensions)[known] / self.task.scale
                loss = loss + off.square().mean()
        return loss

    def lessons(self) -> Sequence[Lesson]:
        """How it is trained, in order; by default everything at once on the loss."""
        return [Lesson(self.name, self, lambda batch: self.loss(self(batch), batch))]

    def rate(self, parameter: str) -> float:
        """The learning rate of a weight by its name in the model, as a multiple of the training's."""
        return 1.0

    def kept(self, name: str) -> bool:
        """Whether a weight is saved with the model; those of a frozen network lie elsewhere already."""
        return True

    def settle(self, validation: Sequence[Batch]) -> None:
        """Choose what is chosen on validation samples, after all lessons; called without gradients."""

    def opinions(self, batch: Batch) -> Tensor:
        """(B, M, K) probabilities of the M models that it is made of."""
        return self.task.probs(self(batch).logits)[:, None]

    def stack(self, opinions: Tensor, labels: Tensor) -> None:
        """Learn how to join them from out-of-fold opinions (N, M, K); called when `folds` is above 0."""

    def config(self) -> dict[str, Any]:
        """Plain values, from which the model is built again."""
        return {
            "model": self.name,
            "task": self.task.to_json(),
            "encoders": {name: self.encoder(name).stored for name in self.modalities},
            "settings": asdict(self.settings),
        }

    def parameters_in_all(self) -> tuple[int, int]:
        """Weights that training changes, and all weights, with those of the frozen networks of its readers."""
        trained = sum(one.numel() for one in self.parameters() if one.requires_grad)
        frozen = sum(one.numel() for one in self.parameters() if not one.requires_grad)
        readers = {one.reader.identity: one.reader.parameters for one in self.modules() if isinstance(one, Encoder)}
        return trained, trained + frozen + sum(readers.values())


@torch.inference_mode()
def answers(model: FusionModel, batches: Sequence[Batch]) -> tuple[Tensor, Tensor | None]:
    """(N, K) probabilities and (N, D) dimensions (None where the model says none) of all samples of the batches."""
    model.eval()
    said = [model(batch) for batch in batches]
    probs = torch.cat([model.task.probs(one.logits) for one in said])
    numbers = [one.dimensions for one in said if one.dimensions is not None]
    return probs.float(), torch.cat(numbers) if numbers else None
