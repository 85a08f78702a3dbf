"""MME2E: text, frames and sound end to end, each with an answer of its own, and a weighted sum of the answers.

Dai et al. 2021, "Multimodal End-to-End Sparse Model for Emotion Recognition" (NAACL). A convolutional network reads
every frame and every window of sound, a transformer reads them in order of time, and each modality has its logits. In
the sparse variant the line tells which places of a frame or window count, and the others are not computed. Dense and
sparse are one class: with a threshold of 1 the sparse one says what the dense one says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.fusion.batch import Batch, Signal
from mmemo.fusion.encoders import AUDIO, TEXT, Encoder
from mmemo.fusion.encoders.frames import Pool
from mmemo.fusion.encoders.maps import Maps
from mmemo.fusion.end_to_end.frames import OverTime
from mmemo.fusion.end_to_end.trunk import Sparsity, Trunk
from mmemo.fusion.model import Answer, FusionModel
from mmemo.fusion.models.towers import drop_modalities
from mmemo.fusion.task import Task

LOSSES = ("auto", "ce", "bce")
OWN, LOOKS, COMPUTED = "own_", "looks_", "computed_"


@dataclass(frozen=True, slots=True)
class MME2ESettings:
    """Sizes, loss and learning rates; the paper's sizes stand in docs/models/mme2e.md.

    widths, stem_blocks, feature_dim: of the trunk, see `end_to_end.trunk.Trunk`. trans_dim, trans_layers, trans_heads:
    of the transformer over time. loss: "ce" one class of several, "bce" a yes or no a class, "auto" what the labels
    are. text_rate, picture_rate, audio_rate: learning rate of what reads a modality, times that of the training.
    text_max_len: words of a line that are read one by one. drop_modality: chance that one is missing in training.
    """

    widths: tuple[int, ...] = (16, 32, 48, 64)
    stem_blocks: int = 1
    feature_dim: int = 128
    trans_dim: int = 64
    trans_layers: int = 2
    trans_heads: int = 4
    dropout: float = 0.2
    loss: str = "auto"
    text_rate: float = 1.0
    picture_rate: float = 1.0
    audio_rate: float = 1.0
    text_max_len: int = 100
    drop_modality: float = 0.0


class MME2E(FusionModel):
    """Logits of each modality, summed with weights that are learned and shared out among those that are there."""

    name = "mme2e"
    Settings = MME2ESettings
    default_encoders: ClassVar[Mapping[str, str]] = {"pictures": "embedded+maps:32", AUDIO: "mel_maps"}

    def __init__(self, encoders: Mapping[str, Encoder], task: Task, settings: Any = None) -> None:
        super().__init__(encoders, task, settings)
        s = self.settings
        _check(s, task)
        self.text_dim = encoders[TEXT].dim if TEXT in encoders else 0
        self.line = Pool("average", self.text_dim)
        numbers = task.classes + len(task.dimensions)
        self.branches = nn.ModuleDict({name: self._branch(name, one, numbers) for name, one in encoders.items()})
        self.weights = nn.ParameterDict({name: nn.Parameter(torch.zeros(())) for name in encoders})

    def _branch(self, name: str, encoder: Encoder, numbers: int) -> nn.Module:
        s = self.settings
        if name == TEXT:
            return Answering(encoder.dim, s.feature_dim, numbers, s.dropout)
        return Branch(encoder, self.text_dim, numbers, s, self.sparsity())

    def sparsity(self) -> Sparsity | None:
        """What is left out; nothing in the dense model."""
        return None

    def encoded(self, batch: Batch) -> dict[str, Signal]:
        """Each modality's signal; long lines end after `text_max_len` words."""
        most = self.settings.text_max_len
        signals = {
            name: Signal(one.values[:, :most], one.mask[:, :most]) if name == TEXT else one
            for name, one in batch.signals.items()
        }
        return super().encoded(Batch(signals, batch.labels, batch.dimensions, batch.rows))

    def forward(self, batch: Batch) -> Answer:
        """Logits; `own_NAME` (B, K), `looks_NAME` (B, T) at frames, `computed_NAME` the share of places a block."""
        signals = drop_modalities(self.encoded(batch), self.settings.drop_modality, self.training)
        line = self.line(signals[TEXT]) if TEXT in signals else None
        said: dict[str, Tensor] = {}
        told: dict[str, Tensor] = {}
        for name, signal in signals.items():
            branch = self.branches[name]
            if isinstance(branch, Branch):
                said[name], told[LOOKS + name], told[COMPUTED + name] = branch(signal, line)
            else:
                said[name] = branch(line)
        total = self._summed(said, signals)
        classes = self.task.classes
        own = {OWN + name: one[:, :classes] for name, one in said.items()}
        numbers = total[:, classes:] * self.task.scale if self.task.dimensions else None
        return Answer(total[:, :classes], own | told, numbers)

    def _summed(self, said: Mapping[str, Tensor], signals: Mapping[str, Signal]) -> Tensor:
        """(B, K) weighted sum over the modalities that a sample has; 0 where it has none."""
        there = torch.stack([signals[name].present for name in said], dim=1)
        weights = torch.stack([self.weights[name] for name in said]).expand_as(there)
        shares = torch.softmax(weights.masked_fill(~there, -1e4), dim=1) * there
        return (torch.stack(list(said.values()), dim=1) * shares[..., None]).sum(dim=1)

    def loss(self, answer: Answer, batch: Batch) -> Tensor:
        """Cross entropy, or yes or no a class with the class weights on yes; see the setting `loss`."""
        if self.settings.loss != "bce" or self.task.several:
            return super().loss(answer, batch)
        assert batch.labels is not None, "training needs labels"
        asked = F.one_hot(batch.labels, self.task.classes).float()
        return F.binary_cross_entropy_with_logits(answer.logits, asked, pos_weight=self.class_weights)

    def rate(self, parameter: str) -> float:
        """The learning rate of a weight by its name, as a multiple of the training's."""
        part, _, rest = parameter.partition(".")
        modality = rest.partition(".")[0]
        if part not in ("encoders", "branches"):
            return 1.0
        rates = {TEXT: self.settings.text_rate, AUDIO: self.settings.audio_rate}
        return float(rates.get(modality, self.settings.picture_rate))


@dataclass(frozen=True, slots=True)
class SparseSettings(MME2ESettings):
    """threshold: the attention that is kept. attention_learns: off as in the published code, where it stays random."""

    threshold: float = 0.8
    attention_learns: bool = True


class MME2ESparse(MME2E):
    """The same, where the line tells which places of frames and windows are worth computing."""

    name = "mme2e_sparse"
    Settings = SparseSettings

    def sparsity(self) -> Sparsity:
        """By the settings."""
        return Sparsity(self.settings.threshold, self.settings.attention_learns)


class Answering(nn.Sequential):
    """(B, dim) -> (B, numbers) by one hidden layer."""

    def __init__(self, dim: int, hidden: int, numbers: int, dropout: float) -> None:
        super().__init__(
            nn.LayerNorm(dim), nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, numbers)
        )


class Branch(nn.Module):
    """Frames or windows of sound -> (B, numbers): a trunk on maps or a layer on vectors, then a transformer."""

    def __init__(
        self, encoder: Encoder, text_dim: int, numbers: int, s: MME2ESettings, sparsity: Sparsity | None
    ) -> None:
        super().__init__()
        self.trunk: Trunk | None = None
        self.vectors: nn.Module = nn.Identity()
        if isinstance(encoder, Maps):
            shape = encoder.shape
            self.trunk = Trunk(shape, s.widths, s.stem_blocks, s.feature_dim, s.trans_dim, text_dim, sparsity)
        else:
            self.vectors = nn.Sequential(nn.LayerNorm(encoder.dim), nn.Linear(encoder.dim, s.trans_dim))
        self.time = OverTime(s.trans_dim, s.trans_layers, s.trans_heads, s.dropout)
        self.answer = Answering(s.trans_dim, s.feature_dim, numbers, s.dropout)

    def forward(self, signal: Signal, line: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """A signal and (B, D) the line -> answers, what is looked at (B, T), and the share computed a block."""
        if self.trunk is None:
            vectors, computed = self.vectors(signal.values), torch.ones(0)
        else:
            vectors, computed = self._seen(self.trunk, signal, line)
        found, looks = self.time(Signal(vectors * signal.mask[..., None], signal.mask))
        return self.answer(found), looks, computed

    def _seen(self, trunk: Trunk, signal: Signal, line: Tensor | None) -> tuple[Tensor, Tensor]:
        """Only the steps that are there go through the trunk."""
        vectors = signal.values.new_zeros((*signal.mask.shape, trunk.dim))
        if not signal.mask.any():
            return vectors, torch.ones(len(trunk.blocks))
        sample = signal.mask.nonzero()[:, 0]
        found, computed = trunk(signal.values[signal.mask], None if line is None else line[sample])
        vectors[signal.mask] = found
        return vectors, computed


def _check(s: MME2ESettings, task: Task) -> None:
    if s.loss not in LOSSES:
        raise InputError(f"unknown loss {s.loss!r}", hint=f"choose one of {', '.join(LOSSES)}")
    if s.loss == "ce" and task.several:
        raise InputError("loss ce needs one label a sample", hint="choose auto or bce")
    if len(s.widths) < 2 or min(s.widths) < 1:
        raise InputError("a trunk needs at least two widths", hint="such as 16, 32, 48, 64")
    if min(s.text_rate, s.picture_rate, s.audio_rate) < 0 or s.text_max_len < 1:
        raise InputError("learning rates are 0 or more, and a line has a word", hint="give larger ones")
