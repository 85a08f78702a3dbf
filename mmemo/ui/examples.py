"""Pictures to try the prediction on without a network or a camera: drawn at start, never downloaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mmemo.datasets.drawn.characters import CAST
from mmemo.datasets.drawn.portrait import draw_face
from mmemo.store.files import publish_file
from mmemo.store.workspace import Workspace

_SIZE_PX = 320
_SEED = 7
# File name -> the faces beside each other: character and expression.
_PICTURES = {
    "delighted.png": (("Nora", "joy"),),
    "furious.png": (("Viktor", "anger"),),
    "grieving-and-startled.png": (("Mei", "sadness"), ("Felix", "surprise")),
    "afraid-disgusted-calm.png": (("Amara", "fear"), ("Theo", "disgust"), ("Jonah", "neutral")),
}


def examples_folder(workspace: Workspace) -> Path:
    """Where the drawn pictures are kept."""
    return workspace.scratch / "examples"


def draw_examples(workspace: Workspace) -> list[Path]:
    """Paths of the example pictures; those that are missing are drawn, in well under a second."""
    return [_drawn(examples_folder(workspace) / name, faces) for name, faces in _PICTURES.items()]


def _drawn(path: Path, faces: tuple[tuple[str, str], ...]) -> Path:
    if not path.is_file():
        rng = np.random.default_rng(_SEED)
        picture = np.hstack([draw_face(CAST[name], label, 1.0, rng, _SIZE_PX) for name, label in faces])
        with publish_file(path) as temporary:
            Image.fromarray(picture).save(temporary, format="PNG")
    return path
