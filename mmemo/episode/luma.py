"""The brightness of a decoded frame at its own size, straight from its first plane."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import VideoReformatter

# Formats whose first plane is the brightness, a byte a pixel.
_PLANAR = {"yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "nv12", "nv21"}
_BLACK, _WHITE = 16, 235  # of video's range; a picture's is 0 to 255
_STEP = np.float32(255 / (_WHITE - _BLACK))


class Luma:
    """Gives what FFmpeg's scaler gives for grey pictures of the same size, in half the time.

    For each kind of frame the scaler is asked once what becomes of each of the 256 values; when that is neither
    nothing nor the plain step from video's range to a picture's, it is left to the scaler.
    """

    def __init__(self) -> None:
        self._ways: dict[tuple[str, int], str] = {}

    def picture(self, frame: av.VideoFrame) -> np.ndarray | None:
        """(H, W) uint8, or None when only the scaler can tell."""
        kind = (frame.format.name, int(frame.color_range))
        if kind not in self._ways:
            self._ways[kind] = _way(*kind)
        if self._ways[kind] == "scaler":
            return None
        plane = frame.planes[0]
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
        return lines.copy() if self._ways[kind] == "same" else _full_range(lines)


def _full_range(luma: np.ndarray) -> np.ndarray:
    """Video's range, (H, W) uint8, as a picture's; in few steps, since other threads may want the interpreter."""
    values: np.ndarray = np.clip(luma, _BLACK, _WHITE).astype(np.float32)
    values *= _STEP
    values -= np.float32(_BLACK * _STEP - 0.5)
    grey: np.ndarray = values.astype(np.uint8)
    return grey


def _way(pixel_format: str, color_range: int) -> str:
    """How values of such a frame become grey: "same", "full" (to the full range), or as the "scaler" says."""
    if pixel_format not in _PLANAR:
        return "scaler"
    ramp = np.tile(np.arange(256, dtype=np.uint8), (16, 1))
    frame = av.VideoFrame(256, 16, pixel_format)
    frame.color_range = color_range
    for plane in frame.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    first = frame.planes[0]
    first.update(np.pad(ramp, ((0, 0), (0, first.line_size - 256))).tobytes())
    told = VideoReformatter().reformat(frame, 256, 16, "gray", threads=1).to_ndarray()
    if np.array_equal(told, ramp):
        return "same"
    return "full" if np.array_equal(told, _full_range(ramp)) else "scaler"
