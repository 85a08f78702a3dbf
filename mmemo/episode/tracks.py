"""Faces of one cue linked into tracks: the same face over several frames of one shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mmemo.episode.faces import Detections

_THUMBNAIL = (32, 18)
_BINS = 32


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


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of every box of (N, 4) with every box of (M, 4), xyxy: (N, M), 0 to 1."""
    left_top = np.maximum(a[:, None, :2], b[None, :, :2])
    right_bottom = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(right_bottom - left_top, 0, None), axis=2)
    area_a, area_b = (np.prod(np.clip(x[:, 2:] - x[:, :2], 0, None), axis=1) for x in (a, b))
    union = area_a[:, None] + area_b[None, :] - both
    return np.where(union > 0, both / np.maximum(union, 1e-9), 0.0)


def link_faces(
    frames: Sequence[tuple[int, Detections]], shots: Sequence[int], *, min_overlap: float = 0.2
) -> list[Track]:
    """Link the faces of a cue's frames, given as (frame_ms, faces) in order, into tracks.

    A face continues the track of its shot that it overlaps most, best pair first. `shots` numbers the shot of each
    frame: no track goes on in another shot. The result is in order of appearance, the most probable face first.
    """
    open_tracks: list[list[SeenFace]] = []
    shot_of: list[int] = []
    for index, ((frame_ms, found), shot) in enumerate(zip(frames, shots, strict=True)):
        faces = [
            SeenFace(index, frame_ms, found.boxes[i], float(found.probs[i]), found.landmarks[i])
            for i in range(len(found))
        ]
        here = [number for number, track_shot in enumerate(shot_of) if track_shot == shot]
        pairs = _pairs(faces, [open_tracks[number][-1] for number in here], min_overlap)
        for i, face in enumerate(faces):
            if i in pairs:
                open_tracks[here[pairs[i]]].append(face)
            else:
                open_tracks.append([face])
                shot_of.append(shot)
    return [Track(tuple(faces), shot) for faces, shot in zip(open_tracks, shot_of, strict=True)]


def _pairs(faces: Sequence[SeenFace], ends: Sequence[SeenFace], min_overlap: float) -> dict[int, int]:
    """Greedy one-to-one pairs {face: end}, the largest overlap first."""
    if not faces or not ends:
        return {}
    shared = overlap(np.stack([face.box for face in faces]), np.stack([end.box for end in ends]))
    pairs: dict[int, int] = {}
    for flat in np.argsort(-shared, axis=None, kind="stable"):
        face, end = divmod(int(flat), len(ends))
        if shared[face, end] < min_overlap:
            break
        if face not in pairs and end not in pairs.values():
            pairs[face] = end
    return pairs


def shot_numbers(greys: Sequence[np.ndarray], *, max_histogram_change: float, min_likeness: float) -> list[int]:
    """Number the shot of each (h, w) uint8 frame, from 0; a cut lies where both the brightness and the layout change.

    `max_histogram_change` is half the L1 distance of two brightness histograms (0 to 1), `min_likeness` the
    correlation of two thumbnails (-1 to 1). Either alone is fooled, by a flash or by a moving camera.
    """
    numbers: list[int] = []
    previous: tuple[np.ndarray, np.ndarray] | None = None
    for grey in greys:
        thumbnail = np.asarray(Image.fromarray(grey).resize(_THUMBNAIL, Image.Resampling.BOX), np.float32)
        histogram = np.histogram(grey[::2, ::2], _BINS, (0, 256))[0] / max(1, grey[::2, ::2].size)
        is_cut = (
            previous is not None
            and 0.5 * float(np.abs(histogram - previous[1]).sum()) > max_histogram_change
            and likeness(thumbnail, previous[0]) < min_likeness
        )
        numbers.append((numbers[-1] if numbers else 0) + is_cut)
        previous = thumbnail, histogram
    return numbers


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two equal-sized pictures, -1 to 1; 1 when both are flat."""
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-6 else float(np.allclose(a, b, atol=1.0))
