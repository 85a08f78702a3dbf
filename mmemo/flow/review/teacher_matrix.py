"""From what the text teacher said to what the face shows, as people corrected it: made of rows, whenever it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmemo.errors import MmemoError
from mmemo.flow.jobs.arguments import settings_from
from mmemo.flow.review.corrections import decided_on, words_of
from mmemo.flow.review.human_labels import words_of_episodes
from mmemo.flow.student.face_opinions import training_faces
from mmemo.flow.teacher.anchor import anchor_for
from mmemo.flow.teacher.label import LabelSettings
from mmemo.labels import EKMAN7
from mmemo.store.files import read_table
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Episode, Workspace
from mmemo.student.face_noise import agreement, face_noise
from mmemo.teacher.anchors import generic_anchor
from mmemo.teacher.resemblance import AUTO

_KEY = ["episode_id", "track_id"]
_K = len(EKMAN7)


@dataclass(frozen=True, slots=True, eq=False)
class TeacherMatrix:
    """What a face shows where the text teacher says something, for the faces of one run.

    shares (K, K): row = what the teacher says, column = what the face shows, rows sum to 1. counts (K, K): corrected
    faces by the teacher's first choice and by what people say. prior (K,): how often the show's faces show each
    emotion, by the training targets with people's words put in. corrections: faces of which people spoke.
    anchor: the labelled text that stands in where nobody corrected anything; "" where none was measured.
    """

    shares: np.ndarray
    counts: np.ndarray
    prior: np.ndarray
    corrections: int
    anchor: str


def teacher_matrix(workspace: Workspace, run_id: str) -> TeacherMatrix | None:
    """The matrix with everything that people have said until now, whatever the run knew; None without opinions.

    The teacher's mean vote by what a face shows (student.face_noise, a Dirichlet posterior around labelled text),
    turned around by Bayes' rule with the prior. Raises InputError when the run is unknown.
    """
    config = workspace.run_config(run_id)
    folder = workspace.run_folder(run_id)
    if not (folder / "teacher.parquet").is_file() or not (folder / "targets.parquet").is_file():
        return None
    episodes = [workspace.episode_of_run(config, episode_id) for episode_id in config["episodes"]]
    table = read_table(folder / "teacher.parquet")
    votes = probs_of(table).astype(np.float64)
    confusion, anchor = _labelled_text(workspace, episodes, config)
    shown = _shown(workspace, episodes, table[_KEY], votes, confusion, folder / "image.parquet")
    show, _ = face_noise(votes, shown, np.zeros(len(votes), np.int64), confusion)
    targets = read_table(folder / "targets.parquet")
    target = probs_of(table[_KEY].merge(targets, on=_KEY, how="left", validate="one_to_one")).astype(np.float64)
    spoken = shown.sum(1) > 0
    target[spoken] = shown[spoken]
    prior = target.mean(0) if len(target) else np.full(_K, 1 / _K)
    joint = prior[:, None] * show.matrix
    said = np.eye(_K)[votes.argmax(1)]
    return TeacherMatrix(
        shares=(joint / np.maximum(joint.sum(0, keepdims=True), 1e-12)).T,
        counts=said.T @ shown,
        prior=prior,
        corrections=int(spoken.sum()),
        anchor=anchor,
    )


def _labelled_text(workspace: Workspace, episodes: list[Episode], config: Mapping[str, Any]) -> tuple[np.ndarray, str]:
    """(K, K) how the teacher errs on labelled text, and the name of that text."""
    try:
        label = settings_from(LabelSettings, config.get("label", {}))
        found, _ = anchor_for(workspace, episodes, label, str(config.get("train", {}).get("anchor", AUTO)))
    except MmemoError:  # its opinions or its model are gone since
        return generic_anchor().confusion, ""
    return found.confusion, found.name


def _shown(
    workspace: Workspace,
    episodes: list[Episode],
    tracks: pd.DataFrame,
    votes: np.ndarray,
    confusion: np.ndarray,
    image: Any,
) -> np.ndarray:
    """(N, K) what people say, or a lead decided, that the run's faces show; a zero row where nobody did."""
    cues = pd.concat([_cue_of_tracks(workspace, episode) for episode in episodes])
    placed = tracks.merge(cues, on=_KEY, how="left", validate="one_to_one").fillna({"cue_id": -1})
    placed = placed.astype({"cue_id": "int64"})
    said = words_of_episodes(workspace, episodes)
    words, decided = words_of(said, placed), decided_on(said, placed)
    if not words and (decided < 0).all():
        return np.zeros((len(tracks), _K))
    sources = {"teacher": (votes, confusion)}
    if len(words) > 1 and image.is_file():
        sources["image"] = _image_opinion(image, tracks)
    return agreement(words, sources, decided).posterior


def _image_opinion(path: Any, tracks: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    from mmemo.student.baseline import load_baseline

    table = tracks.merge(read_table(path), on=_KEY, how="left", validate="one_to_one")
    return probs_of(table).astype(np.float64), load_baseline().confusion.astype(np.float64)


def _cue_of_tracks(workspace: Workspace, episode: Episode) -> pd.DataFrame:
    faces = training_faces(workspace, episode).drop_duplicates("track_id")
    return faces[["track_id", "cue_id"]].assign(episode_id=episode.episode_id)
