"""Compare a student with its rivals: `python -m pipelines.evaluate [--gold CSV] [--faces DIR]`."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from mmemo.evaluate.table import comparison_table
from mmemo.flow.review.tracks import synthetic_notice
from mmemo.flow.runs.evaluate import EvaluateSettings, Evaluation, evaluate_run
from mmemo.flow.runs.promotion import Promotion
from mmemo.store.files import read_json, to_json
from mmemo.store.workspace import Workspace
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say
from pipelines._options import FacesOption, GoldOption, GroupOption


def evaluate(
    gold: GoldOption = None,
    faces: FacesOption = None,
    group_pattern: GroupOption = None,
    run: Annotated[str | None, typer.Option("--run", help="Which student; default: the newest run.")] = None,
    promote: Annotated[
        bool | None,
        typer.Option(
            "--promote/--no-promote",
            help="Use this student by default, or do not, whatever the comparison proves. "
            "Left out, a proven gain without a collapse decides, and what a person said before.",
        ),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Print the comparison table of a student with all its rivals and write the HTML report.

    Every face of the episode is judged by a student that never saw its scene. Without --gold, a gold file that
    was given before is used, else the labels that people gave in the app; without any of them there is no table.
    Only a promoted student is used by default: a comparison promotes it when the gain is proven, and not otherwise.
    """
    space = Workspace(workspace)
    result = run_with_bar(evaluate_run(space, EvaluateSettings(run, gold, faces, group_pattern, promote=promote)))
    tell_evaluation(space, result)
    if as_json:
        print(to_json(result.to_contract()))


def tell_evaluation(space: Workspace, result: Evaluation) -> None:
    """Print the tables on stdout and, after them, where the report lies."""
    config = read_json(space.run_folder(result.run_id) / "config.json")
    if notice := synthetic_notice(space, config["episodes"]):
        print(f"\n{textwrap.fill(f'Synthetic material: {notice}', 120)}")
    if result.comparison is not None:
        print(f"\nEpisode, out of fold:\n{comparison_table(result.comparison)}")
    if result.on_faces is not None:
        print(f"\nLabelled face pictures:\n{comparison_table(result.on_faces)}")
    if result.comparison is None and result.on_faces is None:
        say("no gold, so no comparison: pass --gold or --faces, or label some faces in the app")
    print(f"\n{promotion_said(result.promotion)}")
    print(f"report: {result.report}")


def promotion_said(promotion: Promotion) -> str:
    """Whether the student is used by default, and why, in one line."""
    return f"The student is {promotion.state}: {promotion.why}."


if __name__ == "__main__":
    main(evaluate)
