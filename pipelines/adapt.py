"""The main job: `python -m pipelines.adapt VIDEO [SRT] [--gold CSV] [--faces DIR]`."""

from __future__ import annotations

from mmemo.flow.adapt import AdaptResult, AdaptSettings
from mmemo.flow.adapt import adapt as adapt_stage
from mmemo.flow.characters.finding import CharacterSettings
from mmemo.flow.characters.identities import AUTO
from mmemo.flow.cutting.cut import SyncMode
from mmemo.flow.teacher.label import LabelSettings
from mmemo.store.files import to_json
from mmemo.store.workspace import Workspace
from mmemo.student.settings import TrainSettings
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar
from pipelines._options import (
    AnchorOption,
    BackboneOption,
    CharactersOption,
    ContextOption,
    EpochsOption,
    FacesOption,
    FinetuneOption,
    FoldsOption,
    GoldOption,
    GroupOption,
    LanguageOption,
    NextLinesOption,
    RecipeOption,
    SeedOption,
    SentencesOption,
    SplitVoicesOption,
    SubtitlesArgument,
    SyncOption,
    TeachersOption,
    TranscribeOption,
    UpperBlocksOption,
    VideoArgument,
    YuNetOption,
    teacher_named,
)
from pipelines.cut import tell_account, tell_characters
from pipelines.evaluate import tell_evaluation
from pipelines.train import tell_run

_DEFAULTS, _LABEL = TrainSettings(), LabelSettings()


def adapt(
    video: VideoArgument,
    subtitles: SubtitlesArgument = None,
    subtitle_language: LanguageOption = None,
    split_voices: SplitVoicesOption = True,
    transcribe: TranscribeOption = None,
    sync: SyncOption = SyncMode.AUTO,
    characters: CharactersOption = AUTO,
    yunet: YuNetOption = None,
    gold: GoldOption = None,
    faces: FacesOption = None,
    group_pattern: GroupOption = None,
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
    """Turn an episode and its subtitles into a face-emotion model for that show, and say whether it helps.

    Cuts the video into faces that speak the lines, lets the text teacher read the lines, trains an image student
    on what both say, and compares it with the image-only baseline. Prints the account of cues and the table and
    writes an HTML report. Running it again skips every stage whose inputs and settings are the same.
    """
    space = Workspace(workspace)
    settings = AdaptSettings(
        video=video,
        subtitles=subtitles,
        language=subtitle_language,
        split_voices=split_voices,
        transcribe=transcribe,
        sync=sync,
        yunet=yunet,
        characters=CharacterSettings(characters),
        gold=gold,
        faces=faces,
        group_pattern=group_pattern,
        label=LabelSettings(teacher_named(teacher), context_lines, whole_sentences, next_lines),
        train=TrainSettings(
            recipe=recipe,
            backbone=backbone,
            finetune=finetune,
            upper_blocks=upper_blocks,
            anchor=anchor,
            seed=seed,
            folds=folds,
            epochs=epochs,
        ),
    )
    _tell(space, run_with_bar(adapt_stage(space, settings)), as_json=as_json)


def _tell(workspace: Workspace, result: AdaptResult, *, as_json: bool) -> None:
    """Print what became of the episode, stage by stage."""
    tell_account(result.cut)
    tell_characters(result.characters)
    tell_run(result.run)
    tell_evaluation(workspace, result.evaluation)
    if as_json:
        print(to_json(result.to_contract()))


if __name__ == "__main__":
    main(adapt)
