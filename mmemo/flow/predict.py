"""Every face of a picture, with the opinions of the baseline and of a student side by side."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmemo.episode.faces import DetectorSettings, FaceDetector, crop_square
from mmemo.errors import InputError
from mmemo.flow.images import read_image
from mmemo.flow.promotion import promoted_run
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.workspace import Workspace

if TYPE_CHECKING:
    from mmemo.student.baseline import ImageBaseline
    from mmemo.student.model import StudentModel

# One still picture may be searched more closely than thousands of frames.
_SEARCH_WIDTH_PX = 1280
_KEPT_STUDENTS = 2
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class PredictSettings:
    """`run_id` names the student, promoted or not; None takes the newest promoted one, if there is any."""

    run_id: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FacePrediction:
    """One face: box (4,) float32 xyxy px inside the picture, detector's probability, and {label: p} of each model.

    `student` is None where no student was asked for and none is promoted.
    """

    box_xyxy_px: np.ndarray
    detection_prob: float
    image_only: Mapping[str, float]
    student: Mapping[str, float] | None

    def __post_init__(self) -> None:
        assert self.box_xyxy_px.shape == (4,), "one box"
        assert tuple(self.image_only) == EKMAN7.labels, "one probability a label, in order"

    def to_contract(self) -> dict[str, Any]:
        """Plain values under the keys that `predict --json` promises."""
        return {
            "box_xyxy_px": [round(float(v), 1) for v in self.box_xyxy_px],
            "detection_prob": self.detection_prob,
            "image_only": dict(self.image_only),
            "student": None if self.student is None else dict(self.student),
        }


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """All faces of one picture file, the surest detection first."""

    image: Path
    faces: Sequence[FacePrediction]

    def to_contract(self) -> dict[str, Any]:
        """Plain values under the keys that `predict --json` promises."""
        return {"image": str(self.image), "faces": [face.to_contract() for face in self.faces]}


@dataclass(frozen=True, slots=True, eq=False)
class Predictors:
    """The models of one prediction; safe for several threads, which take turns."""

    detector: FaceDetector
    baseline: ImageBaseline
    student: StudentModel | None
    run_id: str | None
    lock: threading.Lock = field(default_factory=threading.Lock)


def load_predictors(workspace: Workspace, run_id: str | None) -> Predictors:
    """Load detector, baseline and the student of a run; None loads no student.

    What was loaded is kept for the life of the process, until the run's files change. An unknown run raises
    InputError with the runs there are.
    """
    if run_id is None:
        with _loading:
            return _shared()
    workspace.run_config(run_id)  # an unknown run is told
    config = workspace.run_folder(run_id) / "config.json"
    with _loading:
        return _with_student(config.parent.resolve(), config.stat().st_mtime_ns)


def networks_loaded() -> bool:
    """Whether the first prediction is past: detector and baseline are in memory, and the next one answers at once."""
    return _shared.cache_info().currsize > 0


@cache
def _shared() -> Predictors:
    from mmemo.student.baseline import load_baseline

    detector = FaceDetector(DetectorSettings(max_width_px=_SEARCH_WIDTH_PX))
    return Predictors(detector, load_baseline(), None, None)


@lru_cache(maxsize=_KEPT_STUDENTS)
def _with_student(folder: Path, _changed_ns: int) -> Predictors:
    from mmemo.student.model import load_student

    shared = _shared()
    return Predictors(shared.detector, shared.baseline, load_student(folder), folder.name, shared.lock)


def predict_image(image: np.ndarray, models: Predictors) -> list[FacePrediction]:
    """Find and read the faces of an (H, W, 3) uint8 RGB picture, the surest detection first; there may be none."""
    with models.lock:
        found = models.detector.detect([image])[0]
        if len(found) == 0:
            return []
        crops = [crop_square(image, box) for box in found.boxes]
        baseline = models.baseline.probs(crops)
        student = models.student.probs(crops) if models.student is not None else None
    limits = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
    boxes = np.clip(found.boxes, 0, limits)
    return [
        FacePrediction(
            boxes[i], float(found.probs[i]), _named(baseline[i]), None if student is None else _named(student[i])
        )
        for i in range(len(found))
    ]


def predict_files(
    workspace: Workspace, paths: Sequence[Path], settings: PredictSettings
) -> Stage[list[ImagePrediction]]:
    """Predict every face of every picture file.

    All files are read once before the first prediction, so that a bad one among them raises InputError early.
    """
    if not paths:
        raise InputError("there is no picture to read", hint="name at least one")
    for done, path in enumerate(paths):
        read_image(path)
        yield Progress("check pictures", done + 1, len(paths))
    models = load_predictors(workspace, settings.run_id or promoted_run(workspace))
    predictions = []
    for done, path in enumerate(paths):
        predictions.append(ImagePrediction(path, predict_image(read_image(path), models)))
        yield Progress("predict", done + 1, len(paths), path.name)
    return predictions


def _named(probs: np.ndarray) -> dict[str, float]:
    return {label: float(p) for label, p in zip(EKMAN7.labels, probs, strict=True)}
