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
# With fewer pairs even perfect likeness could be chance, or a shuffle go unseen.
_MIN_PAIRS = 20
_CLIP_PAIRS = 60
_MAX_CHANCE = 0.001


@dataclass(frozen=True, slots=True)
class Alignment:
    """Of `pairs` neighbours, how many look more alike than one of them and a picture of another group.

    `aligned` is None when there are too few pairs to tell. By chance it would be about half of them.
    """

    source: str
    pairs: int
    alike: int

    @property
    def aligned(self) -> bool | None:
        """True when chance alone gives so many alike in less than one case of a thousand."""
        if self.pairs < _MIN_PAIRS:
            return None
        tail = sum(comb(self.pairs, k) for k in range(self.alike, self.pairs + 1)) / 2**self.pairs
        return bool(tail < _MAX_CHANCE)

    def __str__(self) -> str:
        if self.aligned is None:
            return f"{self.source}: too few neighbouring pictures of one group to tell whether they fit their rows"
        told = f"{self.alike} of {self.pairs} neighbours look more alike than pictures of different groups"
        verdict = "they are in the order of the rows" if self.aligned else "they may have been shuffled"
        return f"{self.source}: {told}; {verdict}"


def check_alignment(paired: PairedSet, source: str, pairs: int = 200, seed: int = 0) -> Alignment:
    """Compare pictures of neighbouring rows of a group with those of other groups, on at most `pairs` pairs.

    Reads three pictures a pair; of clips, which take longer, a frame each and at most 60 pairs. Sets without groups of
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
