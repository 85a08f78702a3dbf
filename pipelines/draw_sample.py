"""Draw the sample episode: python -m pipelines.draw_sample OUT [--seed N]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.datasets.drawn.sample import DEFAULT_SEED, write_sample
from mmemo.store.files import to_json
from pipelines._command import JsonOption, main, run_with_bar, say


def draw_sample(
    out: Annotated[Path, typer.Argument(help="Folder for episode.mp4, episode.srt and gold.csv.")],
    seed: Annotated[
        int, typer.Option(min=0, help="Another number gives other faces, timing and motion.")
    ] = DEFAULT_SEED,
    as_json: JsonOption = False,
) -> None:
    """Draw the animated sample episode with its subtitles and gold labels."""
    report = run_with_bar(write_sample(out, seed))
    count = sum(report.cues.values())
    say(f"{report.folder}: {report.duration_ms / 1000:.0f} s, {report.size_bytes / 1e6:.1f} MB, {count} cues")
    if as_json:
        print(to_json(report))


if __name__ == "__main__":
    main(draw_sample)
