"""Retrain the text teacher from public files: `python -m pipelines.train_teacher OUT --meld DIR --goemotions DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.store.files import to_json
from mmemo.teacher.sources import EMBEDDED
from pipelines._command import JsonOption, main, run_with_bar, say
from pipelines.measure_teacher import ContextLinesOption, GoEmotionsOption, MeldOption, MsctdOption, NextLinesOption


def train_teacher(
    out: Annotated[Path, typer.Argument(help="New folder for the teacher; pass it to --teacher afterwards.")],
    meld: MeldOption = None,
    goemotions: GoEmotionsOption = None,
    msctd: MsctdOption = None,
    start: Annotated[
        str, typer.Option("--start", help="embedded, or a local folder: a teacher of ours or a transformers BERT.")
    ] = EMBEDDED,
    context_lines: ContextLinesOption = 2,
    next_lines: NextLinesOption = 0,
    steps: Annotated[int, typer.Option("--steps", help="How many batches.")] = 3700,
    batch_size: Annotated[int, typer.Option("--batch-size", help="Lines a batch.")] = 64,
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", help="Highest rate of the encoder; the heads learn 10 times faster.")
    ] = 2.5e-4,
    layers: Annotated[
        int | None, typer.Option("--layers", help="Train only this many last layers; 0: the heads. Default: all.")
    ] = None,
    keep_every: Annotated[int, typer.Option("--keep-every", help="Keep the state and judge it so often.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Seed of batches, dropout and new heads.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a text teacher on MELD train, GoEmotions train and dev, and MSCTD train, as far as they are given.

    \b
    Of the states that are kept, the one that reads MELD's development part best (weighted F1) is stored, with a model
    card, an anchor and all figures. Stopped, it goes on from the last kept state when the command is given again.

    \b
      python -m pipelines.train_teacher mine/ --meld DIR --goemotions DIR --msctd DIR --start models/MiniLM
      python -m pipelines.train_teacher mine/ --meld DIR --steps 300 --layers 1 --learning-rate 1e-4
      python -m pipelines.pack_teacher mine/ small/      a quarter of the size
      python -m pipelines.label --teacher mine/
    """
    from mmemo.flow.teacher.asked import TrainTeacherSettings
    from mmemo.flow.teacher.examples import TeacherSources
    from mmemo.flow.teacher.training import train_teacher as train_stage
    from mmemo.teacher.training import TrainingSettings

    training = TrainingSettings(
        steps=steps, batch_size=batch_size, learning_rate=learning_rate, layers=layers, seed=seed
    )
    sources = TeacherSources(meld, goemotions, msctd, context_lines, next_lines)
    report = run_with_bar(train_stage(TrainTeacherSettings(sources, start, training, keep_every), out))
    for text, score in report.trained.items():
        before = report.started.get(text)
        say(
            f"{text}: accuracy {100 * score.accuracy:.2f}, weighted F1 {100 * score.weighted_f1:.2f}, "
            f"macro-F1 {100 * score.macro_f1:.2f}, log loss {score.log_loss:.3f}"
            + ("" if before is None else f" (start: {100 * before.weighted_f1:.2f}, {100 * before.macro_f1:.2f})")
        )
    say(f"{report.steps} steps, the best is {report.best_step}, {report.seconds:.0f} s; stored in {out}")
    if as_json:
        print(to_json(report))


if __name__ == "__main__":
    main(train_teacher)
