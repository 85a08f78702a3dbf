"""A film-like video out of the stills of a simulated episode: moving camera, grain, 1280x720, long groups of pictures.

Synthetic, and to be called so with every figure that comes from it: faces and lines are real, the camera is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image

from mmemo.episode.video import Pictures, frames_at, probe
from mmemo.progress import Progress, Stage
from mmemo.store.files import publish_file

SIZE = (1280, 720)
FPS = 25
_GROUP = 250
_GRAIN = 2.5
_GRAIN_MARGIN = 64
_LEAD_MS = 120
_OPTIONS = {
    "preset": "veryfast",
    "crf": "23",
    "g": str(_GROUP),
    "keyint_min": str(_GROUP),
    "sc_threshold": "0",
    "bf": "3",
    "maxrate": "2500k",
    "bufsize": "5000k",
}


@dataclass(frozen=True, slots=True)
class Shot:
    """A still, and the window of the camera in it at the start and at the end: (left, top, width) as shares."""

    start_ms: int
    end_ms: int
    first: tuple[float, float, float]
    last: tuple[float, float, float]


def make_film(
    episode: Path, cues: Sequence[tuple[int, int, str]], target: Path, seconds: int, *, seed: int = 7
) -> Stage[None]:
    """Film the still of each cue for as long as it is shown, and keep the episode's sound; `seconds` in all.

    `seed` draws the ways of the camera. Nothing is left behind when it is cancelled.
    """
    shots = _shots(cues, seconds * 1000, seed)
    stills = _stills(episode, cues)
    total = seconds * FPS
    with publish_file(target) as temporary, av.open(str(temporary), "w", format="mp4") as output:
        picture = output.add_stream("libx264", rate=FPS, options=_OPTIONS)
        picture.width, picture.height, picture.pix_fmt = *SIZE, "yuv420p"
        with av.open(str(episode)) as source:
            sound = _SoundCopy(source, output)
            for number, frame in enumerate(_frames(shots, stills, total)):
                frame.pts = number
                output.mux(picture.encode(frame))
                if number % FPS == 0:
                    sound.copy_until(number // FPS)
                    yield Progress("film", number, total, "making the film-like video")
            output.mux(picture.encode(None))
            sound.copy_until(seconds)


class _SoundCopy:
    """Copies the sound of one file to another, little by little, so that it lies beside its pictures."""

    def __init__(self, source: av.container.InputContainer, output: av.container.OutputContainer) -> None:
        streams = source.streams.audio[:1]
        self._packets = source.demux(streams) if streams else iter(())
        self._output = output
        self._stream = output.add_stream_from_template(streams[0]) if streams else None
        self._next = next(self._packets, None)

    def copy_until(self, end_s: float) -> None:
        """Copy the packets that start before `end_s`."""
        while self._next is not None:
            pts, time_base = self._next.pts, self._next.time_base
            if pts is not None and time_base is not None:
                if pts * time_base >= end_s:
                    return
                self._next.stream = self._stream  # type: ignore[assignment]
                self._output.mux(self._next)
            self._next = next(self._packets, None)


def _shots(cues: Sequence[tuple[int, int, str]], end_ms: int, seed: int) -> list[Shot]:
    """One shot a cue, a little earlier than its line; the camera pans, zooms or follows, drawn by the seed."""
    draw = np.random.default_rng(seed)
    starts = [max(0, start_ms - _LEAD_MS) for start_ms, _, _ in cues]
    starts[0] = 0
    shots = []
    for start_ms, stop_ms in zip(starts, [*starts[1:], end_ms], strict=True):
        widths = draw.uniform(0.72, 0.98, 2)
        windows = [(*draw.uniform(0, 1, 2), width) for width in widths]
        shots.append(Shot(start_ms, stop_ms, windows[0], windows[1]))
    return shots


def _stills(episode: Path, cues: Sequence[tuple[int, int, str]]) -> Iterator[np.ndarray]:
    """The (H, W, 3) uint8 picture in the middle of each cue, without black bars."""
    pictures = Pictures(probe(episode).pixel_aspect)
    middles = [(start_ms + end_ms) // 2 for start_ms, end_ms, _ in cues]
    for shown in frames_at(episode, middles):
        yield _without_bars(pictures.rgb(shown.frame))


def _without_bars(picture: np.ndarray) -> np.ndarray:
    bright = picture.max(axis=2) > 32
    rows, columns = (np.flatnonzero(bright.mean(axis=axis) > 0.02) for axis in (1, 0))
    if len(rows) < 64 or len(columns) < 64:
        return picture
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _frames(shots: Sequence[Shot], stills: Iterator[np.ndarray], total: int) -> Iterator[av.VideoFrame]:
    draw = np.random.default_rng(11)
    grain = draw.normal(0, _GRAIN, (SIZE[1] + _GRAIN_MARGIN, SIZE[0] + _GRAIN_MARGIN)).round().astype(np.int16)
    number = 0
    for shot, still in zip(shots, stills, strict=False):
        planes = Image.fromarray(still).convert("YCbCr").split()
        while number < total and number * 1000 < shot.end_ms * FPS:
            share = (number * 1000 / FPS - shot.start_ms) / (shot.end_ms - shot.start_ms)
            window = _window(shot, min(max(share, 0.0), 1.0), number, still.shape[1], still.shape[0])
            top, left = draw.integers(0, _GRAIN_MARGIN, 2)
            yield _filmed(planes, window, grain[top : top + SIZE[1], left : left + SIZE[0]])
            number += 1


def _window(shot: Shot, share: float, number: int, width_px: int, height_px: int) -> tuple[float, float, float, float]:
    """Where the camera looks, in px of the still: 16:9, eased from the first to the last window, with a slight shake."""
    eased = share * share * (3 - 2 * share)
    left, top, width = (a + eased * (b - a) for a, b in zip(shot.first, shot.last, strict=True))
    w = width * min(width_px, height_px * SIZE[0] / SIZE[1])
    h = w * SIZE[1] / SIZE[0]
    shake_x, shake_y = 1.2 * np.sin(number / 4.3), 0.9 * np.sin(number / 3.1 + 1)
    x = float(np.clip(left * (width_px - w) + shake_x, 0, width_px - w))
    y = float(np.clip(top * (height_px - h) + shake_y, 0, height_px - h))
    return x, y, x + w, y + h


def _filmed(
    planes: Sequence[Image.Image], window: tuple[float, float, float, float], grain: np.ndarray
) -> av.VideoFrame:
    luma = np.asarray(planes[0].resize(SIZE, Image.Resampling.BILINEAR, box=window), np.int16)
    colour = [
        np.asarray(plane.resize((SIZE[0] // 2, SIZE[1] // 2), Image.Resampling.BILINEAR, box=window)).ravel()
        for plane in planes[1:]
    ]
    # PIL's luma fills 0 to 255, video's 16 to 235; 220 times a bright one would not fit into 16 bits.
    studio = np.clip(16 + luma - luma * 36 // 256 + grain, 16, 235).astype(np.uint8)
    stacked = np.concatenate([studio.ravel(), *colour]).reshape(SIZE[1] * 3 // 2, SIZE[0])
    return av.VideoFrame.from_ndarray(stacked, format="yuv420p")
