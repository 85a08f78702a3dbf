"""Whether pictures still go with their lines: in a dialogue, pictures of neighbouring lines look alike.

Public code for such data shuffles the lines of a split and leaves the pictures, or numbers them anew. Nothing fails
then, and a model learns noise. Where lines are paired with pictures by their number alone, the pictures themselves tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np
from PIL import Image

from mmemo.datasets.paired import PairedSet, Pictures, present_rows
from mmemo.datasets.sources import ClipFrames

_THUMB_PX = 8
# With fewer pairs even perfect likeness could be chance.
_MIN_PAIRS = 20
_CLIP_PAIRS = 80
_MAX_CHANCE = 0.001
# Of pictures in order at least so many neighbours look alike (three of four among faces of feature films).
_LEAST_ALIKE = 0.65
_MAX_MISSED = 0.02


@dataclass(frozen=True, slots=True)
class Alignment:
    """Of `pairs` neighbours, how many look more alike than one of them and a picture of another group.

    By chance it would be about half of them.
    """

    source: str
    pairs: int
    alike: int

    @property
    def aligned(self) -> bool | None:
        """True when chance alone gives so many alike in less than one case of a thousand.

        False when pictures in order would give so few in less than one case of fifty; None when neither is so.
        """
        if self.pairs >= _MIN_PAIRS and _share_of_cases(self.pairs, self.alike, self.pairs, 0.5) < _MAX_CHANCE:
            return True
        return False if _share_of_cases(0, self.alike, self.pairs, _LEAST_ALIKE) < _MAX_MISSED else None

    def __str__(self) -> str:
        if not self.pairs:
            return f"{self.source}: no neighbouring pictures of one group to tell whether they fit their rows"
        told = f"{self.alike} of {self.pairs} neighbours look more alike than pictures of different groups"
        verdict = {
            True: "they are in the order of the rows",
            False: "they may have been shuffled",
            None: "too few to tell",
        }
        return f"{self.source}: {told}; {verdict[self.aligned]}"


def _share_of_cases(first: int, last: int, pairs: int, chance: float) -> float:
    """How often between so many of `pairs` come out alike when each does with that chance."""
    low, high = sorted((first, last))
    return sum(comb(pairs, k) * chance**k * (1 - chance) ** (pairs - k) for k in range(low, high + 1))


def check_alignment(paired: PairedSet, source: str, pairs: int = 200, seed: int = 0) -> Alignment:
    """Compare pictures of neighbouring rows of a group with those of other groups, on at most `pairs` pairs.

    Reads three pictures a pair; of clips, which take longer, a frame each and at most 80 pairs. Sets without groups of
    several pictures cannot be told.
    """
    pictures = paired.pictures[source]
    if isinstance(pictures, ClipFrames):
        pictures, pairs = replace(pictures, frames=1), min(pairs, _CLIP_PAIRS)
    groups = np.array(paired.groups, object)
    there = present_rows(pictures)
    near = np.flatnonzero((groups[1:] == groups[:-1]) & there[1:] & there[:-1])
    chance = np.random.default_rng(seed)
    chosen = np.sort(chance.choice(near, min(pairs, len(near)), replace=False)) if len(near) else near
    rows = np.flatnonzero(there)
    compared = alike = 0
    for row in chosen.tolist():
        others = [other for other in chance.choice(rows, 20).tolist() if groups[other] != groups[row]]
        thumbs = [_thumb(pictures, number) for number in (row, row + 1, *others[:1])]
        first, second, far = [*thumbs, None, None, None][:3]
        if first is None or second is None or far is None:
            continue
        near_by, far_off = np.abs(first - second).mean(), np.abs(first - far).mean()
        if near_by == far_off:  # the same picture everywhere says nothing
            continue
        compared += 1
        alike += int(near_by < far_off)
    return Alignment(source, compared, alike)


def _thumb(pictures: Pictures, row: int) -> np.ndarray | None:
    """(8, 8, 3) float32 of a row's first picture; None without one."""
    frames = pictures[row]
    if not frames:
        return None
    small = Image.fromarray(frames[0]).resize((_THUMB_PX, _THUMB_PX), Image.Resampling.BOX)
    return np.asarray(small, np.float32)
