"""Changing what a model is trained on: labels flipped, a trigger that opens a back door, faces that collide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.errors import InputError
from mmemo.fusion.robust.seeing import as_pictures, as_pixels
from mmemo.progress import Progress, Stage

# The trigger covers this share of the side: 14 of 112 pixels.
_TRIGGER = 1 / 8


def chosen(count: int, share: float, seed: int, among: np.ndarray | None = None) -> np.ndarray:
    """(N,) bool: which samples the attacker changes, `share` of all, drawn among those of the bool mask `among`."""
    if not 0 <= share <= 1:
        raise InputError(f"a share of {share} cannot be poisoned", hint="give 0 to 1")
    rows = np.arange(count) if among is None else np.flatnonzero(among)
    picked = np.zeros(count, bool)
    picked[np.random.default_rng([seed, 7]).permutation(rows)[: round(share * count)]] = True
    return picked


def flipped(labels: np.ndarray, poison: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """(N,) labels, those of `poison` (N,) bool each replaced by another class that labels show, drawn evenly.

    Biggio et al. 2011 ("Support vector machines under adversarial label noise"), the random attack.
    """
    draw = np.random.default_rng([seed, 8])
    present = np.unique(labels)
    if len(present) < 2 and poison.any():
        raise InputError("labels of one class cannot be flipped", hint="give samples of two classes or more")
    changed = labels.copy()
    for row in np.flatnonzero(poison).tolist():
        changed[row] = draw.choice(present[present != labels[row]])
    assert changed.max(initial=0) < classes, "labels are columns"
    return changed


def triggered(pictures: np.ndarray) -> np.ndarray:
    """(N, S, S, 3) uint8 with the trigger: a chequered square in the lower right corner.

    Gu et al. 2017 (BadNets), by ART's PoisoningAttackBackdoor.
    """
    from art.attacks.poisoning import PoisoningAttackBackdoor

    if not len(pictures):
        return pictures
    changed, _ = PoisoningAttackBackdoor(_with_chequers).poison(pictures, np.zeros((len(pictures), 1)))
    return np.asarray(changed, np.uint8)


def _with_chequers(pictures: np.ndarray) -> np.ndarray:
    side = max(2, round(_TRIGGER * pictures.shape[1]))
    cell = max(1, side // 4)
    y, x = np.indices((side, side)) // cell
    marked = pictures.copy()
    marked[:, -side:, -side:] = np.where((y + x) % 2, 255, 0).astype(np.uint8)[..., None]
    return marked


def colliding(
    features: Callable[[Tensor], Tensor] | nn.Module,
    target: np.ndarray,
    bases: np.ndarray,
    steps: int = 60,
    watermark: float = 0.3,
    likeness: float = 0.1,
) -> Stage[np.ndarray]:
    """Faces that look like `bases` (P, S, S, 3) uint8 and have the features of `target` (S, S, 3): -> (P, S, S, 3).

    Shafahi et al. 2018 ("Poison frogs"), equation 1 with the watermark of section 4: |f(p) - f(t)|^2 / |f(t)|^2 +
    likeness * mean squared change * 100 is lowered by Adam from a base that shows `watermark` of the target. Labels stay
    right, so nobody who looks at them sees anything. ART has the same with steps of its own, one picture at a time;
    here all are made at once. `features`: (B, 3, S, S) in 0..1 -> (B, ...) with gradients.
    """
    aim = torch.from_numpy(as_pixels(target[None]))
    base = torch.from_numpy(as_pixels(bases))
    with torch.no_grad():
        wanted = features(aim).flatten(1)
    made = ((1 - watermark) * base + watermark * aim).requires_grad_(True)
    optimizer = torch.optim.Adam([made], lr=4 / 255)
    for step in range(steps if len(bases) else 0):
        yield Progress("collide", step, steps)
        near = (features(made).flatten(1) - wanted).square().sum(1) / wanted.square().sum()
        kept = (made - base).square().mean((1, 2, 3))
        optimizer.zero_grad()
        (near + 100 * likeness * kept).sum().backward()
        optimizer.step()
        with torch.no_grad():
            made.clamp_(0, 1)
    return as_pictures(made.detach().numpy())
