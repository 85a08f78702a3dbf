"""The sync check on simulated episodes: known shifts, drifts and cuts, wrong files, and what cannot be checked."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.episode.speech_activity import LOUDNESS, SpeechActivity
from mmemo.episode.sync import SyncOutcome, SyncReport, SyncSettings, check_sync, confidence
from mmemo.errors import InputError
from tests.episode.simulated_speech import cues_ms, heard, speech_ms

_TOLERANCE_MS = 150


def spans(cues: np.ndarray) -> list[tuple[int, int]]:
    return [(int(max(start, 0)), int(end)) for start, end in cues if end >= 1]


@pytest.fixture(scope="module")
def show() -> tuple[np.ndarray, SpeechActivity]:
    rng = np.random.default_rng(3)
    lines = speech_ms(rng)
    return cues_ms(lines, rng), heard(lines, rng)


def landed_ms(report: SyncReport, told_ms: float) -> int:
    part = next(part for part in reversed(report.applied) if told_ms >= part.from_ms)
    return part.moved_ms(round(told_ms))


def test_a_good_file_is_left_alone(show: tuple[np.ndarray, SpeechActivity]) -> None:
    cues, activity = show
    report = check_sync(spans(cues), activity)
    assert (report.outcome, report.applied) == (SyncOutcome.IN_SYNC, ())
    assert abs(report.parts[0].offset_ms) < _TOLERANCE_MS
    assert report.confidence > 0.99 and report.method == "silero" and report.cues == len(cues)


@pytest.mark.parametrize("offset_ms", [-200, -120, 120, 200])
def test_what_nobody_notices_is_left_alone(show: tuple[np.ndarray, SpeechActivity], offset_ms: int) -> None:
    assert check_sync(spans(show[0] + offset_ms), show[1]).outcome is SyncOutcome.IN_SYNC


@pytest.mark.parametrize("offset_s", [-30, -17.3, -5, -1, 1, 2.5, 9, 21.8, 30])
def test_known_shifts_are_found(show: tuple[np.ndarray, SpeechActivity], offset_s: float) -> None:
    cues, activity = show
    report = check_sync(spans(cues + offset_s * 1000), activity)
    assert report.outcome is SyncOutcome.SHIFTED
    assert len(report.applied) == 1 and report.applied[0].ratio == 1
    assert report.applied[0].offset_ms == pytest.approx(-offset_s * 1000, abs=_TOLERANCE_MS)
    assert report.fit > 2 * report.fit_now or abs(offset_s) < 2


@pytest.mark.parametrize("ratio", [25 / 23.976, 23.976 / 25, 25 / 24, 24 / 25, 24 / 23.976, 23.976 / 24])
@pytest.mark.parametrize("offset_ms", [0, 4000])
def test_known_drifts_are_found(show: tuple[np.ndarray, SpeechActivity], ratio: float, offset_ms: int) -> None:
    cues, activity = show
    report = check_sync(spans(cues * ratio + offset_ms), activity)
    assert report.outcome is SyncOutcome.SHIFTED
    for time_ms in cues[[20, len(cues) // 2, -1], 0]:
        assert landed_ms(report, time_ms * ratio + offset_ms) == pytest.approx(time_ms, abs=2 * _TOLERANCE_MS)


@pytest.mark.parametrize("cut_ms", [1000, 5000, 40_000, -30_000])
def test_a_cut_in_the_middle_is_found(show: tuple[np.ndarray, SpeechActivity], cut_ms: int) -> None:
    cues, activity = show
    middle = len(cues) // 2
    later = cues[middle:] if cut_ms > 0 else cues[middle:][cues[middle:, 0] > cues[middle, 0] - cut_ms]
    report = check_sync(spans(np.concatenate([cues[:middle], later + cut_ms])), activity)
    assert report.outcome is SyncOutcome.SHIFTED
    assert [round(part.offset_ms / 200) for part in report.applied] == [0, round(-cut_ms / 200)]
    wrong = sum(abs(landed_ms(report, told) - told) > _TOLERANCE_MS for told in cues[:middle, 0])
    wrong += sum(abs(landed_ms(report, true + cut_ms) - true) > _TOLERANCE_MS for true in later[:, 0])
    assert wrong <= 4


@pytest.mark.parametrize("seed", range(8))
def test_the_subtitle_of_another_episode_is_hopeless(show: tuple[np.ndarray, SpeechActivity], seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    report = check_sync(spans(cues_ms(speech_ms(rng), rng)), show[1])
    assert (report.outcome, report.applied) == (SyncOutcome.HOPELESS, ())
    assert report.confidence < 0.3


def test_no_wrong_file_is_ever_moved_and_no_right_one_refused() -> None:
    for seed in range(25):
        rng = np.random.default_rng(seed)
        minutes = float(rng.choice([1.5, 3, 6, 12]))
        lines = speech_ms(rng, minutes)
        activity = heard(lines, rng, minutes, missed=0.3, extra=0.3)
        right = check_sync(spans(cues_ms(lines, rng)), activity)
        assert right.outcome in (SyncOutcome.IN_SYNC, SyncOutcome.UNSURE, SyncOutcome.NOT_CHECKED)
        assert not check_sync(spans(cues_ms(speech_ms(rng, minutes), rng)), activity).applied


def test_what_is_too_little_is_not_checked(show: tuple[np.ndarray, SpeechActivity]) -> None:
    cues, activity = show
    assert check_sync([], activity).outcome is SyncOutcome.NOT_CHECKED
    assert check_sync([(0, 500)], activity).why == "1 spoken cues are too few"
    assert check_sync(spans(cues), None).why == "the video has no sound"
    silent = SpeechActivity(np.zeros(40_000, np.float32))
    assert "too little" in check_sync(spans(cues), silent).why
    full = SpeechActivity(np.ones(40_000, np.float32))
    assert "all the time" in check_sync(spans(cues), full).why
    assert check_sync(spans(cues), SpeechActivity(np.zeros(0, np.float32))).outcome is SyncOutcome.NOT_CHECKED


def test_a_few_translated_lines_are_not_refused(show: tuple[np.ndarray, SpeechActivity]) -> None:
    cues, activity = show
    few = check_sync(spans(cues[::7] + 20_000), activity)
    assert few.outcome in (SyncOutcome.UNSURE, SyncOutcome.NOT_CHECKED)


def test_loudness_alone_never_refuses(show: tuple[np.ndarray, SpeechActivity]) -> None:
    rng = np.random.default_rng(7)
    loud = SpeechActivity((show[1].speech > 0.5).astype(np.float32), LOUDNESS)
    wrong = check_sync(spans(cues_ms(speech_ms(rng), rng)), loud)
    assert wrong.outcome is SyncOutcome.NOT_CHECKED
    assert wrong.why.startswith("no speech was recognised")
    assert check_sync(spans(show[0] + 3000), loud).outcome is SyncOutcome.SHIFTED


def test_a_better_fit_by_loudness_that_is_not_sure_is_told(show: tuple[np.ndarray, SpeechActivity]) -> None:
    loud = SpeechActivity((show[1].speech > 0.5).astype(np.float32), LOUDNESS)
    report = check_sync(spans(show[0] + 3000), loud, SyncSettings(loud_z=1e6))
    assert report.outcome is SyncOutcome.UNSURE and not report.applied
    assert "by the loudness" in report.why
    assert report.parts[0].offset_ms == pytest.approx(-3000, abs=_TOLERANCE_MS)


def test_several_equal_offsets_are_no_reason_to_move() -> None:
    starts = np.arange(100, 1200, 10.0) * 1000
    cues = np.stack([starts, starts + 4000], axis=1)
    rng = np.random.default_rng(1)
    report = check_sync(spans(cues + 5000), heard(cues, rng, 22, missed=0.0, extra=0.0))
    assert not report.applied


def test_a_cue_that_begins_before_the_video_counts_from_its_start(show: tuple[np.ndarray, SpeechActivity]) -> None:
    cues, activity = show
    early = [(-5000, 100), *spans(cues + 3000)]
    assert check_sync(early, activity).applied[0].offset_ms == pytest.approx(-3000, abs=_TOLERANCE_MS)


def test_hostile_times_cost_nothing(show: tuple[np.ndarray, SpeechActivity]) -> None:
    late = [(999 * 3_600_000 + i, 999 * 3_600_000 + i + 1) for i in range(1000)]
    assert check_sync(late, show[1]).why == "0 spoken cues are too few"
    endless = [(1000 * i, 999 * 3_600_000) for i in range(100)]
    assert not check_sync(endless, show[1]).applied
    many = [(i * 10, i * 10 + 5) for i in range(100_000)]
    assert not check_sync(many, show[1]).applied


def test_confidence_grows_with_z() -> None:
    values = [confidence(z) for z in (-1e9, 0, 4, 5.5, 7, 1e9)]
    assert values == sorted(values)
    assert values[3] == 0.5 and values[2] < 0.1 and values[4] > 0.9


def test_wrong_settings_are_told() -> None:
    for wrong in ({"leave_ms": -1}, {"clear_z": 8.0}, {"gain": 0.5}, {"window_cues": 0}):
        with pytest.raises(InputError, match="sync check"):
            SyncSettings(**wrong)
