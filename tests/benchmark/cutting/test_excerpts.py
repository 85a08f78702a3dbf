from __future__ import annotations

from pathlib import Path

import av
import pytest

from mmemo.benchmark.cutting.excerpts import copy_video, write_cues
from mmemo.episode.subtitles import read_subtitles
from mmemo.episode.video import Pictures, frames_at, probe
from mmemo.errors import MmemoError
from tests.media import read_counter, run_ffmpeg, write_counter_video, write_sound


def counters(video: Path, times_ms: list[int]) -> list[int]:
    return [read_counter(Pictures().grey(shown.frame, 192)) for shown in frames_at(video, times_ms)]


def test_a_repeated_video_starts_again_where_it_ended(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "a.mp4", 50, options={"g": "10", "bf": "2"})
    twice = copy_video(source, tmp_path / "b.mp4", times=3)
    assert probe(twice).duration_ms == pytest.approx(6000, abs=50)
    assert counters(twice, [0, 1000, 1960, 2000, 3000, 4000, 5960]) == [0, 25, 49, 0, 25, 0, 49]


def test_sound_is_repeated_beside_the_picture(tmp_path: Path) -> None:
    picture = write_counter_video(tmp_path / "a.mp4", 50, options={"g": "10", "bf": "2"})
    sound = write_sound(tmp_path / "a.m4a", 2.0)
    run_ffmpeg("-i", picture, "-i", sound, "-c", "copy", tmp_path / "both.mp4")
    thrice = copy_video(tmp_path / "both.mp4", tmp_path / "c.mp4", times=3)
    with av.open(str(thrice)) as container:
        times = [float(p.dts * p.time_base) for p in container.demux(audio=0) if p.dts is not None and p.time_base]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx(6, abs=0.4)
    with av.open(str(thrice)) as container:
        assert sum(packet.size > 0 for packet in container.demux(video=0)) == 150
    assert counters(thrice, [0, probe(thrice).duration_ms - 40]) == [0, 49]


def test_an_excerpt_ends_where_it_is_asked_to(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "a.mp4", 100, options={"g": "10", "bf": "2"})
    part = copy_video(source, tmp_path / "b.mp4", seconds=1.0)
    assert probe(part).duration_ms == pytest.approx(1000, abs=50)
    assert counters(part, [0, 960]) == [0, 24]


def test_nothing_stays_of_a_copy_that_fails(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises((MmemoError, OSError, ValueError)):
        copy_video(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_repeated_cues_are_shifted(tmp_path: Path) -> None:
    path = write_cues(tmp_path / "a.srt", [(0, 900, "One."), (3_599_000, 3_600_001, "Two.")], every_ms=5000, times=2)
    cues = read_subtitles(path).cues
    assert (cues[0].start_ms, cues[0].end_ms) == (0, 900)
    assert {(cue.start_ms, cue.raw_text) for cue in cues} >= {(5000, "One."), (3_604_000, "Two.")}
