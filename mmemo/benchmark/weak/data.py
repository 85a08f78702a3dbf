"""What the benchmarks of weak supervision are made of: labelled faces and labelled lines, read once and kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmemo.datasets.folder import read_class_folders
from mmemo.datasets.meld import read_meld
from mmemo.errors import InputError
from mmemo.flow.prediction.images import read_image
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.store.files import hash_value, publish_file, read_array
from mmemo.teacher.lines import Line
from mmemo.teacher.protocol import Teacher, read_with_progress

if TYPE_CHECKING:
    from mmemo.student.backbones import Backbone

_NAME = re.compile(r"(?P<film>.+)[_-]\d+_+\d+")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledCrops:
    """N squares (S, S, 3) uint8 RGB around faces, gold (N,) columns of EKMAN7, group (N,) names (film, person, ...)."""

    crops: Sequence[np.ndarray]
    gold: np.ndarray
    groups: np.ndarray

    def __post_init__(self) -> None:
        assert len(self.crops) == len(self.gold) == len(self.groups), "one label and one group a face"


@dataclass(frozen=True, slots=True, eq=False)
class LabelledLines:
    """Gold (L,) columns of EKMAN7 of real lines, and a teacher's opinion (L, 7) on each, read with its context."""

    gold: np.ndarray
    teacher: np.ndarray

    def __post_init__(self) -> None:
        assert self.teacher.shape == (len(self.gold), len(EKMAN7)), "one opinion a line"


def film_of(name: str) -> str:
    """The film in a file name <film>_<clip>_<frame>.jpg; it may hold underscores itself, and a "-" may end it."""
    found = _NAME.fullmatch(Path(name).stem)
    if found is None:
        raise InputError(f"{name} is not named <film>_<clip>_<frame>", hint="its film is its group in every split")
    return found["film"]


def film_faces(folder: Path) -> LabelledCrops:
    """Pictures FOLDER/<class>/<film>_<clip>_<frame>.jpg of one face each, their middle squares; the film is the group.

    No detector looks at them: they are cut to the face already, so closely that MTCNN finds half of them and gives
    those boxes that reach far out of the picture; with its crops image-only accuracy falls by four points.
    """
    images = read_class_folders(folder)
    films = [film_of(image.path.name) for image in images]
    crops = [_middle_square(read_image(image.path)) for image in images]
    return LabelledCrops(crops, np.array([EKMAN7.index(image.label) for image in images]), np.array(films))


def features_kept(cache: Path, backbone: Backbone, crops: Sequence[np.ndarray]) -> Stage[np.ndarray]:
    """(N, 2, D) float32 features of all crops and their mirror images, computed once for these very pictures."""
    from mmemo.student.backbones import features_of

    path = cache / f"features-{hash_value([backbone.identity, _content(crops)])}.npy"
    if not path.is_file():
        features = yield from features_of(backbone, crops)
        _keep(path, features.astype(np.float16))  # as the features of an episode are kept
    return read_array(path).astype(np.float32)


def meld_lines(folder: Path, split: str, teacher: Teacher, cache: Path, context_lines: int = 2) -> Stage[LabelledLines]:
    """All lines of a MELD split, each read with the lines before it in its dialogue, as the app reads an episode."""
    lines = read_meld(folder, split, context_lines)
    if not lines:
        raise InputError(f"the {split} part of MELD in {folder} holds no line", hint="download it again")
    read = [Line(line.text, line.context) for line in lines]
    gold = np.array([EKMAN7.index(line.emotion) for line in lines])
    path = cache / f"lines-{hash_value([teacher.identity, [[line.text, line.context] for line in read]])}.npy"
    if not path.is_file():
        probs = yield from read_with_progress(teacher.read(read), len(read), "read lines", f"MELD {split}")
        _keep(path, probs)
    return LabelledLines(gold, read_array(path))


def _middle_square(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _content(crops: Sequence[np.ndarray]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for crop in crops:
        digest.update(f"{crop.shape};".encode())
        digest.update(crop.tobytes())
    return digest.hexdigest()


def _keep(path: Path, array: np.ndarray) -> None:
    with publish_file(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array)
