"""The main job: an episode in, a face model for its show and an honest comparison out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmemo.evaluate.gold import read_gold
from mmemo.flow.characters.finding import CharacterReport, CharacterSettings, check_weights, find_characters
from mmemo.flow.cutting.cut import CutReport, CutSettings, SyncMode, cut_episode
from mmemo.flow.runs.evaluate import EvaluateSettings, Evaluation, evaluate_run
from mmemo.flow.runs.faces_folder import FolderSettings, find_pictures
from mmemo.flow.runs.report import write_cut_report
from mmemo.flow.student.training import RunRecord, train_student
from mmemo.flow.teacher.label import LabelReport, LabelSettings, label_episode
from mmemo.progress import Stage
from mmemo.store.files import publish_file
from mmemo.store.workspace import SYNTHETIC_FILE, Workspace
from mmemo.student.recipes import recipe_named
from mmemo.student.settings import TrainSettings
from mmemo.teacher.anchors import choose_anchor
from mmemo.teacher.loading import anchors_of, teacher_identity
from mmemo.teacher.resemblance import AUTO


@dataclass(frozen=True, slots=True)
class AdaptSettings:
    """Everything that the main job may be told; the defaults are what we would do."""

    video: Path
    subtitles: Path | None = None
    language: str | None = None
    split_voices: bool = True
    transcribe: str | None = None
    sync: SyncMode = SyncMode.AUTO
    yunet: Path | None = None
    gold: Path | None = None
    faces: Path | None = None
    group_pattern: str | None = None
    cut: CutSettings = field(default_factory=CutSettings)
    characters: CharacterSettings = field(default_factory=CharacterSettings)
    label: LabelSettings = field(default_factory=LabelSettings)
    train: TrainSettings = field(default_factory=TrainSettings)


@dataclass(frozen=True, slots=True)
class AdaptResult:
    """What each stage reported."""

    cut: CutReport
    characters: CharacterReport
    label: LabelReport
    run: RunRecord
    evaluation: Evaluation

    def to_contract(self) -> dict[str, Any]:
        """The object that the command prints: the comparison, the report and the account of cues."""
        characters = self.characters.to_contract()
        return {
            **self.cut.to_contract(),
            "characters": characters,
            "run": self.run.run_id,
            **self.evaluation.to_contract(),
        }


def adapt(workspace: Workspace, settings: AdaptSettings) -> Stage[AdaptResult]:
    """Cut, label, train and compare; each stage that was done before with the same inputs is skipped."""
    if settings.gold is not None:
        read_gold(settings.gold)  # bad gold is told now, not after minutes of work
    if settings.faces is not None:
        find_pictures(FolderSettings(settings.faces, settings.group_pattern))
    check_weights(settings.characters)
    _check_names(settings)
    cut = yield from cut_episode(
        workspace,
        settings.video,
        settings.subtitles,
        settings.cut,
        language=settings.language,
        split_voices=settings.split_voices,
        transcribe=settings.transcribe,
        sync=settings.sync,
        yunet=settings.yunet,
    )
    episode = workspace.episode(cut.episode_id)
    _keep_notice(workspace, settings.video, cut.episode_id)
    characters = yield from find_characters(workspace, episode, settings.characters)
    write_cut_report(workspace, episode, cut)
    label = yield from label_episode(workspace, episode, settings.label)
    run = yield from train_student(workspace, [cut.episode_id], settings.label, settings.train)
    evaluation = yield from evaluate_run(
        workspace, EvaluateSettings(run.run_id, settings.gold, settings.faces, settings.group_pattern)
    )
    return AdaptResult(cut, characters, label, run, evaluation)


def _check_names(settings: AdaptSettings) -> None:
    """A recipe, teacher or anchor that does not exist is told now, not after the cut, which takes minutes."""
    recipe_named(settings.train.recipe)
    teacher_identity(settings.label.teacher, download=True)
    if settings.train.anchor != AUTO:
        choose_anchor(anchors_of(settings.label.teacher), settings.train.anchor)


def _keep_notice(workspace: Workspace, video: Path, episode_id: str) -> None:
    notice = video.parent / SYNTHETIC_FILE
    if notice.is_file():
        with publish_file(workspace.episode_folder(episode_id) / SYNTHETIC_FILE) as temporary:
            temporary.write_bytes(notice.read_bytes())
