"""Store a fine-tuned two-head teacher small: `python -m pipelines.pack_teacher FOLDER OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.store.files import to_json
from mmemo.teacher.packing import pack_folder
from pipelines._command import JsonOption, main, say


def pack_teacher(
    folder: Annotated[Path, typer.Argument(help="Folder with config.json, model.safetensors and tokenizer.json.")],
    out: Annotated[Path, typer.Argument(help="New folder for the packed teacher.")],
    as_json: JsonOption = False,
) -> None:
    """Write a copy of a teacher with 8-bit rows for matrices and 16-bit floats for the rest.

    \b
    The teacher is a BERT encoder (keys encoder.*) with two linear heads (emotion.*, sentiment.*). The packed
    folder is a teacher itself: pass it to --teacher. Measure what the packing costs:

    \b
      python -m pipelines.pack_teacher trained/ packed/
      python -m pipelines.measure_teacher trained/ packed/ --meld DIR
    """
    report = pack_folder(folder, out)
    say(
        f"{report.source_bytes / 1e6:.1f} MB -> {report.packed_bytes / 1e6:.1f} MB in {out}; a weight is off by at "
        f"most {100 * report.largest_relative_error:.2f} % of its row's largest"
    )
    if as_json:
        print(to_json(report))


if __name__ == "__main__":
    main(pack_teacher)
