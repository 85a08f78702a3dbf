"""The embedded teacher: a small BERT with an Ekman-7 and a sentiment-3 head over the mean of its states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from mmemo.errors import InputError
from mmemo.processor import has_bfloat16
from mmemo.teacher.anchors import DEFAULT_ANCHOR, TeacherAnchor, choose_anchor, read_anchors
from mmemo.teacher.encoder import BertEncoder
from mmemo.teacher.lines import Line
from mmemo.teacher.packing import HEADS, TOKENIZER_FILE, TwoHeadWeights, read_two_head
from mmemo.teacher.protocol import DEFAULT_BATCH, read_by_length


class TwoHeadTeacher:
    """Reads a line with its context as a sentence pair; knows emotions and sentiments."""

    def __init__(
        self,
        identity: str,
        weights: TwoHeadWeights,
        tokenizer: Tokenizer,
        anchors: dict[str, TeacherAnchor],
        dtype: torch.dtype,
    ) -> None:
        self._identity = identity
        self._anchors = anchors
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(weights.max_tokens, strategy="longest_first")
        self._pad_id = int(weights.encoder["pad_token_id"])
        self._network = TwoHeadNetwork.built(weights)
        # The heads stay in float32: they cost nothing, and their sums decide.
        self._network.encoder.to(dtype)

    @classmethod
    def load(cls, folder: Path, identity: str, *, exact: bool = False) -> TwoHeadTeacher:
        """Load a folder made by `pack_folder`, or one as it came from training; `exact` computes in float32."""
        weights = read_two_head(folder)
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        except Exception as error:  # the tokenizers library raises bare Exception for any bad file
            raise InputError(f"{folder / TOKENIZER_FILE} is missing or damaged", hint="copy it again") from error
        dtype = torch.float32 if exact else (torch.bfloat16 if has_bfloat16() else torch.float32)
        return cls(identity, weights, tokenizer, read_anchors(folder), dtype)

    @property
    def identity(self) -> str:
        """Name and hash of the weights."""
        return self._identity

    def anchor(self, name: str = DEFAULT_ANCHOR) -> TeacherAnchor:
        """How far to trust it, measured on the named labelled text."""
        return choose_anchor(self._anchors, name)

    def read(self, lines: Sequence[Line], batch_size: int = DEFAULT_BATCH) -> Iterator[np.ndarray]:
        """Batches of (B, 7) float32 in EKMAN7 order, in the order of the lines."""
        return read_by_length(lines, batch_size, lambda batch: self._probs(batch, "emotion"))

    def read_sentiment(self, lines: Sequence[Line], batch_size: int = DEFAULT_BATCH) -> Iterator[np.ndarray]:
        """Batches of (B, 3) float32 in SENTIMENT3 order, in the order of the lines."""
        return read_by_length(lines, batch_size, lambda batch: self._probs(batch, "sentiment"))

    def _probs(self, lines: list[Line], head: str) -> np.ndarray:
        ids, types, mask = encoded(self._tokenizer, lines, self._pad_id)
        with torch.inference_mode():
            logits = self._network(ids, types, mask, head)
        probs: np.ndarray = torch.softmax(logits, dim=1).numpy()
        return probs


def teacher_in_training(weights: TwoHeadWeights, tensors: dict[str, np.ndarray], tokenizer: bytes) -> TwoHeadTeacher:
    """A teacher of these tensors as they are now; `weights` gives the encoder's settings."""
    now = TwoHeadWeights(weights.encoder, tensors, weights.max_tokens)
    dtype = torch.bfloat16 if has_bfloat16() else torch.float32
    return TwoHeadTeacher("in training", now, Tokenizer.from_buffer(tokenizer), {}, dtype)


def encoded(
    tokenizer: Tokenizer, lines: Sequence[Line], pad_id: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, segment ids and mask, each (B, L) int64, padded to the longest line of the batch."""
    pairs = tokenizer.encode_batch([(line.text, line.context) for line in lines])
    longest = max(len(one.ids) for one in pairs)
    ids = torch.full((len(pairs), longest), pad_id, dtype=torch.int64)
    types, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, one in enumerate(pairs):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        types[row, : len(one.ids)] = torch.tensor(one.type_ids)
        mask[row, : len(one.ids)] = 1
    return ids, types, mask


class TwoHeadNetwork(nn.Module):
    """The encoder and both heads, as a torch module in evaluation mode."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        width = settings["hidden_size"]
        self.encoder = BertEncoder(settings)
        self.heads = nn.ModuleDict({head: nn.Linear(width, len(labels)) for head, labels in HEADS.items()})

    @classmethod
    def built(cls, weights: TwoHeadWeights) -> TwoHeadNetwork:
        """Build the network without memory of its own and put the weights in; a misfit raises InputError."""
        with torch.device("meta"):
            network = cls(weights.encoder)
        named = {
            f"heads.{name}" if name.split(".")[0] in HEADS else name: torch.from_numpy(tensor)
            for name, tensor in weights.tensors.items()
        }
        try:
            network.load_state_dict(named, strict=True, assign=True)
        except RuntimeError as error:
            raise InputError(
                "the teacher's weights do not fit its settings", hint="export the teacher again"
            ) from error
        return network.eval()

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor, head: str) -> torch.Tensor:
        """(B, L) ids, segments and mask -> (B, K) logits of a head over the masked mean of the last states."""
        logits: torch.Tensor = self.heads[head](self.features(ids, types, mask))
        return logits

    def features(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, L) ids, segments and mask -> (B, D) float32 masked mean of the last states."""
        states = self.encoder(ids, types, mask).float()
        shares = mask.unsqueeze(-1).float()
        mean: torch.Tensor = (states * shares).sum(dim=1) / shares.sum(dim=1)
        return mean
