"""Frames and sound of a timeline, and an .mp4 of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mmemo.datasets.drawn.backdrops import backdrop
from mmemo.datasets.drawn.characters import CAST
from mmemo.datasets.drawn.portrait import finish, place, portrait, seen_from_behind
from mmemo.datasets.drawn.shots import FRAME_MS, Face, Shot, Timeline
from mmemo.datasets.drawn.speech import SAMPLE_RATE_HZ, thud, tune, voice
from mmemo.progress import Progress, Stage, run
from mmemo.store.files import publish_file

if TYPE_CHECKING:
    import av.container
    import av.stream

FPS = Fraction(1000, FRAME_MS)
_QUALITY = "25"  # x264's constant rate factor: small files, faces still clean
_GRAIN = 1.6


def frame_at(timeline: Timeline, frame: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB of one frame; depends on the timeline and the number alone."""
    index = timeline.shot_at(frame)
    picture = _ground(timeline, index)
    for face in timeline.faces(frame):
        picture.alpha_composite(_drawn(face, timeline.size_px))
    return finish(picture, timeline.rng(frame, 6), grain=_GRAIN)


def frames(timeline: Timeline) -> Iterator[np.ndarray]:
    """All frames in order."""
    for frame in range(timeline.frame_count):
        yield frame_at(timeline, frame)


def soundtrack(timeline: Timeline) -> np.ndarray:
    """(N,) float32 in -1 to 1 at SAMPLE_RATE_HZ; silent where nobody speaks and nothing sounds."""
    out = np.zeros(timeline.duration_ms * SAMPLE_RATE_HZ // 1000, np.float32)
    for index, shot in enumerate(timeline.shots):
        sound = _sound(timeline, index, shot)
        start = timeline.starts_ms[index] * SAMPLE_RATE_HZ // 1000
        out[start : start + len(sound)] += sound
    return np.clip(out, -1.0, 1.0)


def film(path: Path, timeline: Timeline, sound: bool = True) -> Stage[None]:
    """Write a timeline as .mp4 (H.264 at 12.5 frames a second, AAC); a stage, and nothing stays when it is closed."""
    import av

    with publish_file(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        video = _video_stream(container, timeline.size_px)
        audio = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono", bit_rate=40_000) if sound else None
        samples = soundtrack(timeline) if sound else None
        for number, pixels in enumerate(frames(timeline)):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.pts, picture.time_base = number, 1 / FPS
            container.mux(video.encode(picture))
            if audio is not None and samples is not None:
                _mux_sound(container, audio, samples, number)
            yield Progress("draw", number + 1, timeline.frame_count)
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))


def write_clip(
    path: Path, shots: Sequence[Shot], *, seed: int = 0, size_px: tuple[int, int] = (640, 360), sound: bool = True
) -> Timeline:
    """Write shots as an .mp4 and return their timeline, which knows the faces of every frame."""
    timeline = Timeline(shots, seed, size_px)
    run(film(path, timeline, sound))
    return timeline


def _drawn(face: Face, size_px: tuple[int, int]) -> Image.Image:
    p = face.placement
    return place(portrait(face.character, face.pose), size_px, (p.x_px, p.y_px), p.unit_px, p.tilt_deg)


def _ground(timeline: Timeline, index: int) -> Image.Image:
    return _ground_of(timeline.shots[index].view, timeline.size_px, timeline.seed, timeline.camera_of(index)).copy()


@lru_cache(maxsize=8)
def _ground_of(view: str, size_px: tuple[int, int], seed: int, camera: int) -> Image.Image:
    rng = np.random.default_rng([seed, camera, 7])
    kind, _, name = view.partition(":")
    picture = backdrop("workshop" if kind == "behind" else kind, size_px, rng).convert("RGBA")
    if kind == "behind":
        at = (size_px[0] * float(rng.uniform(0.4, 0.6)), size_px[1] * 0.52)
        picture.alpha_composite(place(seen_from_behind(CAST[name]), size_px, at, size_px[1] * 0.2, 0.0))
    return picture


def _sound(timeline: Timeline, index: int, shot: Shot) -> np.ndarray:
    out = np.zeros(shot.duration_ms * SAMPLE_RATE_HZ // 1000, np.float32)
    line = timeline.speech(index)
    for k, name in enumerate(shot.voices):
        out += voice(CAST[name], line, shot.duration_ms, shot.tone, timeline.rng(index, 8, k))
    if shot.sound:
        start, end = shot.sounding_ms
        made = (thud if shot.sound == "thud" else tune)(end - start, timeline.rng(index, 9))
        begin = start * SAMPLE_RATE_HZ // 1000
        out[begin : begin + len(made)] += made[: len(out) - begin]
    return out


def _video_stream(container: av.container.OutputContainer, size_px: tuple[int, int]) -> av.video.stream.VideoStream:
    stream = container.add_stream("libx264", rate=FPS)
    stream.width, stream.height, stream.pix_fmt = *size_px, "yuv420p"
    stream.options = {"crf": _QUALITY, "preset": "slow", "tune": "animation", "threads": "2"}
    return stream


def _mux_sound(
    container: av.container.OutputContainer, stream: av.audio.stream.AudioStream, samples: np.ndarray, frame: int
) -> None:
    """Encode the sound that belongs to one video frame, so that both stay side by side in the file."""
    import av

    step = SAMPLE_RATE_HZ * FRAME_MS // 1000
    start = frame * step
    chunk = av.AudioFrame.from_ndarray(samples[None, start : start + step], format="fltp", layout="mono")
    chunk.sample_rate, chunk.pts, chunk.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
    container.mux(stream.encode(chunk))
