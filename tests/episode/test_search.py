from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mmemo.episode import search
from mmemo.episode.clock import StageClock
from mmemo.episode.faces import Detections
from mmemo.episode.sampling import SamplingSettings
from mmemo.episode.search import SearchedCue, search_cues
from mmemo.episode.video import VideoInfo, probe
from mmemo.errors import InputError
from tests.media import read_counter, write_counter_video

SPANS = [(i, 200 * i, 200 * i + 700) for i in range(18)]


class CountingDetector:
    """Answers every frame with a box whose corner is the number burned into it; as slow as it is told to be."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self.identity = "counting"
        self.batch_size = 7
        self.batches: list[list[int]] = []
        self._pause_s = pause_s

    def begin(self, frames: Sequence[np.ndarray]) -> Callable[[], list[Detections]]:
        return lambda: self._detect(frames)

    def _detect(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        numbers = [read_counter(frame) for frame in frames]
        self.batches.append(numbers)
        time.sleep(self._pause_s)
        return [
            Detections(np.full((1, 4), n, np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))
            for n in numbers
        ]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(write_counter_video(tmp_path_factory.mktemp("search") / "a.mp4", 110))


def searched(video: VideoInfo, detector: object, *, side_by_side: bool) -> Iterator[SearchedCue]:
    return search_cues(
        video,
        SPANS,
        SamplingSettings(),
        lambda: detector,  # type: ignore[arg-type, return-value]
        threads=1,
        clock=StageClock(),
        side_by_side=side_by_side,
    )


def plain(cues: Iterator[SearchedCue]) -> list[object]:
    return [
        (
            cue.frames.cue,
            cue.frames.times_ms,
            [g.tobytes() for g in cue.frames.greys],
            [f.boxes[0, 0] for f in cue.faces],
        )
        for cue in cues
    ]


def threads_named_ahead() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ahead"]


@pytest.mark.parametrize("pause_s", [0.0, 0.02])
@pytest.mark.parametrize("room", [1, 1 << 30])
def test_side_by_side_gives_what_one_after_the_other_gives(
    video: VideoInfo, monkeypatch: pytest.MonkeyPatch, pause_s: float, room: int
) -> None:
    monkeypatch.setattr(search, "_MAX_WAITING_BYTES", room)
    alone, together = CountingDetector(), CountingDetector(pause_s)
    expected = plain(searched(video, alone, side_by_side=False))
    assert len(expected) == len(SPANS)
    assert plain(searched(video, together, side_by_side=True)) == expected
    assert together.batches == alone.batches
    assert threads_named_ahead() == []


def test_each_cue_has_the_faces_of_its_own_frames(video: VideoInfo) -> None:
    for cue in searched(video, CountingDetector(), side_by_side=True):
        numbers = [read_counter(picture) for picture in cue.frames.face_pictures]
        assert [int(found.boxes[0, 0]) for found in cue.faces] == numbers
        assert [number * 40 for number in numbers] == cue.frames.face_times_ms


def test_closing_ends_the_threads(video: VideoInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_MAX_WAITING_BYTES", 1)
    before = sys.getswitchinterval()
    cues = searched(video, CountingDetector(), side_by_side=True)
    next(cues)
    assert sys.getswitchinterval() < before
    assert len(threads_named_ahead()) == 3
    cues.close()  # type: ignore[attr-defined]
    assert sys.getswitchinterval() == before
    assert threads_named_ahead() == []


def test_what_fails_in_the_thread_is_raised_here(video: VideoInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    real = search.sample_cues

    def failing(*arguments: object, **options: object) -> Iterator[object]:
        for number, cue in enumerate(real(*arguments, **options)):  # type: ignore[arg-type]
            if number == 9:
                raise InputError("the file ends here", hint="download it again")
            yield cue

    monkeypatch.setattr(search, "sample_cues", failing)
    found = []
    with pytest.raises(InputError, match="ends here"):
        for cue in searched(video, CountingDetector(), side_by_side=True):
            found.append(cue.frames.cue)
    assert found, "what was decoded before the failure is searched"
    assert found == list(range(len(found)))
    assert threads_named_ahead() == []


def test_a_detector_that_fails_ends_the_threads_too(video: VideoInfo) -> None:
    broken = SimpleNamespace(batch_size=16, begin=lambda frames: lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(searched(video, broken, side_by_side=True))
    assert threads_named_ahead() == []


@pytest.mark.parametrize(
    ("size_px", "threads", "decoders"),
    [((1280, 720), 2, 1), ((1280, 720), 1, 1), ((704, 560), 4, 3), ((1920, 1080), 2, 2), ((1920, 1080), 1, 1)],
)
def test_a_thread_is_left_for_the_search_where_decoding_is_half_of_the_work(
    video: VideoInfo, monkeypatch: pytest.MonkeyPatch, size_px: tuple[int, int], threads: int, decoders: int
) -> None:
    asked = []

    def sampled(*_: object, threads: int, **__: object) -> Iterator[object]:
        asked.append(threads)
        yield from ()

    monkeypatch.setattr(search, "sample_cues", sampled)
    large = replace(video, width_px=size_px[0], height_px=size_px[1])
    for side_by_side in (True, False):
        found = search_cues(
            large,
            SPANS,
            SamplingSettings(),
            CountingDetector,
            threads=threads,
            clock=StageClock(),
            side_by_side=side_by_side,
        )
        assert list(found) == []
    assert asked == [decoders, threads], "alone nobody else needs a thread"


def test_no_cues_load_no_detector(video: VideoInfo) -> None:
    def load() -> None:
        raise AssertionError("there is nothing to detect")

    assert list(search_cues(video, [], SamplingSettings(), load, threads=1, clock=StageClock())) == []  # type: ignore[arg-type]
