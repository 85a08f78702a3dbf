"""Judge a student on labelled face pictures that it never saw: a folder with one folder a class."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmemo.datasets.folder import LabelledImage, read_class_folders
from mmemo.episode.faces import crop_square
from mmemo.errors import InputError
from mmemo.evaluate.comparison import Comparison, compare
from mmemo.evaluate.rows import IMAGE_ONLY, STUDENT
from mmemo.flow.prediction.images import read_image
from mmemo.flow.prediction.predict import Predictors, load_predictors
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.workspace import Workspace

_BATCH = 32
_EVERY_PICTURE_ALONE = (
    "Every picture counts as a track of its own. Where several come from one film or person, the interval is too "
    "narrow: name them with --group-pattern."
)


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """`group_pattern`: its match in a file's name is the film that the picture comes from."""

    folder: Path
    group_pattern: str | None = None

    def __post_init__(self) -> None:
        if self.group_pattern is not None:
            try:
                re.compile(self.group_pattern)
            except re.error as error:
                raise InputError(f"{self.group_pattern!r} is no regular expression", hint=str(error)) from error


@dataclass(frozen=True, slots=True)
class Pictures:
    """Labelled pictures with the independent unit of each; `unit` says what that is: film, or track for a picture."""

    images: tuple[LabelledImage, ...]
    unit_ids: tuple[str, ...]
    unit: str

    def __post_init__(self) -> None:
        assert len(self.images) == len(self.unit_ids) > 0, "one unit a picture"


def find_pictures(settings: FolderSettings) -> Pictures:
    """The pictures of a folder; InputError for an unknown class, no picture, or a name that the pattern misses."""
    images = tuple(read_class_folders(settings.folder))
    units = tuple(_unit(image.path, settings.group_pattern) for image in images)
    return Pictures(images, units, "film" if settings.group_pattern else "track")


def compare_on_folder(workspace: Workspace, run_id: str, pictures: Pictures) -> Stage[Comparison]:
    """Compare student and baseline on the surest face of every picture, or on its middle where none is found."""
    images = pictures.images
    models = load_predictors(workspace, run_id)
    assert models.student is not None, "a run has a student"
    baseline, student, crops = [], [], []
    for done, image in enumerate(images):
        crops.append(_face(models, image))
        if len(crops) == _BATCH or done + 1 == len(images):
            baseline.append(models.baseline.probs(crops))
            student.append(models.student.probs(crops))
            crops = []
            yield Progress("judge faces", done + 1, len(images))
    gold = np.array([EKMAN7.index(image.label) for image in images])
    predictions = {IMAGE_ONLY: np.concatenate(baseline), STUDENT: np.concatenate(student)}
    comparison = compare(gold, np.array(pictures.unit_ids), predictions, pictures.unit)
    if pictures.unit == "track":
        comparison = replace(comparison, notes=(*comparison.notes, _EVERY_PICTURE_ALONE))
    return comparison


def _unit(path: Path, pattern: str | None) -> str:
    if pattern is None:
        return str(path)
    found = re.search(pattern, path.name)
    if found is None:
        raise InputError(f"{pattern!r} matches nothing in the name {path.name}", hint="correct the pattern")
    return found.group(0)


def _face(models: Predictors, image: LabelledImage) -> np.ndarray:
    pixels = read_image(image.path)
    found = models.detector.detect([pixels])[0]
    if len(found):
        return crop_square(pixels, found.boxes[int(found.probs.argmax())])
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]
