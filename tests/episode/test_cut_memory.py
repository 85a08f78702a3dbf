from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mmemo.episode import cut as cutting
from mmemo.episode.cut import Cut, CutSettings, cut
from mmemo.episode.faces import Detections
from mmemo.episode.search import search_cues
from mmemo.episode.subtitles import SubtitleCue
from mmemo.episode.video import VideoInfo, probe
from mmemo.progress import Progress, Stage, run
from tests.media import write_counter_video

EVERY_MS, CUE_MS = 440, 400
FEW, MANY = 12, 32


class SameFaces:
    """Finds the same face in every frame."""

    identity, batch_size = "the same", 6

    def begin(self, frames: Sequence[np.ndarray]) -> Callable[[], list[Detections]]:
        box = np.array([[120, 20, 152, 52]], np.float32)
        points = np.array([[[128, 30], [144, 30], [136, 38], [130, 45], [142, 45]]], np.float32)
        return lambda: [Detections(box, np.full(1, 0.99, np.float32), points) for _ in frames]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    frames = MANY * EVERY_MS // 40
    return probe(write_counter_video(tmp_path_factory.mktemp("memory") / "a.mp4", frames))


@pytest.fixture
def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without threads that work ahead the same memory is in use at the same point of every cue."""
    monkeypatch.setattr(cutting, "search_cues", partial(search_cues, side_by_side=False))
    yield
    tracemalloc.stop()


def stage(video: VideoInfo, count: int, folder: Path) -> Stage[Cut]:
    cues = [SubtitleCue(i * EVERY_MS, i * EVERY_MS + CUE_MS, "Come here.", i + 1) for i in range(count)]
    return cut(video, cues, CutSettings(), folder, load_detector=SameFaces, threads=1)


def kept_bytes(video: VideoInfo, count: int, folder: Path) -> int:
    """What Python and numpy hold when three of four cues are done, beyond what they held before."""
    tracemalloc.start()
    kept = []

    def look(progress: Progress) -> None:
        if progress.done == count * 3 // 4:
            gc.collect()  # lists of freed objects that Python keeps for reuse
            kept.append(tracemalloc.get_traced_memory()[0])

    faces = run(stage(video, count, folder), look).faces
    tracemalloc.stop()
    assert len(faces) == 3 * count
    return kept[0]


@pytest.mark.slow
@pytest.mark.usefixtures("one_after_the_other")
def test_a_cue_that_is_done_is_kept_as_a_few_numbers(video: VideoInfo, tmp_path: Path) -> None:
    """One that is being looked at holds over 100 KB of pictures; hours of film have thousands that are done."""
    run(stage(video, 1, tmp_path / "first"))  # what is imported or filled once
    few, many = (kept_bytes(video, count, tmp_path / str(count)) for count in (FEW, MANY))
    assert few > 100_000
    assert (many - few) / (MANY - FEW) < 5_000


def test_freed_memory_goes_back_every_few_cues(
    video: VideoInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[int] = []
    monkeypatch.setattr(cutting, "give_back_freed_memory", lambda: given_back.append(1))
    monkeypatch.setattr(cutting, "_TIDY_EVERY_CUES", 3)
    run(stage(video, FEW, tmp_path))
    assert len(given_back) == FEW // 3
