"""Who speaks: the motion of a mouth beyond the motion of its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np
from PIL import Image

from mmemo.episode.alignment import BORDER_PX, rigid_change, shifted_change
from mmemo.episode.tracks import Track
from mmemo.errors import InputError

# Sizes in distances between the eyes; `_EYE_PX` is what that distance becomes in the patches that are compared.
_EYE_PX = 20
_MOUTH_SIZE = (1.2, 0.9)
_UPPER_SIZE = (1.8, 0.9)
_FACE_SIZE = (2.0, 2.0)
_MIN_PAIRS = 3
# Changes below this share of a face's contrast are coding noise; a flatter face than this has no contrast.
_NOISE = 0.02
_MIN_CONTRAST = 4.0


@dataclass(frozen=True, slots=True)
class SpeakerSettings:
    """When a mouth speaks. Scores are mouth motion over upper-face motion, about 1 for a closed mouth.

    `speaks_above`: of several faces exactly one must score this much. `margin`: and this many times every other's.
    `still_below`: one face that scores less may be listening to a voice from off screen, when it `lives_above`: that
    share of its contrast changes within the cue beyond any motion of the camera. A still picture tells nothing.
    """

    margin: float = 1.5
    speaks_above: float = 1.8
    still_below: float = 1.15
    lives_above: float = 0.08

    def __post_init__(self) -> None:
        if not 1.0 <= self.margin < float("inf"):
            raise InputError("the speaker margin must be at least 1", hint="1.5 is a good value, more drops more cues")
        if not 0 <= self.still_below <= self.speaks_above:
            raise InputError("a speaking mouth must score at least as high as a still one", hint="use 1.8 and 1.15")


@dataclass(frozen=True, slots=True)
class MouthMotion:
    """Motion of one face over a cue, as shares of the face's contrast, in `pairs` of neighbouring frames.

    The head's motion is taken out of both `mouth` and `upper`, the eyes and cheeks.
    """

    mouth: float = 0.0
    upper: float = 0.0
    pairs: int = 0

    @property
    def score(self) -> float:
        """Mouth motion over upper-face motion; 0 when nothing moves or too few frames tell."""
        return self.mouth / max(self.upper, _NOISE) if self.pairs >= _MIN_PAIRS else 0.0


class Verdict(str, Enum):
    """What the mouths of a cue tell; SILENT is one face that does not speak, if it is alive."""

    SPEAKER = "speaker"
    SILENT = "silent"
    UNCLEAR = "unclear"


def mouth_motion(track: Track, times_ms: Sequence[int], greys: Sequence[np.ndarray], scale: float) -> MouthMotion:
    """Compare a face's mouth in neighbouring (h, w) uint8 frames of its shot; `scale` is grey px over full px.

    Patches are cut at the landmarks, interpolated between the frames with a detection. The shift that aligns the eyes
    and cheeks of two frames is the head's motion, and the mouth is looked for there.
    """
    pictures = [Image.fromarray(grey) for grey in greys]
    upper, mouth = [], []
    for i in range(len(pictures) - 1):
        points = track.landmarks_at((times_ms[i] + times_ms[i + 1]) // 2) * scale
        before, after = (_upper_and_mouth(picture, points) for picture in pictures[i : i + 2])
        contrast = max(float(np.std(before[0])), _MIN_CONTRAST)
        shift, change = shifted_change(before[0], after[0])
        upper.append(change / contrast)
        mouth.append(shifted_change(before[1], after[1], shift, 1)[1] / contrast)
    if not upper:
        return MouthMotion()
    # Speech opens the mouth often, a blink moves the eyes rarely: a high share of the one, the middle of the other.
    return MouthMotion(float(np.percentile(mouth, 75)), float(np.median(upper)), len(upper))


def liveliness(track: Track, greys: Sequence[np.ndarray], scale: float) -> float:
    """Largest share of a face's contrast that changes between its detections beyond an affine motion.

    `greys` are the (h, w) uint8 face frames of the cue. A camera over a still stays below 0.07 in most cases, a real
    face is above 0.15 within a second. 0 for a face seen once.
    """
    patches = [
        _face(Image.fromarray(greys[face.frame_index]), face.landmarks * np.float32(scale)) for face in track.faces
    ]
    changes = [rigid_change(a, b) / max(float(np.std(a)), _MIN_CONTRAST) for a, b in pairwise(patches)]
    return max(changes, default=0.0)


def choose_speaker(motions: Sequence[MouthMotion], settings: SpeakerSettings) -> tuple[Verdict, int | None]:
    """The index of the face that speaks, when one does clearly; `motions` has at least one face.

    One face alone speaks unless its mouth is still. Of several, one mouth must speak, the others not, by a margin.
    """
    assert motions, "somebody must be there"
    scores = [motion.score for motion in motions]
    if len(scores) == 1:
        is_still = motions[0].pairs >= _MIN_PAIRS and scores[0] < settings.still_below
        return (Verdict.SILENT if is_still else Verdict.SPEAKER), 0
    best = int(np.argmax(scores))
    second = max(score for i, score in enumerate(scores) if i != best)
    if scores[best] >= settings.speaks_above > second and scores[best] >= settings.margin * second:
        return Verdict.SPEAKER, best
    return Verdict.UNCLEAR, None


def _geometry(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Middle of the eyes, middle of the mouth, and the distance between the eyes as it would be from the front."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    # The distance between the eyes shrinks in profile, the one to the mouth does not.
    unit_px = max(float(np.linalg.norm(points[1] - points[0])), 0.8 * float(np.linalg.norm(mouth - eyes)), 2.0)
    return eyes, mouth, unit_px


def _upper_and_mouth(picture: Image.Image, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    eyes, mouth, unit_px = _geometry(points)
    down = (mouth - eyes) / max(float(np.linalg.norm(mouth - eyes)), 1e-6) * unit_px
    return (
        _patch(picture, eyes + 0.3 * down, unit_px, _UPPER_SIZE),
        _patch(picture, mouth + 0.1 * down, unit_px, _MOUTH_SIZE),
    )


def _face(picture: Image.Image, points: np.ndarray) -> np.ndarray:
    eyes, mouth, unit_px = _geometry(points)
    return _patch(picture, (eyes + mouth) / 2, unit_px, _FACE_SIZE)


def _patch(picture: Image.Image, centre: np.ndarray, unit_px: float, size: tuple[float, float]) -> np.ndarray:
    """(H, W) float32 grey levels of a rectangle, `_EYE_PX` to the unit, with `BORDER_PX` around it."""
    out_px = [round(edge * _EYE_PX) + 2 * BORDER_PX for edge in size]
    half = np.array(out_px) * unit_px / _EYE_PX / 2
    left, top = np.clip(centre - half, 0, [picture.width - 2, picture.height - 2])
    right, bottom = np.clip(centre + half, [left + 1, top + 1], [picture.width, picture.height])
    cut = picture.resize((out_px[0], out_px[1]), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    return np.asarray(cut, np.float32)
