"""What the worker can do: each kind of job with its settings and its stage. Adding one is a function and a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from mmemo.flow.adapt import AdaptSettings, adapt
from mmemo.flow.export.stage import ExportSettings, export_episode
from mmemo.flow.jobs.arguments import OLD_RUN, settings_from
from mmemo.flow.runs.evaluate import EvaluateSettings, evaluate_run
from mmemo.flow.student.training import train_student
from mmemo.flow.teacher.label import LabelSettings, label_episode
from mmemo.progress import Stage
from mmemo.store.sources import names_only
from mmemo.store.workspace import Workspace
from mmemo.student.settings import TrainSettings

# What a job leaves behind, by name: the ids of the episode and of the run that it made.
Made: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind: the dataclass of its settings, and the stage that does the work with them."""

    settings: type
    stage: Callable[[Workspace, Any], Stage[Made]]

    def start(self, workspace: Workspace, arguments: Mapping[str, Any]) -> Stage[Made]:
        """The stage for arguments from the job table. Raises InputError when they are no settings of this kind."""
        return self.stage(workspace, settings_from(self.settings, arguments))


@dataclass(frozen=True, slots=True)
class RetrainSettings:
    """Which run is to be trained again; what is not None is done in another way than it was then."""

    run_id: str
    recipe: str | None = None
    backbone: str | None = None
    finetune: bool | None = None
    upper_blocks: int | None = None
    seed: int | None = None

    def on(self, train: TrainSettings) -> TrainSettings:
        """The settings of the run with what is asked for. InputError for what does not go together."""
        asked = asdict(self)
        del asked["run_id"]
        return replace(train, **{name: value for name, value in asked.items() if value is not None})


def adapt_job(workspace: Workspace, settings: AdaptSettings) -> Stage[Made]:
    """Cut, label, train and compare one episode."""
    with names_only(workspace, settings.video, settings.subtitles, settings.gold):
        result = yield from adapt(workspace, settings)
    return {"episode": result.cut.episode_id, "run": result.run.run_id}


def retrain_job(workspace: Workspace, settings: RetrainSettings) -> Stage[Made]:
    """Train and compare again as a run did, with everything that people have said since.

    What it leaves says `again` when nothing was new, so that it is a run that was there before.
    """
    config = workspace.run_config(settings.run_id)
    label = settings_from(LabelSettings, config.get("label"), OLD_RUN)
    train = settings.on(settings_from(TrainSettings, config.get("train"), OLD_RUN))
    for episode_id in config["episodes"]:
        yield from label_episode(workspace, workspace.episode(episode_id), label)
    run = yield from train_student(workspace, config["episodes"], label, train)
    yield from evaluate_run(workspace, EvaluateSettings(run_id=run.run_id))
    return {"episode": config["episodes"][0], "run": run.run_id, **({"again": "yes"} if run.skipped else {})}


def export_job(workspace: Workspace, settings: ExportSettings) -> Stage[Made]:
    """Write one format of one episode, packed as one file, too; `export` names its folder."""
    made = yield from export_episode(workspace, settings)
    run = {"run": made.run_id} if made.run_id is not None else {}
    return {"episode": made.episode_id, **run, "export": made.folder.name}


ADAPT, RETRAIN, EXPORT = "adapt", "retrain", "export"
KINDS: Mapping[str, JobKind] = MappingProxyType(
    {
        ADAPT: JobKind(AdaptSettings, adapt_job),
        RETRAIN: JobKind(RetrainSettings, retrain_job),
        EXPORT: JobKind(ExportSettings, export_job),
    }
)
