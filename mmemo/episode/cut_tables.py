"""The tables of a cut, and the pictures that their rows name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
) -> Iterator[dict[str, object]]:
    """Write the crops of a cue's faces and give a row for each; `shot_id` is the number of the shot in the cue."""
    for number, track in enumerate(tracks, first_track + 1):
        for face in track.faces:
            face_id = f"c{cue + 1:05d}-t{number:05d}-{face.seen.frame_ms}"
            path = f"crops/{face_id}.jpg"
            _save_crop(folder / path, face.crop, crop_px, jpeg_quality)
            yield {
                **_face_values(face),
                "face_id": face_id,
                "cue_id": cue + 1,
                "track_id": number,
                "shot_id": track.shot,
                "speaker_score": track.score,
                "role": track.role,
                "crop": path,
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


def face_table(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """FACE_COLUMNS, one row a face."""
    table = pd.DataFrame(rows, columns=list(FACE_COLUMNS))
    whole = {"cue_id": np.int32, "track_id": np.int32, "shot_id": np.int32, "frame_ms": np.int64}
    return table.astype(
        {**whole, **dict.fromkeys(_FACE_NUMBERS, np.float32), "face_id": "str", "role": "str", "crop": "str"}
    )


def _face_values(face: CutFace) -> dict[str, object]:
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
