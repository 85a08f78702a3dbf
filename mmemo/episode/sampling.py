"""Which frames a cue needs, and the frames of each cue collected from one forward pass over the video."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from mmemo.episode.ahead import Ahead
from mmemo.episode.clock import StageClock
from mmemo.episode.forward_pass import ShownFrame
from mmemo.episode.video import Pictures, VideoInfo, frames_at
from mmemo.errors import InputError

# Decoded frames are handed over this many at a time, since each handover costs as much as a small picture, or fewer
# where they are large. One such lot is being decoded, one becomes pictures, and two may wait in between: 32 MiB, or
# three frames where a single one is larger than a lot may be.
_DECODED_TOGETHER, _TOGETHER_BYTES = 8, 8 << 20


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How densely a cue is looked at.

    `face_frames` frames, evenly inside the cue, are searched for faces and give the crops. Grey pictures for mouth
    motion are taken `motion_fps` times a second, at most `max_motion_frames` a cue, `motion_width_px` on the longer
    edge: as many as it takes to tell several mouths apart by the sound. To see whether one face alone speaks, and to
    tell shots apart, about `glance_fps` of them a second are enough.
    """

    face_frames: int = 3
    motion_fps: float = 25.0
    max_motion_frames: int = 48
    motion_width_px: int = 720
    glance_fps: float = 8.0

    def __post_init__(self) -> None:
        if not 1 <= self.face_frames <= 25:
            raise InputError("the face frames of a cue must be 1 to 25", hint="3 is a good number")
        if not 0 < self.motion_fps <= 60 or not 0 < self.glance_fps <= 60:
            raise InputError("the frames a second must be above 0 and at most 60", hint="25 and 8 are good numbers")
        if self.max_motion_frames < 0 or self.motion_width_px < 64:
            raise InputError("too few or too small pictures for mouth motion", hint="use 48 and 720 px")

    def face_times(self, start_ms: int, end_ms: int) -> list[int]:
        """Middles of equal parts of the cue: 1/6, 3/6 and 5/6 for three."""
        return _middles(start_ms, end_ms, self.face_frames)

    def motion_times(self, start_ms: int, end_ms: int) -> list[int]:
        """Middles of equal parts of the cue, about `motion_fps` a second."""
        wanted = round((end_ms - start_ms) / 1000 * self.motion_fps)
        return _middles(start_ms, end_ms, min(wanted, self.max_motion_frames))


@dataclass(slots=True)
class CueFrames:
    """The frames of one cue: grey pictures at `times_ms` for motion, and full colour ones for faces."""

    cue: int
    times_ms: list[int] = field(default_factory=list)
    greys: list[np.ndarray] = field(default_factory=list)
    face_indices: list[int] = field(default_factory=list)
    face_pictures: list[np.ndarray] = field(default_factory=list)

    def glanced(self, fps: float) -> list[int]:
        """Indices of the first frame, of about `fps` a second after it, and of all that are searched for faces."""
        step_ms = 1000 / fps
        chosen = set(self.face_indices)
        due_ms = 0.0
        for index, time_ms in enumerate(self.times_ms):
            since_ms = time_ms - self.times_ms[0]
            if since_ms >= due_ms:
                chosen.add(index)
                due_ms = since_ms - since_ms % step_ms + step_ms
        return sorted(chosen)

    @property
    def face_times_ms(self) -> list[int]:
        """When the colour frames are on screen."""
        return [self.times_ms[i] for i in self.face_indices]


def sample_cues(
    video: VideoInfo,
    spans_ms: Sequence[tuple[int, int, int]],
    settings: SamplingSettings,
    *,
    threads: int,
    clock: StageClock,
    side_by_side: bool = True,
) -> Generator[CueFrames, None, None]:
    """The frames of every (cue, start_ms, end_ms), each as soon as its last frame is there; all cues are answered.

    `spans_ms` is in order of start. A frame on screen for several asked times is given once. Memory holds the cues
    that are running, not the episode. `side_by_side`: a thread decodes while pictures are made of the frames before.
    """
    requests = _requests(spans_ms, settings)
    last_of = dict(zip(requests.cue, requests.asked_ms, strict=True))
    unanswered = dict.fromkeys(cue for cue, _, _ in spans_ms)
    running: dict[int, CueFrames] = {}
    pictures = Pictures(video.pixel_aspect)
    position = 0
    decoded = frames_at(video.path, requests.asked_ms, threads=threads)
    with _taken(decoded, side_by_side) as shown:
        while True:
            with clock.measure("decode"):
                frame = next(shown, None)
            if frame is None:
                break
            while requests.asked_ms[position] < frame.asked_ms:
                position += 1  # times without a picture
            cue, is_face = requests.cue[position], bool(requests.is_face[position])
            position += 1
            if cue not in running:
                running[cue] = CueFrames(cue)
            with clock.measure("convert"):
                _add(running[cue], frame, is_face, pictures, settings)
            for done in sorted(c for c in running if last_of[c] < frame.asked_ms):
                del unanswered[done]
                yield running.pop(done)
    for cue in unanswered:
        yield running[cue] if cue in running else CueFrames(cue)


@contextmanager
def _taken(frames: Generator[ShownFrame, None, None], side_by_side: bool) -> Iterator[Iterator[ShownFrame]]:
    """The frames, which a thread decodes ahead when that is wanted."""
    if side_by_side:
        with Ahead(_together(frames), _lot_bytes, 2 * _TOGETHER_BYTES) as ahead:
            yield chain.from_iterable(ahead)
    else:
        with closing(frames):
            yield frames


def _together(frames: Generator[ShownFrame, None, None]) -> Generator[list[ShownFrame], None, None]:
    """Lots of frames in order: full ones of so many, or of as many as the bytes allow, and at least one."""
    with closing(frames):
        lot: list[ShownFrame] = []
        for frame in frames:
            lot.append(frame)
            if len(lot) == _DECODED_TOGETHER or (len(lot) + 1) * _bytes(frame) > _TOGETHER_BYTES:
                yield lot
                lot = []
        if lot:
            yield lot


def _lot_bytes(lot: list[ShownFrame]) -> int:
    """What a lot counts while it waits: as much as a full one, so that no more than two do."""
    return max(_bytes(lot[0]), _TOGETHER_BYTES)


def _bytes(shown: ShownFrame) -> int:
    """Memory of a decoded frame."""
    return sum(plane.buffer_size for plane in shown.frame.planes)


def _middles(start_ms: int, end_ms: int, count: int) -> list[int]:
    return [start_ms + (2 * i + 1) * (end_ms - start_ms) // (2 * count) for i in range(count)]


@dataclass(frozen=True, slots=True)
class _Requests:
    """Which times are asked for, in order, for which cue, and whether for faces.

    Hours of film ask for hundreds of thousands: in arrays they take 13 bytes each, as tuples of numbers over 100.
    """

    asked_ms: array[int]
    cue: array[int]
    is_face: bytes


def _requests(spans_ms: Sequence[tuple[int, int, int]], settings: SamplingSettings) -> _Requests:
    asked_ms, cues, are_faces = array("q"), array("i"), bytearray()
    for cue, start_ms, end_ms in spans_ms:
        faces = settings.face_times(start_ms, end_ms)
        others = set(settings.motion_times(start_ms, end_ms)) - set(faces)
        asked_ms.extend((*faces, *others))
        cues.extend([cue] * (len(faces) + len(others)))
        are_faces.extend(bytes([True]) * len(faces) + bytes([False]) * len(others))
    order = np.lexsort((np.array(are_faces), np.array(cues), np.array(asked_ms)))
    return _Requests(
        array("q", np.array(asked_ms)[order].tobytes()),
        array("i", np.array(cues)[order].tobytes()),
        np.array(are_faces)[order].tobytes(),
    )


def _add(frames: CueFrames, shown: ShownFrame, is_face: bool, pictures: Pictures, settings: SamplingSettings) -> None:
    if not frames.times_ms or frames.times_ms[-1] != shown.shown_ms:
        frames.times_ms.append(shown.shown_ms)
        frames.greys.append(pictures.grey(shown.frame, settings.motion_width_px))
    index = len(frames.times_ms) - 1
    if is_face and index not in frames.face_indices:
        frames.face_indices.append(index)
        frames.face_pictures.append(pictures.rgb(shown.frame))
