"""Episodes that mmemo cut, as a dataset: the faces of who speaks, the line, and what people said of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
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
from mmemo.store.workspace import Episode, Workspace


def workspace_set(
    root: Path, episode_id: str, labels: Mapping[int, str] | None = None, context_lines: int = 2
) -> PairedSet:
    """The face tracks of the speakers of an episode, with their crops as frames, the cue's text, and labels.

    `labels` gives an emotion for tracks by number; without it, what people last said of a face in the cut that is in
    use. Tracks without an emotion are left out and counted; if there is none at all, the set has every track and no
    labels. A shot is a group. A folder that is no workspace and an unknown episode raise InputError.
    """
    workspace = Workspace(root)
    episode = workspace.episode(episode_id)
    faces, cues = workspace.faces(episode), workspace.cues(episode)
    tracks = _tracks(faces, cues)
    if labels is None:
        labels = _said(workspace, episode)
    log = ProblemLog()
    known = [track for track in tracks["track_id"].tolist() if labels.get(track) in EKMAN7.labels]
    if known:
        for track in sorted(set(tracks["track_id"].tolist()) - set(known)):
            log.add(LEFT_OUT, "tracks without a label", str(track))
        tracks = tracks[tracks["track_id"].isin(known)]
    numbers = tracks["track_id"].tolist()
    ids = tuple(f"{episode_id}/track {number}" for number in numbers)
    folder = workspace.cut_folder(episode)
    names = [tuple(crops) for crops in tracks["crop"]]
    present = on_disk(folder, names, Listing())
    for row in np.flatnonzero(~present).tolist():
        log.add(MISSING, "tracks whose pictures are missing", ids[row])
    spoken = cues["text"].tolist()
    context = dict(zip(cues["cue_id"], contexts_before(spoken, [0] * len(spoken), context_lines), strict=True))
    return PairedSet(
        name="workspace",
        split=episode_id,
        vocabulary=EKMAN7,
        ids=ids,
        groups=tuple(f"{episode_id}/shot {shot}" for shot in tracks["shot_id"]),
        labels=np.array([EKMAN7.index(labels[number]) for number in numbers], np.int64) if known else None,
        texts=tuple(tracks["text"]),
        contexts=tuple(context[cue] for cue in tracks["cue_id"]),
        pictures={FACE: PictureFiles(folder, names, ids, present)},
        problems=log.problems(),
    )


def _tracks(faces: pd.DataFrame, cues: pd.DataFrame) -> pd.DataFrame:
    """One row a speaker's track in order of time: track_id, cue_id, shot_id, crop (list of paths), text."""
    speakers = faces[faces["role"] == "speaker"].sort_values(["cue_id", "track_id", "frame_ms"])
    grouped = speakers.groupby("track_id", sort=False)
    table = grouped.agg(cue_id=("cue_id", "first"), shot_id=("shot_id", "first"), crop=("crop", list)).reset_index()
    return table.merge(cues[["cue_id", "text"]], on="cue_id", how="inner", validate="many_to_one")


def _said(workspace: Workspace, episode: Episode) -> dict[int, str]:
    """The last word on each track of the cut in use; words that were said of other cuts are not looked at."""
    if not workspace.has_labels():
        return {}
    with closing(workspace.labels()) as store:
        current = store.current(episode.episode_id)
    mine = current[current["cut_key"].isna() | (current["cut_key"] == episode.cut_key)]
    return dict(zip(mine["track_id"].tolist(), mine["label"].tolist(), strict=True))


def episodes_of(root: Path) -> tuple[str, ...]:
    """The episodes of a workspace, () where it is none."""
    try:
        return tuple(sorted(episode.episode_id for episode in Workspace(root).episodes()))
    except InputError:
        return ()
