from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from av import VideoFrame

from mmemo.episode.clock import StageClock
from mmemo.episode.forward_pass import ShownFrame
from mmemo.episode.sampling import CueFrames, SamplingSettings, _taken, sample_cues
from mmemo.episode.video import probe
from mmemo.errors import InputError
from tests.media import read_counter, write_counter_video


def test_times_are_middles_of_equal_parts() -> None:
    settings = SamplingSettings()
    assert settings.face_times(1000, 2200) == [1200, 1600, 2000]
    assert len(settings.motion_times(0, 1000)) == 25
    assert len(settings.motion_times(0, 60_000)) == 48
    assert settings.motion_times(0, 10) == []


def test_overlapping_cues_get_their_own_frames(tmp_path: Path) -> None:
    video = probe(write_counter_video(tmp_path / "a.mp4", 100))
    spans = [(0, 0, 1200), (1, 600, 1800), (2, 1400, 1440), (3, 3960, 9000)]
    clock = StageClock()
    frames = {f.cue: f for f in sample_cues(video, spans, SamplingSettings(), threads=1, clock=clock)}
    assert [read_counter(picture) for picture in frames[0].face_pictures] == [5, 15, 25]
    assert [read_counter(picture) for picture in frames[1].face_pictures] == [20, 30, 40]
    assert [read_counter(picture) for picture in frames[2].face_pictures] == [35]
    assert (frames[3].times_ms, frames[3].face_pictures) == ([], [])
    assert [read_counter(grey) * 40 for grey in frames[0].greys] == frames[0].times_ms
    assert set(clock.seconds) == {"decode", "convert"}


@pytest.mark.parametrize(
    ("size_px", "most"), [((320, 180), 32), ((1920, 1080), 10), ((3840, 2160), 3), ((7680, 4320), 3)]
)
def test_waiting_frames_are_counted_by_their_memory(size_px: tuple[int, int], most: int) -> None:
    """Before the first frame is taken up and while nothing more is taken, only so many are decoded."""
    made = 0

    def frames() -> Generator[ShownFrame, None, None]:
        nonlocal made
        for number in range(40):
            made += 1
            yield ShownFrame(number, number, VideoFrame(*size_px, "yuv420p"))

    with _taken(frames(), True) as shown:
        first = next(shown)
        time.sleep(0.3)
        assert made <= most
        assert [first.asked_ms, *(frame.asked_ms for frame in shown)] == list(range(40)) and made == 40


def test_some_of_the_frames_are_enough_for_a_glance() -> None:
    every = CueFrames(0, list(range(1000, 3000, 40)), face_indices=[8, 25, 41])
    chosen = every.glanced(8.0)
    times = np.array(every.times_ms)[chosen]
    assert chosen[0] == 0 and {8, 25, 41} <= set(chosen)
    assert 16 <= len(chosen) <= 19 and np.diff(times).max() <= 160
    assert every.glanced(60.0) == list(range(50))
    assert CueFrames(0, [40], face_indices=[0]).glanced(8.0) == [0]
    assert CueFrames(0).glanced(8.0) == []


def test_no_cues_need_no_frames(tmp_path: Path) -> None:
    video = probe(write_counter_video(tmp_path / "a.mp4", 5))
    assert list(sample_cues(video, [], SamplingSettings(), threads=1, clock=StageClock())) == []


def test_settings_check_themselves() -> None:
    for wrong in ({"face_frames": 0}, {"motion_fps": 0.0}, {"motion_width_px": 10}):
        with pytest.raises(InputError):
            SamplingSettings(**wrong)
