"""Measure text teachers on labelled lines: `python -m pipelines.measure_teacher TEACHER... --meld DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.errors import InputError
from mmemo.flow.teacher_quality import LabelledText, TeacherScore, goemotions_text, measure, meld_text
from mmemo.store.files import to_json
from mmemo.teacher.loading import load_teacher
from pipelines._command import JsonOption, main, run_with_bar, say

MeldOption = Annotated[Path | None, typer.Option("--meld", help="Folder with MELD's *_sent_emo.csv files.")]
GoEmotionsOption = Annotated[
    Path | None, typer.Option("--goemotions", help="Folder with GoEmotions' .tsv files and labels.txt.")
]


def measure_teacher(
    teachers: Annotated[list[str], typer.Argument(help="Teachers to compare: embedded, folders or hub ids.")],
    meld: MeldOption = None,
    goemotions: GoEmotionsOption = None,
    split: Annotated[str, typer.Option("--split", help="train, dev or test.")] = "dev",
    context_lines: Annotated[int, typer.Option("--context-lines", help="Lines of context; MELD only.")] = 2,
    sentiment: Annotated[bool, typer.Option("--sentiment", help="Score the sentiment head; MELD only.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compute in float32 even where this machine has bfloat16.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Accuracy, weighted F1, macro-F1 and recall of text teachers on labelled lines they were not trained on.

    \b
      python -m pipelines.measure_teacher embedded --meld DIR --split test
      python -m pipelines.measure_teacher trained/ packed/ --meld DIR        what the packing costs
      python -m pipelines.measure_teacher embedded --goemotions DIR --split test

    With several teachers, each row also says how many points of weighted F1 it is below the first.
    """
    text = labelled_text(meld, goemotions, split, context_lines=context_lines, sentiment=sentiment)
    say(f"{text.source}: {len(text.lines)} lines")
    rows = []
    first: TeacherScore | None = None
    for name in teachers:
        result = run_with_bar(measure(load_teacher(name, exact=exact), text))
        first = first or result
        loss_points = 100 * (first.weighted_f1 - result.weighted_f1)
        say(_line(name, result, loss_points))
        rows.append(_row(name, result, loss_points))
    if as_json:
        settings = {"text": text.source, "exact": exact}
        print(to_json({"benchmark": "teachers on labelled text", "rows": rows, "settings": settings}))


def labelled_text(
    meld: Path | None, goemotions: Path | None, split: str, *, context_lines: int = 2, sentiment: bool = False
) -> LabelledText:
    """The one labelled text that the options name; none or both raise InputError."""
    if (meld is None) == (goemotions is None):
        raise InputError("name one labelled text", hint="pass either --meld DIR or --goemotions DIR")
    if meld is not None:
        return meld_text(meld, split, context_lines=context_lines, sentiment=sentiment)
    if sentiment:
        raise InputError("GoEmotions has no sentiment labels", hint="use --meld DIR with --sentiment")
    assert goemotions is not None
    return goemotions_text(goemotions, split)


def _row(name: str, result: TeacherScore, loss_points: float) -> dict[str, object]:
    return {
        "name": name,
        "identity": result.teacher,
        "n": result.n,
        "accuracy": result.accuracy,
        "weighted_f1": result.weighted_f1,
        "weighted_f1_loss_points": loss_points,
        "macro_f1": result.macro_f1,
        "recall": result.recall,
        "lines_per_second": result.lines_per_second,
    }


def _line(name: str, result: TeacherScore, loss_points: float) -> str:
    recall = ", ".join(f"{label} {value:.2f}" for label, value in result.recall.items() if value is not None)
    return (
        f"{name}: accuracy {100 * result.accuracy:.2f}, weighted F1 {100 * result.weighted_f1:.2f} "
        f"({loss_points:+.2f} points lost), macro-F1 {100 * result.macro_f1:.2f}; recall {recall}; "
        f"{result.lines_per_second:.0f} lines/s"
    )


if __name__ == "__main__":
    main(measure_teacher)
