"""Measure how far a teacher can be trusted: `python -m pipelines.anchor NAME --meld DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mmemo.errors import InputError
from mmemo.flow.teacher.quality import anchor as anchor_stage
from mmemo.store.files import to_json
from mmemo.teacher.anchors import ANCHORS_FILE, DEFAULT_ANCHOR, save_anchor
from mmemo.teacher.loading import load_teacher
from mmemo.teacher.sources import EMBEDDED, EMBEDDED_FOLDER
from pipelines._command import JsonOption, main, run_with_bar, say
from pipelines.measure_teacher import (
    ContextLinesOption,
    GoEmotionsOption,
    LinesOption,
    MeldOption,
    NextLinesOption,
    SplitOption,
    TextChoice,
)


def anchor(
    name: Annotated[str, typer.Argument(help="Name to store the anchor under, such as meld_dev.")] = DEFAULT_ANCHOR,
    meld: MeldOption = None,
    goemotions: GoEmotionsOption = None,
    lines: LinesOption = None,
    split: SplitOption = "dev",
    context_lines: ContextLinesOption = 2,
    next_lines: NextLinesOption = 0,
    teacher: Annotated[str, typer.Option("--teacher", help="embedded, a folder or a hub id.")] = EMBEDDED,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to add it to. Default: anchors.json beside the weights.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Store a teacher's mean votes by true emotion, measured on labelled lines it was not trained on.

    \b
    Training reads them to know what a teacher's "joy" is worth. A teacher without a measured anchor gets a
    generic, weak one.

    \b
      python -m pipelines.anchor meld_dev --meld DIR --split dev
      python -m pipelines.anchor goemotions_test --goemotions DIR --split test
      python -m pipelines.anchor meld_dev --meld DIR --teacher models/my-bert
    """
    path = out or _default_path(teacher)
    text = TextChoice(meld=meld, goemotions=goemotions, lines=lines).read(
        split, context_lines=context_lines, next_lines=next_lines
    )
    measured = run_with_bar(anchor_stage(load_teacher(teacher), text, name))
    save_anchor(path, measured)
    diagonal = float(np.diag(measured.confusion).mean())
    say(f"{name}: {measured.n} lines of {measured.source}; mean vote for the true emotion {diagonal:.3f}; in {path}")
    if as_json:
        print(to_json({"anchor": measured, "path": path}))


def _default_path(teacher: str) -> Path:
    if teacher == EMBEDDED:
        return EMBEDDED_FOLDER / ANCHORS_FILE
    if Path(teacher).is_dir():
        return Path(teacher) / ANCHORS_FILE
    raise InputError("the hub's cache keeps no anchors", hint="copy the model to a folder, or pass --out FILE")


if __name__ == "__main__":
    main(anchor)
