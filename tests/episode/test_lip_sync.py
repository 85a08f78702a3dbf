"""The four measures of a mouth against the sound, each on a mouth that does one thing."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.episode.lip_sync import Evidence, Voice, evidence_of, speech_share, voice_of
from mmemo.episode.mouth import WAYS, MouthMotion
from mmemo.episode.sound_frames import FRAME_MS
from mmemo.episode.speech_activity import SpeechActivity

SPAN = (1000, 3000)
TIMES = np.arange(1000, 3000, 40, dtype=np.int64)


def bursts(times_ms: np.ndarray) -> np.ndarray:
    """Uneven syllables with a pause from 1800 to 2200 ms, 0 to 1."""
    centres = np.array([1080, 1260, 1500, 1680, 2300, 2450, 2700, 2860])
    apart = np.abs(np.asarray(times_ms, np.float64)[:, None] - centres) / 90
    return np.asarray(np.where(apart < 1, 0.5 + 0.5 * np.cos(np.pi * apart), 0).max(axis=1))


def heard(noise_db: float = -70.0, frames: int = 125) -> SpeechActivity:
    """What is heard of the bursts in noise, 4 seconds."""
    loud = bursts((np.arange(frames) + 0.5) * FRAME_MS)
    power = 0.02 * loud**2 + 10 ** (noise_db / 10)
    return SpeechActivity((loud > 0.1).astype(np.float32), level_db=(10 * np.log10(power)).astype(np.float32))


def mouth(opening: np.ndarray, times: np.ndarray = TIMES) -> MouthMotion:
    """A mouth that opens so, with a little noise."""
    changes = (np.abs(np.diff(opening)) + 0.02).astype(np.float32)
    ways = np.zeros((len(times), WAYS), np.float32)
    ways[:, 0] = opening
    return MouthMotion(times, changes, np.full(len(changes), 0.05, np.float32), changes, ways)


def measured(opening: np.ndarray) -> Evidence:
    voice = voice_of(heard(), SPAN)
    assert voice is not None
    return evidence_of(mouth(opening), voice)


def test_lips_that_say_what_is_heard_agree_and_rest_in_pauses() -> None:
    speaks, chews = measured(0.5 * bursts(TIMES + 30)), measured(0.5 * np.sin(2 * np.pi * 1.4 * TIMES / 1000) ** 2)
    assert speaks.agreement > 0.5 > 0.2 > chews.agreement
    assert speaks.in_speech > 0.3 > 0.15 > chews.in_speech
    assert chews.rhythm > speaks.rhythm + 0.15


@pytest.mark.parametrize("late_ms", [-120, -60, 60, 120, 180])
def test_the_sound_of_a_film_may_be_early_or_late(late_ms: int) -> None:
    found = measured(0.5 * bursts(TIMES + late_ms))
    assert found.agreement > 0.4 and found.in_speech > 0.25


def test_syllables_come_often_and_smiles_do_not() -> None:
    assert measured(0.5 * bursts(TIMES)).syllabic > 0.4
    assert measured(np.clip((TIMES - 1500) / 400, 0, 1)).syllabic < 0.1


def test_a_still_mouth_goes_with_nothing() -> None:
    noise = 0.005 * np.random.default_rng(0).normal(size=len(TIMES))
    found = measured(noise)
    assert abs(found.agreement) < 0.15 and abs(found.in_speech) < 0.05
    still = measured(np.zeros(len(TIMES)))
    assert still.to_array().tolist() == pytest.approx([0, 0, 0, 0], abs=0.01)


def test_the_envelope_is_without_the_noise() -> None:
    voice = voice_of(heard(noise_db=-32), SPAN)
    assert voice is not None
    assert voice.at(np.array([1260.0, 2450.0])).min() > 0.7
    assert voice.at(np.array([1950.0, 2100.0])).max() < 0.2


def test_sound_without_speech_or_without_change_tells_nothing() -> None:
    frames = 125
    silent = SpeechActivity(np.zeros(frames, np.float32), level_db=heard().level_db)
    hum = SpeechActivity(np.ones(frames, np.float32), level_db=np.full(frames, -20, np.float32))
    unknown = SpeechActivity(np.ones(frames, np.float32))
    empty = SpeechActivity(np.empty(0, np.float32))
    for speech in (silent, hum, unknown, empty):
        assert voice_of(speech, SPAN) is None
    assert voice_of(heard(), (90_000, 91_000)) is None
    assert speech_share(empty, SPAN) == 0 and speech_share(heard(), SPAN) > 0.3


def test_only_the_sound_around_the_cue_is_looked_at() -> None:
    near, far = heard(), heard(frames=12_500)
    a, b = (voice_of(speech, SPAN) for speech in (near, far))
    assert a is not None and b is not None and len(b.envelope) <= 160
    np.testing.assert_allclose(a.at(TIMES), b.at(TIMES), atol=0.05)


def test_a_voice_is_silent_outside_of_what_is_known() -> None:
    voice = Voice(np.array([0.0, 1.0, 0.0]), 10)
    assert voice.at(np.array([11.5 * FRAME_MS])) == pytest.approx([1.0])
    assert voice.at(np.array([0.0, 9000.0])).tolist() == [0, 0]
