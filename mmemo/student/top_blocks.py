"""Training the upper blocks of a face network on cached activations of the lower ones, which stay as they are.

The lower blocks are the same for every student, so each look at a face goes through them once: plain, mirrored, and
changed at random a few times. A step of the upper blocks then costs a fifth of one of the whole network on a
processor. Freezing lower layers: Yosinski et al. 2014, "How transferable are features in deep neural networks?".
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.processor import has_bfloat16
from mmemo.progress import Progress, Stage
from mmemo.student.backbones import Backbone
from mmemo.student.backbones.training import one_cycle
from mmemo.student.fitters import Fitted, Task
from mmemo.student.heads import EpochDone, EpochLoss, LinearHead
from mmemo.student.looks import PLAIN_LOOKS
from mmemo.student.losses import soft_cross_entropy, training_loss
from mmemo.student.settings import TrainSettings

_BATCH = 64
_STEPS_A_SEED = 1_000_003
_CURVE_STEPS = 20
_FEWEST_STEPS = 150


@dataclass(frozen=True, slots=True)
class TopBlocks:
    """How the upper blocks are trained: AdamW, one cycle of the rate, a moving average of the weights as the result.

    blocks: how many are trained, with all that follows them. steps: 0 stands for so many passes over the faces, and for
    150 steps at least. source_share: part of every batch that comes from the faces of the baseline, where there are some;
    their labels are certain, so that beside a loss that doubts labels a fifth already decides where a student goes.
    """

    blocks: int = 2
    steps: int = 0
    passes: int = 2
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    average: float = 0.999
    source_share: float = 0.0

    def __post_init__(self) -> None:
        if self.blocks < 1 or self.steps < 0 or self.passes < 1 or self.batch_size < 4:
            raise InputError("training needs a block, no step below 0 and four faces a batch", hint="use the defaults")
        if not 0.0 <= self.source_share < 1.0:
            raise InputError(f"the source's share is {self.source_share}", hint="use 0 to below 1")
        if self.replayed >= self.batch_size:
            raise InputError(
                f"the source's share of {self.source_share} fills all {self.batch_size} faces of a batch",
                hint="use a smaller share or a larger batch",
            )

    def steps_for(self, faces: int) -> int:
        """How many steps so many faces are given."""
        own = self.batch_size - self.replayed
        return self.steps or max(_FEWEST_STEPS, -(-self.passes * faces // own))

    @property
    def replayed(self) -> int:
        """Faces of the source in a batch."""
        return round(self.batch_size * self.source_share)


@dataclass(frozen=True, slots=True, eq=False)
class SourceLooks:
    """Faces that the baseline was trained on: activations (S, V, C, h, w), targets (S, K), weights (S,) above 0."""

    looks: np.ndarray
    targets: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.looks) == len(self.targets) == len(self.weights) > 0, "one target and one weight a face"


def lower_blocks(backbone: Backbone, trained: int) -> nn.Module:
    """The network below its last `trained` blocks: (B, 3, px, px) prepared -> (B, C, h, w).

    A network without blocks in a row, or with too few of them, raises InputError.
    """
    module = _with_blocks(backbone, trained)
    kept = list(module.blocks)[: len(module.blocks) - trained]  # type: ignore[arg-type]
    return nn.Sequential(module.conv_stem, module.bn1, *kept).eval()  # type: ignore[arg-type]


def activations_of(lower: nn.Module, batches: Iterable[Tensor], total: int) -> Stage[np.ndarray]:
    """Batches (b, V, 3, px, px) -> (N, V, C, h, w) float16, what the lower blocks give; at least one batch."""
    parts: list[np.ndarray] = []
    done = 0
    for looks in batches:
        count, views = looks.shape[:2]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            flat = lower(looks.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        parts.append(flat.half().numpy().reshape(count, views, *flat.shape[1:]))
        done += count
        yield Progress("read faces", done, total, f"{views} looks at each")
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True, eq=False)
class TopBlocksFitter:
    """Trains the upper blocks and the head on activations (N, V, C, h, w) of the backbone's lower blocks.

    Each fit starts from the backbone's weights and from `start`, or from a new head where that is None. Looks 0 and
    1 are the plain one and its mirror image: these are judged.
    """

    activations: np.ndarray
    backbone: Backbone
    start: LinearHead | None
    how: TopBlocks = field(default_factory=TopBlocks)
    source: SourceLooks | None = None

    def fit(self, task: Task, settings: TrainSettings, stage: str) -> Stage[Fitted]:
        """Minutes for thousands of faces on two cores. Of the settings it takes seed and dropout."""
        torch.manual_seed(settings.seed)
        network = _Upper(self.backbone, self.start, task.targets.shape[1], self.how.blocks)
        average = copy.deepcopy(network)
        optimizer = torch.optim.AdamW(
            [value for value in network.parameters() if value.requires_grad],
            lr=self.how.learning_rate,
            weight_decay=self.how.weight_decay,
        )
        losses: list[float] = []
        steps = self.how.steps_for(len(task.rows))
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = self.how.learning_rate * one_cycle(step, steps)
            losses.append(self._step(network, optimizer, task, settings, step))
            _move(average, network, min(self.how.average, (1 + step) / (10 + step)))
            note = f"upper blocks, loss {np.mean(losses[-20:]):.3f}"
            if (step + 1) % _CURVE_STEPS and step + 1 < steps:
                yield Progress(stage, step + 1, steps, note)
            else:
                yield EpochDone(stage, step + 1, steps, note, _curve(losses)[-1])
        curve = _curve(losses)
        tensors = {name: value.numpy().copy() for name, value in average.state_dict().items()}
        return Fitted(tensors, curve, lambda rows: _probs(average, self.activations, rows))

    def judge(self, fitted: Fitted, activations: np.ndarray) -> np.ndarray:
        """(n, V, C, h, w) of other faces -> (n, K) what a student of this fitter says of them."""
        network = _Upper(self.backbone, None, len(fitted.tensors["head.bias"]), self.how.blocks)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in fitted.tensors.items()})
        return _probs(network, activations, np.arange(len(activations)))

    def _step(
        self, network: _Upper, optimizer: torch.optim.Optimizer, task: Task, settings: TrainSettings, step: int
    ) -> float:
        generator = torch.Generator().manual_seed((settings.seed * _STEPS_A_SEED + step) % 2**63)
        torch.manual_seed((settings.seed * _STEPS_A_SEED + step) % 2**63)
        network.train()
        replayed = self.how.replayed if self.source is not None else 0
        items = _drawn(task.weights, self.how.batch_size - replayed, generator)
        looks = [_look(self.activations, task.rows[items.numpy()], generator)]
        if self.source is not None and replayed:
            shown = _drawn(self.source.weights, replayed, generator)
            looks.append(_look(self.source.looks, shown.numpy(), generator))
        logits = network(torch.cat(looks), settings.dropout)
        own = torch.from_numpy(task.targets[items.numpy()].astype(np.float32))
        each = [training_loss(task.loss, logits[: len(items)], own, items)]
        if self.source is not None and replayed:
            known = torch.from_numpy(self.source.targets[shown.numpy()].astype(np.float32))
            each.append(soft_cross_entropy(logits[len(items) :], known))
        value = torch.cat(each).mean()
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return float(value.detach())


def _curve(losses: Sequence[float]) -> tuple[EpochLoss, ...]:
    """The mean loss of every few steps; nothing is held out."""
    parts = [losses[i : i + _CURVE_STEPS] for i in range(0, len(losses), _CURVE_STEPS)]
    return tuple(EpochLoss(n, float(np.mean(part)), float("nan")) for n, part in enumerate(parts))


def opinions_of(backbone: Backbone, head: LinearHead, trained: int, activations: np.ndarray) -> np.ndarray:
    """(N, V, C, h, w) activations below the last `trained` blocks -> (N, K) what the untrained network says."""
    network = _Upper(backbone, head, len(head.bias), trained)
    return _probs(network, activations, np.arange(len(activations)))


class _Upper(nn.Module):
    """A copy of the whole backbone that is only used from a block on, and a head, by the names in which students
    are stored."""

    def __init__(self, backbone: Backbone, start: LinearHead | None, classes: int, trained: int) -> None:
        super().__init__()
        self.backbone = copy.deepcopy(_with_blocks(backbone, trained)).requires_grad_(False)
        self.head = nn.Linear(backbone.feature_dim, classes)
        self._first = len(self.backbone.blocks) - trained  # type: ignore[arg-type]
        for part in self._parts():
            part.requires_grad_(True)
        if start is not None:
            with torch.no_grad():
                self.head.weight.copy_(torch.from_numpy(start.weight))
                self.head.bias.copy_(torch.from_numpy(start.bias))

    def _parts(self) -> Iterator[nn.Module]:
        yield from list(self.backbone.blocks)[self._first :]  # type: ignore[arg-type]
        yield from (self.backbone.conv_head, self.backbone.bn2)  # type: ignore[misc]

    def forward(self, activations: Tensor, dropout: float = 0.0) -> Tensor:
        """(B, C, h, w) -> (B, K) logits."""
        for part in self._parts():
            activations = part(activations)
        features: Tensor = self.backbone.forward_head(activations, pre_logits=True)  # type: ignore[operator]
        logits: Tensor = self.head(nn.functional.dropout(features, dropout, self.training))
        return logits


def _with_blocks(backbone: Backbone, trained: int) -> nn.Module:
    module = backbone.module
    needed = ("conv_stem", "bn1", "blocks", "conv_head", "bn2", "forward_head")
    if not all(hasattr(module, name) for name in needed):
        raise InputError(
            f"{backbone.identity} has no blocks in a row", hint="train the head alone or the whole network"
        )
    count = len(module.blocks)  # type: ignore[arg-type]
    if trained >= count:
        raise InputError(
            f"{backbone.identity} has {count} blocks, {trained} are to be trained",
            hint="train fewer, or the whole network",
        )
    return module


def _drawn(weights: np.ndarray, count: int, generator: torch.Generator) -> Tensor:
    shares = torch.from_numpy(weights.astype(np.float64))
    return torch.multinomial(shares, count, replacement=True, generator=generator)


def _look(activations: np.ndarray, rows: np.ndarray, generator: torch.Generator) -> Tensor:
    """One look at each of the faces, drawn evenly."""
    looks = torch.randint(0, activations.shape[1], (len(rows),), generator=generator).numpy()
    return _as_input(activations[rows, looks])


def _as_input(activations: np.ndarray) -> Tensor:
    return torch.from_numpy(activations.astype(np.float32)).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def _move(average: _Upper, network: _Upper, kept: float) -> None:
    """The weights that change, and the batch statistics."""
    for mean, current in zip(average.parameters(), network.parameters(), strict=True):
        if current.requires_grad:
            mean.lerp_(current, 1 - kept)
    for kept_buffer, buffer in zip(average.buffers(), network.buffers(), strict=True):
        if kept_buffer.is_floating_point():
            kept_buffer.lerp_(buffer, 1 - kept)
        else:
            kept_buffer.copy_(buffer)


def _probs(network: _Upper, activations: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(N, K) mean softmax of the plain look and its mirror image."""
    network.eval()
    parts = [np.zeros((0, network.head.out_features), np.float32)]
    for start in range(0, len(rows), _BATCH):
        seen = activations[rows[start : start + _BATCH], :PLAIN_LOOKS]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            logits = network(_as_input(seen.reshape(-1, *seen.shape[2:]))).float()
        parts.append(torch.softmax(logits, 1).reshape(len(seen), PLAIN_LOOKS, -1).mean(1).numpy())
    return np.concatenate(parts)
