"""What is known of a run's face tracks beside their emotion: size, pose, light, and who it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mmemo.flow.characters.names import track_characters
from mmemo.flow.student.face_opinions import training_faces
from mmemo.store.workspace import Episode, Workspace

FACT_COLUMNS = ("size_px", "turned_deg", "brightness", "character")


def track_facts(workspace: Workspace, config: Mapping[str, Any], tracks: pd.DataFrame) -> pd.DataFrame:
    """FACT_COLUMNS of the tracks of a run, a row each in their order; NaN and "" where nothing is known.

    Medians over the faces of a track: the longer side of the box in pixels of the source, how far the face is turned
    away in degrees, mean brightness from 0 to 255. The character is the one of the newest cut, where that has the track.
    """
    parts = []
    for episode_id in config["episodes"]:
        episode = workspace.episode_of_run(config, episode_id)
        parts.append(_facts(workspace, episode).assign(episode_id=episode_id))
    keys = tracks[["episode_id", "track_id"]]
    found = keys.merge(pd.concat(parts), on=["episode_id", "track_id"], how="left", validate="one_to_one")
    return found[list(FACT_COLUMNS)].assign(character=found["character"].fillna(""))


def _facts(workspace: Workspace, episode: Episode) -> pd.DataFrame:
    faces = training_faces(workspace, episode)
    size = (faces[["x2", "y2"]].to_numpy() - faces[["x1", "y1"]].to_numpy()).max(axis=1)
    table = pd.DataFrame({"track_id": faces["track_id"], "size_px": size})
    # A cut of an earlier version did not measure its faces.
    table["turned_deg"] = faces["yaw_deg"].abs() if "yaw_deg" in faces else float("nan")
    table["brightness"] = faces["brightness"] if "brightness" in faces else float("nan")
    facts = table.groupby("track_id", as_index=False).median()
    return facts.assign(character=facts["track_id"].map(_characters(workspace, episode)))


def _characters(workspace: Workspace, episode: Episode) -> dict[int, str]:
    known = track_characters(workspace, episode)
    known = known[known["character_id"] > 0]
    rows = zip(known["track_id"], known["character_id"], known["name"], strict=True)
    return {int(track): str(name) or f"Person {number}" for track, number, name in rows}
