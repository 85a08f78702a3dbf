"""Pictures to try the prediction on without a network or a camera: drawn at start, never downloaded.

A component of examples would name none of its buttons; here each is named by what its faces show.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from mmemo.datasets.drawn.characters import CAST
from mmemo.datasets.drawn.portrait import draw_face
from mmemo.store.files import publish_file
from mmemo.store.workspace import Workspace
from mmemo.ui.html import file_url
from mmemo.ui.text import label

_SIZE_PX = 320
_SEED = 7
# File name -> the faces beside each other: character and expression.
_PICTURES = {
    "delighted.png": (("Nora", "joy"),),
    "furious.png": (("Viktor", "anger"),),
    "grieving-and-startled.png": (("Mei", "sadness"), ("Felix", "surprise")),
    "afraid-disgusted-calm.png": (("Amara", "fear"), ("Theo", "disgust"), ("Jonah", "neutral")),
}


# A click tells the number of the example.
EXAMPLES_SCRIPT = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-example]');
  if (button) trigger('select', {number: Number(button.dataset.example)});
});
"""


def examples_folder(workspace: Workspace) -> Path:
    """Where the drawn pictures are kept."""
    return workspace.scratch / "examples"


def draw_examples(workspace: Workspace) -> list[Path]:
    """Paths of the example pictures; those that are missing are drawn, in well under a second."""
    return [_drawn(examples_folder(workspace) / name, faces) for name, faces in _PICTURES.items()]


def examples_html(paths: list[Path]) -> str:
    """A button for each of the pictures that `draw_examples` gave."""
    buttons = "".join(
        f'<button type="button" class="gallery-item" data-example="{number}"><img src="{file_url(path)}" alt="">'
        f"{escape(', '.join(shown for _, shown in faces))}</button>"
        for number, (path, faces) in enumerate(zip(paths, _PICTURES.values(), strict=True))
    )
    return f'<div class="mm mm-examples"><h3>{label("predict.examples")}</h3>{buttons}</div>'


def _drawn(path: Path, faces: tuple[tuple[str, str], ...]) -> Path:
    if not path.is_file():
        rng = np.random.default_rng(_SEED)
        picture = np.hstack([draw_face(CAST[name], label, 1.0, rng, _SIZE_PX) for name, label in faces])
        with publish_file(path) as temporary:
            Image.fromarray(picture).save(temporary, format="PNG")
    return path
