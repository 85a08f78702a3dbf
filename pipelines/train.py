"""Train a student on labelled episodes: `python -m pipelines.train [--recipe R]`."""

from __future__ import annotations

from typing import Annotated

import typer

from mmemo.flow.student.training import RunRecord, train_student
from mmemo.flow.teacher.label import LabelSettings
from mmemo.store.files import read_json, to_json
from mmemo.store.workspace import Workspace
from mmemo.student.settings import TrainSettings
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say
from pipelines._options import (
    AnchorOption,
    BackboneOption,
    ContextOption,
    EpochsOption,
    FinetuneOption,
    FoldsOption,
    NextLinesOption,
    RecipeOption,
    SeedOption,
    SentencesOption,
    TeachersOption,
    UpperBlocksOption,
    teacher_named,
)

_DEFAULTS, _LABEL = TrainSettings(), LabelSettings()


def train(
    episode: Annotated[
        list[str] | None,
        typer.Option("--episode", help="Train on this episode; may be given several times. Default: all."),
    ] = None,
    recipe: RecipeOption = _DEFAULTS.recipe,
    teacher: TeachersOption = None,
    whole_sentences: SentencesOption = False,
    context_lines: ContextOption = _LABEL.context_lines,
    next_lines: NextLinesOption = _LABEL.next_lines,
    backbone: BackboneOption = _DEFAULTS.backbone,
    finetune: FinetuneOption = _DEFAULTS.finetune,
    upper_blocks: UpperBlocksOption = _DEFAULTS.upper_blocks,
    anchor: AnchorOption = _DEFAULTS.anchor,
    seed: SeedOption = _DEFAULTS.seed,
    folds: FoldsOption = _DEFAULTS.folds,
    epochs: EpochsOption = _DEFAULTS.epochs,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Train an image student on what the text teacher, the image baseline and people say of the faces.

    Needs episodes that were cut and labelled. Writes runs/RUN/ in the workspace: weights, settings, curves,
    targets, and the opinion on every face of a student that never saw its scene. The same inputs and settings
    give the same run again at once.
    """
    space = Workspace(workspace)
    settings = TrainSettings(
        recipe=recipe,
        backbone=backbone,
        finetune=finetune,
        upper_blocks=upper_blocks,
        anchor=anchor,
        seed=seed,
        folds=folds,
        epochs=epochs,
    )
    episodes = episode or [e.episode_id for e in reversed(space.episodes())]
    run = run_with_bar(
        train_student(
            space,
            episodes,
            LabelSettings(teacher_named(teacher), context_lines, whole_sentences, next_lines),
            settings,
        )
    )
    tell_run(run)
    if as_json:
        print(to_json(run.to_contract()))


def tell_run(run: RunRecord) -> None:
    """Say what a run is and what its lines are like, and raise the alarm when the student collapsed."""
    state = "was there already" if run.skipped else f"trained in {run.seconds:.1f} s"
    people = f", {run.human_labels} of them labelled by people" if run.human_labels else ""
    say(f"run {run.run_id}: {run.faces} faces in {run.tracks} tracks{people}, {state}")
    if resting := run.resting.sentence():
        say(resting)
    if like := read_json(run.folder / "config.json")["anchor"].get("says"):
        say(like)
    if run.collapse:
        say(f"ALARM: {run.collapse}")


if __name__ == "__main__":
    main(train)
