"""A second face detector, YuNet through OpenCV, for those who have its model file and the package."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmemo.episode.faces import Detections, no_faces
from mmemo.errors import InputError, ModelUnavailable
from mmemo.store.files import hash_file

_LARGEST_MODEL_BYTES = 64 << 20
_TRIAL_PX = 64
_MAX_OVERLAP = 0.3
_CANDIDATES = 5000
# One frame at a time is all that OpenCV takes: more together would only wait for each other.
_FRAMES_TOGETHER = 8


@dataclass(frozen=True, slots=True)
class YuNetSettings:
    """How YuNet looks for faces.

    `min_face_px` counts at the resolution used, `max_width_px` is that resolution: wider frames are reduced for the
    search and boxes scaled back. `min_score` hides less certain faces: the score is no probability, clear faces have
    0.9, and OpenCV's own examples take 0.6 to 0.9.
    """

    min_face_px: int = 40
    max_width_px: int = 720
    min_score: float = 0.7

    def __post_init__(self) -> None:
        if self.min_face_px < 10:
            raise InputError("the smallest face must be at least 10 px", hint="below that YuNet finds none")
        if self.max_width_px < 4 * self.min_face_px:
            raise InputError("the detection width must be at least four smallest faces", hint="720 is a good width")
        if not 0.0 < self.min_score <= 1.0:
            raise InputError("YuNet's score must be above 0 and at most 1", hint="0.7 is a good value")


class YuNetDetector:
    """YuNet (Wu, Peng and Yu 2023, "YuNet: a tiny millisecond-level face detector"), run by OpenCV.

    Takes the place of `FaceDetector`: the same answers in the same order of landmarks. `identity` names the very
    file. Its boxes end at the brows, their edges are about 0.88 of those of the default detector; they are left as
    they are, for the embedded face network reads crops of enlarged ones worse. Raises InputError for a file that is
    no YuNet, ModelUnavailable without OpenCV.
    """

    def __init__(self, model: Path, settings: YuNetSettings | None = None, *, threads: int = 1) -> None:
        self.settings = settings or YuNetSettings()
        _refuse_no_model(model)
        self._cv2 = _opencv()
        self._cv2.setNumThreads(max(1, threads))
        self.identity = f"yunet/{hash_file(model)[:16]}"
        self._net = self._loaded(model)

    @property
    def batch_size(self) -> int:
        """Frames a search."""
        return _FRAMES_TOGETHER

    def detect(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """Find the faces of every (H, W, 3) uint8 RGB frame; sizes may differ.

        Boxes and landmarks are in pixels of the given frames and may reach past their edges.
        """
        return [self._detect_one(frame) for frame in frames]

    def begin(self, frames: Sequence[np.ndarray]) -> Callable[[], list[Detections]]:
        """The same when the faces are asked for: OpenCV's network searches one frame after the other."""
        return lambda: self.detect(frames)

    def _detect_one(self, frame: np.ndarray) -> Detections:
        height_px, width_px = frame.shape[:2]
        scale = min(1.0, self.settings.max_width_px / width_px)
        size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
        if min(size) < self.settings.min_face_px:
            return no_faces()
        small = frame
        if scale < 1.0:
            reduced = Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
            small = np.asarray(reduced)
        real_scale = np.array([size[0] / width_px, size[1] / height_px], np.float32)
        return self._sorted(self._faces(self._net, small), real_scale)

    def _faces(self, net: Any, frame: np.ndarray) -> np.ndarray:
        """(N, 15) float32: left, top, width, height, five points, score."""
        net.setInputSize((frame.shape[1], frame.shape[0]))
        _, faces = net.detect(np.ascontiguousarray(frame[:, :, ::-1]))
        return np.zeros((0, 15), np.float32) if faces is None else np.asarray(faces, np.float32).reshape(-1, 15)

    def _sorted(self, faces: np.ndarray, scale: np.ndarray) -> Detections:
        faces = faces[np.isfinite(faces).all(axis=1)]
        faces = faces[faces[:, 2:4].max(axis=1, initial=0.0) >= self.settings.min_face_px]
        faces = faces[np.argsort(-faces[:, 14], kind="stable")]
        # The person's right eye is OpenCV's first point: the left one as seen in the picture.
        points = faces[:, 4:14].reshape(-1, 5, 2) / scale
        boxes = np.column_stack([faces[:, :2], faces[:, :2] + faces[:, 2:4]])
        return Detections(boxes / np.tile(scale, 2), faces[:, 14], points)

    def _loaded(self, model: Path) -> Any:
        """The network, after it has read one small picture: a file may be ONNX and still no YuNet."""
        content, nothing = np.frombuffer(model.read_bytes(), np.uint8), np.zeros(0, np.uint8)
        size = (_TRIAL_PX, _TRIAL_PX)
        try:
            net = self._cv2.FaceDetectorYN.create(
                "onnx", content, nothing, size, self.settings.min_score, _MAX_OVERLAP, _CANDIDATES
            )
            self._faces(net, np.zeros((_TRIAL_PX, _TRIAL_PX, 3), np.uint8))
        except (self._cv2.error, ValueError) as error:
            raise InputError(f"OpenCV cannot use {model} as a YuNet model", hint=_HINT) from error
        return net


_HINT = "give face_detection_yunet_2023mar.onnx of the OpenCV Zoo; a file of about 130 bytes is only a pointer to it"


def _refuse_no_model(model: Path) -> None:
    if not model.is_file():
        raise InputError(f"there is no YuNet model {model}", hint=_HINT)
    if model.stat().st_size > _LARGEST_MODEL_BYTES:
        raise InputError(f"{model} is too large for a YuNet model", hint=_HINT)


def _opencv() -> Any:
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        raise ModelUnavailable(
            "YuNet needs OpenCV, which is not installed", hint="pip install opencv-python-headless"
        ) from error
    if not hasattr(cv2, "FaceDetectorYN"):
        raise ModelUnavailable("this OpenCV is too old for YuNet", hint="pip install --upgrade opencv-python-headless")
    return cv2
