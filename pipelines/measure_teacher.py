"""Measure text teachers on labelled lines: `python -m pipelines.measure_teacher TEACHER... --meld DIR`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mmemo.errors import InputError
from mmemo.flow.teacher.quality import (
    LabelledText,
    TeacherScore,
    csv_text,
    goemotions_text,
    majority,
    measure,
    meld_text,
    msctd_text,
)
from mmemo.store.files import to_json
from mmemo.teacher.loading import load_teacher
from pipelines._command import JsonOption, main, run_with_bar, say

MeldOption = Annotated[Path | None, typer.Option("--meld", help="Folder with MELD's *_sent_emo.csv files.")]
GoEmotionsOption = Annotated[
    Path | None, typer.Option("--goemotions", help="Folder with GoEmotions' .tsv files and labels.txt.")
]
MsctdOption = Annotated[
    Path | None, typer.Option("--msctd", help="Folder with MSCTD's english_*.txt, sentiment_*.txt, image_index_*.txt.")
]
LinesOption = Annotated[
    Path | None, typer.Option("--lines", help="CSV with the columns text,emotion, in the order of speaking.")
]
SplitOption = Annotated[str, typer.Option("--split", help="train, dev or test.")]
ContextLinesOption = Annotated[int, typer.Option("--context-lines", help="Lines of context before a line.")]
NextLinesOption = Annotated[int, typer.Option("--next-lines", help="Lines of context after a line.")]


def measure_teacher(
    teachers: Annotated[list[str], typer.Argument(help="Teachers to compare: embedded, folders, hub ids, A,B lists.")],
    meld: MeldOption = None,
    goemotions: GoEmotionsOption = None,
    msctd: MsctdOption = None,
    lines: LinesOption = None,
    split: SplitOption = "dev",
    context_lines: ContextLinesOption = 2,
    next_lines: NextLinesOption = 0,
    sentiment: Annotated[bool, typer.Option("--sentiment", help="Score sentiments and not emotions; MELD.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compute in float32 even where this machine has bfloat16.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Accuracy, weighted F1, macro-F1, log loss and recall of text teachers on labelled lines they never saw.

    \b
      python -m pipelines.measure_teacher embedded --meld DIR --split test
      python -m pipelines.measure_teacher trained/ packed/ --meld DIR        what the packing costs
      python -m pipelines.measure_teacher embedded --goemotions DIR --split test
      python -m pipelines.measure_teacher embedded --msctd DIR --split test  sentiments of film dialogue

    With several teachers, each row also says how many points of weighted F1 it is below the first. The first row is
    the most frequent label. MSCTD has sentiments only; a teacher without a head for them tells them from its emotions.
    """
    chosen = TextChoice(meld, goemotions, msctd, lines)
    text = chosen.read(split, context_lines=context_lines, next_lines=next_lines, sentiment=sentiment)
    say(f"{text.source}: {len(text.lines)} lines; always the most frequent label: {100 * majority(text):.2f}")
    rows = []
    first: TeacherScore | None = None
    for name in teachers:
        result = run_with_bar(measure(load_teacher(name, exact=exact), text))
        first = first or result
        loss_points = 100 * (first.weighted_f1 - result.weighted_f1)
        say(_line(name, result, loss_points))
        rows.append(_row(name, result, loss_points))
    if as_json:
        settings = {"text": text.source, "exact": exact, "majority_accuracy": majority(text)}
        print(to_json({"benchmark": "teachers on labelled text", "rows": rows, "settings": settings}))


@dataclass(frozen=True, slots=True)
class TextChoice:
    """The labelled text that the options of a command name: exactly one of them."""

    meld: Path | None = None
    goemotions: Path | None = None
    msctd: Path | None = None
    lines: Path | None = None

    def __post_init__(self) -> None:
        given = [path for path in (self.meld, self.goemotions, self.msctd, self.lines) if path is not None]
        if len(given) != 1:
            raise InputError(
                "name one labelled text", hint="pass one of --meld DIR, --goemotions DIR, --msctd DIR, --lines CSV"
            )

    def read(self, split: str, *, context_lines: int = 2, next_lines: int = 0, sentiment: bool = False) -> LabelledText:
        """Read it; sentiments where there are none raise InputError."""
        around: dict[str, int] = {"context_lines": context_lines, "next_lines": next_lines}
        if self.meld is not None:
            return meld_text(self.meld, split, sentiment=sentiment, **around)
        if self.msctd is not None:
            return msctd_text(self.msctd, split, **around)
        if sentiment:
            raise InputError("this text has no sentiment labels", hint="use --meld DIR or --msctd DIR")
        if self.goemotions is not None:
            return goemotions_text(self.goemotions, split)
        assert self.lines is not None
        return csv_text(self.lines, **around)


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
        "log_loss": result.log_loss,
        "calibration_error": result.calibration_error,
    }


def _line(name: str, result: TeacherScore, loss_points: float) -> str:
    recall = ", ".join(f"{label} {value:.2f}" for label, value in result.recall.items() if value is not None)
    return (
        f"{name}: accuracy {100 * result.accuracy:.2f}, weighted F1 {100 * result.weighted_f1:.2f} "
        f"({loss_points:+.2f} points lost), macro-F1 {100 * result.macro_f1:.2f}, log loss {result.log_loss:.3f}, "
        f"calibration error {100 * result.calibration_error:.1f}; recall {recall}; "
        f"{result.lines_per_second:.0f} lines/s"
    )


if __name__ == "__main__":
    main(measure_teacher)
