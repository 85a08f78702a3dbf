"""How much an export would hold, told in a moment, so that a card can say about how large it gets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from PIL import Image

from mmemo.episode.video import Pictures, open_video, picture_stream, probe
from mmemo.errors import InputError
from mmemo.flow.student.face_opinions import training_faces
from mmemo.store.export.content import Extent
from mmemo.store.export.film import MAX_HEIGHT_PX
from mmemo.store.workspace import Workspace

_SAMPLED_CROPS, _SAMPLED_FRAMES = 40, 3
# The embedded network in float32; others are told once they are loaded.
_NETWORK_BYTES = 14_000_000
_JPEG_QUALITY = 90


def extent_of(workspace: Workspace, episode_id: str, run_id: str | None) -> Extent:
    """How much there is of an episode: without opinions, and with no more than a few pictures read."""
    config = {} if run_id is None else workspace.run_config(run_id)
    episode = workspace.episode_of_run(config, episode_id)
    faces, usable = workspace.faces(episode), training_faces(workspace, episode)
    video = Path(episode.video)
    frame_bytes, film_pixels = (0, 0) if not video.is_file() else _of_video(video, video.stat().st_mtime_ns)
    return Extent(
        pictures=len(faces),
        usable=len(usable),
        usable_tracks=int(usable["track_id"].nunique()),
        frames=int(faces["frame_ms"].nunique()),
        crop_bytes=_mean_bytes(workspace.cut_folder(episode), usable["crop"].astype(str).tolist()),
        frame_bytes=frame_bytes,
        tracks=int(faces["track_id"].nunique()),
        cues=len(workspace.cues(episode)),
        video_bytes=video.stat().st_size if video.is_file() else 0,
        film_pixels=film_pixels,
        weights_bytes=_weights_bytes(workspace, run_id),
    )


def _mean_bytes(folder: Path, names: Sequence[str]) -> int:
    sampled = names[:: max(1, len(names) // _SAMPLED_CROPS)]
    sizes = [path.stat().st_size for name in sampled if (path := folder / name).is_file()]
    return round(float(np.mean(sizes))) if sizes else 0


@lru_cache(maxsize=64)
def _of_video(video: Path, changed_ns: int) -> tuple[int, int]:
    """Mean bytes of a frame as a picture, and how many pixels all frames of the annotated film have together.

    0 for what cannot be read. `changed_ns` makes another file of the same name another one.
    """
    try:
        seen = probe(video)
        scale = min(1.0, MAX_HEIGHT_PX / seen.height_px)
        pixels = round(seen.width_px * seen.height_px * scale**2 * seen.fps * seen.duration_ms / 1000)
        times = np.linspace(0, seen.duration_ms, _SAMPLED_FRAMES + 2)[1:-1]
        sizes = [_jpeg_bytes(video, float(time_ms), Pictures(seen.pixel_aspect)) for time_ms in times]
    except (InputError, av.FFmpegError, StopIteration, OSError):
        return 0, 0
    return round(float(np.mean(sizes))), pixels


def _jpeg_bytes(video: Path, time_ms: float, pictures: Pictures) -> int:
    """Size of the next whole frame before a time as a picture; only that one is decoded."""
    with open_video(video) as container:
        stream = picture_stream(container, video)
        container.seek(round(1000 * time_ms))  # microseconds
        kept = io.BytesIO()
        Image.fromarray(pictures.rgb(next(container.decode(stream)))).save(kept, "jpeg", quality=_JPEG_QUALITY)
        return len(kept.getvalue())


def _weights_bytes(workspace: Workspace, run_id: str | None) -> int:
    path = workspace.run_folder(run_id) / "weights.safetensors" if run_id is not None else None
    return max(path.stat().st_size, _NETWORK_BYTES) if path is not None and path.is_file() else 0
