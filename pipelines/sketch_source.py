"""Keep some features of labelled faces for replay: python -m pipelines.sketch_source --ferplus DIR."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mmemo.datasets.ferplus import read_ferplus
from mmemo.labels import EKMAN7
from mmemo.store.files import to_json
from mmemo.student.backbones import features_of
from mmemo.student.backbones.loading import EMBEDDED_FOLDER, load_embedded
from mmemo.student.source import SOURCE_FILE, save_source, sketch_faces
from pipelines._command import JsonOption, main, run_with_bar, say


def sketch_source(
    ferplus: Annotated[Path, typer.Option("--ferplus", help="Folder with valid.npz of FER+.")],
    output: Annotated[Path, typer.Option("--output", help="Where the sketch goes.")] = EMBEDDED_FOLDER / SOURCE_FILE,
    faces_a_class: Annotated[int, typer.Option("--faces-a-class", min=1, help="Faces of each emotion at most.")] = 30,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which faces are drawn.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Features of a few faces of each emotion, for recipes that replay what the baseline learned from."""
    backbone = load_embedded(EMBEDDED_FOLDER)
    faces = read_ferplus(ferplus / "valid.npz")
    # Drawn before they are looked at: only these need features.
    numbers = sketch_faces(np.arange(len(faces.labels))[:, None, None], faces.labels, faces_a_class, seed)
    rows = numbers.features[:, 0, 0].astype(np.int64)
    crops = faces.crops()
    features = run_with_bar(features_of(backbone, [crops[row] for row in rows]))
    sketch = sketch_faces(features, faces.labels[rows], faces_a_class, seed)
    save_source(output, sketch, backbone.identity)
    counts = dict(zip(EKMAN7.labels, sketch.targets.sum(0).astype(int).tolist(), strict=True))
    say(f"{len(rows)} faces, {output.stat().st_size / 1e6:.2f} MB: {output}")
    if as_json:
        print(to_json({"source": str(output), "faces": counts, "identity": backbone.identity, "seed": seed}))


if __name__ == "__main__":
    main(sketch_source)
