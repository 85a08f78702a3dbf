"""Small videos, pictures and subtitles that the tests make for themselves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

_BITS = 12
_BLOCK_PX = 16


def counter_frame(number: int, width_px: int = 192, height_px: int = 64) -> np.ndarray:
    """An (H, W, 3) uint8 frame that carries its number in 12 black and white blocks along its top."""
    frame = np.full((height_px, width_px, 3), 128, np.uint8)
    frame[_BLOCK_PX:] = (number * 37) % 200
    for bit in range(_BITS):
        left = bit * _BLOCK_PX
        frame[:_BLOCK_PX, left : left + _BLOCK_PX] = 255 if number >> bit & 1 else 0
    return frame


def read_counter(frame: np.ndarray, pixel_aspect: float = 1.0) -> int:
    """The number in a `counter_frame`, colour or grey, also after lossy coding and widening."""
    grey = frame if frame.ndim == 2 else frame.mean(axis=2)
    middle = _BLOCK_PX // 2
    return sum(int(grey[middle, int((middle + bit * _BLOCK_PX) * pixel_aspect)] > 127) << bit for bit in range(_BITS))


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    *,
    fps: int = 25,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
    times_ms: Sequence[int] | None = None,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """Write frames (equal sizes, even edges) as a video; `times_ms` gives each frame's own time."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=options or {"crf": "18", "preset": "ultrafast"})
        stream.pix_fmt = pixel_format
        stream.thread_count = 1
        if times_ms is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for i, picture in enumerate(frames):
            if i == 0:
                stream.height, stream.width = picture.shape[:2]
                if pixel_aspect is not None:
                    stream.codec_context.sample_aspect_ratio = pixel_aspect
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            if times_ms is not None:
                frame.pts, frame.time_base = times_ms[i], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _take_turns_again()
    return path


def _take_turns_again() -> None:
    """SVT-AV1 gives its caller real-time priority when it runs as root; kept, that would starve every browser."""
    if not hasattr(os, "sched_setscheduler"):
        return
    for task in Path("/proc/self/task").iterdir():
        if os.sched_getscheduler(int(task.name)) != os.SCHED_OTHER:
            os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))


def write_counter_video(path: Path, count: int, **how: object) -> Path:
    """A video whose frames say their own number."""
    return write_video(path, (counter_frame(i) for i in range(count)), **how)  # type: ignore[arg-type]


def run_ffmpeg(*arguments: str | Path) -> None:
    """Run the ffmpeg program that comes with moviepy, for files that PyAV does not write."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-loglevel", "error", "-y", *map(str, arguments)], check=True, timeout=120)


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    """A file with sound and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, int(16000 * seconds)), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def rotate_mp4(path: Path, clockwise_degrees: int = 90) -> Path:
    """Turn an .mp4 by its display matrix, as a phone does: players show it turned by that much (90, 180, 270)."""
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise_degrees]
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd")
    matrix = header + 4 + 4 + 20 + 8 + 8  # after version and flags, times and ids, reserved, layer and volume
    values = (cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(bytes(data))
    return path


def srt_text(cues: Sequence[tuple[int, int, str]]) -> str:
    """SubRip text of (start_ms, end_ms, text)."""
    blocks = [f"{i}\n{_time(a)} --> {_time(b)}\n{text}\n" for i, (a, b, text) in enumerate(cues, 1)]
    return "\n".join(blocks)


def write_srt(path: Path, cues: Sequence[tuple[int, int, str]]) -> Path:
    """Write (start_ms, end_ms, text) as an .srt file."""
    path.write_text(srt_text(cues), encoding="utf-8")
    return path


def _time(ms: int) -> str:
    return f"{ms // 3600000:02d}:{ms // 60000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"
