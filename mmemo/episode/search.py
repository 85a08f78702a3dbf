"""The cues of an episode with their frames and the faces in them: decoding, detection and the rest side by side."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from mmemo.episode.ahead import Ahead
from mmemo.episode.clock import StageClock
from mmemo.episode.faces import Detections, FaceFinder
from mmemo.episode.sampling import CueFrames, SamplingSettings, sample_cues
from mmemo.episode.video import VideoInfo

# Cues that wait for the detector, and again for who takes them; more smooths nothing, since all work at an even pace.
_MAX_WAITING_BYTES = 32 << 20
_TURN_S = 0.002
# A decoder's threads wait for each other and for the search. With one of two cores for itself it is a twelfth less work
# and the search of a 720p film takes a sixth less time; at 1080p that is even, and above decoding is most of the work.
_SPARE_UP_TO_PX = 1_200_000


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

    One thread decodes ahead, also while the detector is loaded, one makes pictures of the frames, and one hands them to
    the detector ahead of the caller. The result is the same as without. Closing the generator ends them, and what fails
    in them is raised here. The clock's parts overlap: "convert" is the time for the pictures, "decode" waits for
    frames, "wait" for the pictures of the next search, and "detect" for the faces once the next search has begun.
    """
    if not spans_ms:
        return
    decoders = _decoder_threads(video, threads) if side_by_side else threads
    frames = sample_cues(video, spans_ms, sampling, threads=decoders, clock=clock, side_by_side=side_by_side)
    if not side_by_side:
        with closing(frames):
            yield from _searched(frames, load_detector, clock)
        return
    with _quick_turns(), Ahead(frames, _size_bytes, _MAX_WAITING_BYTES) as decoded:
        searched = _searched(decoded, load_detector, clock)
        with Ahead(searched, lambda cue: _size_bytes(cue.frames), _MAX_WAITING_BYTES) as found:
            yield from found


def _decoder_threads(video: VideoInfo, threads: int) -> int:
    """How many of the threads decode: one is left to those who make pictures and look for faces, where that is half."""
    spare = 1 if video.width_px * video.height_px <= _SPARE_UP_TO_PX else 0
    return max(1, threads - spare)


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Let threads take turns more often: the decoder needs the interpreter for each packet, but only shortly."""
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
    begun: deque[tuple[list[CueFrames], Callable[[], list[Detections]]]] = deque()
    # Half of the frames at a time, so that the next ones wait in the detector when it is done with the first.
    for batch in _batches(_timed(cues, clock), max(1, detector.batch_size // 2)):
        begun.append((batch, detector.begin([picture for cue in batch for picture in cue.face_pictures])))
        if len(begun) > 1:
            yield from _answered(*begun.popleft(), clock)
    while begun:
        yield from _answered(*begun.popleft(), clock)


def _answered(
    batch: list[CueFrames], answer: Callable[[], list[Detections]], clock: StageClock
) -> Iterator[SearchedCue]:
    with clock.measure("detect"):
        found = iter(answer())
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
