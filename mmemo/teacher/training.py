"""Fine-tuning of a two-head teacher: batches, loss, schedule. Every step follows from the seed and its number alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from mmemo.errors import InputError
from mmemo.labels import EKMAN7, SENTIMENT3
from mmemo.processor import has_bfloat16
from mmemo.teacher.lines import Line
from mmemo.teacher.packing import TwoHeadWeights
from mmemo.teacher.two_head import TwoHeadNetwork, encoded

_WARM_UP = 0.1
_FIRST_RATE = 0.04
_CLIP_NORM = 1.0


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a teacher is fine-tuned; the defaults are the recipe of the embedded one.

    `layers` is how many of the encoder's last layers learn, None for all of it with its embeddings, 0 for the heads
    alone. Every `bare_batch`-th batch has no context, so that a line without neighbours is read well too.
    """

    steps: int = 3700
    batch_size: int = 64
    learning_rate: float = 2.5e-4
    head_factor: float = 10.0
    weight_decay: float = 0.01
    smoothing: float = 0.05
    dropout: float = 0.1
    bare_batch: int = 4
    layers: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 1 or self.bare_batch < 2:
            raise InputError("steps and batches must be 1 or more, and a bare batch every 2nd at most", hint="use more")
        if not (0 < self.learning_rate < 1 and self.head_factor > 0):
            raise InputError(f"{self.learning_rate} is no learning rate", hint="2.5e-4 trains all, 1e-4 goes on")
        if not (0 <= self.smoothing < 1 and 0 <= self.dropout < 1 and self.weight_decay >= 0):
            raise InputError("smoothing and dropout are between 0 and 1", hint="0.05 and 0.1 are good values")
        if self.layers is not None and self.layers < 0:
            raise InputError(f"{self.layers} layers cannot learn", hint="use 0 for the heads alone, or more")


@dataclass(frozen=True, slots=True, eq=False)
class TeacherExamples:
    """Lines with what is known of them: emotions (N, 7), sentiments (N, 3), float32; a row of zeros says nothing."""

    lines: tuple[Line, ...]
    emotions: np.ndarray
    sentiments: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.lines)
        assert self.emotions.shape == (n, len(EKMAN7)), "one row of emotions a line"
        assert self.sentiments.shape == (n, len(SENTIMENT3)), "one row of sentiments a line"
        if not n:
            raise InputError("there is no line to learn from", hint="pass --meld, --goemotions or --msctd")

    def fingerprint(self) -> str:
        """16 hex digits that change with any line or target."""
        digest = hashlib.blake2b(digest_size=8)
        for line in self.lines:
            digest.update(f"{line.text}\n{line.context}\n\n".encode("utf-8", "backslashreplace"))
        digest.update(self.emotions.tobytes() + self.sentiments.tobytes())
        return digest.hexdigest()


class TeacherTrainer:
    """One network in training; `step` is how many steps were made."""

    def __init__(
        self, weights: TwoHeadWeights, tokenizer: Tokenizer, examples: TeacherExamples, settings: TrainingSettings
    ) -> None:
        self.step = 0
        self._tokenizer = tokenizer
        self._pad_id = int(weights.encoder["pad_token_id"])
        self._examples = examples
        self._settings = settings
        copied = replace(weights, tensors={name: tensor.copy() for name, tensor in weights.tensors.items()})
        self._network = TwoHeadNetwork.built(copied)
        self._optimizer = torch.optim.AdamW(self._parameters(), weight_decay=settings.weight_decay)
        self._class_weights = {
            "emotion": class_weights(examples.emotions),
            "sentiment": class_weights(examples.sentiments),
        }

    def advance(self) -> float:
        """Make one step and give its loss."""
        settings = self._settings
        chance = np.random.default_rng([settings.seed, self.step])
        torch.manual_seed(int(chance.integers(2**31)))
        n = len(self._examples.lines)
        chosen = chance.choice(n, min(n, settings.batch_size), replace=False)
        loss = self._loss(chosen, bare=self.step % settings.bare_batch == settings.bare_batch - 1)
        rate = settings.learning_rate * one_cycle((self.step + 1) / settings.steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_((p for g in self._optimizer.param_groups for p in g["params"]), _CLIP_NORM)
        self._optimizer.step()
        self.step += 1
        return float(loss.detach())

    def tensors(self) -> dict[str, np.ndarray]:
        """All weights now, by the names of the stored files."""
        return {
            name.removeprefix("heads."): tensor.detach().float().numpy().copy()
            for name, tensor in self._network.state_dict().items()
        }

    def state(self) -> dict[str, object]:
        """Everything that going on later needs."""
        return {
            "step": self.step,
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a `state`; one of another network raises InputError."""
        try:
            self._network.load_state_dict(state["network"])  # type: ignore[arg-type]
            self._optimizer.load_state_dict(state["optimizer"])  # type: ignore[arg-type]
            self.step = int(str(state["step"]))
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InputError("the stored training does not fit", hint="remove it, or choose another folder") from error

    def _loss(self, chosen: np.ndarray, *, bare: bool) -> torch.Tensor:
        lines = [self._examples.lines[i] for i in chosen]
        if bare:
            lines = [Line(line.text) for line in lines]
        ids, types, mask = encoded(self._tokenizer, lines, self._pad_id)
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            features = self._network.features(ids, types, mask)
        features = F.dropout(features, self._settings.dropout)
        total = torch.zeros(())
        for head, targets in (("emotion", self._examples.emotions), ("sentiment", self._examples.sentiments)):
            logits = self._network.heads[head](features)
            total = total + soft_loss(
                logits, torch.from_numpy(targets[chosen]), self._class_weights[head], self._settings.smoothing
            )
        return total

    def _parameters(self) -> list[dict[str, object]]:
        """The encoder's learning part and the heads, which learn faster."""
        learning = learning_names([name for name, _ in self._network.named_parameters()], self._settings.layers)
        encoder: list[torch.nn.Parameter] = []
        heads: list[torch.nn.Parameter] = []
        for name, parameter in self._network.named_parameters():
            parameter.requires_grad_(name in learning)
            if name in learning:
                (heads if name.startswith("heads.") else encoder).append(parameter)
        groups: list[dict[str, object]] = [{"params": heads, "factor": self._settings.head_factor}]
        return [*groups, {"params": encoder, "factor": 1.0}] if encoder else groups


def learning_names(names: Sequence[str], layers: int | None) -> set[str]:
    """Which parameters learn: the heads, and all of the encoder (None) or its last `layers` layers."""
    heads = {name for name in names if name.startswith("heads.")}
    if layers is None:
        return set(names)
    numbers = {name: int(name.split(".layer.")[1].split(".")[0]) for name in names if ".layer." in name}
    first = max(numbers.values(), default=-1) + 1 - layers
    return heads | {name for name, number in numbers.items() if number >= first}


def class_weights(targets: np.ndarray) -> torch.Tensor:
    """(K,) float32: the inverse square root of each class's share, with mean 1 over the lines; a class without lines 1."""
    counts = targets.sum(axis=0).astype(np.float64)
    weights = np.where(counts > 0, 1 / np.sqrt(np.maximum(counts, 1e-9)), 0.0)
    mean = float((weights * counts).sum() / counts.sum()) if counts.sum() else 1.0
    return torch.tensor(np.where(counts > 0, weights / mean, 1.0), dtype=torch.float32)


def soft_loss(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Mean cross-entropy of (B, K) logits with smoothed (B, K) targets over the rows that say something; else 0."""
    known = targets.sum(dim=1) > 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    rows = targets[known]
    smoothed = rows * (1 - smoothing) + smoothing / rows.shape[1]
    return -(smoothed * weights * F.log_softmax(logits[known].float(), dim=1)).sum(dim=1).mean()


def one_cycle(share: float) -> float:
    """Share of the highest learning rate after this share of the steps: a short rise, then half a cosine to near 0."""
    if share < _WARM_UP:
        return _FIRST_RATE + (1 - _FIRST_RATE) * share / _WARM_UP
    return max(1e-4, 0.5 * (1 + math.cos(math.pi * (share - _WARM_UP) / (1 - _WARM_UP))))
