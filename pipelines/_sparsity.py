"""`python -m pipelines.benchmark sparsity`, a command of `pipelines.benchmark`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mmemo.store.files import to_json
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, run_with_bar


def sparsity(
    threshold: Annotated[
        list[float] | None,
        typer.Option(
            "--threshold", help="Share of the attention that is kept; several times. [default: 1 .9 .8 .6 .4]"
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Two epochs: shows that all is there.")] = False,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Where the episode is kept. [default: tmp in the workspace]")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """What the sparse end-to-end model leaves out.

    Counted, and timed beside the dense one. Frames, sound and lines of the bundled episode, so no data is needed. Small
    models are trained from pixels; those of the paper's sizes are counted and timed before training.
    """
    from mmemo.benchmark.fusion.sparsity import THRESHOLDS, SparsityBenchmark, benchmark_sparsity, lines_of_rows

    asked = SparsityBenchmark(cache or workspace / "tmp" / "benchmark", tuple(threshold or THRESHOLDS))
    if quick:
        asked = replace(asked, training=replace(asked.training, epochs=2), repeats=2)
    outcome = run_with_bar(benchmark_sparsity(asked))
    print("\n".join([*lines_of_rows(outcome.rows), f"\n{to_json(outcome.settings)}"]))
    if as_json:
        print(to_json(outcome.to_contract()))
