"""How a mouth moves beyond its head, and how a whole face does, over the frames of a cue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from mmemo.episode.alignment import BORDER_PX, aligned, main_changes, rigid_change, shifted_changes, weighted_changes
from mmemo.episode.tracks import Track

MIN_PAIRS = 3
# Sizes in distances between the eyes; `_EYE_PX` is what that distance becomes in the patches that are compared.
_EYE_PX = 20
_MOUTH_SIZE = (1.2, 0.9)
_UPPER_SIZE = (1.8, 0.9)
_FACE_SIZE = (2.0, 2.0)
# Changes below this share of a face's contrast are coding noise; a flatter face than this has no contrast.
_NOISE = 0.02
_MIN_CONTRAST = 4.0
_BLUR = np.array([1, 2, 3, 2, 1], np.float32) / 9
# How sharply the weights of a mouth fall towards the edges of its patch, and how far below the corners of the mouth
# they are highest, in px: the jaw and the lower lip move in speech, the upper lip hardly does.
_WEIGHTS_FALL, _JAW_PX = 3.0, 3.0
# So many ways of changing tell what a mouth does: the first may be that of one odd frame.
WAYS = 3


@dataclass(frozen=True, slots=True, eq=False)
class MouthMotion:
    """Motion of one face over a cue: changes between its N frames at `times_ms`, as shares of the face's contrast.

    `mouths` and `uppers`, the eyes and cheeks, are (N - 1,) float32 with the head's motion taken out of both. `lips` is
    the same for the lower lip and the jaw alone. `opening`, (N, WAYS) float32, is how far the mouth is along the
    changes that it makes most, of either sign: where teeth show, an open mouth is the brighter one.
    """

    times_ms: np.ndarray
    mouths: np.ndarray
    uppers: np.ndarray
    lips: np.ndarray
    opening: np.ndarray

    def __post_init__(self) -> None:
        pairs = max(len(self.times_ms) - 1, 0)
        assert self.mouths.shape == self.uppers.shape == self.lips.shape == (pairs,), "one change for each pair"
        assert self.opening.shape == (len(self.times_ms), WAYS), "one opening for each frame"

    @property
    def pairs(self) -> int:
        """How many pairs of neighbouring frames were compared."""
        return len(self.mouths)

    @property
    def score(self) -> float:
        """Mouth motion over upper-face motion; 0 when nothing moves or too few frames tell.

        Speech opens the mouth often, a blink moves the eyes rarely: a high share of the one, the middle of the other.
        """
        if self.pairs < MIN_PAIRS:
            return 0.0
        return float(np.percentile(self.mouths, 75)) / max(float(np.median(self.uppers)), _NOISE)


def mouth_motion(track: Track, times_ms: Sequence[int], greys: Sequence[np.ndarray], scale: float) -> MouthMotion:
    """Follow a face's mouth through the (h, w) uint8 frames of its shot; `scale` is grey px over full px.

    Patches are cut at the landmarks, interpolated between the frames with a detection. The shift that aligns the eyes
    and cheeks of two frames is the head's motion, and the mouth is looked for there.
    """
    times = np.array(times_ms, np.int64)
    if len(greys) < 2:
        none = np.empty(0, np.float32)
        return MouthMotion(times, none, none, none, np.zeros((len(times), WAYS), np.float32))
    patches = [
        _upper_and_mouth(Image.fromarray(grey), track.landmarks_at(time_ms) * scale)
        for time_ms, grey in zip(times_ms, greys, strict=True)
    ]
    uppers, mouths = (np.stack(part) for part in zip(*patches, strict=True))
    return motion_of_patches(times, uppers, mouths)


def motion_of_patches(times_ms: np.ndarray, uppers: np.ndarray, mouths: np.ndarray) -> MouthMotion:
    """The motion between N >= 2 patches (N, H, W) float32 of a face's eyes and cheeks, and of its mouth."""
    uppers, mouths = _smooth(uppers), _smooth(mouths)
    contrasts = np.maximum(uppers.std(axis=(1, 2)), _MIN_CONTRAST)
    shifts, upper = shifted_changes(uppers[:-1], uppers[1:])
    places, mouth = shifted_changes(mouths[:-1], mouths[1:], shifts, 1)
    lips = weighted_changes(mouths[:-1], mouths[1:], places, _weights(mouths.shape, _JAW_PX))
    # A head that nods leaves its landmarks, which are known in a few frames only: the eyes say where it is.
    usual = np.broadcast_to(np.median(uppers, axis=0), uppers.shape)
    settled = aligned(mouths, shifted_changes(usual, uppers)[0])
    opening = main_changes(settled, _weights(mouths.shape, 0.0), WAYS)
    contrast = float(np.median(contrasts))
    changes = (mouth / contrasts[:-1], upper / contrasts[:-1], lips / contrast, opening / contrast)
    return MouthMotion(times_ms, *(change.astype(np.float32) for change in changes))


def _weights(patches: tuple[int, ...], down_px: float) -> np.ndarray:
    """(H, W) float32 that sum to 1 and fall from `down_px` below the middle; without the border."""
    height, width = (edge - 2 * BORDER_PX for edge in patches[1:])
    y = 2 * (np.arange(height) - (height - 1) / 2 - down_px) / height
    x = 2 * (np.arange(width) - (width - 1) / 2) / width
    weights = np.exp(-_WEIGHTS_FALL * (y[:, None] ** 2 + x**2))
    return np.asarray(weights / weights.sum(), np.float32)


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


def _smooth(patches: np.ndarray) -> np.ndarray:
    """(N, H, W) pictures without their grain; a mouth that opens is wider than this."""
    for axis in (1, 2):
        reach = len(_BLUR) // 2
        padded = np.pad(patches, [(reach, reach) if i == axis else (0, 0) for i in range(3)], mode="edge")
        parts = (weight * padded.take(range(i, i + patches.shape[axis]), axis) for i, weight in enumerate(_BLUR))
        patches = sum(parts, np.zeros_like(patches))
    return patches


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
