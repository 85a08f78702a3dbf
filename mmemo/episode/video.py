"""Frames of a video at given times: one forward pass that decodes only the groups of pictures that are needed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import av.container
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from mmemo.episode.forward_pass import PatientPass, PlannedPass, ShownFrame, read_packets
from mmemo.episode.luma import Luma
from mmemo.errors import InputError

_PLANNED_CODECS = ("h264", "hevc")
# Files that only name other files, or addresses: what they name is not what the user gave.
_LISTS = {"hls", "concat", "concatf", "dash", "imf", "sdp", "rtsp", "rtp", "redir"}
# 8K film has 33 million pixels, a day of 50 frames a second 4 million frames; what claims more is broken or hostile.
_MAX_PIXELS = 1 << 26
_MAX_FRAMES = 30_000_000
_MAX_DURATION_MS = 100 * 3_600_000
_OPEN_OPTIONS = {"protocol_whitelist": "file", "max_pixels": str(_MAX_PIXELS)}


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video file says of its picture; the size is that on screen: rotated, in square pixels."""

    path: Path
    duration_ms: int
    width_px: int
    height_px: int
    fps: float
    codec: str
    pixel_aspect: Fraction = Fraction(1)


def probe(path: Path) -> VideoInfo:
    """Open a video and tell its size and length; InputError when it is none."""
    with open_video(path) as container:
        stream = picture_stream(container, path)
        duration_ms = _duration_ms(container, stream, path)
        _refuse_boasts(path, stream, duration_ms)
        try:
            first = next(container.decode(stream), None)
        except av.FFmpegError:
            first = None
        if first is None or duration_ms < 1:
            raise InputError(f"no picture of {path} can be decoded", hint="does it play in a video player?")
        aspect = stream.sample_aspect_ratio or Fraction(1)
        if not Fraction(1, 4) <= aspect <= 4:
            aspect = Fraction(1)  # no lens and no disc has such pixels
        width_px, height_px = _square_pixels(first, aspect)
        if first.rotation % 180:
            width_px, height_px = height_px, width_px
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        return VideoInfo(path, duration_ms, width_px, height_px, fps, stream.codec_context.name, aspect)


def open_video(path: Path) -> av.container.InputContainer:
    """Open a media file for reading; InputError says why not."""
    try:
        size = path.stat().st_size if path.is_file() else -1
        if size < 0:
            raise InputError(f"there is no video file {path}", hint="check the path")
        if size == 0:
            raise InputError(f"the video {path} is empty (0 bytes)", hint="download or export it again")
        # A whole path, since FFmpeg takes a name like "concat:a.mp4" for an address.
        container = av.open(str(path.absolute()), metadata_errors="replace", options=_OPEN_OPTIONS)
        if container.format.name in _LISTS:
            container.close()
            raise InputError(f"{path} is a list of other files, not a video", hint="give the video file itself")
        return container
    except av.FFmpegError as error:
        raise InputError(
            f"{path} is no video that can be read ({error.strerror})", hint="give an .mp4, .mkv or other video file"
        ) from error
    except OSError as error:
        raise InputError(f"the video {path} cannot be read", hint=str(error.strerror)) from error


def picture_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The first video stream that is no cover picture; InputError when there is none."""
    if container.format.name.endswith("_pipe") or container.format.name == "image2":
        raise InputError(f"{path} is a single picture, not a video", hint="give the video file of the episode")
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None:
            stream.codec_context.options = {**stream.codec_context.options, "max_pixels": str(_MAX_PIXELS)}
            return stream
    raise InputError(f"{path} has no picture, only sound or text", hint="give the video file of the episode")


def _refuse_boasts(path: Path, stream: av.VideoStream, duration_ms: int) -> None:
    """A damaged or hostile header may claim what no memory holds."""
    width_px, height_px = stream.codec_context.width, stream.codec_context.height
    if width_px * height_px > _MAX_PIXELS:
        raise InputError(f"{path} claims {width_px} x {height_px} pixels", hint="scale it to 1920 x 1080 or less")
    if stream.frames > _MAX_FRAMES or duration_ms > _MAX_DURATION_MS:
        raise InputError(
            f"{path} claims {stream.frames} frames and {duration_ms / 3_600_000:.0f} hours",
            hint="its header is broken; write it anew with: ffmpeg -i OLD -c copy NEW.mkv",
        )


def frames_at(path: Path, timestamps_ms: Sequence[int], *, threads: int = 2) -> Generator[ShownFrame, None, None]:
    """The frame on screen at each time, in order; times are ms from the start of the file, sorted, repeats allowed.

    Reads the file once, forward. A group of pictures without an asked time is never decoded, and none is decoded much
    past its last asked frame. A time after the last frame, or in a part that cannot be decoded, has no frame.
    """
    assert all(a <= b for a, b in pairwise(timestamps_ms)), "times must be sorted"
    if not timestamps_ms:
        return
    with open_video(path) as container:
        stream = picture_stream(container, path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = max(1, threads)
        yield from _reader(container, stream)(container, stream, timestamps_ms)


def _reader(container: av.container.InputContainer, stream: av.VideoStream) -> type[PlannedPass] | type[PatientPass]:
    """The pass that decodes least: an .avi does not tell when a packet is shown, other codecs have hidden packets."""
    planned = stream.codec_context.name in _PLANNED_CODECS and container.format.name != "avi"
    return PlannedPass if planned else PatientPass


class Pictures:
    """Turns decoded frames into arrays as they are seen: rotated, in square pixels; keeps the scaler warm."""

    def __init__(self, pixel_aspect: Fraction = Fraction(1)) -> None:
        self._pixel_aspect = pixel_aspect
        self._colour = VideoReformatter()
        self._grey = VideoReformatter()
        self._luma = Luma()

    def rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """(H, W, 3) uint8 at full resolution."""
        width_px, height_px = _square_pixels(frame, self._pixel_aspect)
        picture = self._colour.reformat(frame, width_px, height_px, "rgb24", threads=1).to_ndarray()
        return _upright(picture, frame.rotation)

    def grey(self, frame: av.VideoFrame, max_width_px: int) -> np.ndarray:
        """(h, w) uint8 luma, reduced to at most `max_width_px` on the longer edge."""
        width_px, height_px = _square_pixels(frame, self._pixel_aspect)
        scale = min(1.0, max_width_px / max(width_px, height_px))
        size = max(1, round(width_px * scale)), max(1, round(height_px * scale))
        picture = self._luma.picture(frame) if size == (frame.width, frame.height) else None
        if picture is None:
            picture = self._grey.reformat(frame, *size, "gray", threads=1).to_ndarray()
        return _upright(picture, frame.rotation)


def _upright(picture: np.ndarray, counterclockwise_degrees: int) -> np.ndarray:
    turns = round(counterclockwise_degrees / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def _square_pixels(frame: av.VideoFrame, aspect: Fraction) -> tuple[int, int]:
    if aspect == 1:
        return frame.width, frame.height
    return max(1, round(frame.width * aspect)), frame.height


def _duration_ms(container: av.container.InputContainer, stream: av.VideoStream, path: Path) -> int:
    if stream.duration and stream.time_base:
        late_ms = (stream.start_time or 0) * stream.time_base * 1000 - Fraction(container.start_time or 0, 1000)
        return round(max(late_ms, Fraction(0)) + stream.duration * stream.time_base * 1000)
    if container.duration:
        return round(container.duration / 1000)
    return _counted_duration_ms(path)


def _counted_duration_ms(path: Path) -> int:
    """Length of a file that does not tell it, from its packets."""
    first = last = None
    with open_video(path) as container:
        for packet in read_packets(container, picture_stream(container, path)):
            if packet.pts is not None and packet.time_base is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                first = packet.pts * packet.time_base if first is None else first
                last = end if last is None else max(last, end)
    return 0 if first is None or last is None else round((last - first) * 1000)
