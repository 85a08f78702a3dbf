"""Pictures to read out of what people give: a picture file as it is, a clip as frames spread over its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.errors import InputError
from mmemo.flow.prediction.images import read_image

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tiff", ".tif")
CLIP_ENDINGS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v")
MOST_FRAMES = 24
MOST_PICTURES = 60
_EVERY_MS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture to read: its file, (H, W, 3) uint8 RGB, and the time of a frame of a clip."""

    path: Path
    pixels: np.ndarray
    time_ms: int | None = None


def is_clip(path: Path) -> bool:
    """Whether the name says that a file is a video; its reader judges the content."""
    return path.suffix.lower() in CLIP_ENDINGS


def count_pictures(paths: Sequence[Path]) -> int:
    """How many pictures the files will give; InputError for a file that is damaged, missing, or one too many."""
    from mmemo.episode.video import probe

    count = 0
    for path in paths:
        if is_clip(path):
            count += len(clip_times(probe(path).duration_ms))
        else:
            read_image(path)
            count += 1
        if count > MOST_PICTURES:
            raise InputError(f"that is more than {MOST_PICTURES} pictures", hint="give fewer at once")
    return count


def pictures_in(path: Path) -> Iterator[Picture]:
    """The picture of a file, or of a clip a frame a second, at most 24 spread evenly; InputError for a damaged file."""
    if not is_clip(path):
        yield Picture(path, read_image(path))
        return
    from mmemo.episode.video import Pictures, frames_at, probe

    info = probe(path)
    convert = Pictures(info.pixel_aspect)
    for shown in frames_at(path, clip_times(info.duration_ms)):
        yield Picture(path, convert.rgb(shown.frame), shown.asked_ms)


def clip_times(duration_ms: int) -> list[int]:
    """Middles of equal parts of a clip: one a second, at most 24, at least 1."""
    count = min(MOST_FRAMES, max(1, round(duration_ms / _EVERY_MS)))
    return [round((i + 0.5) * duration_ms / count) for i in range(count)]
