"""Faces in frames: where they are, how sure that is, and the square that the face network reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier, get_native_id
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from mmemo.episode.freed_memory import keep_freed_memory
from mmemo.errors import InputError
from mmemo.settings import prefer

if TYPE_CHECKING:
    from mmemo.episode.cascade import RawFaces

# Smaller boxes than this at the detector's first stage make no sense to it (its window is 12 px).
_WINDOW_PX = 12
# More frames in one forward pass than this are slower, since they leave the cache, and take more memory.
_FRAMES_TOGETHER = 4
# Up to this many times the width at which sizes count, a frame is searched as it is: reducing it loses faces.
_DETAIL = 1.8
# oneDNN keeps prepared code for the last 1024 shapes, of which a process may use up to a gigabyte. The cascade has
# about 200; when fewer are kept, they are prepared anew for each batch, a fifth of the time of a search. It counts
# when set before the first convolution of the process.
_FEW_PREPARED_SHAPES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")
# By how many steps of "nice" the workers rank below other threads; more is no better, and slower beside other programs.
_STEPS_BACK = 2


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How faces are looked for.

    `min_face_px` counts at a width of `max_width_px`: in a wider frame a face must be as much larger. Frames of more
    than 1.8 times that width are reduced by a whole number for the search, and boxes scaled back. `min_prob` hides
    less certain faces. `batch_size` is frames that are collected for one search, in which the cores share them.
    """

    min_face_px: int = 40
    max_width_px: int = 720
    min_prob: float = 0.9
    batch_size: int = 16

    def __post_init__(self) -> None:
        if self.min_face_px < 20:
            raise InputError("the smallest face must be at least 20 px", hint="below that no expression can be read")
        if self.max_width_px < 4 * self.min_face_px:
            raise InputError("the detection width must be at least four smallest faces", hint="720 is a good width")
        if not 0.0 < self.min_prob <= 1.0:
            raise InputError("the detection probability must be above 0 and at most 1", hint="0.9 is a good value")
        if self.batch_size < 1:
            raise InputError("a detection batch needs at least one frame", hint="16 is a good size")


@dataclass(frozen=True, slots=True)
class Detections:
    """Faces of one frame, the most probable first.

    `boxes` (N, 4) float32 xyxy px, `probs` (N,) float32, `landmarks` (N, 5, 2) float32 px in the order left eye,
    right eye, nose, left and right corner of the mouth, as seen in the picture. N may be 0.
    """

    boxes: np.ndarray
    probs: np.ndarray
    landmarks: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.boxes)
        assert self.boxes.shape == (n, 4), "boxes are (N, 4)"
        assert self.probs.shape == (n,), "one probability a face"
        assert self.landmarks.shape == (n, 5, 2), "five points a face"

    def __len__(self) -> int:
        return len(self.boxes)


def no_faces() -> Detections:
    """The answer for a frame without any face."""
    return Detections(np.zeros((0, 4), np.float32), np.zeros((0,), np.float32), np.zeros((0, 5, 2), np.float32))


class FaceFinder(Protocol):
    """What the cut asks of a face detector; `identity` names it and its weights in the key of a cut."""

    @property
    def identity(self) -> str: ...

    @property
    def batch_size(self) -> int:
        """How many frames it likes at once."""
        ...

    def begin(self, frames: Sequence[np.ndarray]) -> Callable[[], list[Detections]]:
        """Begin to look at every (H, W, 3) uint8 RGB frame; what is given waits for the faces and gives them."""
        ...


class FaceDetector:
    """Multi-task cascaded convolutional networks (Zhang et al. 2016), weights inside the facenet-pytorch package."""

    identity = "mtcnn/facenet-pytorch-2.5"

    def __init__(self, settings: DetectorSettings | None = None, *, threads: int = 1) -> None:
        prefer(*_FEW_PREPARED_SHAPES)
        from mmemo.episode.cascade import Cascade

        keep_freed_memory()
        self.settings = settings or DetectorSettings()
        self._threads = max(1, threads)
        self._pool = _single_threaded_pool(self._threads)
        self._cascade = Cascade()

    @property
    def batch_size(self) -> int:
        """Frames a search."""
        return self.settings.batch_size

    def detect(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """Find the faces of every (H, W, 3) uint8 RGB frame; sizes may differ.

        Frames of one size that follow each other share a forward pass. Boxes and landmarks are in pixels of the
        given frames and may reach past their edges.
        """
        return self.begin(frames)()

    def begin(self, frames: Sequence[np.ndarray]) -> Callable[[], list[Detections]]:
        """The same, without waiting: call what is given for the faces. Several searches share the cores."""
        share = max(1, min(_FRAMES_TOGETHER, -(-len(frames) // self._threads)))
        parts = self._pool.map(self._detect_equal, _equal_runs(frames, share))
        return lambda: [found for part in parts for found in part]

    def _detect_equal(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        height_px, width_px = frames[0].shape[:2]
        whole = -(-width_px // int(_DETAIL * self.settings.max_width_px))
        small = [np.asarray(Image.fromarray(frame).reduce(whole)) if whole > 1 else frame for frame in frames]
        smallest_px = round(self.settings.min_face_px * max(1.0, width_px / self.settings.max_width_px)) / whole
        if min(small[0].shape[:2]) < max(smallest_px, _WINDOW_PX):
            return [no_faces() for _ in frames]
        scale = np.array([small[0].shape[1] / width_px, small[0].shape[0] / height_px], np.float32)
        return [self._sure(faces, scale) for faces in self._cascade.detect(small, smallest_px)]

    def _sure(self, faces: RawFaces, scale: np.ndarray) -> Detections:
        sure = faces.probs >= self.settings.min_prob
        return Detections(faces.boxes[sure] / np.tile(scale, 2), faces.probs[sure], faces.landmarks[sure] / scale)


def crop_square(frame: np.ndarray, box_xyxy_px: np.ndarray) -> np.ndarray:
    """The square of an (H, W, 3) uint8 frame around a box: side = the longer edge of the box, no margin.

    Where the square leaves the frame, the frame's edge is repeated. Returns (S, S, 3) uint8, S at least 1. On film
    faces this crop beats the box itself and every margin from -10 % to +30 % with the embedded face network.
    """
    x1, y1, x2, y2 = (float(v) for v in box_xyxy_px)
    side_px = max(1, round(max(x2 - x1, y2 - y1)))
    left, top = round((x1 + x2 - side_px) / 2), round((y1 + y2 - side_px) / 2)
    rows = np.clip(np.arange(top, top + side_px), 0, frame.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side_px), 0, frame.shape[1] - 1)
    return np.ascontiguousarray(frame[rows[:, None], columns[None, :]])


def sharpness(crop: np.ndarray) -> float:
    """Variance of the Laplacian of a crop's luma at 96 px: below about 20 a face is blurred.

    Takes (S, S, 3) uint8. Pech-Pacheco et al. 2000, "Diatom autofocusing", the measure called LAP4 variance.
    """
    grey = Image.fromarray(crop).convert("L").resize((96, 96), Image.Resampling.BILINEAR)
    luma = np.asarray(grey, np.float32)
    centre = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * centre
    return float(laplacian.var())


def _single_threaded_pool(threads: int) -> ThreadPoolExecutor:
    """Workers that use one core each.

    The networks are so small that splitting their operations over cores costs more than it gives: on a busy
    machine the cores wait for each other and a frame takes thirty times as long. Frames are split instead.
    """
    import torch

    def use_one() -> None:
        torch.set_num_threads(1)
        # A thread takes the setting up when it first asks for it; by then it would be that of the whole process again.
        torch.get_num_threads()
        _stand_back()

    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, "faces", initializer=use_one)
    everyone = Barrier(threads)
    list(pool.map(lambda _: everyone.wait(), range(threads)))
    torch.set_num_threads(before)  # the setting of a worker is also what later threads would start with
    return pool


def _stand_back() -> None:
    """Rank the thread that calls this a little lower: faces can wait for a core, but what decodes holds up everyone.

    Only Linux ranks threads one by one.
    """
    if sys.platform == "linux":
        thread = get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + _STEPS_BACK, 19))


def _equal_runs(frames: Sequence[np.ndarray], longest: int) -> list[Sequence[np.ndarray]]:
    """Neighbours of one size, at most `longest` together."""
    runs: list[Sequence[np.ndarray]] = []
    start = 0
    for stop in range(1, len(frames) + 1):
        if stop == len(frames) or stop - start == longest or frames[stop].shape != frames[start].shape:
            runs.append(frames[start:stop])
            start = stop
    return runs
