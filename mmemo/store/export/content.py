"""What every format is made of: plain tables of one episode, as one run sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mmemo.labels import EKMAN7

if TYPE_CHECKING:
    from torch import nn

# Four opinions that are never mixed; what people said stands apart from all of them.
TEACHER, IMAGE, TARGET, STUDENT = "teacher", "image", "target", "student"
SOURCES = (TEACHER, IMAGE, TARGET, STUDENT)
HUMAN = "human"

# One row a picture of a face. `use` says whether it trains ("training") or why not; opinions are those on its track:
# for each of SOURCES `S_label` (null where it said nothing) and `S_EMOTION`, its probabilities.
#   human_label: the word in force, an emotion or "reject", null where nobody spoke; human_by: who said it. A lead's
#   decision holds over all words, and human_said then still has what each person said;
#   human_said: list of {annotator, label, scope, way, blind, said_at}, the last word of each person;
#   picture_rejected: a person said of this very picture that it shows no usable face.
FACE_FACTS = (
    "face_id", "track_id", "cue_id", "shot_id", "frame_ms", "x1", "y1", "x2", "y2", "detection_prob", "quality",
    "role", "use", "drop_reason", "character", "start_ms", "end_ms", "text", "crop",
)  # fmt: skip
HUMAN_FACTS = ("human_label", "human_by", "human_said", "picture_rejected")
CUE_FACTS = ("cue_id", "start_ms", "end_ms", "text", "speaker", "drop_reason")


def prob_columns(source: str) -> list[str]:
    """The seven columns of a source's probabilities."""
    return [f"{source}_{label}" for label in EKMAN7.labels]


def columns_of(source: str) -> list[str]:
    """The columns of a source: its first choice and its probabilities."""
    return [f"{source}_label", *prob_columns(source)]


FACE_COLUMNS = (
    *FACE_FACTS, *(column for source in SOURCES for column in columns_of(source)), "target_source", *HUMAN_FACTS,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ModelContent:
    """A student as plain values: weights by name, how pictures are prepared, and its card in Markdown.

    `config` is JSON: labels, backbone, input and mean and spread. `network` builds the whole network, (B, 3, px, px)
    prepared pictures to (B, 7) probabilities; `example` is a prepared batch and what the network says of it.
    """

    tensors: Mapping[str, np.ndarray]
    config: Mapping[str, Any]
    card: str
    network: Callable[[], nn.Module]
    example: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """One episode: faces with FACE_COLUMNS, cues with CUE_FACTS, both in order of time; `crops` is the folder of `crop`.

    `video` is None where the source is gone; `frames` then gives no frame, else (time in ms, (H, W, 3) uint8) at sorted
    times. `pixel_aspect`: how much wider than high a stored pixel of the video is shown. `model` gives the student of the run, None without a run.
    """

    episode_id: str
    cut_key: str
    run_id: str | None
    faces: pd.DataFrame
    cues: pd.DataFrame
    crops: Path
    video: Path | None = None
    model: Callable[[], ModelContent] | None = None
    frames: Callable[[Sequence[int]], Iterator[tuple[int, np.ndarray]]] | None = None
    pixel_aspect: float = 1.0

    def __post_init__(self) -> None:
        missing = set(FACE_COLUMNS) - set(self.faces.columns) | set(CUE_FACTS) - set(self.cues.columns)
        assert not missing, f"columns are missing: {sorted(missing)}"

    def usable(self) -> pd.DataFrame:
        """The pictures that train and that nobody rejected: what a dataset of faces is made of."""
        faces = self.faces
        rejected = (faces["human_label"] == "reject") | faces["picture_rejected"].astype(bool)
        return faces[(faces["use"] == "training") & ~rejected].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is, for estimates: pictures, usable ones and their tracks, mean bytes of a crop and of a whole
    frame as a picture, cues, what files weigh, and the pixels of all frames of the annotated film. 0 is unknown."""

    pictures: int = 0
    usable: int = 0
    usable_tracks: int = 0
    frames: int = 0
    crop_bytes: int = 0
    frame_bytes: int = 0
    tracks: int = 0
    cues: int = 0
    video_bytes: int = 0
    film_pixels: int = 0
    weights_bytes: int = 0


def first_choice(table: pd.DataFrame, source: str) -> pd.Series:
    """The label that a source finds likeliest in each row; None where it said nothing."""
    values = table[prob_columns(source)].to_numpy(np.float64)
    known = ~np.isnan(values).any(1) if len(values) else np.zeros(0, bool)
    names = np.array([*EKMAN7.labels], dtype=object)
    found = np.full(len(table), None, dtype=object)
    found[known] = names[values[known].argmax(1)]
    return pd.Series(found, index=table.index, dtype=object)
