"""Episodes that mmemo cut, as a dataset: the faces of who speaks, the line, and labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.datasets.dialogue import contexts_before
from mmemo.datasets.paired import FACE, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import LEFT_OUT, MISSING, ProblemLog
from mmemo.datasets.sources import PictureFiles, on_disk
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.store.labels import REJECT
from mmemo.store.workspace import Workspace

_REJECTED = "tracks that people rejected"


def workspace_set(
    root: Path,
    episode_id: str,
    labels: Mapping[int, str] | None = None,
    scenes: Mapping[int, int] | None = None,
    rejected: Collection[str] = (),
    context_lines: int = 2,
) -> PairedSet:
    """The face tracks of the speakers of an episode, with their crops as frames, the cue's text, and labels.

    `labels` gives an emotion, or REJECT, for tracks by number. Tracks without an emotion are left out and counted; if
    there is none at all, the set has every track that nobody rejected and no labels. `scenes` gives the scene of each
    cue by number, which is a group; without it a shot is one. `rejected` are faces (face_id) that are no frames.
    `mmemo.flow.student.episode_set` reads all three from the workspace. A folder that is no workspace and an unknown
    episode raise InputError.
    """
    workspace = Workspace(root)
    episode = workspace.episode(episode_id)
    faces, cues = workspace.faces(episode), workspace.cues(episode)
    log = ProblemLog()
    labels = labels or {}
    tracks = _tracks(faces, cues, rejected, log)
    tracks = tracks[_kept(tracks["track_id"].tolist(), labels, log)]
    numbers = tracks["track_id"].tolist()
    ids = tuple(f"{episode_id}/track {number}" for number in numbers)
    folder = workspace.cut_folder(episode)
    names = [tuple(crops) for crops in tracks["crop"]]
    present = on_disk(folder, names, Listing())
    for row in np.flatnonzero(~present).tolist():
        log.add(MISSING, "tracks whose pictures are missing", ids[row])
    spoken = cues["text"].tolist()
    context = dict(zip(cues["cue_id"], contexts_before(spoken, [0] * len(spoken), context_lines), strict=True))
    emotions = [labels.get(number, "") for number in numbers]
    unit, units = ("shot", tracks["shot_id"]) if scenes is None else ("scene", tracks["cue_id"].map(scenes))
    return PairedSet(
        name="workspace",
        split=episode_id,
        vocabulary=EKMAN7,
        ids=ids,
        groups=tuple(f"{episode_id}/{unit} {number}" for number in units),
        labels=np.array([EKMAN7.index(one) for one in emotions], np.int64) if any(emotions) else None,
        texts=tuple(tracks["text"]),
        contexts=tuple(context[cue] for cue in tracks["cue_id"]),
        pictures={FACE: PictureFiles(folder, names, ids, present)},
        problems=log.problems(),
    )


def _tracks(faces: pd.DataFrame, cues: pd.DataFrame, rejected: Collection[str], log: ProblemLog) -> pd.DataFrame:
    """One row a speaker's track in order of time: track_id, cue_id, shot_id, crop (list of paths), text."""
    speakers = faces[faces["role"] == "speaker"].sort_values(["cue_id", "track_id", "frame_ms"])
    usable = speakers[~speakers["face_id"].isin(list(rejected))]
    for track in sorted(set(speakers["track_id"].tolist()) - set(usable["track_id"].tolist())):
        log.add(LEFT_OUT, _REJECTED, str(track))
    grouped = usable.groupby("track_id", sort=False)
    table = grouped.agg(cue_id=("cue_id", "first"), shot_id=("shot_id", "first"), crop=("crop", list)).reset_index()
    return table.merge(cues[["cue_id", "text"]], on="cue_id", how="inner", validate="many_to_one")


def _kept(numbers: list[int], labels: Mapping[int, str], log: ProblemLog) -> np.ndarray:
    """(N,) bool: tracks with an emotion, or all that nobody rejected where none has one."""
    said = [labels.get(number, "") for number in numbers]
    labelled = any(label in EKMAN7.labels for label in said)
    for number, label in sorted(zip(numbers, said, strict=True)):
        if label == REJECT:
            log.add(LEFT_OUT, _REJECTED, str(number))
        elif labelled and label not in EKMAN7.labels:
            log.add(LEFT_OUT, "tracks without a label", str(number))
    return np.array([label in EKMAN7.labels if labelled else label != REJECT for label in said], bool)


def episodes_of(root: Path) -> tuple[str, ...]:
    """The episodes of a workspace, () where it is none."""
    try:
        return tuple(sorted(episode.episode_id for episode in Workspace(root).episodes()))
    except InputError:
        return ()
