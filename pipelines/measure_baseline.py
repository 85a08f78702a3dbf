"""Measure the embedded face network on FER+ and store how it errs: python -m pipelines.measure_baseline --ferplus DIR."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mmemo.datasets.ferplus import FerPlus, read_ferplus
from mmemo.evaluate.metrics import Scores, score
from mmemo.labels import EKMAN7
from mmemo.store.files import to_json
from mmemo.student.backbones import Backbone, features_of
from mmemo.student.backbones.loading import EMBEDDED_FOLDER, load_embedded
from mmemo.student.baseline import CONFUSION_FILE, own_head, save_confusion, soft_confusion
from pipelines._command import JsonOption, main, run_with_bar, say


def measure_baseline(
    ferplus: Annotated[Path, typer.Option("--ferplus", help="Folder with valid.npz and test.npz of FER+.")],
    output: Annotated[Path, typer.Option("--output", help="Where the confusion goes.")] = EMBEDDED_FOLDER
    / CONFUSION_FILE,
    as_json: JsonOption = False,
) -> None:
    """Accuracy, macro-F1 and recall on both splits; the confusion on valid becomes the anchor of the noise model."""
    backbone = load_embedded(EMBEDDED_FOLDER)
    rows = []
    for split in ("valid", "test"):
        faces = read_ferplus(ferplus / f"{split}.npz")
        started = time.perf_counter()
        probs = _probs(backbone, faces)
        face_ms = 1000 * (time.perf_counter() - started) / len(faces.labels)
        scores = score(faces.labels, probs.argmax(axis=1))
        rows.append(_row(split, scores, face_ms))
        say(_line(rows[-1]))
        if split == "valid":
            source: dict[str, object] = {
                "data": "FER+ valid, faces whose majority is one of the seven",
                "faces": scores.n,
            }
            save_confusion(output, soft_confusion(faces.labels, probs), backbone.identity, source)
    say(f"confusion written to {output}")
    if as_json:
        print(to_json({"benchmark": "baseline on FER+", "rows": rows, "settings": {"identity": backbone.identity}}))


def _probs(backbone: Backbone, faces: FerPlus) -> np.ndarray:
    return own_head(backbone).probs(run_with_bar(features_of(backbone, faces.crops())))


def _row(split: str, scores: Scores, face_ms: float) -> dict[str, object]:
    return {
        "name": split,
        "n": scores.n,
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "recall": dict(scores.recall),
        "face_ms": face_ms,
    }


def _line(row: dict[str, object]) -> str:
    recall = row["recall"]
    assert isinstance(recall, dict)
    parts = ", ".join(f"{label} {recall[label]:.2f}" for label in EKMAN7.labels if recall[label] is not None)
    return (
        f"{row['name']}: {row['n']} faces, accuracy {row['accuracy']:.4f}, macro-F1 {row['macro_f1']:.4f}; "
        f"recall {parts}; {row['face_ms']:.1f} ms a face"
    )


if __name__ == "__main__":
    main(measure_baseline)
