"""Who speaks: the motion of a mouth beyond the motion of its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from PIL import Image

from mmemo.episode.tracks import Track
from mmemo.errors import InputError

# Sizes in distances between the eyes; `_EYE_PX` is what that distance becomes in the patches that are compared.
_EYE_PX = 20
_MOUTH_WIDTH, _MOUTH_HEIGHT = 1.2, 0.9
_UPPER_WIDTH, _UPPER_HEIGHT = 1.8, 0.9
_SEARCH_PX = 4
_MIN_PAIRS = 3


@dataclass(frozen=True, slots=True)
class SpeakerSettings:
    """When a mouth speaks. Scores are mouth motion over upper-face motion, about 1 for a closed mouth.

    `margin`: the speaker's score must be this many times every other's. `speaks_above`: the least score of a speaker
    among several. `still_below`: one face with a lower score, in a moving picture, listens to a voice from off screen.
    `moves_above`: grey levels of change at the face below which the picture counts as a still, which tells nothing.
    """

    margin: float = 1.5
    speaks_above: float = 1.5
    still_below: float = 1.15
    moves_above: float = 0.7

    def __post_init__(self) -> None:
        if self.margin < 1.0:
            raise InputError("the speaker margin must be at least 1", hint="1.5 is a good value, more drops more cues")
        if self.still_below < 0 or self.speaks_above < self.still_below:
            raise InputError("a speaking mouth must score at least as high as a still one", hint="use 1.5 and 1.15")


@dataclass(frozen=True, slots=True)
class MouthMotion:
    """Motion of one face over a cue.

    `mouth` and `upper` are the share of the face's contrast that changes after the head's motion is taken out;
    `picture` is the plain change at the face in grey levels; `pairs` of frames were compared.
    """

    mouth: float
    upper: float
    picture: float
    pairs: int

    @property
    def score(self) -> float:
        """Mouth motion over upper-face motion, 0 for a picture that does not change or too few frames."""
        return self.mouth / max(self.upper, _NOISE) if self.pairs >= _MIN_PAIRS else 0.0


# Changes below this share of a face's contrast are coding noise.
_NOISE = 0.02
UNKNOWN_MOTION = MouthMotion(0.0, 0.0, 0.0, 0)


class Verdict(str, Enum):
    """What the mouths of a cue tell."""

    SPEAKER = "speaker"
    OFF_SCREEN = "off_screen"
    UNCLEAR = "unclear"


def mouth_motion(track: Track, times_ms: Sequence[int], greys: Sequence[np.ndarray], scale: float) -> MouthMotion:
    """Compare a face's mouth in neighbouring (h, w) uint8 frames of its shot; `scale` is grey px over full px.

    Patches are cut at the landmarks, interpolated between the frames with a detection. The shift that aligns the eyes
    and cheeks of two frames is the head's motion and is taken out of the mouth as well.
    """
    pictures = [Image.fromarray(grey) for grey in greys]
    upper, mouth, plain = [], [], []
    for i in range(len(pictures) - 1):
        points = track.landmarks_at((times_ms[i] + times_ms[i + 1]) // 2) * scale
        before, after = (_patches(picture, points) for picture in pictures[i : i + 2])
        contrast = max(float(np.std(before[0])), 4.0)
        shift, change = _best_shift(before[0], after[0], (0, 0), _SEARCH_PX)
        upper.append(change / contrast)
        mouth.append(_best_shift(before[1], after[1], shift, 1)[1] / contrast)
        plain.append(float(np.abs(before[0] - after[0]).mean()))
    if not upper:
        return UNKNOWN_MOTION
    # Speech opens the mouth often, a blink moves the eyes rarely: a high share of the one, the middle of the other.
    return MouthMotion(
        float(np.percentile(mouth, 75)), float(np.median(upper)), float(np.percentile(plain, 75)), len(upper)
    )


def choose_speaker(motions: Sequence[MouthMotion], settings: SpeakerSettings) -> tuple[Verdict, int | None]:
    """The index of the face that speaks, when one does clearly; `motions` has at least one face.

    One face speaks unless its picture moves and its mouth does not. Of several, one must beat every other by the
    margin.
    """
    assert motions, "somebody must be there"
    if len(motions) == 1:
        only = motions[0]
        listens = only.pairs >= _MIN_PAIRS and only.picture > settings.moves_above and only.score < settings.still_below
        return (Verdict.OFF_SCREEN, None) if listens else (Verdict.SPEAKER, 0)
    order = sorted(range(len(motions)), key=lambda i: -motions[i].score)
    best, second = motions[order[0]].score, motions[order[1]].score
    if best >= settings.speaks_above and best >= settings.margin * second:
        return Verdict.SPEAKER, order[0]
    return Verdict.UNCLEAR, None


def _patches(picture: Image.Image, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The upper face and the mouth as float32 grey levels, at `_EYE_PX` between the eyes, with a search margin."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    # The distance between the eyes shrinks in profile, the one to the mouth does not.
    unit_px = max(float(np.linalg.norm(points[1] - points[0])), 0.8 * float(np.linalg.norm(mouth - eyes)), 2.0)
    down = (mouth - eyes) / max(float(np.linalg.norm(mouth - eyes)), 1e-6)
    upper_centre, mouth_centre = eyes + 0.3 * unit_px * down, mouth + 0.1 * unit_px * down
    return (
        _patch(picture, upper_centre, unit_px, _UPPER_WIDTH, _UPPER_HEIGHT),
        _patch(picture, mouth_centre, unit_px, _MOUTH_WIDTH, _MOUTH_HEIGHT),
    )


def _patch(picture: Image.Image, centre: np.ndarray, unit_px: float, width: float, height: float) -> np.ndarray:
    margin = 2 * _SEARCH_PX / _EYE_PX
    half = np.array([width + margin, height + margin]) * unit_px / 2
    left, top = np.clip(centre - half, 0, [picture.width - 2, picture.height - 2])
    right, bottom = np.clip(centre + half, [left + 1, top + 1], [picture.width, picture.height])
    size = round(width * _EYE_PX) + 2 * _SEARCH_PX, round(height * _EYE_PX) + 2 * _SEARCH_PX
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)), np.float32)


def _best_shift(
    before: np.ndarray, after: np.ndarray, around: tuple[int, int], reach_px: int
) -> tuple[tuple[int, int], float]:
    """The shift (rows, columns) near `around` that makes two patches most alike, and the mean change left over.

    The common brightness is taken out, so that a flicker of the light is no motion.
    """
    edge = _SEARCH_PX
    core = before[edge:-edge, edge:-edge]
    windows = np.lib.stride_tricks.sliding_window_view(after, core.shape)
    rows = slice(max(0, edge + around[0] - reach_px), edge + around[0] + reach_px + 1)
    columns = slice(max(0, edge + around[1] - reach_px), edge + around[1] + reach_px + 1)
    difference = windows[rows, columns] - core
    difference = difference - difference.mean(axis=(2, 3), keepdims=True)
    change = np.abs(difference).mean(axis=(2, 3))
    row, column = divmod(int(change.argmin()), change.shape[1])
    return (rows.start + row - edge, columns.start + column - edge), float(change[row, column])
