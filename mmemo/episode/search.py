"""The cues of an episode with their frames and the faces in them: decoding, detection and the rest side by side."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Condition, Thread
from types import TracebackType
from typing import Generic, TypeVar

from mmemo.episode.clock import StageClock
from mmemo.episode.faces import Detections, FaceFinder
from mmemo.episode.sampling import CueFrames, SamplingSettings, sample_cues
from mmemo.episode.video import VideoInfo

T = TypeVar("T")

# Cues that wait for the detector, and again for who takes them; more smooths nothing, since all work at an even pace.
_MAX_WAITING_BYTES = 32 << 20
_TURN_S = 0.0005


@dataclass(frozen=True, slots=True)
class SearchedCue:
    """The frames of one cue, and the faces in each of its colour frames."""

    frames: CueFrames
    faces: list[Detections]

    def __post_init__(self) -> None:
        assert len(self.faces) == len(self.frames.face_pictures), "every colour frame has its answer"


def search_cues(
    video: VideoInfo,
    spans_ms: Sequence[tuple[int, int, int]],
    sampling: SamplingSettings,
    load_detector: Callable[[], FaceFinder],
    *,
    threads: int,
    clock: StageClock,
    side_by_side: bool = True,
) -> Generator[SearchedCue, None, None]:
    """The frames and faces of every (cue, start_ms, end_ms), in the order in which the cues end.

    One thread decodes ahead, also while the detector is loaded; another one detects ahead of the caller. The result
    is the same as without. Closing the generator ends both, and what fails in them is raised here. The clock's parts
    overlap: "decode", "convert" and "detect" are times of the threads, "wait" that without work for the detector.
    """
    if not spans_ms:
        return
    frames = sample_cues(video, spans_ms, sampling, threads=threads, clock=clock)
    if not side_by_side:
        with closing(frames):
            yield from _searched(frames, load_detector, clock)
        return
    with _quick_turns(), _Ahead(frames, _size_bytes, _MAX_WAITING_BYTES) as decoded:
        searched = _searched(decoded, load_detector, clock)
        with _Ahead(searched, lambda cue: _size_bytes(cue.frames), _MAX_WAITING_BYTES) as found:
            yield from found


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Let threads take turns ten times as often: the decoder needs the interpreter for each packet, but only shortly."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _TURN_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _searched(
    cues: Iterator[CueFrames], load_detector: Callable[[], FaceFinder], clock: StageClock
) -> Generator[SearchedCue, None, None]:
    with clock.measure("load"):
        detector = load_detector()
    for batch in _batches(_timed(cues, clock), detector.batch_size):
        with clock.measure("detect"):
            found = iter(detector.detect([picture for cue in batch for picture in cue.face_pictures]))
        for cue in batch:
            yield SearchedCue(cue, [next(found) for _ in cue.face_pictures])


def _timed(cues: Iterator[CueFrames], clock: StageClock) -> Iterator[CueFrames]:
    while True:
        with clock.measure("wait"):
            cue = next(cues, None)
        if cue is None:
            return
        yield cue


def _batches(cues: Iterator[CueFrames], batch_size: int) -> Iterator[list[CueFrames]]:
    """Cues together while their colour frames fill one search of the detector."""
    batch: list[CueFrames] = []
    for frames in cues:
        if batch and sum(len(cue.face_pictures) for cue in [*batch, frames]) > batch_size:
            yield batch
            batch = []
        batch.append(frames)
    if batch:
        yield batch


def _size_bytes(cue: CueFrames) -> int:
    return sum(picture.nbytes for picture in [*cue.greys, *cue.face_pictures])


class _Ahead(Generic[T]):
    """Runs a generator in a thread, ahead of whoever iterates over this, by items of at most `limit` in sum."""

    def __init__(self, items: Generator[T, None, None], size: Callable[[T], int], limit: int) -> None:
        self._items, self._size, self._limit = items, size, limit
        self._ready: deque[tuple[T, int]] = deque()
        self._held = 0
        self._over = self._stopped = False
        self._error: BaseException | None = None
        self._changed = Condition()
        self._thread = Thread(target=self._work, name="ahead", daemon=True)

    def __enter__(self) -> _Ahead[T]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._stopped = True
            self._ready.clear()
            self._changed.notify_all()
        self._thread.join()

    def __iter__(self) -> _Ahead[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._over)
            if not self._ready:
                if self._error is not None:
                    raise self._error
                raise StopIteration
            item, size = self._ready.popleft()
            self._held -= size
            self._changed.notify_all()
        return item

    def _work(self) -> None:
        error: BaseException | None = None
        try:
            with closing(self._items):
                for item in self._items:
                    if not self._put(item, self._size(item)):
                        break
        except BaseException as raised:
            error = raised
        with self._changed:
            self._error, self._over = error, True
            self._changed.notify_all()

    def _put(self, item: T, size: int) -> bool:
        """Wait for room and hand one item over; False when nobody wants any more. One item always has room."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._ready or self._held + size <= self._limit)
            if self._stopped:
                return False
            self._ready.append((item, size))
            self._held += size
            self._changed.notify_all()
        return True
