"""What the robustness benchmark stands on: film faces, lines that go with them, and what networks make of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from mmemo.benchmark.weak.data import features_kept, film_faces, meld_lines
from mmemo.benchmark.weak.pairing import pair
from mmemo.datasets.meld import meld_set
from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.encoders import TEXT, Encoder, new_encoder
from mmemo.fusion.prepared import Kept, prepare
from mmemo.fusion.robust.seeing import FaceFeatures, as_pictures, as_pixels
from mmemo.progress import Stage
from mmemo.student.baseline import ImageBaseline, load_baseline
from mmemo.student.splits import grouped_folds
from mmemo.teacher import load_teacher
from mmemo.teacher.anchors import TeacherAnchor

ANCHOR = "meld_dev"
# One film in so many is judged on; the others are trained on.
FOLDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """N film faces of S pixels, all lines of MELD test, and what frozen networks say of them.

    pictures (N, S, S, 3) uint8 as the face network reads them; labels, films (N,); features (N, 2, D). lines (L): with
    `states` (L, E), opinions (L, 7) of the text teacher, gold (L,) and the part of dialogues (L,) 0 or 1.
    """

    pictures: np.ndarray
    labels: np.ndarray
    films: np.ndarray
    features: np.ndarray
    lines: PairedSet
    states: np.ndarray
    opinions: np.ndarray
    line_part: np.ndarray
    baseline: ImageBaseline
    anchor: TeacherAnchor
    text: Encoder
    cache: Path

    def __post_init__(self) -> None:
        assert len(self.pictures) == len(self.labels) == len(self.films) == len(self.features)
        assert len(self.lines) == len(self.states) == len(self.opinions) == len(self.line_part)

    @property
    def line_gold(self) -> np.ndarray:
        """(L,) columns of EKMAN7."""
        labels = self.lines.labels
        assert labels is not None, "MELD is labelled"
        return np.asarray(labels)

    def split(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of faces to train on and to judge on, of different films."""
        fold = grouped_folds(self.films, FOLDS, seed)
        return np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)

    def lines_for(self, rows: np.ndarray, part: int, seed: int) -> np.ndarray:
        """(M,) a line of the same emotion for each face of `rows`, from one half of the dialogues alone."""
        some = np.flatnonzero(self.line_part == part)
        chosen: np.ndarray = some[pair(self.labels[rows], self.line_gold[some], seed)]
        return chosen

    def features_of(self, pictures: np.ndarray, *, keep: bool = False) -> Stage[np.ndarray]:
        """(M, S, S, 3) uint8 -> (M, 2, D); `keep` those that another run will ask for."""
        if keep:
            return (yield from features_kept(self.cache, self.baseline.backbone, list(pictures)))
        from mmemo.student.backbones import features_of

        return (yield from features_of(self.baseline.backbone, list(pictures)))

    def with_gradients(self, mirror: bool) -> FaceFeatures:
        """The face network, from pixels to features."""
        return FaceFeatures(self.baseline.backbone, mirror)

    def states_of(self, rows: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """(M, E) states of other words for the lines `rows` (M,); a line without words is 0, as a missing one."""
        contexts = self.lines.contexts
        some = PairedSet(
            self.lines.name,
            self.lines.vocabulary,
            [str(number) for number in range(len(rows))],  # a line may be paired with several faces
            [self.lines.groups[row] for row in rows],
            texts=list(texts),
            contexts=None if contexts is None else [contexts[row] for row in rows],
        )
        return _states(self.text, some)


def ground(data: Path, cache: Path) -> Stage[Ground]:
    """Read faces and lines, and let the networks see each once; what they say is kept in `cache`."""
    baseline, teacher = load_baseline(), load_teacher()
    faces = film_faces(data / "film_faces_train")
    if not len(faces.gold):
        raise InputError("there are no film faces", hint="look at film_faces_train in the folder given with --data")
    pictures = scaled(faces.crops, baseline.backbone.input_px)
    features = yield from features_kept(cache, baseline.backbone, list(pictures))
    opinions = yield from meld_lines(data / "meld", "test", teacher, cache)
    lines = meld_set(data / "meld", "test")
    assert lines.labels is not None and (opinions.gold == lines.labels).all(), "the same lines in the same order"
    lines = PairedSet(**{**_told(lines), "pictures": {}, "audio": None})
    text = new_encoder(TEXT, "teacher", lines)
    prepared = yield from prepare(lines, {TEXT: text}, cache)
    return Ground(
        pictures,
        faces.gold,
        faces.groups,
        features,
        lines,
        _filled(prepared.arrays[TEXT]),
        opinions.teacher,
        grouped_folds(np.array(lines.groups), 2, 0),
        baseline,
        teacher.anchor(ANCHOR),
        text,
        cache,
    )


def scaled(crops: Sequence[np.ndarray], side_px: int) -> np.ndarray:
    """N squares of any size -> (N, side_px, side_px, 3) uint8, shrunk as the face network's preparation does."""
    sized = [
        F.interpolate(torch.from_numpy(as_pixels(crop[None])), (side_px, side_px), mode="bilinear", antialias=True)
        for crop in crops
    ]
    return as_pictures(torch.cat(sized).numpy())


def _states(encoder: Encoder, lines: PairedSet) -> np.ndarray:
    found = [
        step
        for start in range(0, len(lines), 64)
        for step in encoder.reader.read(lines, range(start, min(start + 64, len(lines))))
    ]
    like = encoder.reader.like
    return np.stack([step[0] if len(step) else np.zeros(like.shape[1], like.dtype) for step in found])


def _filled(arrays: Any) -> np.ndarray:
    assert isinstance(arrays, Kept)
    counts = np.diff(arrays.starts)
    states = np.zeros((len(counts), arrays.steps.shape[1]), arrays.steps.dtype)
    states[counts > 0] = arrays.steps[arrays.starts[:-1][counts > 0]]
    return states


def _told(lines: PairedSet) -> dict[str, Any]:
    return {
        name: getattr(lines, name)
        for name in ("name", "vocabulary", "ids", "groups", "labels", "texts", "contexts", "split", "problems")
    }
