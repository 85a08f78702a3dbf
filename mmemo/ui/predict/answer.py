"""What the Predict tab knows: the faces of the given pictures, read once, and what is asked of them afterwards."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from mmemo.flow.prediction.files import save_predictions
from mmemo.flow.prediction.looked_at import LookedAt, looked_at
from mmemo.flow.prediction.pictures import count_pictures, pictures_in
from mmemo.flow.prediction.predict import ImagePrediction, load_predictors, predict_image
from mmemo.flow.prediction.said_line import Predictions, SaidLine, read_line, with_line
from mmemo.flow.runs.promotion import chosen_run, in_use, promotion_of
from mmemo.progress import Progress, Stage
from mmemo.store.sources import names_only
from mmemo.store.workspace import Workspace
from mmemo.ui.context import Selection
from mmemo.ui.text import say

# What takes its time, by the name that its progress has.
READING, LOOKING = "reading", "looking"
# Looking costs half a second of one core for each face and model.
MOST_LOOKED_AT = 12
_KEPT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants to know: of which files, of which student, with which line, and what the models looked at.

    `several` says that the side for many files is open.
    """

    paths: tuple[Path, ...] = ()
    selection: Selection = field(default_factory=Selection)
    line: str = ""
    look: bool = False
    several: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The faces of every picture, and of whom and with what they were read.

    `run_id` is the student that answers, None where only the baseline does; `why` says so in a sentence. `looks` holds
    for the first faces in order what the models looked at. `folder` holds the files to show and to save.
    """

    asked: Asked
    run_id: str | None
    why: str
    pictures: tuple[ImagePrediction, ...]
    line: SaidLine | None = None
    looks: tuple[Mapping[str, LookedAt], ...] = ()
    folder: Path | None = None

    @property
    def faces(self) -> int:
        """Of all pictures together."""
        return sum(len(picture.faces) for picture in self.pictures)


def predictions_folder(workspace: Workspace) -> Path:
    """Where pictures with boxes and tables lie; may be emptied at any time.

    What is over an hour old goes with the next prediction or the next start of the app, and not before.
    """
    return workspace.scratch / "predictions"


def answer_steps(workspace: Workspace, asked: Asked, before: Answer | None) -> Stage[Answer]:
    """Read the files, or take the faces that were read `before`; then the line, the looks, and the files to save.

    Raises InputError for a damaged file or a line that is too long.
    """
    same = before is not None and _read_alike(workspace, before.asked, asked)
    answer = before if same and before is not None else (yield from _read_faces(workspace, asked))
    answer = replace(answer, asked=asked, looks=answer.looks if same else ())
    answer = _with_line(workspace, answer)
    if asked.look and not answer.looks:
        answer = replace(answer, looks=tuple((yield from _looks(workspace, answer))))
    with names_only(workspace):
        return replace(answer, folder=_saved(workspace, answer))


def answering_run(workspace: Workspace, selection: Selection) -> tuple[str | None, str]:
    """The student that answers, which is the chosen one, and what it is worth, in one sentence; None without any."""
    run_id = selection.run_id
    if run_id is None:
        return None, say("predict.no_student")
    promotion = promotion_of(workspace, run_id)
    chosen = chosen_run(workspace, selection.episode_id)
    if promotion.promoted and chosen is not None and chosen.run_id == run_id:
        return run_id, f"{promotion.state}; {chosen.why}"
    return run_id, "; ".join(in_use(workspace, run_id))


def _read_alike(workspace: Workspace, before: Asked, now: Asked) -> bool:
    one, other = (answering_run(workspace, a.selection)[0] for a in (before, now))
    return before.paths == now.paths and one == other and before.selection == now.selection


def _read_faces(workspace: Workspace, asked: Asked) -> Stage[Answer]:
    run_id, why = answering_run(workspace, asked.selection)
    with names_only(workspace, *asked.paths):
        total = count_pictures(asked.paths) if len(asked.paths) > 1 else 1
        models = load_predictors(workspace, run_id)
        pictures: list[ImagePrediction] = []
        for path in asked.paths:
            for picture in pictures_in(path):
                found = predict_image(picture.pixels, models)
                pictures.append(ImagePrediction(path, found, picture.time_ms))
                yield Progress(READING, len(pictures), max(total, len(pictures)))
    return Answer(asked, run_id, why, tuple(pictures))


def _with_line(workspace: Workspace, answer: Answer) -> Answer:
    """The faces with the line, if one is typed and there is a show to say it in."""
    run_id, words = answer.asked.selection.run_id, " ".join(answer.asked.line.split())
    if not words or run_id is None:
        line = None
    elif answer.line is not None and answer.line.text == words:
        line = answer.line
    else:
        line = read_line(workspace, run_id, words, student_answers=answer.run_id is not None)
    pictures = tuple(replace(picture, faces=with_line(picture.faces, line)) for picture in answer.pictures)
    return replace(answer, line=line, pictures=pictures)


def _looks(workspace: Workspace, answer: Answer) -> Stage[list[Mapping[str, LookedAt]]]:
    models = load_predictors(workspace, answer.run_id)
    faces = [face for picture in answer.pictures for face in picture.faces][:MOST_LOOKED_AT]
    looks: list[Mapping[str, LookedAt]] = []
    for face in faces:
        with models.lock:
            looks.append(looked_at(face, models))
        yield Progress(LOOKING, len(looks), len(faces))
    return looks


def _saved(workspace: Workspace, answer: Answer) -> Path:
    """Write what can be shown and saved under a name that nobody can guess; what is over an hour old goes."""
    forget_old(workspace)
    folder = predictions_folder(workspace) / uuid.uuid4().hex
    save_predictions(folder, Predictions(answer.run_id, answer.line, answer.pictures))
    return folder


def forget_old(workspace: Workspace) -> None:
    """Take away the files of predictions that are over an hour old."""
    root = predictions_folder(workspace)
    for folder in [*root.iterdir()] if root.is_dir() else []:
        with suppress(FileNotFoundError):  # another prediction took it
            if time.time() - folder.stat().st_mtime > _KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)


def given_paths(picture: str | None, files: Sequence[str] | None, several: bool) -> tuple[Path, ...]:
    """The files that the open side of the tab holds."""
    if several:
        return tuple(Path(path) for path in files or ())
    return (Path(picture),) if picture else ()
