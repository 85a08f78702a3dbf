"""Faces of one cue linked into tracks: the same face over several frames of one shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mmemo.episode.faces import Detections
from mmemo.errors import InputError

# A look is the square around a face with some hair and clothes, at a resolution where no expression is left.
_LOOK_PX = 12
_LOOK_MARGIN = 1.3
_LEVELS = 8
# Every colour is counted relative to the mean brightness, in steps of this share of it: a lamp changes nothing.
_STEP = 0.5
# A face that looks so much more like somebody else has swapped places with them.
_SWAP_MARGIN = 0.12


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """When a face is the one that was seen before in the same shot.

    In the same place (`min_overlap`, intersection over union) it must look at least `min_likeness` alike; elsewhere
    `moved_likeness`, not be further away than `max_distance` of its own size, and not differ in size by more than
    `max_size_ratio`. Likeness is 0 to 1. Of the looks of one acting person, half a second apart or a whole one, 99 %
    are at least 0.85 and 0.82 alike; those of two people in one picture are under 0.63 in half the cases and under
    0.80 in 95 %.
    """

    min_overlap: float = 0.2
    min_likeness: float = 0.72
    moved_likeness: float = 0.82
    max_distance: float = 3.0
    max_size_ratio: float = 1.5

    def __post_init__(self) -> None:
        if not 0 < self.min_overlap < 1:
            raise InputError("the overlap that links two faces must be between 0 and 1", hint="0.2 is a good value")
        if not 0 <= self.min_likeness <= self.moved_likeness <= 1:
            raise InputError(
                "a face that moved must look at least as much alike as one that did not, 0 to 1",
                hint="use 0.72 and 0.82",
            )
        if self.max_distance < 0 or self.max_size_ratio < 1:
            raise InputError("the distance and size ratio of linked faces are out of range", hint="use 3 and 1.5")


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face in one frame: `box` (4,) and `landmarks` (5, 2) float32 px of the full frame."""

    frame_index: int
    frame_ms: int
    box: np.ndarray
    prob: float
    landmarks: np.ndarray


@dataclass(frozen=True, slots=True)
class Track:
    """The same face in order of time; at least one."""

    faces: tuple[SeenFace, ...]
    shot: int

    def __post_init__(self) -> None:
        assert self.faces, "a track has at least one face"

    def landmarks_at(self, time_ms: int) -> np.ndarray:
        """(5, 2) px between the faces seen before and after the time; outside of them the nearest."""
        times = np.array([face.frame_ms for face in self.faces], np.float64)
        points = [face.landmarks for face in self.faces]
        right = int(np.searchsorted(times, time_ms))
        if right == 0 or right == len(times):
            return self.faces[min(right, len(times) - 1)].landmarks
        share = float((time_ms - times[right - 1]) / max(times[right] - times[right - 1], 1.0))
        between: np.ndarray = (1 - share) * points[right - 1] + share * points[right]
        return between


@dataclass(slots=True)
class _OpenTrack:
    """A track that may go on, with the looks of its faces."""

    faces: list[SeenFace]
    looks: list[np.ndarray]
    shot: int


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of every box of (N, 4) with every box of (M, 4), xyxy: (N, M), 0 to 1."""
    left_top = np.maximum(a[:, None, :2], b[None, :, :2])
    right_bottom = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(right_bottom - left_top, 0, None), axis=2)
    area_a, area_b = (np.prod(np.clip(x[:, 2:] - x[:, :2], 0, None), axis=1) for x in (a, b))
    union = area_a[:, None] + area_b[None, :] - both
    return np.where(union > 0, both / np.maximum(union, 1e-9), 0.0)


def link_faces(
    frames: Sequence[tuple[int, Detections]],
    shots: Sequence[int],
    pictures: Sequence[np.ndarray],
    settings: LinkSettings,
) -> list[Track]:
    """Link the faces of a cue's frames, given as (frame_ms, faces) in order, into tracks.

    `pictures` are the (H, W, 3) uint8 RGB frames, `shots` the number of each one's shot: no track goes on in another
    shot. A face continues the track whose place and look it shares most, best pair first. Another face in the same
    place starts a track of its own, and two that swapped places are not mistaken for each other. The result is in
    order of appearance, the most probable face first.
    """
    tracks: list[_OpenTrack] = []
    for index, ((frame_ms, found), shot, picture) in enumerate(zip(frames, shots, pictures, strict=True)):
        faces = [
            SeenFace(index, frame_ms, found.boxes[i], float(found.probs[i]), found.landmarks[i])
            for i in range(len(found))
        ]
        looks = [look_of(picture, face.box) for face in faces]
        here = [track for track in tracks if track.shot == shot]
        pairs = _pairs(faces, looks, here, settings)
        for i, (face, look) in enumerate(zip(faces, looks, strict=True)):
            if i in pairs:
                here[pairs[i]].faces.append(face)
                here[pairs[i]].looks.append(look)
            else:
                tracks.append(_OpenTrack([face], [look], shot))
    return [Track(tuple(track.faces), track.shot) for track in tracks]


def look_of(picture: np.ndarray, box_xyxy_px: np.ndarray) -> np.ndarray:
    """Colours of a face and what is around it, (512,) float32 shares that sum to 1.

    Takes an (H, W, 3) uint8 RGB frame and a (4,) box, which may reach past the frame. Colours are counted on a
    thumbnail, relative to its brightness. Swain and Ballard 1991, "Color indexing".
    """
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = (float(v) for v in box_xyxy_px)
    half = max(max(x2 - x1, y2 - y1) * _LOOK_MARGIN / 2, 1.0)
    left, right = (float(np.clip((x1 + x2) / 2 + side * half, 0, width)) for side in (-1, 1))
    top, bottom = (float(np.clip((y1 + y2) / 2 + side * half, 0, height)) for side in (-1, 1))
    if right - left < 1 or bottom - top < 1:
        return np.full(_LEVELS**3, 1 / _LEVELS**3, np.float32)
    part = picture[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
    small = np.asarray(Image.fromarray(part).resize((_LOOK_PX, _LOOK_PX), Image.Resampling.BOX), np.float32)
    return _colours(small.reshape(-1, 3) / max(float(small.mean()), 1.0) / _STEP)


def _colours(levels: np.ndarray) -> np.ndarray:
    """(N, 3) levels of red, green and blue -> (512,) histogram; a pixel is shared out among the nearest bins."""
    inside = np.clip(levels - 0.5, 0, _LEVELS - 1.001)
    low = inside.astype(np.int64)
    high_share = inside - low
    counts = np.zeros(_LEVELS**3, np.float64)
    for corner in np.ndindex(2, 2, 2):
        weights = np.prod(np.where(corner, high_share, 1 - high_share), axis=1)
        bins = (low + corner) @ np.array([_LEVELS**2, _LEVELS, 1])
        counts += np.bincount(bins, weights=weights, minlength=len(counts))
    return (counts / max(len(levels), 1)).astype(np.float32)


def look_likeness(a: np.ndarray, b: np.ndarray) -> float:
    """How alike two looks are: what their histograms share, 0 to 1."""
    return float(np.minimum(a, b).sum())


def _pairs(
    faces: Sequence[SeenFace], looks: Sequence[np.ndarray], tracks: Sequence[_OpenTrack], settings: LinkSettings
) -> dict[int, int]:
    """Greedy one-to-one pairs {face: track}, the best first."""
    if not faces or not tracks:
        return {}
    ends = [track.faces[-1].box for track in tracks]
    alike = np.array([[max(look_likeness(look, seen) for seen in track.looks) for track in tracks] for look in looks])
    boxes = np.stack([face.box for face in faces])
    shared = overlap(boxes, np.stack(ends))
    near = np.array([[_is_near(box, end, settings) for end in ends] for box in boxes])
    allowed = ((shared >= settings.min_overlap) & (alike >= settings.min_likeness)) | (
        near & (alike >= settings.moved_likeness)
    )
    allowed &= ~_swapped(alike)
    score = np.where(allowed, alike + shared, -1.0)
    pairs: dict[int, int] = {}
    for flat in np.argsort(-score, axis=None, kind="stable"):
        face, track = divmod(int(flat), len(tracks))
        if score[face, track] < 0:
            break
        if face not in pairs and track not in pairs.values():
            pairs[face] = track
    return pairs


def _is_near(box: np.ndarray, end: np.ndarray, settings: LinkSettings) -> bool:
    sizes = [max(float(np.max(b[2:] - b[:2])), 1.0) for b in (box, end)]
    apart = float(np.linalg.norm((box[:2] + box[2:] - end[:2] - end[2:]) / 2))
    return apart <= settings.max_distance * min(sizes) and max(sizes) <= settings.max_size_ratio * min(sizes)


def _swapped(alike: np.ndarray) -> np.ndarray:
    """(N, M) bool: the face looks clearly more like another track, and the track more like another face."""
    better_track = alike.max(axis=1, keepdims=True) - alike > _SWAP_MARGIN
    better_face = alike.max(axis=0, keepdims=True) - alike > _SWAP_MARGIN
    swapped: np.ndarray = better_track & better_face
    return swapped
