"""What a face does: muscles as numbers, and the seven expressions made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7


@dataclass(frozen=True, slots=True)
class Muscles:
    """Activations around 0 = relaxed; 1 is strong. After the action units of Ekman and Friesen (FACS)."""

    brow_inner: float = 0.0
    """Inner end of the brows up (AU1) or down (AU4)."""
    brow_outer: float = 0.0
    """Outer end of the brows up (AU2) or down."""
    brow_squeeze: float = 0.0
    """Brows drawn together (AU4)."""
    lid: float = 0.0
    """Upper lid raised (AU5) or, below 0, lowered; -1 is a closed eye."""
    lower_lid: float = 0.0
    """Lower lid raised and tight (AU7)."""
    cheek: float = 0.0
    """Cheeks raised (AU6)."""
    nose: float = 0.0
    """Nose wrinkled (AU9)."""
    corner: float = 0.0
    """Corners of the mouth up (AU12) or down (AU15)."""
    wide: float = 0.0
    """Mouth stretched (AU20) or, below 0, narrowed."""
    jaw: float = 0.0
    """Mouth opened downwards (AU25 to AU27)."""
    lip_up: float = 0.0
    """Upper lip raised from the teeth (AU10)."""
    square: float = 0.0
    """Opening of the mouth angular instead of round."""
    press: float = 0.0
    """Lips pressed and thin (AU24)."""
    pout: float = 0.0
    """Chin and lower lip pushed up (AU17)."""
    gaze_x: float = 0.0
    gaze_y: float = 0.0

    def toward(self, other: Muscles, share: float) -> Muscles:
        """The state between this one (share 0) and another (share 1); beyond 1 is stronger."""
        return Muscles(
            **{
                f.name: getattr(self, f.name) + (getattr(other, f.name) - getattr(self, f.name)) * share
                for f in fields(self)
            }
        )


# Two ways of showing each emotion: most instances lie between them.
_EXPRESSIONS: Mapping[str, tuple[Muscles, Muscles]] = {
    "neutral": (Muscles(), Muscles(lid=-0.06, corner=0.06)),
    "joy": (
        Muscles(brow_inner=0.15, brow_outer=0.25, lower_lid=0.6, cheek=1.0, corner=1.0, wide=0.75, jaw=0.55, lip_up=0.35),
        Muscles(brow_outer=0.1, lid=-0.1, lower_lid=0.75, cheek=0.9, corner=1.05, wide=0.65, jaw=0.06),
    ),
    "sadness": (
        Muscles(brow_inner=1.0, brow_outer=-0.6, brow_squeeze=0.5, lid=-0.35, corner=-0.9, wide=-0.15, pout=0.7, gaze_y=0.5),
        Muscles(brow_inner=0.85, brow_outer=-0.7, brow_squeeze=0.6, lid=-0.22, lower_lid=0.3, corner=-1.0, wide=0.1,
                jaw=0.12, pout=0.4, gaze_y=0.2),
    ),
    "anger": (
        Muscles(brow_inner=-1.0, brow_outer=0.15, brow_squeeze=1.0, lid=0.05, lower_lid=0.55, nose=0.25, corner=-0.35,
                wide=0.2, jaw=0.42, lip_up=0.5, square=1.0),
        Muscles(brow_inner=-1.0, brow_outer=0.05, brow_squeeze=1.0, lid=-0.1, lower_lid=0.6, nose=0.15, corner=-0.45,
                wide=0.05, press=1.0, pout=0.3),
    ),
    "surprise": (
        Muscles(brow_inner=1.0, brow_outer=1.0, lid=0.75, wide=-0.5, jaw=1.0),
        Muscles(brow_inner=0.9, brow_outer=1.1, lid=0.6, wide=-0.4, jaw=0.65),
    ),
    "fear": (
        Muscles(brow_inner=1.0, brow_outer=0.1, brow_squeeze=0.8, lid=0.75, lower_lid=0.3, corner=-0.45, wide=0.8,
                jaw=0.4, square=0.6),
        Muscles(brow_inner=0.9, brow_outer=0.2, brow_squeeze=0.9, lid=0.6, lower_lid=0.35, corner=-0.6, wide=0.65,
                jaw=0.2, square=0.9, gaze_x=0.5),
    ),
    "disgust": (
        Muscles(brow_inner=-0.55, brow_outer=-0.15, brow_squeeze=0.55, lid=-0.3, lower_lid=0.8, cheek=0.5, nose=1.0,
                corner=-0.6, wide=-0.1, jaw=0.1, lip_up=1.0, pout=0.5),
        Muscles(brow_inner=-0.5, brow_outer=0.0, brow_squeeze=0.5, lid=-0.4, lower_lid=0.7, cheek=0.6, nose=1.0,
                corner=-0.8, wide=0.1, jaw=0.2, lip_up=0.85, pout=0.3, gaze_x=-0.6),
    ),
}  # fmt: skip
assert tuple(_EXPRESSIONS) == EKMAN7.labels, "one expression a label"

_SPREAD = 0.07  # standard deviation of a muscle between two instances of one expression


def expression(label: str, intensity: float, rng: np.random.Generator) -> Muscles:
    """One instance of an expression; intensity 0 (relaxed) to 1. An unknown label raises InputError."""
    EKMAN7.index(label)
    if not 0.0 <= intensity <= 1.0:
        raise InputError(f"an intensity of {intensity} is not possible", hint="give a number from 0 to 1")
    first, second = _EXPRESSIONS[label]
    # Most faces lean to one of the two ways.
    full = first.toward(second, float(rng.beta(0.5, 0.5)))
    state = Muscles().toward(full, intensity)
    noise = rng.normal(0.0, _SPREAD, len(fields(Muscles)))
    return replace(
        state, **{f.name: getattr(state, f.name) + float(n) for f, n in zip(fields(Muscles), noise, strict=True)}
    )
