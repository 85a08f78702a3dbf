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
from mmemo.flow.prediction.pictures import MOST_PICTURES, count_pictures, pictures_in
from mmemo.flow.runs.promotion import promoted_run
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage, run
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

    `student` is None where no student was asked for and none is promoted; `with_line` where no line was given.
    `crop` (S, S, 3) uint8 RGB is what the models read.
    """

    box_xyxy_px: np.ndarray
    detection_prob: float
    image_only: Mapping[str, float]
    student: Mapping[str, float] | None
    with_line: Mapping[str, float] | None = None
    crop: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        assert self.box_xyxy_px.shape == (4,), "one box"
        assert tuple(self.image_only) == EKMAN7.labels, "one probability a label, in order"

    @property
    def first_choice(self) -> str:
        """The likeliest emotion: by face and line where a line was given, else of the student, else of the baseline."""
        probs = self.with_line or self.student or self.image_only
        return max(probs, key=lambda label: probs[label])

    def to_contract(self) -> dict[str, Any]:
        """Plain values under the keys that `predict --json` promises."""
        return {
            "box_xyxy_px": [round(float(v), 1) for v in self.box_xyxy_px],
            "detection_prob": self.detection_prob,
            "image_only": dict(self.image_only),
            "student": None if self.student is None else dict(self.student),
            **({} if self.with_line is None else {"with_line": dict(self.with_line)}),
        }


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """All faces of one picture file, numbered in the order in which people read; `time_ms` of a frame of a clip."""

    image: Path
    faces: Sequence[FacePrediction]
    time_ms: int | None = None

    def to_contract(self) -> dict[str, Any]:
        """Plain values under the keys that `predict --json` promises."""
        time = {} if self.time_ms is None else {"time_ms": self.time_ms}
        faces = [{**face.to_contract(), "number": number} for number, face in enumerate(self.faces, start=1)]
        return {"image": str(self.image), **time, "faces": faces}


@dataclass(frozen=True, slots=True, eq=False)
class Predictors:
    """The models of one prediction; safe for several threads, which take turns.

    `one_network`: the student is another head on the very network of the baseline, so that a face is read once for both.
    """

    detector: FaceDetector
    baseline: ImageBaseline
    student: StudentModel | None
    run_id: str | None
    lock: threading.Lock = field(default_factory=threading.Lock)
    one_network: bool = False


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
    from mmemo.student.backbones.loading import weights_hash
    from mmemo.student.model import load_student

    shared, student = _shared(), load_student(folder)
    ours, its = shared.baseline.backbone, student.backbone
    # A fine-tuned network keeps the name of its start: only the weights tell.
    same = ours.preprocessing == its.preprocessing and weights_hash(ours.module) == weights_hash(its.module)
    return Predictors(shared.detector, shared.baseline, student, folder.name, shared.lock, same)


def predict_image(image: np.ndarray, models: Predictors) -> list[FacePrediction]:
    """Find and read the faces of an (H, W, 3) uint8 RGB picture, line by line as people read; there may be none."""
    return predict_images([image], models)[0]


def predict_images(images: Sequence[np.ndarray], models: Predictors) -> list[list[FacePrediction]]:
    """The faces of several pictures, of which all are found together and all are read together."""
    with models.lock:
        found = models.detector.detect(images) if len(images) else []
        where = [(picture, row) for picture, faces in enumerate(found) for row in reading_order(faces.boxes)]
        crops = [crop_square(images[picture], found[picture].boxes[row]) for picture, row in where]
        baseline, student = _read(crops, models)
    faces: list[list[FacePrediction]] = [[] for _ in images]
    for i, (picture, row) in enumerate(where):
        height_px, width_px = images[picture].shape[:2]
        box = np.clip(found[picture].boxes[row], 0, np.array([width_px, height_px] * 2, np.float32))
        own = None if student is None else _named(student[i])
        prob = float(found[picture].probs[row])
        faces[picture].append(FacePrediction(box, prob, _named(baseline[i]), own, crop=crops[i]))
    return faces


def _read(crops: Sequence[np.ndarray], models: Predictors) -> tuple[np.ndarray, np.ndarray | None]:
    """(N, 7) of the baseline and of the student, None without one."""
    from mmemo.student.backbones import features_of

    features = run(features_of(models.baseline.backbone, crops))
    baseline = models.baseline.probs_from_features(features)
    if models.student is None:
        return baseline, None
    return baseline, models.student.head.probs(features) if models.one_network else models.student.probs(crops)


def reading_order(boxes: np.ndarray) -> list[int]:
    """(N, 4) xyxy px -> rows from left to right; faces that stand wholly below others come after those.

    People of a scene stand and sit: only a face that begins below the end of a line's highest one opens another line.
    """
    order: list[int] = []
    left = sorted(range(len(boxes)), key=lambda row: float(boxes[row, 1]))
    while left:
        line = [row for row in left if row == left[0] or boxes[row, 1] <= boxes[left[0], 3]]
        order += sorted(line, key=lambda row: float(boxes[row, 0]))
        left = [row for row in left if row not in line]
    return order


def predict_files(
    workspace: Workspace, paths: Sequence[Path], settings: PredictSettings
) -> Stage[list[ImagePrediction]]:
    """Predict every face of every picture file, and of frames of every clip.

    All files are opened once before the first prediction, so that a bad one among them, or more than 60 pictures in
    all, raise InputError early.
    """
    if not paths:
        raise InputError("there is no picture to read", hint="name at least one")
    total = 0
    for done, path in enumerate(paths):
        total += count_pictures([path])
        if total > MOST_PICTURES:
            raise InputError(f"that is more than {MOST_PICTURES} pictures", hint="give fewer at once")
        yield Progress("check pictures", done + 1, len(paths))
    models = load_predictors(workspace, settings.run_id or promoted_run(workspace))
    predictions: list[ImagePrediction] = []
    for path in paths:
        for picture in pictures_in(path):
            predictions.append(ImagePrediction(path, predict_image(picture.pixels, models), picture.time_ms))
            yield Progress("predict", len(predictions), total, path.name)
    return predictions


def _named(probs: np.ndarray) -> dict[str, float]:
    return {label: float(p) for label, p in zip(EKMAN7.labels, probs, strict=True)}
