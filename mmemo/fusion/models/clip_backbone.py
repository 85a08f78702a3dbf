"""A network that was trained on pictures with captions as the backbone: frozen, with LoRA, or trained as a whole.

Two towers (CLIP, Radford et al. 2021) give a vector a side, which meet here by their product as well; one tower (ViLT,
Kim et al. 2021; FLAVA, Singh et al. 2022) gives one vector of both. LoRA (Hu et al. 2022) adds small matrices to the
projections of attention, by peft, and trains those alone.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.fusion.batch import Batch, Signal
from mmemo.fusion.encoders import TEXT, Encoder
from mmemo.fusion.encoders.image_text import ONE_TOWER, BytePixels, ImageText, LineIds, normalised
from mmemo.fusion.model import Answer, FusionModel
from mmemo.fusion.task import Task

MODES = ("frozen", "lora", "tuned")
_PROJECTIONS = ("q_proj", "v_proj", "query", "value", "qkv", "c_fc", "c_proj")
_BACKBONE = "backbone."


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """mode: see MODES; rank: of LoRA's matrices; backbone_rate: learning rate of the backbone against the head's."""

    mode: str = "frozen"
    rank: int = 8
    hidden: int = 64
    dropout: float = 0.2
    backbone_rate: float = 0.1


class ClipBackbone(FusionModel):
    """Encoders `train:clip:FOLDER` for text and one source of pictures hand on ids and pixels; the rest is here."""

    name = "clip"
    Settings = ClipSettings

    def __init__(self, encoders: Mapping[str, Encoder], task: Task, settings: Any = None) -> None:
        super().__init__(encoders, task, settings)
        s = self.settings
        if s.mode not in MODES:
            raise InputError(f"unknown mode {s.mode!r}", hint=f"choose one of {', '.join(MODES)}")
        self._network, self._pictures = _network_of(encoders)
        self.backbone = copy.deepcopy(self._network.module).requires_grad_(s.mode == "tuned")
        if s.mode == "lora":
            _add_lora(self.backbone, s.rank)
        dim = self._network.dim
        inside = dim if self._network.kind in ONE_TOWER else 3 * dim
        self.hidden = nn.Sequential(
            nn.LayerNorm(inside), nn.Dropout(s.dropout), nn.Linear(inside, s.hidden), nn.GELU(), nn.Dropout(s.dropout)
        )
        self.head = nn.Linear(s.hidden, task.classes)
        self.numbers = nn.Linear(s.hidden, len(task.dimensions)) if task.dimensions else None

    def train(self, mode: bool = True) -> ClipBackbone:
        """A backbone that is not trained has no dropout either."""
        super().train(mode)
        if self.settings.mode == "frozen":
            self.backbone.eval()
        return self

    def forward(self, batch: Batch) -> Answer:
        """Logits, and the hidden layer as `fused`; a missing side is an empty line or a grey picture."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.settings.mode != "frozen"):
            vectors = self._vectors(batch.signals[TEXT], batch.signals[self._pictures])
        fused = self.hidden(vectors.float())
        numbers = None if self.numbers is None else self.numbers(fused) * self.task.scale
        return Answer(self.head(fused), {"fused": fused}, numbers)

    def _vectors(self, text: Signal, pictures: Signal) -> Tensor:
        network = self._network
        pixels = normalised(pictures.values[:, 0], network.preprocessing) * pictures.present[:, None, None, None]
        mask = text.mask.clone()
        mask[:, 0] = True
        if network.kind in ONE_TOWER:
            return network.both(self.backbone, pixels, text.values, mask)
        seen = nn.functional.normalize(network.picture(self.backbone, pixels), dim=1) * pictures.present[:, None]
        said = nn.functional.normalize(network.text(self.backbone, text.values, mask), dim=1) * text.present[:, None]
        scale = network.dim**0.5  # each number of a unit vector is small
        joined: Tensor = torch.cat([seen, said, seen * said * scale], dim=1) * scale
        return joined

    def rate(self, parameter: str) -> float:
        """The backbone learns more slowly than the head, LoRA's matrices as fast."""
        slow = parameter.startswith(_BACKBONE) and self.settings.mode == "tuned"
        return float(self.settings.backbone_rate) if slow else 1.0

    def kept(self, name: str) -> bool:
        """The backbone's own weights lie in their folder already, unless they were trained."""
        return not name.startswith(_BACKBONE) or self.settings.mode == "tuned" or "lora_" in name


def _network_of(encoders: Mapping[str, Encoder]) -> tuple[ImageText, str]:
    """The network whose ids and pixels the encoders hand on, and the name of the pictures."""
    pictures = [name for name, one in encoders.items() if isinstance(one.reader, BytePixels)]
    text = encoders.get(TEXT)
    if len(encoders) != 2 or len(pictures) != 1 or text is None or not isinstance(text.reader, LineIds):
        raise InputError(
            "the model clip needs text and one source of pictures with the encoder train:clip:FOLDER",
            hint="--encoder text=train:clip:FOLDER --encoder face=train:clip:FOLDER",
        )
    reader = encoders[pictures[0]].reader
    assert isinstance(reader, BytePixels)
    if reader.network.identity != text.reader.network.identity:
        raise InputError("text and pictures have two different image-text models", hint="give one folder for both")
    return reader.network, pictures[0]


def _add_lora(module: nn.Module, rank: int) -> None:
    """Small matrices beside the linear projections of attention; everything else stays as it is."""
    from peft import LoraConfig, inject_adapter_in_model

    found = sorted(
        {
            name.rpartition(".")[2]
            for name, layer in module.named_modules()
            if isinstance(layer, nn.Linear) and name.rpartition(".")[2] in _PROJECTIONS
        }
    )
    if not found:
        raise InputError("this backbone has no projections that LoRA could be added to", hint="use frozen or tuned")
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=found), module)
