"""The face network that tells persons apart, and what it says of every face track of an episode."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.episode.characters import track_embeddings
from mmemo.errors import InputError, ModelUnavailable
from mmemo.flow.student.face_opinions import load_crop
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_file, hash_value, publish_folder, read_array, write_json
from mmemo.store.workspace import Episode, Workspace

AUTO, OFF, VGGFACE2 = "auto", "off", "facenet:vggface2"
# Raise when the same faces and weights give other embeddings than before.
_VERSION = 1
_STAGE = "characters"
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Weights:
    """A file with the weights of InceptionResnetV1; `identity` is the network's name and a hash of the file."""

    path: Path
    identity: str


def find_weights(name: str) -> Weights:
    """The weights by name: `auto`, `facenet:vggface2`, or a file of the user's own.

    Only `facenet:vggface2` is fetched, on first use. Raises ModelUnavailable when it cannot be had, InputError for a
    file that is not there.
    """
    path = _cached(fetch=name == VGGFACE2) if name in (AUTO, VGGFACE2) else Path(name.removeprefix("facenet:"))
    if not path.is_file():
        raise InputError(f"there is no file {path} of face network weights", hint=f"use {OFF}, {AUTO} or {VGGFACE2}")
    return Weights(path, f"facenet@{hash_file(path)[:12]}")


def _cached(*, fetch: bool) -> Path:
    from mmemo.student.backbones import load_backbone
    from mmemo.student.backbones.hubs import facenet_file

    path = facenet_file()
    if not path.is_file() and not fetch:
        raise ModelUnavailable(
            f"the face network {VGGFACE2} was never fetched",
            hint=f"ask for {VGGFACE2} to fetch it once, 107 MB, or give its weights as a file",
        )
    if not path.is_file():
        try:
            load_backbone(VGGFACE2)
        except ModelUnavailable as error:
            hint = "connect once so that it can be fetched, copy it there, or give its weights as a file"
            raise ModelUnavailable(error.message, hint=hint) from error
    return path


def track_identities(
    workspace: Workspace, episode: Episode, weights: Weights, faces_per_track: int
) -> Stage[tuple[np.ndarray, np.ndarray]]:
    """track_id (M,) int64 in order, and (M, D) float32 of length 1 that says whose face it is, zeros where none can.

    The mean over the `faces_per_track` best faces of a track, by their quality. Read once for a cut and a network.
    """
    faces = workspace.faces(episode)
    ids = np.unique(faces["track_id"].to_numpy(np.int64))
    folder = workspace.stage_folder(
        episode.episode_id, "identities", hash_value([_VERSION, episode.cut_key, weights.identity, faces_per_track])
    )
    if not (folder / "embeddings.npy").is_file():
        order = faces.assign(quality=face_qualities(faces)).sort_values("quality", ascending=False, kind="stable")
        best = order[order["quality"] > 0].groupby("track_id").head(faces_per_track)
        features = yield from _features(workspace.cut_folder(episode), best["crop"].tolist(), weights.path)
        rows = np.searchsorted(ids, best["track_id"].to_numpy(np.int64))
        embeddings = track_embeddings(features, rows, best["quality"].to_numpy(np.float32), len(ids))
        with publish_folder(folder) as temporary:
            np.save(temporary / "embeddings.npy", embeddings)
            write_json(temporary / "settings.json", {"weights": weights.identity, "cut": episode.cut_key})
    return ids, read_array(folder / "embeddings.npy")


def face_qualities(faces: pd.DataFrame) -> np.ndarray:
    """(N,) float32 from 0: how much a face tells of its track; a cut that did not judge it trusts the detector."""
    column = "quality" if "quality" in faces else "detection_prob"
    qualities: np.ndarray = np.nan_to_num(faces[column].to_numpy(np.float32))
    return qualities


def _features(cut: Path, crops: list[str], weights: Path) -> Stage[np.ndarray]:
    """(N, D) float32 of the crops; the network is not loaded when there is none."""
    if not crops:
        return np.zeros((0, 1), np.float32)
    from mmemo.student.backbones import load_backbone

    network = load_backbone(f"facenet:{weights}")
    parts = []
    for start in range(0, len(crops), _BATCH):
        batch = [load_crop(cut / name) for name in crops[start : start + _BATCH]]
        parts.append(network.features(network.prepare(batch)).numpy())
        yield Progress(_STAGE, start + len(batch), len(crops), "faces read")
    return np.concatenate(parts)
