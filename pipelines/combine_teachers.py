"""Make one teacher of one or several: `python -m pipelines.combine_teachers OUT TEACHER... --meld DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.flow.teacher.combination import combine
from mmemo.flow.teacher.quality import TeacherScore
from mmemo.store.files import to_json
from mmemo.teacher.anchors import DEFAULT_ANCHOR
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


def combine_teachers(
    out: Annotated[Path, typer.Argument(help="New folder; pass it to --teacher afterwards.")],
    teachers: Annotated[list[str], typer.Argument(help="embedded, folders or hub ids; one alone is calibrated.")],
    meld: MeldOption = None,
    goemotions: GoEmotionsOption = None,
    lines: LinesOption = None,
    split: SplitOption = "dev",
    context_lines: ContextLinesOption = 2,
    next_lines: NextLinesOption = 0,
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Correct each teacher's certainty and prior first.")
    ] = True,
    anchor: Annotated[
        str, typer.Option("--anchor-name", help="Name of the anchor that is stored with it.")
    ] = DEFAULT_ANCHOR,
    as_json: JsonOption = False,
) -> None:
    """Fit a weighted vote of calibrated text teachers on labelled lines that none of them was trained on.

    \b
    Each teacher's opinion p becomes softmax(log p / temperature + bias); of no correction, temperature alone, and
    both, the one with the least log loss on held-out dialogues is taken. Then the weights of the vote are those of
    least log loss (expectation-maximisation). The folder holds all of it and is a teacher itself:

    \b
      python -m pipelines.combine_teachers calibrated/ embedded --meld DIR
      python -m pipelines.combine_teachers both/ embedded models/my-bert --lines gold.csv
      python -m pipelines.label --teacher both/

    Without labelled lines, `--teacher embedded,models/my-bert` lets them vote with equal weights.
    """
    text = TextChoice(meld=meld, goemotions=goemotions, lines=lines).read(
        split, context_lines=context_lines, next_lines=next_lines
    )
    report = run_with_bar(combine(teachers, text, anchor, out, calibrate=calibrate))
    say(f"{text.source}: {len(text.lines)} lines")
    for (name, alone), member in zip(report.alone.items(), report.combination.members, strict=True):
        say(f"{name}: {_figures(alone)}; weight {member.weight:.3f}, temperature {member.calibration.temperature:.2f}")
    say(f"combined, on held-out dialogues: {_figures(report.combined)}")
    say(f"stored in {out}")
    if as_json:
        print(to_json(report))


def _figures(score: TeacherScore) -> str:
    return (
        f"accuracy {100 * score.accuracy:.2f}, weighted F1 {100 * score.weighted_f1:.2f}, "
        f"macro-F1 {100 * score.macro_f1:.2f}, log loss {score.log_loss:.3f}, "
        f"calibration error {100 * score.calibration_error:.1f}"
    )


if __name__ == "__main__":
    main(combine_teachers)
