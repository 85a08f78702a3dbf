"""The stage that reads every training face with a network: features, and the baseline's opinion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mmemo.errors import StorageError
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_value, publish_folder, read_array, read_table, write_json, write_table
from mmemo.store.workspace import Episode, Workspace

if TYPE_CHECKING:
    from mmemo.student.backbones import Backbone

_STAGE = "read faces"
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class FaceFeatures:
    """face_ids (N,) in the order of faces.parquet, and features (N, 2, D): the crop and its mirror image."""

    face_ids: Sequence[str]
    features: np.ndarray


def training_faces(workspace: Workspace, episode: Episode) -> pd.DataFrame:
    """FACE_COLUMNS of the speakers' faces in kept cues that can be read: all that a student may learn from.

    A cut whose faces were not measured has no `quality`: there all of them count alike.
    """
    cues, faces = workspace.cues(episode), workspace.faces(episode)
    if "quality" not in faces:
        faces = faces.assign(quality=np.float32(1))
    kept = cues.loc[cues["drop_reason"].isna(), "cue_id"]
    wanted = (faces["role"] == "speaker") & faces["cue_id"].isin(kept) & (faces["quality"] > 0)
    return faces[wanted].reset_index(drop=True)


def load_crop(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a stored crop; a missing or damaged one raises StorageError."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except OSError as error:
        raise damaged_crop(path) from error


def damaged_crop(path: Path) -> StorageError:
    """The error for a stored crop that cannot be used."""
    return StorageError(f"the crop {path} is missing or damaged", hint="delete its cut-* folder and cut again")


def face_features(workspace: Workspace, episode: Episode, backbone: Backbone) -> Stage[FaceFeatures]:
    """Features of all training faces, computed once for each cut and network and kept in half precision."""
    faces = training_faces(workspace, episode)
    key = hash_value({"cut": episode.cut_key, "backbone": backbone.identity})
    folder = workspace.stage_folder(episode.episode_id, "features", key)
    if not (folder / "features.npy").is_file():
        features = yield from _computed(workspace.cut_folder(episode), faces, backbone)
        with publish_folder(folder) as temporary:
            np.save(temporary / "features.npy", features.astype(np.float16))
            write_table(temporary / "faces.parquet", faces[["face_id"]])
            write_json(temporary / "settings.json", {"cut": episode.cut_key, "backbone": backbone.identity})
    ids = read_table(folder / "faces.parquet")["face_id"].tolist()
    return FaceFeatures(ids, read_array(folder / "features.npy").astype(np.float32))


def _computed(folder: Path, faces: pd.DataFrame, backbone: Backbone) -> Stage[np.ndarray]:
    from mmemo.student.backbones import features_of

    def batches() -> Iterator[list[np.ndarray]]:
        for start in range(0, len(faces), _BATCH):
            yield [load_crop(folder / name) for name in faces["crop"].iloc[start : start + _BATCH]]

    inner = features_of(backbone, batches())
    while True:
        try:
            progress = next(inner)
        except StopIteration as stop:
            features: np.ndarray = stop.value
            return features
        yield Progress(_STAGE, progress.done, len(faces))
