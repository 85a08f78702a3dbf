"""Who is who in an episode: characters, found once for each cut, network and settings."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.episode.character_words import NOBODY
from mmemo.episode.characters import ClusterSettings, central_distances, cluster_tracks
from mmemo.errors import InputError, ModelUnavailable
from mmemo.flow.characters.identities import AUTO, OFF, VGGFACE2, Weights, find_weights, track_identities
from mmemo.flow.characters.names import (
    CHARACTER_COLUMNS,
    CHARACTERS_FILE,
    SETTINGS_FILE,
    TRACK_COLUMNS,
    character_table,
    move_track,
    rename_character,
    rename_characters,
    restore_track,
    track_characters,
    tracks_together,
)
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_value, publish_folder, storage_errors, write_json, write_table
from mmemo.store.workspace import Episode, Workspace

__all__ = [
    "CHARACTER_COLUMNS",
    "TRACK_COLUMNS",
    "CharacterReport",
    "CharacterSettings",
    "ClusterSettings",
    "character_table",
    "check_weights",
    "find_characters",
    "move_track",
    "rename_character",
    "rename_characters",
    "restore_track",
    "track_characters",
]

# Raise when the same embeddings and settings give other characters than before.
_VERSION = 1
_STAGE = "characters"


@dataclass(frozen=True, slots=True)
class CharacterSettings:
    """How characters are found.

    `weights` of InceptionResnetV1: "off"; "auto", which is on only when they were fetched before; "facenet:vggface2",
    which fetches them on first use; or the path of a .pt or .safetensors file. Of each track the `faces_per_track`
    best faces are read.
    """

    weights: str = AUTO
    clusters: ClusterSettings = field(default_factory=ClusterSettings)
    faces_per_track: int = 3

    def __post_init__(self) -> None:
        if not self.weights:
            raise InputError("the weights need a name", hint=f"use {OFF}, {AUTO}, {VGGFACE2} or a file")
        if self.faces_per_track < 1:
            raise InputError("at least one face of a track must be read", hint="use 1 or more")


@dataclass(frozen=True, slots=True)
class CharacterReport:
    """What the stage did. `off` says in one sentence why nothing was looked for; empty when it was.

    `tracks` are all face tracks, `unsure` those of nobody; `named` counts characters with a name.
    """

    episode_id: str
    off: str = ""
    key: str = ""
    weights: str = ""
    characters: int = 0
    named: int = 0
    tracks: int = 0
    unsure: int = 0
    seconds: float = 0.0
    skipped: bool = False

    def to_contract(self) -> dict[str, Any]:
        """Plain values for --json."""
        return {"episode": self.episode_id, **{k: v for k, v in asdict(self).items() if k != "episode_id"}}


def check_weights(settings: CharacterSettings) -> None:
    """Raise now what find_characters would raise after a long cut: weights that were asked for and cannot be had."""
    if settings.weights not in (OFF, AUTO):
        find_weights(settings.weights)


def find_characters(
    workspace: Workspace, episode: Episode, settings: CharacterSettings | None = None
) -> Stage[CharacterReport]:
    """Put the face tracks of the current cut together into characters; does nothing when it was done before.

    With "auto" nothing is fetched and nothing fails: without weights that can be used the report says that it is off.
    Weights that were asked for and cannot be had raise ModelUnavailable.
    """
    started = time.perf_counter()
    settings = settings or CharacterSettings()
    if settings.weights == OFF:
        return CharacterReport(episode.episode_id, off="characters are off, as was asked")
    yield Progress(_STAGE, 0, 0, "looking for the face network")
    try:
        weights = find_weights(settings.weights)
        folder = _folder(workspace, episode, settings, weights)
        skipped = all((folder / name).is_file() for name in (CHARACTERS_FILE, SETTINGS_FILE))
        if skipped:
            with storage_errors(folder):
                os.utime(folder / SETTINGS_FILE)  # what was asked for last is what is shown
        else:
            yield from _found(workspace, episode, settings, weights, folder)
    except ModelUnavailable as error:
        if settings.weights != AUTO:
            raise
        return CharacterReport(episode.episode_id, off=f"characters are off: {error}")
    table, tracks = character_table(workspace, episode), track_characters(workspace, episode)
    return CharacterReport(
        episode_id=episode.episode_id,
        key=folder.name.rpartition("-")[2],
        weights=weights.identity,
        characters=len(table),
        named=int((table["name"] != "").sum()),
        tracks=len(tracks),
        unsure=int((tracks["character_id"] == NOBODY).sum()),
        seconds=round(time.perf_counter() - started, 3),
        skipped=skipped,
    )


def _folder(workspace: Workspace, episode: Episode, settings: CharacterSettings, weights: Weights) -> Path:
    parts = [_VERSION, episode.cut_key, weights.identity, settings.clusters, settings.faces_per_track]
    return workspace.stage_folder(episode.episode_id, "characters", hash_value(parts))


def _found(
    workspace: Workspace, episode: Episode, settings: CharacterSettings, weights: Weights, folder: Path
) -> Stage[None]:
    ids, embeddings = yield from track_identities(workspace, episode, weights, settings.faces_per_track)
    faces = workspace.faces(episode)
    times_ms = faces.groupby("track_id")["frame_ms"].min().loc[ids].to_numpy(np.int64)
    together = np.searchsorted(ids, tracks_together(faces))
    characters = cluster_tracks(embeddings, times_ms, together, settings.clusters)
    distances = central_distances(embeddings, characters)
    table = pd.DataFrame({"track_id": ids.astype(np.int32), "character_id": characters, "distance": distances})
    used = {"settings": settings, "weights": weights.identity, "cut": episode.cut_key, "version": _VERSION}
    with publish_folder(folder) as temporary:
        write_table(temporary / CHARACTERS_FILE, table)
        write_json(temporary / SETTINGS_FILE, used)
