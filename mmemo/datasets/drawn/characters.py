"""The cast of the drawn show: what tells its eight characters apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mmemo.datasets.drawn.brush import Colour

HairStyle = Literal["bob", "curls", "bun", "bald", "fringe", "tousled", "puff", "parted"]


@dataclass(frozen=True, slots=True)
class Character:
    """One person: shapes as factors around 1, colours as RGB, and the pitch of the voice in Hz."""

    name: str
    skin: Colour
    hair: Colour
    hair_style: HairStyle
    iris: Colour
    lips: Colour
    clothes: Colour
    pitch_hz: float
    width: float = 1.0
    jaw: float = 1.0
    chin: float = 1.0
    eye: float = 1.0
    nose: float = 1.0
    mouth: float = 1.0
    lip_fullness: float = 1.0
    brow: float = 1.0
    age: float = 0.0
    lashes: float = 0.4
    freckles: bool = False
    glasses: bool = False
    beard: bool = False
    moustache: bool = False
    earrings: bool = False


_CAST = (
    Character(
        "Nora", (232, 186, 158), (126, 52, 30), "bob", (74, 112, 70), (188, 84, 84), (46, 84, 96), 205.0,
        jaw=0.94, eye=1.05, lip_fullness=1.1, brow=0.85, lashes=0.9, age=0.25, earrings=True,
    ),
    Character(
        "Theo", (176, 122, 86), (38, 26, 22), "curls", (74, 46, 28), (150, 84, 74), (152, 84, 44), 128.0,
        jaw=1.03, nose=1.05, brow=1.2, lip_fullness=1.1,
    ),
    Character(
        "Ida", (236, 198, 178), (188, 186, 188), "bun", (86, 120, 150), (190, 108, 106), (110, 74, 116), 188.0,
        width=0.98, jaw=0.98, eye=0.95, mouth=0.95, brow=0.7, lashes=0.4, age=1.0, glasses=True, earrings=True,
    ),
    Character(
        "Viktor", (222, 176, 148), (84, 66, 54), "bald", (98, 108, 116), (176, 104, 96), (84, 92, 60), 92.0,
        width=1.06, jaw=1.14, nose=1.15, eye=0.93, brow=1.35, age=0.7, beard=True,
    ),
    Character(
        "Mei", (240, 204, 170), (24, 22, 30), "fringe", (52, 34, 26), (204, 96, 98), (178, 52, 58), 232.0,
        width=0.99, jaw=0.9, nose=0.85, eye=1.04, brow=0.8, lashes=0.8, mouth=0.92,
    ),
    Character(
        "Jonah", (244, 204, 180), (198, 96, 40), "tousled", (92, 138, 168), (206, 120, 112), (66, 120, 168), 158.0,
        width=0.98, jaw=0.95, nose=0.92, eye=1.07, brow=0.9, freckles=True, chin=0.97,
    ),
    Character(
        "Amara", (124, 80, 56), (26, 20, 20), "puff", (48, 30, 20), (146, 62, 66), (214, 162, 50), 212.0,
        jaw=0.95, eye=1.06, nose=1.05, lip_fullness=1.4, brow=0.9, lashes=1.0, earrings=True,
    ),
    Character(
        "Felix", (228, 182, 156), (176, 138, 84), "parted", (80, 130, 140), (186, 110, 104), (52, 54, 74), 112.0,
        jaw=1.05, chin=1.04, nose=1.1, brow=1.0, age=0.5, moustache=True,
    ),
)  # fmt: skip

CAST: Mapping[str, Character] = {character.name: character for character in _CAST}
