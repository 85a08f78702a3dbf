"""Faces read as if a line had been spoken with them in a show: what face and line say together.

The image opinion that a line is weighed with is the one that the lines of the run preferred: the baseline's, or where
they proved that the baseline does not know the show, the student's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.errors import InputError
from mmemo.flow.prediction.predict import FacePrediction, ImagePrediction, PredictSettings, predict_files
from mmemo.flow.runs.promotion import promoted_run
from mmemo.flow.teacher.anchor import anchor_for
from mmemo.flow.teacher.label import LabelSettings
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.store.files import read_table
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Workspace
from mmemo.student.fusion import fuse
from mmemo.teacher.lines import Line

LONGEST_LINE = 500


@dataclass(frozen=True, slots=True, eq=False)
class SaidLine:
    """A line as a show's text teacher reads it, and what face and line of every track of the show say.

    `votes`, `evidence` (7,): the teacher's probabilities of the line, and the same as evidence: each emotion as likely
    as any other before the line is read, and no surer than labelled text bears out. `image` and `lines` (N, 7): the
    image opinion and the evidence of the show's N tracks; `known` (N,) what people said of them, -1 for nothing.
    `by_student`: the line is weighed with the student's opinion, and `image` holds what students said of tracks that
    they did not learn from; otherwise with the baseline's. `why` says which one and for what reason, in a sentence.
    """

    text: str
    episode_ids: tuple[str, ...]
    votes: np.ndarray
    evidence: np.ndarray
    image: np.ndarray
    lines: np.ndarray
    known: np.ndarray
    by_student: bool = False
    why: str = ""

    @property
    def weighed_with(self) -> str:
        """Whose opinion of the face the line is weighed with, under the name that it has in answers."""
        return "student" if self.by_student else "image_only"

    def with_faces(self, opinions: np.ndarray) -> np.ndarray:
        """(M, 7) opinions of faces -> (M, 7) of face and line: each face joins the show as one more track.

        The student knows the show's own shares of emotions already, so none of its prior is removed, as in the targets
        that it learned from (reread_fusion); of the baseline's, half is (calibrated_fusion).
        """
        removed = 0.0 if self.by_student else 0.5
        fused = [
            fuse(
                np.vstack([self.image, face[None]]),
                np.vstack([self.lines, self.evidence[None]]),
                np.append(self.known, -1),
                prior_removed=removed,
            )[0][-1]
            for face in opinions
        ]
        return np.stack(fused) if fused else np.zeros((0, len(EKMAN7)), np.float32)


def read_line(workspace: Workspace, run_id: str, text: str, *, student_answers: bool = True) -> SaidLine:
    """Read a line as it would be read in the show that a run was trained on, without lines around it.

    Where the student does not answer, the baseline's opinion is all there is to weigh the line with. Raises InputError
    for an empty line or one of over 500 characters, and for an unknown run.
    """
    from mmemo.teacher.loading import load_teacher
    from mmemo.teacher.protocol import read_all

    words = " ".join(text.split())
    if not words:
        raise InputError("there is no line to read", hint="type what is said, or leave the line out")
    if len(words) > LONGEST_LINE:
        raise InputError(f"the line has {len(words)} characters", hint=f"give one of at most {LONGEST_LINE}")
    config = workspace.run_config(run_id)
    label, folder = LabelSettings(**config["label"]), workspace.run_folder(run_id)
    episodes = [workspace.episode_of_run(config, episode_id) for episode_id in config["episodes"]]
    anchor, _ = anchor_for(workspace, episodes, label, config["train"]["anchor"])
    votes = read_all(load_teacher(label.teacher), [Line(words)])
    tracks = read_table(folder / "tracks.parquet")
    by_student, why = _witness(config.get("image_opinion") or {}, student_answers)
    opinions = "predictions.parquet" if by_student else "image.parquet"
    return SaidLine(
        words,
        tuple(config["episodes"]),
        votes[0],
        anchor.evidence(votes)[0],
        probs_of(read_table(folder / opinions)),
        anchor.evidence(probs_of(read_table(folder / "teacher.parquet"))),
        np.array([EKMAN7.index(h) if isinstance(h, str) else -1 for h in tracks["human"]], np.int64),
        by_student,
        why,
    )


def _witness(told: Mapping[str, Any], student_answers: bool) -> tuple[bool, str]:
    """Whether a line is weighed with the student's opinion, and why, from what a run says of its image opinion."""
    if told.get("of", "baseline") == "baseline":
        asked = told.get("gain") is not None
        found = "its lines do not prove that it is wrong" if asked else "the run did not ask its lines for a better one"
        return False, f"The line is weighed with the baseline's opinion, because {found}."
    found = "the lines of this show prove that the baseline does not know its faces"
    if student_answers:
        return True, f"The line is weighed with the student's opinion, because {found}."
    return False, f"The student does not answer: the line is weighed with the baseline's opinion, though {found}."


def with_line(faces: Sequence[FacePrediction], line: SaidLine | None) -> list[FacePrediction]:
    """The faces with what face and line say together; without a line, without it."""
    if line is None:
        return [replace(face, with_line=None) for face in faces]
    opinions = [face.student if line.by_student else face.image_only for face in faces]
    rows = [[*opinion.values()] for opinion in opinions if opinion is not None]
    assert len(rows) == len(faces), "the student read every face that a line is weighed with by its opinion"
    fused = line.with_faces(np.array(rows, np.float32).reshape(-1, 7))
    return [replace(face, with_line=named(row)) for face, row in zip(faces, fused, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The faces of several pictures, the student that answered (None: the baseline alone), and the line, if any."""

    run_id: str | None
    line: SaidLine | None
    pictures: Sequence[ImagePrediction]

    def to_contract(self) -> dict[str, Any]:
        """Plain values: what the endpoint `/predict` returns and faces.json holds; file names without their folders."""
        return {
            "student_run": self.run_id,
            "line": None if self.line is None else self.line.text,
            "as_if_in": None if self.line is None else list(self.line.episode_ids),
            "line_weighed_with": None if self.line is None else self.line.weighed_with,
            "pictures": [{**picture.to_contract(), "image": picture.image.name} for picture in self.pictures],
        }


def predict_with_line(
    workspace: Workspace, paths: Sequence[Path], run_id: str | None = None, line: str = ""
) -> Stage[Predictions]:
    """Read every face of pictures and clips and, where a line is given, face and line as in the show of the run.

    Without `run_id` the promoted run answers, if there is one. InputError for damaged files, and for a line without a run.
    """
    run_id = run_id or promoted_run(workspace)
    said = None
    if line.strip():
        if run_id is None:
            raise InputError("a line is read as in a show, and no student is promoted", hint="name a run of that show")
        said = read_line(workspace, run_id, line)
    pictures = yield from predict_files(workspace, paths, PredictSettings(run_id))
    if said is not None:
        pictures = [replace(picture, faces=with_line(picture.faces, said)) for picture in pictures]
    return Predictions(run_id, said, pictures)


def named(probs: np.ndarray) -> Mapping[str, float]:
    """(7,) -> {label: probability}."""
    return {label: float(p) for label, p in zip(EKMAN7.labels, probs, strict=True)}
