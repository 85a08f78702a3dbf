"""Emotion over time on the timeline: what the faces of each character show, or what is read in their lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from mmemo.flow.review.tracks import opinions
from mmemo.flow.teacher.label import OPINIONS_FILE
from mmemo.store.files import read_json, read_table
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Episode, Workspace

Lane: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moods:
    """Whose opinion it is, "student" or "teacher", and (7,) probabilities in percent by face track."""

    source: str
    by_track: Mapping[int, list[int]]


def moods_of(workspace: Workspace, episode: Episode, run_id: str | None) -> Moods | None:
    """The student's opinions where the run has some on these faces, else the text teacher's; None without any.

    A run that was trained on another cut counts other faces: nothing of it fits this one.
    """
    if run_id is not None and workspace.episode_of_run(workspace.run_config(run_id), episode.episode_id) == episode:
        for source in ("student", "teacher"):
            table = opinions(workspace, episode.episode_id, run_id, source)
            if not table.empty:
                return Moods(source, _shares(table, "track_id"))
    return _of_the_lines(workspace, episode)


def _of_the_lines(workspace: Workspace, episode: Episode) -> Moods | None:
    """What the teacher read last in the lines of the faces that speak."""
    folders = sorted(workspace.episode_folder(episode.episode_id).glob("opinions-*/"), key=lambda f: f.stat().st_mtime)
    fitting = [f for f in folders if (f / OPINIONS_FILE).is_file() and _cut_of(f) == episode.cut_key]
    if not fitting:
        return None
    by_cue = _shares(read_table(fitting[-1] / OPINIONS_FILE), "cue_id")
    faces = workspace.faces(episode)
    speaking = faces[(faces["role"] == "speaker") & faces["cue_id"].isin(list(by_cue))].drop_duplicates("track_id")
    pairs = zip(speaking["track_id"], speaking["cue_id"], strict=True)
    return Moods("teacher", {int(track): by_cue[int(cue)] for track, cue in pairs})


def _cut_of(folder: Path) -> object:
    path = folder / "settings.json"
    return read_json(path).get("cut") if path.is_file() else None


def _shares(table: pd.DataFrame, key: str) -> dict[int, list[int]]:
    """Percentages in the order of EKMAN7 by a column of ids."""
    shares = np.rint(100 * probs_of(table)).astype(int).tolist()
    return dict(zip(table[key].astype(int).tolist(), shares, strict=True))


def mood_lane(tracks: pd.DataFrame, moods: Moods | None, name: str) -> Lane | None:
    """The opinions on some face tracks in order of time; the page takes means of those that lie close together.

    `tracks` has track_id, start_ms, end_ms.
    """
    if moods is None:
        return None
    known = tracks[tracks["track_id"].isin(list(moods.by_track))]
    return {
        "kind": "mood",
        "name": name,
        "tones": [],
        "start": [int(ms) for ms in known["start_ms"]],
        "end": [int(ms) for ms in known["end_ms"]],
        "shares": [moods.by_track[int(track)] for track in known["track_id"]],
    }
