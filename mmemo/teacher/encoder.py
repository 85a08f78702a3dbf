"""The BERT encoder (Devlin et al. 2019) in plain torch, for one purpose: reading.

The embedded teacher needs no more of it, and importing transformers would double the time to its first answer.
Parameters have the names that transformers gives them.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from mmemo.errors import InputError


class BertEncoder(nn.Module):
    """Token ids to states; post-norm layers, learned positions, exact GELU, no dropout."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        if settings["hidden_act"] != "gelu":
            raise InputError(f"a BERT with {settings['hidden_act']} is not supported", hint="export one with gelu")
        width, eps = settings["hidden_size"], settings["layer_norm_eps"]
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(settings["vocab_size"], width),
                "position_embeddings": nn.Embedding(settings["max_position_embeddings"], width),
                "token_type_embeddings": nn.Embedding(settings["type_vocab_size"], width),
                "LayerNorm": nn.LayerNorm(width, eps),
            }
        )
        layers = [
            _Layer(width, settings["intermediate_size"], settings["num_attention_heads"], eps)
            for _ in range(settings["num_hidden_layers"])
        ]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layers)})

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, L) int64 ids, segments and mask of 0 and 1 -> (B, L, D) states of the last layer."""
        places = torch.arange(ids.shape[1], device=ids.device)
        states: torch.Tensor = self.embeddings["LayerNorm"](
            self.embeddings["word_embeddings"](ids)
            + self.embeddings["token_type_embeddings"](types)
            + self.embeddings["position_embeddings"](places)
        )
        seen = mask.bool()[:, None, None, :]
        for layer in self.encoder["layer"]:  # type: ignore[attr-defined]
            states = layer(states, seen)
        return states


class _Layer(nn.Module):
    def __init__(self, width: int, inner: int, heads: int, eps: float) -> None:
        super().__init__()
        self._heads = heads
        projections = nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")})
        self.attention = nn.ModuleDict({"self": projections, "output": _dense_and_norm(width, width, eps)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, inner)})
        self.output = _dense_and_norm(inner, width, eps)

    def forward(self, states: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """(B, L, D) states and (B, 1, 1, L) bool of tokens that may be looked at -> (B, L, D)."""
        projections: Any = self.attention["self"]
        query, key, value = (
            projections[name](states).unflatten(-1, (self._heads, -1)).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=seen).transpose(1, 2).flatten(2)
        states = _add_and_norm(self.attention["output"], mixed, states)
        return _add_and_norm(self.output, F.gelu(self.intermediate["dense"](states)), states)


def _dense_and_norm(inside: int, outside: int, eps: float) -> nn.ModuleDict:
    return nn.ModuleDict({"dense": nn.Linear(inside, outside), "LayerNorm": nn.LayerNorm(outside, eps)})


def _add_and_norm(block: Any, update: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
    added: torch.Tensor = block["LayerNorm"](block["dense"](update) + states)
    return added
