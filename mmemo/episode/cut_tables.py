"""The tables of a cut, and the pictures that their rows name."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from mmemo.episode.cleaning import CleanText
from mmemo.episode.quality import FaceQuality
from mmemo.episode.sampling import CueFrames
from mmemo.episode.subtitles import SubtitleCue
from mmemo.episode.tracks import SeenFace
from mmemo.store.tables import CUE_COLUMNS, FACE_COLUMNS

# Enough to see who is there and where; a season of them is smaller than one minute of its video.
_SCENE_PX = 256
_SCENE_JPEG_QUALITY = 80
_FACE_NUMBERS = (
    "x1", "y1", "x2", "y2", "detection_prob", "sharpness", "brightness", "yaw_deg", "pitch_deg", "roll_deg",
    "quality", "speaker_score",
)  # fmt: skip


_FACE_WHOLE_NUMBERS = ("cue_id", "track_id", "shot_id", "frame_ms")
_ROLES = ("speaker", "listener", "candidate")


@dataclass(frozen=True, slots=True)
class CutFace:
    """A face with its (S, S, 3) uint8 crop, what was measured on it, and its weight in the track, 0 to 1."""

    seen: SeenFace
    crop: np.ndarray
    quality: FaceQuality
    weight: float


@dataclass(frozen=True, slots=True)
class CutTrack:
    """One person in one shot of a cue: role "speaker", "listener" or "candidate", and the score of the mouth."""

    role: str
    score: float
    shot: int
    faces: Sequence[CutFace]


def save_scene(frames: CueFrames, folder: Path) -> str | None:
    """Write a small picture of the middle of a cue; returns its path below `folder`, None without a picture."""
    if not frames.face_pictures:
        return None
    picture = Image.fromarray(frames.face_pictures[len(frames.face_pictures) // 2])
    picture.thumbnail((_SCENE_PX, _SCENE_PX), Image.Resampling.BILINEAR, reducing_gap=2.0)
    path = f"scenes/c{frames.cue + 1:05d}.jpg"
    picture.save(folder / path, "JPEG", quality=_SCENE_JPEG_QUALITY)
    return path


def save_faces(
    cue: int, tracks: Sequence[CutTrack], first_track: int, folder: Path, crop_px: int, jpeg_quality: int
) -> Iterator[dict[str, Any]]:
    """Write the crops of a cue's faces and give a row of FaceRows for each; `shot_id` numbers the shots of the cue."""
    for number, track in enumerate(tracks, first_track + 1):
        for face in track.faces:
            path = _crop_path(_face_id(cue + 1, number, face.seen.frame_ms))
            _save_crop(folder / path, face.crop, crop_px, jpeg_quality)
            yield {
                **_face_values(face),
                "cue_id": cue + 1,
                "track_id": number,
                "shot_id": track.shot,
                "speaker_score": track.score,
                "role": track.role,
            }


def cue_table(
    cues: Sequence[SubtitleCue],
    texts: Sequence[CleanText],
    reasons: Sequence[str | None],
    margins: Sequence[float],
    scenes: Sequence[str | None],
) -> pd.DataFrame:
    """CUE_COLUMNS, one row a cue."""
    table = pd.DataFrame(
        {
            "cue_id": np.arange(1, len(cues) + 1, dtype=np.int32),
            "start_ms": np.array([cue.start_ms for cue in cues], np.int64),
            "end_ms": np.array([cue.end_ms for cue in cues], np.int64),
            "text": pd.Series([text.text for text in texts], dtype="str"),
            "raw_text": pd.Series([cue.raw_text for cue in cues], dtype="str"),
            "speaker": pd.Series([text.speaker for text in texts], dtype="object"),
            "source_line": np.array([cue.source_line for cue in cues], np.int32),
            "drop_reason": pd.Series(list(reasons), dtype="object"),
            "speaker_margin": np.array(margins, np.float32),
            "scene": pd.Series(list(scenes), dtype="object"),
        }
    )
    return table[list(CUE_COLUMNS)]


class FaceRows:
    """The rows of the face table while the faces are found: 81 bytes each, where a dictionary takes 2 KB."""

    def __init__(self) -> None:
        self._whole = {name: array("q") for name in _FACE_WHOLE_NUMBERS}
        self._numbers = {name: array("f") for name in _FACE_NUMBERS}
        self._roles = bytearray()

    def __len__(self) -> int:
        return len(self._roles)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take what save_faces gives."""
        for row in rows:
            for name, places in self._whole.items():
                places.append(row[name])
            for name, numbers in self._numbers.items():
                numbers.append(row[name])
            self._roles.append(_ROLES.index(row["role"]))

    def table(self, shot_ids: Mapping[int, Sequence[int]]) -> pd.DataFrame:
        """FACE_COLUMNS, one row a face; `shot_ids` has the episode's numbers of the shots of each cue, by cue_id."""
        cues, tracks, times_ms = (self._whole[name] for name in ("cue_id", "track_id", "frame_ms"))
        face_ids = [_face_id(*place) for place in zip(cues, tracks, times_ms, strict=True)]
        numbers = {name: np.array(column, np.float32) for name, column in self._numbers.items()}
        table = pd.DataFrame(
            {
                **numbers,
                "cue_id": np.array(cues, np.int32),
                "track_id": np.array(tracks, np.int32),
                "shot_id": np.array(
                    [shot_ids[cue][shot] for cue, shot in zip(cues, self._whole["shot_id"], strict=True)], np.int32
                ),
                "frame_ms": np.array(times_ms, np.int64),
                "face_id": pd.Series(face_ids, dtype="str"),
                "role": pd.Series([_ROLES[role] for role in self._roles], dtype="str"),
                "crop": pd.Series([_crop_path(face_id) for face_id in face_ids], dtype="str"),
            }
        )
        return table[list(FACE_COLUMNS)]


def _face_id(cue_id: int, track_id: int, frame_ms: int) -> str:
    return f"c{cue_id:05d}-t{track_id:05d}-{frame_ms}"


def _crop_path(face_id: str) -> str:
    return f"crops/{face_id}.jpg"


def _face_values(face: CutFace) -> dict[str, Any]:
    x1, y1, x2, y2 = (float(v) for v in face.seen.box)
    measured = face.quality
    return {
        "frame_ms": face.seen.frame_ms,
        **{"x1": x1, "y1": y1, "x2": x2, "y2": y2},
        "detection_prob": measured.detection_prob,
        "sharpness": measured.sharpness,
        "brightness": measured.brightness,
        **{"yaw_deg": measured.yaw_deg, "pitch_deg": measured.pitch_deg, "roll_deg": measured.roll_deg},
        "quality": face.weight,
    }


def _save_crop(path: Path, crop: np.ndarray, crop_px: int, jpeg_quality: int) -> None:
    picture = Image.fromarray(crop)
    if max(picture.size) > crop_px:
        picture = picture.resize((crop_px, crop_px), Image.Resampling.LANCZOS)
    picture.save(path, "JPEG", quality=jpeg_quality, subsampling=0)
