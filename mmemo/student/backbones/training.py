"""Training a whole face network on one or several sources of faces; it can be stopped and resumed at any step."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_value, publish_file
from mmemo.student.backbones.augmentation import STRONG, Augmentation, augment

Loss = Callable[[Tensor, Tensor], Tensor]
_MEAN, _STD = 0.5, 0.25
_WARM_UP = 0.3
_FIRST, _LAST = 1 / 25, 1 / 250_000
_STEPS_A_SEED = 1_000_003


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Faces that fill `share` of every batch: images (N, h, w) uint8 grey, targets (N, 7) rows sum to 1.

    `weights` (N,) above 0: how often a face is drawn beside the others.
    """

    images: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    loss: Loss
    share: float = 1.0

    def __post_init__(self) -> None:
        assert len(self.images) == len(self.targets) == len(self.weights) > 0, "one target and one weight a face"
        assert self.targets.shape[1] == len(EKMAN7) and (self.weights > 0).all()


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How long and how fast: AdamW, one cycle of the rate, and a moving average of the weights as the result.

    `frozen_statistics`: keep the batch statistics of the start, for few or strange faces. `frozen_blocks`: the stem
    and that many blocks after it stay as they started, statistics too; a step on a processor then takes half the time.
    """

    steps: int
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    average: float = 0.999
    seed: int = 0
    input_px: int = 112
    checkpoint_steps: int = 50
    frozen_statistics: bool = False
    frozen_blocks: int = 0
    augmentation: Augmentation = STRONG

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 2 or self.checkpoint_steps < 1:
            raise InputError("training needs at least one step and two faces a batch", hint="use the defaults")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed is {self.seed}", hint="use a whole number from 0 to 4294967295")


def train_network(
    network: nn.Module, sources: Sequence[Source], settings: NetworkSettings, checkpoint: Path
) -> Stage[tuple[nn.Module, list[float]]]:
    """Train, and return the averaged network for inference with the mean loss of every `checkpoint_steps`.

    What was trained is written to `checkpoint` every `checkpoint_steps`; with the same faces and settings the next
    call goes on from there and ends at the same weights. The file stays: the caller removes it when the result is
    safe. Polyak averaging as in Tarvainen and Valpola 2017 (mean teacher), with its warm-up.
    """
    trained = _Trained.start(network, settings, _key(network, sources, settings))
    trained.resume(checkpoint)
    for step in range(trained.step, settings.steps):
        trained.losses.append(_step(trained, sources, settings, step))
        trained.step = step + 1
        if trained.step % settings.checkpoint_steps == 0 or trained.step == settings.steps:
            trained.save(checkpoint)
        yield Progress("train network", step + 1, settings.steps, f"loss {np.mean(trained.losses[-20:]):.3f}")
    every = settings.checkpoint_steps
    curve = [float(np.mean(trained.losses[i : i + every])) for i in range(0, len(trained.losses), every)]
    return trained.averaged.eval(), curve


@dataclass(slots=True)
class _Trained:
    """All that changes during training."""

    network: nn.Module
    averaged: nn.Module
    optimizer: torch.optim.Optimizer
    key: str
    device: str
    step: int
    losses: list[float]

    @classmethod
    def start(cls, network: nn.Module, settings: NetworkSettings, key: str) -> _Trained:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        for part in _frozen(network, settings.frozen_blocks):
            part.requires_grad_(False)
        averaged = copy.deepcopy(network).requires_grad_(False)
        optimizer = torch.optim.AdamW(
            [value for value in network.parameters() if value.requires_grad],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        return cls(network, averaged, optimizer, key, device, 0, [])

    def save(self, path: Path) -> None:
        parts = {
            "key": self.key,
            "step": self.step,
            "losses": self.losses,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with publish_file(path) as temporary:
            torch.save(parts, temporary)

    def resume(self, path: Path) -> None:
        """Go on where the file stopped; one of other faces or settings, or a damaged one, is begun anew."""
        found = _read(path, self.device)
        if found is None or found.get("key") != self.key:
            return
        self.network.load_state_dict(found["network"])
        self.averaged.load_state_dict(found["averaged"])
        self.optimizer.load_state_dict(found["optimizer"])
        self.step, self.losses = int(found["step"]), list(found["losses"])


def _read(path: Path, device: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception:  # a torn file raises whatever its bytes happen to mean; starting anew is always right
        return None
    return found


def _key(network: nn.Module, sources: Sequence[Source], settings: NetworkSettings) -> str:
    from mmemo.student.backbones.loading import weights_hash

    faces = [
        (s.images.shape, int(s.images.sum()), float((s.targets * np.arange(1, 8)).sum()), float(s.weights.sum()), s.share)
        for s in sources
    ]  # fmt: skip
    losses = [getattr(s.loss, "__name__", type(s.loss).__name__) for s in sources]
    return hash_value({"start": weights_hash(network), "faces": faces, "losses": losses, "settings": settings})


def _step(trained: _Trained, sources: Sequence[Source], settings: NetworkSettings, step: int) -> float:
    # Every step has random numbers of its own, so that a resumed run goes on exactly as if it had not stopped.
    generator = torch.Generator().manual_seed((settings.seed * _STEPS_A_SEED + step) % 2**63)
    torch.manual_seed((settings.seed * _STEPS_A_SEED + step) % 2**63)
    trained.network.train(not settings.frozen_statistics)
    for part in _frozen(trained.network, settings.frozen_blocks):
        part.eval()
    batches = [_batch(source, settings, generator) for source in sources]
    images = torch.cat([faces for faces, _ in batches]).to(trained.device)
    # On processors the backward step of the depthwise layers takes 1.6 times as long in bfloat16 as in float32.
    with torch.autocast(trained.device, torch.bfloat16, enabled=trained.device == "cuda"):
        logits = trained.network(images.contiguous(memory_format=torch.channels_last)).float()
    parts = logits.split([len(faces) for faces, _ in batches])
    each = [
        source.loss(part, targets.to(trained.device))
        for source, part, (_, targets) in zip(sources, parts, batches, strict=True)
    ]
    value = torch.cat(each).mean()
    for group in trained.optimizer.param_groups:
        group["lr"] = settings.learning_rate * one_cycle(step, settings.steps)
    trained.optimizer.zero_grad()
    value.backward()  # type: ignore[no-untyped-call]
    trained.optimizer.step()
    _average(trained, min(settings.average, (1 + step) / (10 + step)))
    return float(value.detach())


def _frozen(network: nn.Module, blocks: int) -> list[nn.Module]:
    """The stem and the first blocks of an EfficientNet; nothing for 0 blocks, whatever the network."""
    return [network.conv_stem, network.bn1, *list(network.blocks)[:blocks]] if blocks else []  # type: ignore[list-item, arg-type]


def _batch(source: Source, settings: NetworkSettings, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Drawn and changed faces (b, 3, px, px), prepared as the embedded network reads them, and targets (b, 7)."""
    count = max(1, round(settings.batch_size * source.share))
    rows = torch.multinomial(torch.from_numpy(source.weights), count, replacement=True, generator=generator).numpy()
    grey = torch.from_numpy(source.images[rows].astype(np.float32))[:, None] / 255
    faces = augment(grey, settings.input_px, settings.augmentation, generator)
    targets = torch.from_numpy(source.targets[rows].astype(np.float32))
    return ((faces - _MEAN) / _STD).expand(-1, 3, -1, -1), targets


@torch.no_grad()
def _average(trained: _Trained, decay: float) -> None:
    current = trained.network.state_dict()
    for name, mean in trained.averaged.state_dict().items():
        if mean.is_floating_point():
            mean.lerp_(current[name], 1 - decay)
        else:
            mean.copy_(current[name])


def one_cycle(step: int, steps: int) -> float:
    """Share of the highest rate at a step: up by a cosine for 30 % of the way, then down to nearly nothing.

    Smith and Topin 2019, "Super-convergence"; without the cycle of the momentum.
    """
    done = step / max(steps - 1, 1)
    low, high, way = (_FIRST, 1.0, done / _WARM_UP) if done < _WARM_UP else (_LAST, 1.0, (1 - done) / (1 - _WARM_UP))
    return low + (high - low) * (1 - math.cos(math.pi * way)) / 2


def balanced_weights(labels: np.ndarray, power: float = 0.5) -> np.ndarray:
    """(N,) classes -> (N,) 1 / count ** power of the class of each: rare ones are drawn more often."""
    counts = np.bincount(labels, minlength=len(EKMAN7))
    weights: np.ndarray = 1.0 / counts[labels] ** power
    return weights


def smoothed(targets: np.ndarray, smoothing: float = 0.05) -> np.ndarray:
    """(N, K) targets with a share spread evenly (label smoothing, Szegedy et al. 2016, section 7)."""
    spread: np.ndarray = (targets * (1 - smoothing) + smoothing / targets.shape[1]).astype(np.float32)
    return spread
