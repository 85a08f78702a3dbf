"""Sound in one pass, the speech detector against the one that its package brings, and the loudness in its place."""

from __future__ import annotations

import warnings
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from mmemo.datasets.drawn.characters import CAST
from mmemo.datasets.drawn.speech import syllables, voice
from mmemo.episode import silero
from mmemo.episode.silero import SileroVad
from mmemo.episode.sound_frames import FRAME_SAMPLES, SAMPLE_RATE_HZ
from mmemo.episode.speech_activity import (
    LOUDNESS,
    SILERO,
    SpeechActivity,
    activity_of,
    read_sound,
    speech_activity,
    speech_runs,
)
from mmemo.errors import InputError, ModelUnavailable
from mmemo.progress import run
from tests.media import write_counter_video

RATE = SAMPLE_RATE_HZ


def write_wave(path: Path, sound: np.ndarray, rate: int = RATE, layout: str = "mono", start: int = 0) -> Path:
    """(channels, n) float32 as uncompressed sound; the last `n - start` samples are late by `start` samples."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout=layout)
        for first in range(0, sound.shape[1], 4000):
            piece = np.ascontiguousarray(sound[:, first : first + 4000])
            whole = (np.clip(piece.T.reshape(1, -1), -1, 1) * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(whole, "s16", layout)
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), first + start * (first >= 8000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def voices() -> np.ndarray:
    rng = np.random.default_rng(0)
    spoken = voice(CAST["Nora"], syllables(500, 7500, rng), 8000, "neutral", rng)
    return (spoken + rng.normal(0, 0.002, len(spoken))).astype(np.float32)


def test_it_hears_what_the_package_hears(voices: np.ndarray) -> None:
    package = find_spec("silero_vad")
    assert package is not None and package.origin is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.jit.load(str(Path(package.origin).parent / "data" / "silero_vad.jit"))
    sound = voices[: 80 * FRAME_SAMPLES]
    theirs.reset_states()
    with torch.inference_mode():
        frames = torch.from_numpy(sound).split(FRAME_SAMPLES)
        expected = np.array([theirs(frame, SAMPLE_RATE_HZ).item() for frame in frames])
    ours = SileroVad().probabilities(sound)
    assert ours.dtype == np.float32 and ours.std() > 0.001
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_blocks_are_heard_as_one(voices: np.ndarray) -> None:
    sound = voices[: 100 * FRAME_SAMPLES]
    parts = SileroVad()
    split = [parts.probabilities(sound[: 37 * FRAME_SAMPLES]), parts.probabilities(sound[37 * FRAME_SAMPLES :])]
    np.testing.assert_allclose(np.concatenate(split), SileroVad().probabilities(sound), atol=1e-5)
    assert SileroVad().probabilities(np.empty(0, np.float32)).shape == (0,)


def test_the_number_of_threads_stays() -> None:
    before = torch.get_num_threads()
    SileroVad().probabilities(np.zeros(FRAME_SAMPLES, np.float32))
    assert torch.get_num_threads() == before


def test_without_the_package_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "_PACKAGE", "no_such_package_here")
    with pytest.raises(ModelUnavailable, match="not installed"):
        SileroVad()


def test_sound_is_mono_at_its_time(tmp_path: Path) -> None:
    left = np.zeros(44_100 * 2, np.float32)
    left[44_100:66_150] = 0.5
    path = write_wave(tmp_path / "a.mkv", np.stack([left, left]), 44_100, "stereo")
    sound = np.concatenate(list(read_sound(path, 2000)))
    assert sound.dtype == np.float32 and abs(len(sound) - 2 * RATE) < 100
    loud = np.flatnonzero(np.abs(sound) > 0.25) / RATE
    assert loud[0] == pytest.approx(1.0, abs=0.01) and loud[-1] == pytest.approx(1.5, abs=0.01)


def test_a_gap_in_the_times_is_silence(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "gap.mkv", np.full((1, 16_000), 0.5, np.float32), start=RATE)
    sound = np.concatenate(list(read_sound(path, 10_000)))
    assert abs(len(sound) - 2 * RATE) < 200
    assert np.abs(sound[9000:23_000]).max() == 0 and sound[24_500:31_000].min() > 0.4


def test_no_more_than_the_video_is_heard(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "a.wav", np.zeros((1, 5 * RATE), np.float32))
    assert sum(map(len, read_sound(path, 1500))) == 1500 * RATE // 1000
    assert sum(map(len, read_sound(path, 0))) == 0


def test_a_file_that_was_cut_off_gives_what_is_left(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "a.mkv", np.full((1, 4 * RATE), 0.25, np.float32))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert RATE < sum(map(len, read_sound(path, 4000))) < 3 * RATE


def test_no_sound_is_none_and_no_file_is_told(tmp_path: Path) -> None:
    assert run(speech_activity(write_counter_video(tmp_path / "mute.mp4", 10), 400)) is None
    with pytest.raises(InputError, match="no video file"):
        run(speech_activity(tmp_path / "missing.mp4", 400))


def test_sound_that_is_no_speech_is_told_by_its_loudness(tmp_path: Path) -> None:
    silence = np.zeros(4 * RATE, np.float32)
    tone = 0.3 * np.sin(2 * np.pi * 880 * np.arange(8 * RATE) / RATE).astype(np.float32)
    path = write_wave(tmp_path / "a.wav", np.concatenate([silence, tone, silence])[None])
    said = []
    stage = speech_activity(path, 16_000)
    activity = run(stage, said.append)
    assert activity is not None and activity.method == LOUDNESS
    seconds = activity.speech[: len(activity.speech) // 125 * 125].reshape(-1, 125).mean(axis=1)
    assert seconds[0] == seconds[-1] == 0 and seconds[1:3].min() > 0.5
    assert said[-1].done == said[-1].total == 16


def test_real_speech_is_taken_before_loudness() -> None:
    rng = np.random.default_rng(0)
    probs = (rng.random(1000) > 0.5).astype(np.float32)
    assert activity_of(probs, probs).method == SILERO
    none = np.zeros(1000, np.float32)
    assert activity_of(none, none).method == SILERO
    assert activity_of(none, np.full(1000, 0.1)).method == SILERO  # a steady hum tells nothing
    loud = activity_of(none, np.where(probs > 0, 0.1, 0.0001))
    assert loud.method == LOUDNESS
    np.testing.assert_array_equal(loud.speech, probs)
    assert activity_of(np.empty(0, np.float32), np.empty(0)).speech.shape == (0,)


def test_levels_are_kept_in_decibels() -> None:
    activity = activity_of(np.zeros(3, np.float32), np.array([1.0, 0.1, 0.0]))
    np.testing.assert_allclose(activity.level_db, [0, -20, -100], atol=1e-4)
    assert activity.level_db.dtype == np.float32


def test_runs_of_speech_close_small_gaps() -> None:
    speech = np.zeros(100, np.float32)
    speech[10:20] = speech[23:30] = speech[60:80] = speech[99] = 0.9  # the last is too short to be a word
    assert speech_runs(SpeechActivity(speech)) == [(320, 960), (1920, 2560)]
    assert speech_runs(SpeechActivity(speech), max_gap_ms=0, min_run_ms=0)[0] == (320, 640)
    assert speech_runs(SpeechActivity(np.empty(0, np.float32))) == []
    assert speech_runs(SpeechActivity(np.ones(10, np.float32))) == [(0, 320)]
