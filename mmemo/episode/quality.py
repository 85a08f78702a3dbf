"""How well an emotion can be read from a face: its size, sharpness, light and pose, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from mmemo.episode.faces import sharpness
from mmemo.errors import InputError

# Five points of a mean face in distances between the pupils: x to the right of the picture, y down, z away from the
# viewer. Seen from the front they are the template to which ArcFace aligns faces (Deng et al. 2019; pupils 35.2 px
# apart there). Depths are anthropometric: with pupils 63 mm apart (Dodgson 2004) the tip of the nose lies about 30 mm
# before them, the corners of the mouth about 6 mm.
_MEAN_FACE = np.array(
    [[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [0.003, 0.572, -0.48], [-0.408, 1.157, -0.1], [0.42, 1.153, -0.1]], np.float64
)
_FIT_STEPS = 20
_SETTLED = 1e-4  # a hundredth of a degree
_LUMA_PX = 96
_HINT = "a face that is worth nothing must measure worse than one that counts in full"


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Angles of a head in degrees, 0 when it looks into the camera.

    `yaw_deg` is positive when the face turns to the right of the picture, `pitch_deg` when it looks up, `roll_deg`
    when the head is tilted clockwise as seen in the picture.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """What is measured on one face.

    `detection_prob` 0 to 1; `size_px` the longer edge of its box in the full frame; `sharpness` see `sharpness`;
    `brightness` the mean luma of its crop, 0 to 255; the angles see `HeadPose`.
    """

    detection_prob: float
    size_px: float
    sharpness: float
    brightness: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class QualitySettings:
    """Below which quality a face is not read at all, and from where on it counts in full.

    Every `min_` and `max_` is a threshold, every `good_` and `fair_` the value from which on nothing is lost; between
    the two the weight goes from 0.5 to 1, and the worst of a face's measures decides. A threshold lies where the
    embedded face network has lost about half of what it knows beyond always giving the same answer; full weight is
    where it has lost less than a tenth. Measured on 775 labelled faces from films, of which it gets 47.7 % right (the
    same answer for all: 16.8 %), by blurring, darkening, brightening and reducing them step by step:

    - size: 46.3 % at 64 px, 39.0 % at 32, 31.4 % at 24, 19.9 % at 16;
    - sharpness (median of the blurred faces): 45.5 % at 15, 37.9 % at 3.7, 25.7 % at 2.1;
    - brightness: 20.0 % at 4, 36.5 % at 8, 44.5 % at 16, 47.2 % at 32, 46.8 % at 167, 39.5 % at 220, 31.1 % at 239;
      dark faces of real films, of 10 to 20, did worse than faces that were darkened for the trial;
    - yaw, not made but found, also on 1129 faces of an episode made of film stills: 50 % below 30 degrees, 44 %
      from 30 to 50, 32 % of 31 from 50 to 60, none of 15 beyond.

    Pitch and roll are told but not judged: faces turned up, down or aside as far as the detector finds them are read
    as well as others, and a smile, which lifts the corners of the mouth, looks like a nod. The detector's probability
    has a threshold of its own.
    """

    min_size_px: float = 24.0
    good_size_px: float = 64.0
    min_sharpness: float = 3.0
    good_sharpness: float = 15.0
    min_brightness: float = 7.0
    good_brightness: float = 24.0
    fair_brightness: float = 170.0
    max_brightness: float = 239.0
    fair_yaw_deg: float = 30.0
    max_yaw_deg: float = 60.0

    def __post_init__(self) -> None:
        rising = [
            ("size", self.min_size_px, self.good_size_px),
            ("sharpness", self.min_sharpness, self.good_sharpness),
            ("brightness", self.min_brightness, self.good_brightness),
            ("brightness", self.good_brightness, self.fair_brightness),
            ("brightness", self.fair_brightness, self.max_brightness),
            ("yaw", self.fair_yaw_deg, self.max_yaw_deg),
        ]
        for name, low, high in rising:
            if not 0 <= low <= high < float("inf"):
                raise InputError(f"the {name} thresholds of a face, {low:g} and {high:g}, are not in order", hint=_HINT)

    def weight(self, quality: FaceQuality) -> float:
        """What the face is worth beside others of its track: 0 below a threshold, else 0.5 to 1."""
        return min(
            _share(quality.size_px, self.min_size_px, self.good_size_px),
            _share(quality.sharpness, self.min_sharpness, self.good_sharpness),
            _share(quality.brightness, self.min_brightness, self.good_brightness),
            _share(-quality.brightness, -self.max_brightness, -self.fair_brightness),
            _share(-abs(quality.yaw_deg), -self.max_yaw_deg, -self.fair_yaw_deg),
        )


def quality_of(crop: np.ndarray, box_xyxy_px: np.ndarray, landmarks: np.ndarray, prob: float) -> FaceQuality:
    """Measure one face: its (S, S, 3) uint8 crop, (4,) box and (5, 2) landmarks in px of the frame, and probability."""
    x1, y1, x2, y2 = (float(v) for v in box_xyxy_px)
    luma = Image.fromarray(crop).convert("L").resize((_LUMA_PX, _LUMA_PX), Image.Resampling.BILINEAR)
    pose = pose_of(landmarks)
    return FaceQuality(
        detection_prob=float(prob),
        size_px=max(x2 - x1, y2 - y1),
        sharpness=sharpness(crop),
        brightness=float(np.asarray(luma, np.float32).mean()),
        yaw_deg=pose.yaw_deg,
        pitch_deg=pose.pitch_deg,
        roll_deg=pose.roll_deg,
    )


def _share(value: float, lowest: float, good: float) -> float:
    """0 below `lowest`, 0.5 there, 1 from `good` on; a value that is no number is worth nothing."""
    if not value >= lowest:
        return 0.0
    return 1.0 if value >= good else 0.5 + 0.5 * (value - lowest) / (good - lowest)


def pose_of(landmarks: np.ndarray) -> HeadPose:
    """The pose of a head from its (5, 2) landmarks in px: the weak-perspective fit of a mean five-point face.

    The depths of the points are filled in from the last fit and the rigid motion solved again, from the affine fit on
    (DeMenthon and Davis 1995, "Model-based object pose in 25 lines of code", for the camera; Horn et al. 1988 for the
    rotation). Five points of one mean face tell the yaw to about 10 degrees; landmarks that coincide give zeros.
    """
    model = _MEAN_FACE - _MEAN_FACE.mean(axis=0)
    points = np.asarray(landmarks, np.float64)
    points = points - points.mean(axis=0)
    if not np.isfinite(points).all() or float(np.abs(points).max()) < 1e-6:
        return HeadPose(0.0, 0.0, 0.0)
    rotation, scale = _start(model, points)
    for _ in range(_FIT_STEPS):
        before = rotation
        depths = scale * (model @ rotation[2])
        rotation, scale = _rigid(model, np.column_stack([points, depths]))
        if float(np.abs(rotation - before).max()) < _SETTLED:
            break
    yaw = np.arcsin(np.clip(rotation[2, 0], -1.0, 1.0))
    pitch = -np.arctan2(rotation[2, 1], rotation[2, 2])
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    return HeadPose(*(float(np.degrees(angle)) for angle in (yaw, pitch, roll)))


def _start(model: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, float]:
    """Nearest rotation (3, 3) and scale to the affine camera that maps the (5, 3) model to (5, 2) points."""
    rows = np.linalg.lstsq(model, points, rcond=None)[0].T
    left, sizes, right = np.linalg.svd(rows, full_matrices=False)
    first, second = left @ right
    return np.stack([first, second, np.cross(first, second)]), float(sizes.mean())


def _rigid(model: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, float]:
    """Rotation (3, 3) and scale that bring (5, 3) model points nearest to (5, 3) points, both around zero."""
    left, sizes, right = np.linalg.svd(points.T @ model)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return (left * sign) @ right, float((sizes * sign).sum() / (model * model).sum())
