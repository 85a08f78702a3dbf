"""What people said of the faces of a training set: who agrees with whom, and how the text errs about these faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mmemo.flow.characters.names import track_characters
from mmemo.flow.review.human_labels import Words
from mmemo.flow.student.material import Material
from mmemo.labels import EKMAN7
from mmemo.store.workspace import Workspace
from mmemo.student.face_noise import Agreement, agreement, face_noise, settled


def words_of(said: Mapping[str, Words], tracks: pd.DataFrame) -> dict[str, np.ndarray]:
    """{annotator: (M,) int column of EKMAN7, -1 where silent} for tracks (episode_id, track_id, cue_id).

    "reject" is no emotion and counts as silence.
    """
    row_of = {key: row for row, key in enumerate(_keys(tracks))}
    words: dict[str, np.ndarray] = {}
    for episode_id in tracks["episode_id"].unique():
        spoken = said[episode_id].by_annotator()
        spoken = spoken[spoken["label"].isin(EKMAN7.labels)].assign(episode_id=episode_id)
        for key, annotator, label in zip(_keys(spoken), spoken["annotator"], spoken["label"], strict=True):
            if key in row_of:
                mine = words.setdefault(str(annotator), np.full(len(tracks), -1, np.int64))
                mine[row_of[key]] = EKMAN7.index(label)
    return dict(sorted(words.items()))


def differing(said: Words) -> list[list[Any]]:
    """Rows of tracks on which several people spoke: [track, cue, annotator, label], in a fixed order.

    A decision on a track is a row too, with no name.
    """
    spoken = said.by_annotator()
    several = spoken.groupby("track_id")["annotator"].transform("size") > 1
    decided = said.decisions.assign(annotator="")
    columns = ["track_id", "cue_id", "annotator", "label"]
    rows: list[list[Any]] = [*spoken.loc[several, columns].to_numpy().tolist(), *decided[columns].to_numpy().tolist()]
    return sorted(rows)


def decided_on(said: Mapping[str, Words], tracks: pd.DataFrame) -> np.ndarray:
    """(M,) int column of EKMAN7 that a lead decided on for tracks (episode_id, track_id, cue_id), -1 for none."""
    columns = np.full(len(tracks), -1, np.int64)
    row_of = {key: row for row, key in enumerate(_keys(tracks))}
    for episode_id in tracks["episode_id"].unique():
        decided = said[episode_id].decisions
        decided = decided[decided["label"].isin(EKMAN7.labels)].assign(episode_id=episode_id)
        for key, label in zip(_keys(decided), decided["label"], strict=True):
            if key in row_of:
                columns[row_of[key]] = EKMAN7.index(label)
    return columns


def with_agreement(said: Mapping[str, Words], material: Material) -> tuple[Material, Agreement | None]:
    """The same material, where a track on which people differ has the label that was decided, or that they settled
    on, or none.

    A lead's decision comes first. Where there is none, several people vote, each weighed by how well they do where
    they meet others, with the teacher and the baseline as further voters: see mmemo.student.face_noise.agreement.
    With one person, or where nobody differs, nothing changes. None: nobody spoke and nothing is decided.
    """
    words = words_of(said, material.tracks)
    decided = decided_on(said, material.tracks)
    if not words and (decided < 0).all():
        return material, None
    opinions = material.training.opinions
    sources = {
        "teacher": (opinions.teacher, opinions.teacher_confusion),
        "image": (opinions.image, opinions.image_confusion),
    }
    agreed = agreement(words, sources, decided)
    spoken = np.sum([w >= 0 for w in words.values()], axis=0)
    known = np.where((spoken > 1) & (decided < 0), settled(agreed.posterior), opinions.known)
    training = replace(material.training, opinions=replace(opinions, known=known))
    return replace(material, training=training), agreed


def face_noise_of(workspace: Workspace, material: Material, agreed: Agreement | None) -> dict[str, Any] | None:
    """Plain values for noise.json: the teacher's confusion with the face for all episodes of a run and by character.

    None where nobody corrected a face.
    """
    if agreed is None or not agreed.posterior.any():
        return None
    opinions = material.training.opinions
    numbers, names = _characters(workspace, material.tracks)
    show, characters = face_noise(opinions.teacher, agreed.posterior, numbers, opinions.teacher_confusion)
    return {
        "show": show.to_plain(),
        "characters": [{"name": names[n], **noise.to_plain()} for n, noise in characters.items()],
        "people": {person: matrix.tolist() for person, matrix in agreed.people.items()},
    }


def _characters(workspace: Workspace, tracks: pd.DataFrame) -> tuple[np.ndarray, dict[int, str]]:
    """(M,) a number for each character of each episode, 0 for nobody, and their names."""
    numbers, names = np.zeros(len(tracks), np.int64), dict[int, str]()
    for episode_id in tracks["episode_id"].unique():
        found = track_characters(workspace, workspace.episode(episode_id))
        of_track = found.set_index("track_id")["character_id"].to_dict() if len(found) else {}
        called = found.set_index("character_id")["name"].to_dict() if len(found) else {}
        mine = np.flatnonzero(tracks["episode_id"] == episode_id)
        whose = np.array([int(of_track.get(t, 0)) for t in tracks["track_id"].to_numpy()[mine]], np.int64)
        for character in np.unique(whose[whose > 0]):
            numbers[mine[whose == character]] = len(names) + 1
            names[len(names) + 1] = str(called.get(character) or f"person {character}")
    return numbers, names


def _keys(table: pd.DataFrame) -> list[tuple[str, int, int]]:
    columns = (table[name].tolist() for name in ("episode_id", "track_id", "cue_id"))
    return [(str(e), int(t), int(c)) for e, t, c in zip(*columns, strict=True)]
