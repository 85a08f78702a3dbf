"""What the search for faces is held against: the naive way, and the limit that no way on this machine can beat."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from mmemo.episode.faces import DetectorSettings, FaceDetector
from mmemo.episode.forward_pass import read_packets
from mmemo.episode.tracks import overlap
from mmemo.episode.video import Pictures, VideoInfo, frames_at, open_video, picture_stream

_CHUNK = 64
_REORDERED = 4


@dataclass(slots=True)
class Cost:
    """Seconds that went by (`wall_s`) and seconds of all cores (`cpu_s`), with how many frames they bought."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    frames: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s, self.frames + other.frames)

    def scaled(self, frames: int) -> Cost:
        """What that many frames would cost."""
        share = frames / max(1, self.frames)
        return Cost(self.wall_s * share, self.cpu_s * share, frames)


class Stopwatch:
    """Measures wall-clock and processor seconds of a block into `cost`."""

    def __init__(self, frames: int = 0) -> None:
        self.cost = Cost(frames=frames)

    def __enter__(self) -> Stopwatch:
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cost.wall_s += time.perf_counter() - self._start[0]
        self.cost.cpu_s += time.process_time() - self._start[1]


@dataclass(slots=True)
class NaiveSearch:
    """What the naive way found: boxes (N, 4) and probabilities (N,) by asked time, and its cost in two parts."""

    faces: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    decode: Cost = field(default_factory=Cost)
    detect: Cost = field(default_factory=Cost)

    @property
    def cost(self) -> Cost:
        """Both parts; frames are counted once."""
        both = self.decode + self.detect
        both.frames = self.decode.frames
        return both


class NaiveWay:
    """moviepy's get_frame for each time, and facenet's MTCNN on the full frame, one by one, as tutorials do it.

    The smallest face is the same share of the frame's width as in our search. torch uses its default threads.
    """

    def __init__(self, video: VideoInfo, settings: DetectorSettings) -> None:
        from facenet_pytorch import MTCNN
        from moviepy import VideoFileClip

        smallest_px = smallest_face_px(video, settings)
        self._clip = VideoFileClip(str(video.path), audio=False)
        self._net = MTCNN(keep_all=True, min_face_size=smallest_px, post_process=False).eval()
        self._net.detect(np.zeros((video.height_px, video.width_px, 3), np.uint8))  # loading is not searching

    def search(self, times_ms: Sequence[int], found: NaiveSearch) -> None:
        """Add the faces at sorted times."""
        for time_ms in times_ms:
            with Stopwatch(1) as decode:
                picture = self._clip.get_frame(time_ms / 1000)
            with Stopwatch(1) as detect:
                boxes, probs, _ = self._net.detect(picture, landmarks=True)
            found.decode += decode.cost
            found.detect += detect.cost
            here = ([], []) if boxes is None else (boxes, probs)
            found.faces[time_ms] = (
                np.asarray(here[0], np.float32).reshape(-1, 4),
                np.asarray(here[1], np.float32).reshape(-1),
            )

    def close(self) -> None:
        """End moviepy's ffmpeg."""
        self._clip.close()


def smallest_face_px(video: VideoInfo, settings: DetectorSettings) -> int:
    """The smallest face of our search, in px of the full frame."""
    return round(settings.min_face_px * max(1.0, video.width_px / settings.max_width_px))


def decode_needed_groups(video: VideoInfo, times_ms: Sequence[int], threads: int) -> Cost:
    """Decode every group of pictures that holds an asked time, from its key frame to the last such time."""
    times = sorted(times_ms)
    with open_video(video.path) as container:
        keys = _key_times(video.path)
        last_of = {bisect_right(keys, time_ms): time_ms for time_ms in times}
        stream = picture_stream(container, video.path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = max(1, threads)
        watch = Stopwatch()
        with watch:
            group, since_last = 0, 0
            for packet in read_packets(container, stream):
                assert packet.pts is not None and packet.time_base is not None, (
                    "the benchmark's videos tell their times"
                )
                start_ms = int(packet.pts * packet.time_base * 1000)
                if packet.is_keyframe:
                    group, since_last = group + 1, 0
                if group not in last_of:
                    continue
                since_last += start_ms > last_of[group]
                # A few packets more, since frames come out in another order than they went in.
                if since_last <= _REORDERED:
                    watch.cost.frames += len(stream.codec_context.decode(packet))
            watch.cost.frames += len(stream.codec_context.decode(None))
    return watch.cost


def _key_times(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        packets = read_packets(container, container.streams.video[0])
        return [int(p.pts * p.time_base * 1000) for p in packets if p.is_keyframe and p.pts is not None and p.time_base]


def detect_ready_frames(video: VideoInfo, times_ms: Sequence[int], detector: FaceDetector, threads: int) -> Cost:
    """The detector alone, as the cut runs it, on frames that lie in memory; decoding them is not counted."""
    total = Cost()
    for chunk in _ready_frames(video, times_ms, threads):
        with Stopwatch(len(chunk)) as watch:
            for start in range(0, len(chunk), detector.settings.batch_size):
                detector.detect(chunk[start : start + detector.settings.batch_size])
        total += watch.cost
    return total


def _ready_frames(video: VideoInfo, times_ms: Sequence[int], threads: int) -> Iterator[list[np.ndarray]]:
    pictures = Pictures(video.pixel_aspect)
    chunk: list[np.ndarray] = []
    for shown in frames_at(video.path, sorted(times_ms), threads=threads):
        chunk.append(pictures.rgb(shown.frame))
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def found_share(
    naive: NaiveSearch, ours: dict[int, np.ndarray], *, min_prob: float, min_overlap: float = 0.5
) -> tuple[int, int]:
    """How many of the naive way's faces are found, and how many there are; one of ours answers for one of its."""
    found = total = 0
    for time_ms, (boxes, probs) in naive.faces.items():
        wanted = boxes[probs >= min_prob]
        total += len(wanted)
        shared = overlap(wanted, ours.get(time_ms, np.zeros((0, 4), np.float32)))
        while shared.size and shared.max() >= min_overlap:
            i, j = np.unravel_index(int(shared.argmax()), shared.shape)
            shared[i, :] = shared[:, j] = 0
            found += 1
    return found, total
