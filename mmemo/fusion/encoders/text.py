"""Text encoders: the embedded teacher and any transformers encoder, frozen or trained along."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.batch import Signal, padded
from mmemo.fusion.encoders.encoder import Encoder, Reader, texts_of
from mmemo.hub import model_loading
from mmemo.processor import has_bfloat16
from mmemo.student.backbones.loading import weights_hash
from mmemo.teacher.lines import Line
from mmemo.teacher.packing import TOKENIZER_FILE, read_two_head
from mmemo.teacher.sources import find_teacher
from mmemo.teacher.two_head import TwoHeadNetwork, encoded

_MAX_TOKENS = 80
_READ_AT_ONCE = 32


class TextNetwork(Protocol):
    """What turns lines with their context into states: (B, L, D), and (B, L) bool of real tokens."""

    identity: str
    dim: int
    module: nn.Module

    def tokens(self, lines: Sequence[tuple[str, str]]) -> list[np.ndarray]:
        """(L, 2) int64 a line: token ids and segments."""

    def states(self, module: nn.Module, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, L, 2) tokens and (B, L) bool -> (B, L, D) by `module`, or by a copy of it that was trained on."""


class TeacherText:
    """The encoder of a teacher of our kind: a BERT that was trained on lines of dialogue."""

    def __init__(self, name: str) -> None:
        source = find_teacher(name)
        weights = read_two_head(source.folder)
        self.identity = f"teacher:{source.identity}"
        self.dim = int(weights.encoder["hidden_size"])
        self._tokenizer = Tokenizer.from_file(str(source.folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(weights.max_tokens, strategy="longest_first")
        self.module: nn.Module = TwoHeadNetwork.built(weights).encoder.float().eval()

    def tokens(self, lines: Sequence[tuple[str, str]]) -> list[np.ndarray]:
        """Token ids and segments."""
        ids, types, mask = encoded(self._tokenizer, [Line(*line) for line in lines], 0)
        both = torch.stack([ids, types], dim=2).numpy()
        return [one[: int(there.sum())] for one, there in zip(both, mask, strict=True)]

    def states(self, module: nn.Module, tokens: Tensor, mask: Tensor) -> Tensor:
        """States of the last layer."""
        found: Tensor = module(tokens[..., 0], tokens[..., 1], mask.long())
        return found


class TransformersText:
    """Any encoder that transformers can load from a folder or by its name on the hub."""

    def __init__(self, name: str) -> None:
        from transformers import AutoModel, AutoTokenizer

        hint = "give a folder with model, config and tokenizer, or connect once so that it can be fetched"
        with model_loading(f"transformers:{name}", hint):
            # Code that a folder brings along is never run.
            self._tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
            self.module = AutoModel.from_pretrained(name, trust_remote_code=False).float().eval()
        self.identity = f"transformers:{Path(name).name}@{weights_hash(self.module)}"
        self.dim = int(self.module.config.hidden_size)

    def tokens(self, lines: Sequence[tuple[str, str]]) -> list[np.ndarray]:
        """Token ids and segments (0 where the model has none)."""
        pairs = {"text": [line for line, _ in lines], "text_pair": [context for _, context in lines]}
        found = self._tokenizer(**pairs, truncation="longest_first", max_length=_MAX_TOKENS)
        segments = found.get("token_type_ids") or [[0] * len(ids) for ids in found["input_ids"]]
        return [np.array([i, s], np.int64).T for i, s in zip(found["input_ids"], segments, strict=True)]

    def states(self, module: nn.Module, tokens: Tensor, mask: Tensor) -> Tensor:
        """States of the last layer."""
        found: Tensor = module(input_ids=tokens[..., 0], attention_mask=mask.long()).last_hidden_state
        return found


class FrozenText(Reader):
    """(1, D) a line: the mean of the last states of a network that is not trained; (L, D) states when `words`."""

    costly = True

    def __init__(self, network: TextNetwork, words: bool = False) -> None:
        self.network = network
        self.words = words
        self.identity = f"text:{network.identity}:{'words' if words else 'mean'}"
        self.like = np.zeros((0, network.dim), np.float32)
        self.parameters = sum(one.numel() for one in network.module.parameters())

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """A line without words has no step. Lines of like length are read together."""
        lines = texts_of(data, rows)
        tokens = self.network.tokens(lines)
        found = [self.like] * len(lines)
        spoken = [row for row, (line, _) in enumerate(lines) if line.strip()]
        spoken.sort(key=lambda row: len(tokens[row]))
        for start in range(0, len(spoken), _READ_AT_ONCE):
            part = spoken[start : start + _READ_AT_ONCE]
            for row, one in zip(part, self._states([tokens[row] for row in part]), strict=True):
                found[row] = one if self.words else one.mean(axis=0, keepdims=True)
        return found

    def _states(self, tokens: Sequence[np.ndarray]) -> list[np.ndarray]:
        """(L, D) float32 states a line."""
        batch = padded(tokens, np.zeros((0, 2), np.int64))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            states = self.network.states(self.network.module, batch.values, batch.mask).float()
        return [state[there].numpy() for state, there in zip(states, batch.mask, strict=True)]


class Tokens(Reader):
    """(L, 2) int64 a line: ids and segments for a network that is trained along."""

    def __init__(self, network: TextNetwork) -> None:
        self.network = network
        self.identity = f"tokens:{network.identity}"
        self.like = np.zeros((0, 2), np.int64)

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """A line without words has no step."""
        lines = texts_of(data, rows)
        found = self.network.tokens(lines)
        return [one if line.strip() else self.like for one, (line, _) in zip(found, lines, strict=True)]


class TrainedText(Encoder):
    """A transformer whose weights are trained: (B, L, 2) ids and segments -> (B, L, dim) states."""

    def __init__(self, network: TextNetwork, stored: dict[str, Any]) -> None:
        self._reader = Tokens(network)
        super().__init__(self._reader, network.dim, stored)
        self.network = network.module

    def forward(self, signal: Signal) -> Signal:
        """A line without words gets one made-up token, so that attention has something to look at."""
        mask = signal.mask.clone()
        mask[:, 0] = True
        return Signal(self._reader.network.states(self.network, signal.values, mask), signal.mask)


def text_network(name: str) -> TextNetwork:
    """`teacher` (the embedded one), `teacher:NAME` or `transformers:NAME`; anything else raises InputError."""
    library, _, model = name.partition(":")
    if library == "teacher":
        return TeacherText(model or "embedded")
    if library == "transformers" and model:
        return TransformersText(model)
    raise InputError(f"unknown text encoder {name!r}", hint="choose teacher, teacher:NAME or transformers:NAME")
