"""Faces as a folder of pictures with a table beside them, as `datasets.load_dataset` reads it.

The layout is the "imagefolder" of Hugging Face `datasets`: `data/train/*.jpg` and `data/train/metadata.parquet`, whose
column `file_name` says which picture a row is about.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.errors import StorageError
from mmemo.progress import Progress, Stage
from mmemo.store.export.content import FACE_COLUMNS, SOURCES, Content, prob_columns
from mmemo.store.export.safe import encodable, file_name

SPLIT_FOLDER = "data/train"
METADATA_FILE = "metadata.parquet"
CARD_FILE = "README.md"
_CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train/**
---

# Face pictures with opinions

`datasets.load_dataset("FOLDER")` gives the pictures as `image` and everything that is known of them beside it.
`teacher`, `image`, `target`, `student` and `human` say different things of a face; none of them is the truth.
Where the pictures come from, how they may be used and what they are not good for stands in DATASHEET.md.
"""
_AT_ONCE = 50


def write_picture_folder(content: Content, folder: Path) -> Stage[None]:
    """The usable pictures and their table. A picture that is gone raises StorageError."""
    place = folder / SPLIT_FOLDER
    place.mkdir(parents=True)
    faces = content.usable()
    names = picture_names(faces)
    for done, (crop, name) in enumerate(zip(faces["crop"], names, strict=True), start=1):
        copy_picture(content.crops / str(crop), place / name)
        if done % _AT_ONCE == 0:
            yield Progress("copy pictures", done, len(faces))
    metadata(content, faces, names).to_parquet(place / METADATA_FILE, index=False)
    (folder / CARD_FILE).write_text(_CARD, encoding="utf-8")
    yield Progress("copy pictures", len(faces), len(faces))


def copy_picture(source: Path, target: Path) -> None:
    """Copy a stored crop; the copy carries the content alone, no rights and no times."""
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError as error:
        raise StorageError(f"the picture {source.name} is missing", hint="cut the episode again") from error


def picture_names(faces: pd.DataFrame) -> list[str]:
    """A file name for each picture, safe on every system and different from all others."""
    names = [file_name(str(face_id), ".jpg") for face_id in faces["face_id"]]
    if len({name.lower() for name in names}) < len(names):
        names = [f"{number:06d}-{name}" for number, name in enumerate(names)]
    return names


def metadata(content: Content, faces: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """file_name and everything that is known of each picture; probabilities of a source in one list of seven."""
    single = [c for c in FACE_COLUMNS if c != "crop" and not any(c in prob_columns(s) for s in SOURCES)]
    table = faces[single].copy()
    table.insert(0, "file_name", names)
    table.insert(1, "episode_id", content.episode_id)
    for source in SOURCES:
        table[f"{source}_probs"] = _lists(faces[prob_columns(source)].to_numpy(np.float32))
    table["human_said"] = [json.dumps(said or [], ensure_ascii=False) for said in faces["human_said"]]
    for column in ("text", "character", "drop_reason", "role", "use", "human_label", "human_by", "target_source"):
        table[column] = pd.Series([_text(v) for v in table[column]], index=table.index, dtype="string")
    for source in SOURCES:
        table[f"{source}_label"] = pd.Series(
            [_text(v) for v in table[f"{source}_label"]], index=table.index, dtype="string"
        )
    return table


def _lists(values: np.ndarray) -> list[Any]:
    return [None if np.isnan(row).any() else row.tolist() for row in values]


def _text(value: Any) -> str | None:
    return encodable(value) if isinstance(value, str) else None
