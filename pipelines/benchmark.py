"""`python -m pipelines.benchmark NAME`: repeatable experiments, each with its table and what was asked beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.benchmark.outcome import Outcome
from mmemo.store.files import to_json
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main_group, run_with_bar


def cut(
    data: Annotated[Path, typer.Option("--data", help="Folder that holds episode_dev/episode.mp4 and episode.srt.")],
    quick: Annotated[bool, typer.Option("--quick", help="Three minutes of each video, no two-hour film.")] = False,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Where the made videos are kept. [default: tmp in the workspace]")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Speed and memory of the cut: against the naive way, against the limit of the machine, and against real time.

    The film-like video is made once, out of the stills of episode_dev: a moving camera, grain, 1280x720. It is
    synthetic. All figures are ratios of one run.
    """
    from mmemo.benchmark.cutting.cut import CutBenchmark, benchmark_cut

    folder = cache if cache is not None else workspace / "tmp" / "benchmark"
    tell(run_with_bar(benchmark_cut(CutBenchmark(data, folder, quick))), as_json)


def tell(outcome: Outcome, as_json: bool) -> None:
    """Print the rows, then each figure that is asked for beside the one that was measured."""
    for row in outcome.rows:
        print(f"\n{row['name']}")
        for key, value in row.items():
            if key != "name":
                print(f"  {key:<40}{value}")
    print("\nasked and measured")
    for check in outcome.checks:
        print(f"  {check.line()}")
    missed = [check for check in outcome.checks if not check.met]
    print(f"\n{len(outcome.checks) - len(missed)} of {len(outcome.checks)} figures are reached.")
    if as_json:
        print(to_json(outcome.to_contract()))


if __name__ == "__main__":
    main_group(cut)
