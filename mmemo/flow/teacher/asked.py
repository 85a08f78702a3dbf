"""What a training of the text teacher is asked to do, and what it gives: values for the stage and for the model card."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mmemo.errors import InputError
from mmemo.flow.teacher.examples import TeacherSources
from mmemo.flow.teacher.quality import TeacherScore
from mmemo.teacher.sources import EMBEDDED
from mmemo.teacher.training import TrainingSettings


@dataclass(frozen=True, slots=True)
class TrainTeacherSettings:
    """Start (embedded or a local folder), public files, and the recipe; a state is kept every `keep_every` steps.

    With MELD the state that reads its development part best (weighted F1) is what is stored at the end.
    """

    sources: TeacherSources
    start: str = EMBEDDED
    training: TrainingSettings = field(default_factory=TrainingSettings)
    keep_every: int = 100

    def __post_init__(self) -> None:
        if self.keep_every < 1:
            raise InputError("a state is kept every step at most", hint="use 1 or more")


@dataclass(frozen=True, slots=True)
class TrainTeacherReport:
    """What was trained and how it reads held-out lines, beside the start where that is a teacher itself."""

    folder: Path
    steps: int
    best_step: int
    resumed_at: int
    seconds: float
    curve: list[dict[str, float]]
    trained: dict[str, TeacherScore]
    started: dict[str, TeacherScore]
    majority: dict[str, float]
