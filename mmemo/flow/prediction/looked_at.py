"""What baseline and student looked at in a face, as a picture that people can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mmemo.flow.prediction.predict import FacePrediction, Predictors
from mmemo.labels import EKMAN7

if TYPE_CHECKING:
    from mmemo.student.backbones import Backbone
    from mmemo.student.heads import LinearHead

_SHOWN_PX = 144
# Orange and blue keep apart for colour-blind eyes; strength is the mixing share.
_FOR, _AGAINST = np.array([230, 126, 0], np.float32), np.array([0, 114, 178], np.float32)
_STRONGEST, _LEAST_FULL = 0.75, 0.15
# The steps of the patch that hides a place (student.explain); finer there is nothing to see.
_CELLS = 7


@dataclass(frozen=True, slots=True, eq=False)
class LookedAt:
    """A face in grey with what spoke for an emotion in orange and against it in blue: (144, 144, 3) uint8.

    `label` is the emotion that was asked for, the model's first choice; `most` the largest loss of its probability
    when one patch is hidden.
    """

    label: str
    picture: np.ndarray
    most: float


def looked_at(face: FacePrediction, models: Predictors) -> dict[str, LookedAt]:
    """What each model that answered looked at: "image_only" and, if there is one, "student"."""
    assert face.crop is not None, "a face that was just read"
    baseline, student = models.baseline, models.student
    found = {"image_only": _looked(face.crop, face.image_only, baseline.backbone, baseline.head)}
    if face.student is not None and student is not None:
        found["student"] = _looked(face.crop, face.student, student.backbone, student.head)
    return found


def _looked(crop: np.ndarray, probs: Mapping[str, float], backbone: Backbone, head: LinearHead) -> LookedAt:
    from mmemo.student.explain import where_it_looked

    label = max(probs, key=lambda name: probs[name])
    places = where_it_looked(backbone, head, [crop], np.array([EKMAN7.index(label)]))[0]
    return LookedAt(label, painted(crop, places), float(places.max()))


def painted(crop: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 and (h, w) loss of probability -> (144, 144, 3) uint8.

    The largest loss has the full colour, but for one of less than 15 points: that would show noise as if it counted.
    """
    size = (_SHOWN_PX, _SHOWN_PX)
    grey = np.asarray(Image.fromarray(crop).convert("L").resize(size, Image.Resampling.BILINEAR), np.float32)[..., None]
    cells = Image.fromarray(places.astype(np.float32)).resize((_CELLS, _CELLS), Image.Resampling.BOX)
    weight = np.asarray(cells.resize(size, Image.Resampling.BILINEAR))[..., None]
    share = _STRONGEST * np.abs(weight) / max(float(np.abs(weight).max()), _LEAST_FULL)
    mixed = (1 - share) * grey + share * np.where(weight > 0, _FOR, _AGAINST)
    picture: np.ndarray = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return picture
