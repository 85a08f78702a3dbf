"""The sync check in front of a cut: what is moved, refused, told and kept."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from mmemo.episode.speech_activity import SpeechActivity
from mmemo.episode.subtitles import SubtitleCue
from mmemo.episode.sync import SyncOutcome, SyncPart, SyncReport
from mmemo.errors import InputError, ModelUnavailable, StorageError
from mmemo.flow.cutting.cut import cut_episode
from mmemo.flow.cutting.sync import Synced, SyncMode
from mmemo.progress import Progress, Stage, run
from mmemo.store.workspace import Workspace
from tests.episode.simulated_speech import cues_ms, heard, speech_ms
from tests.media import counter_frame, write_srt

MINUTES = 6.0
RATE = 16_000


@pytest.fixture(scope="module")
def lines() -> np.ndarray:
    return speech_ms(np.random.default_rng(5), MINUTES)


@pytest.fixture(scope="module")
def film(lines: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six minutes of one picture a second, and a tone wherever somebody would speak."""
    path = tmp_path_factory.mktemp("film") / "show.mkv"
    times_ms = np.arange(int(MINUTES * 60 * RATE)) * 1000 / RATE
    inside = (np.searchsorted(lines[:, 0], times_ms, "right") - np.searchsorted(lines[:, 1], times_ms, "right")) > 0
    sound = (inside * 9000 * np.sin(times_ms * 2.5)).astype(np.int16)
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=1, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = 192, 64, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for i in range(int(MINUTES * 60)):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(counter_frame(i), format="rgb24")))
            frame = av.AudioFrame.from_ndarray(sound[None, i * RATE : (i + 1) * RATE].copy(), "s16", "mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), i * RATE
            container.mux(audio.encode(frame))
        container.mux(picture.encode(None))
        container.mux(audio.encode(None))
    return path


def srt_of(path: Path, cues: np.ndarray) -> Path:
    return write_srt(path, [(int(start), int(end), "Hello there.") for start, end in cues])


@pytest.fixture
def cues(lines: np.ndarray) -> np.ndarray:
    return cues_ms(lines, np.random.default_rng(6))


@pytest.mark.slow
def test_a_shifted_subtitle_is_moved_once_and_told(film: Path, cues: np.ndarray, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    srt = srt_of(tmp_path / "late.srt", cues + 20_000)
    moved = run(cut_episode(workspace, film, srt))
    assert moved.sync is not None and moved.sync["outcome"] == "shifted" and moved.sync["applied"]
    assert moved.sync["parts"][0]["offset_ms"] == pytest.approx(-20_000, abs=150)
    assert "moved to fit the sound: -20" in moved.warnings[-1]
    table = workspace.cues(workspace.episode(moved.episode_id))
    assert np.median(np.abs(table["start_ms"] - cues[:, 0])) < 150
    seen: list[Progress] = []
    again = run(cut_episode(workspace, film, srt), seen.append)
    assert again.skipped and again.to_contract() == {**moved.to_contract(), "skipped": True}
    assert "listening for speech" not in {progress.note for progress in seen}
    off = run(cut_episode(workspace, film, srt, sync=SyncMode.OFF))
    assert off.cut_key != moved.cut_key and off.sync is None
    told = run(cut_episode(workspace, film, srt, sync=SyncMode.REPORT))
    assert told.cut_key == off.cut_key and told.skipped
    assert told.sync is not None and told.sync["outcome"] == "shifted" and not told.sync["applied"]
    assert "left as they are: -20" in told.warnings[-1]
    assert told.warnings[:-1] == off.warnings


@pytest.mark.slow
def test_a_good_subtitle_keeps_its_key_and_its_times(film: Path, cues: np.ndarray, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    srt = srt_of(tmp_path / "good.srt", cues[:20])
    off = run(cut_episode(workspace, film, srt, sync=SyncMode.OFF))
    auto = run(cut_episode(workspace, film, srt))
    assert auto.skipped and auto.cut_key == off.cut_key
    assert [said for said in auto.warnings if "could not be checked" not in said] == off.warnings
    assert auto.sync is not None and not auto.sync["applied"]


def hears(monkeypatch: pytest.MonkeyPatch, activity: SpeechActivity | None) -> None:
    def stage(*_: object) -> Stage[SpeechActivity | None]:
        yield Progress("sync", 0, 1)
        return activity

    monkeypatch.setattr("mmemo.flow.cutting.speech.speech_activity", stage)


def test_a_hopeless_subtitle_is_refused_before_any_work(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(11)
    hears(monkeypatch, heard(speech_ms(rng), rng))
    other = srt_of(tmp_path / "other.srt", cues_ms(speech_ms(rng), rng))
    for _ in range(2):  # the second time from what is kept
        with pytest.raises(InputError, match=r"other\.srt does not belong to the sound.*--sync off"):
            run(cut_episode(Workspace(tmp_path / "w"), film, other))
    assert not list((tmp_path / "w").rglob("account.json"))


def test_a_damaged_report_is_told(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    hears(monkeypatch, heard(speech_ms(rng), rng))
    other = srt_of(tmp_path / "other.srt", cues_ms(speech_ms(rng), rng))
    with pytest.raises(InputError):
        run(cut_episode(Workspace(tmp_path / "w"), film, other))
    (path,) = (tmp_path / "w").rglob("sync.json")
    path.write_text('{"outcome": "fine", "parts": []}')
    with pytest.raises(StorageError, match=r"sync\.json is missing or damaged"):
        run(cut_episode(Workspace(tmp_path / "w"), film, other))


def test_without_the_detector_nothing_is_checked(
    film: Path, cues: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> Stage[SpeechActivity | None]:
        raise ModelUnavailable("the speech detector is not installed")
        yield

    monkeypatch.setattr("mmemo.flow.cutting.speech.speech_activity", unavailable)
    srt = srt_of(tmp_path / "a.srt", cues[:14])
    report = run(cut_episode(Workspace(tmp_path / "w"), film, srt))
    assert report.sync is not None and report.sync["outcome"] == "not_checked"
    assert "not installed" in report.sync["why"] and not list((tmp_path / "w").rglob("sync.json"))


def test_cues_keep_their_number_and_order() -> None:
    cues = [SubtitleCue(1000 * i, 1000 * i + 900, f"line {i}", i + 1) for i in range(10)]
    parts = (SyncPart(0, -2500), SyncPart(6000, -3000, 2.0))
    synced = Synced(SyncReport(SyncOutcome.SHIFTED, "so", parts=parts), parts)
    moved = synced.moved(cues, 60_000)
    assert [cue.raw_text for cue in moved] == [cue.raw_text for cue in cues]
    assert [cue.start_ms for cue in moved[:2]] == [60_000, 60_000]  # before the video: told as outside of it
    assert (moved[2].start_ms, moved[2].end_ms) == (0, 400)
    assert [cue.start_ms for cue in moved[3:7]] == [500, 1500, 2500, 9000]
    assert all(a.start_ms <= b.start_ms for a, b in pairwise(moved[2:]))
    assert Synced().moved(cues, 60_000) == tuple(cues)
    assert "-2.50 s; -3.00 s, times x 2.0000 from 0:06 on" in synced.warning
    assert replace(synced, parts=()).warning.startswith("the subtitles seem to be off")
    assert Synced().values() is None and Synced().warning == ""
