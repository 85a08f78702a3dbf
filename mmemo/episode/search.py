"""The cues of an episode with their frames and the faces in them: decoding and detection side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mmemo.episode.clock import StageClock
from mmemo.episode.faces import Detections, DetectorSettings, FaceDetector
from mmemo.episode.sampling import CueFrames, SamplingSettings, sample_cues
from mmemo.episode.video import VideoInfo


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
    detector: FaceDetector,
    *,
    threads: int,
    clock: StageClock,
) -> Iterator[SearchedCue]:
    """The frames and faces of every (cue, start_ms, end_ms), in the order in which the cues end."""
    frames = sample_cues(video, spans_ms, sampling, threads=threads, clock=clock)
    for batch in _batches(frames, detector.settings):
        with clock.measure("detect"):
            found = iter(detector.detect([picture for cue in batch for picture in cue.face_pictures]))
        for cue in batch:
            yield SearchedCue(cue, [next(found) for _ in cue.face_pictures])


def _batches(cues: Iterator[CueFrames], settings: DetectorSettings) -> Iterator[list[CueFrames]]:
    """Cues together while their face frames fill one forward pass of the detector."""
    batch: list[CueFrames] = []
    for frames in cues:
        if batch and sum(len(c.face_pictures) for c in [*batch, frames]) > settings.batch_size:
            yield batch
            batch = []
        batch.append(frames)
    if batch:
        yield batch
