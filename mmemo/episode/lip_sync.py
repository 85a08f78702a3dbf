"""What one mouth and the sound of a cue have to do with each other: four measures of whether it says what is heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmemo.episode.mouth import MouthMotion
from mmemo.episode.speech_activity import FRAME_MS, SPEAKS_ABOVE, SpeechActivity

# A film's sound may be early or late by a few of its frames, and lips move a little before they are heard.
_LAGS_MS = np.arange(-128, 129, 32)
_USUAL_LEAD_MS, _LEAD_SPREAD_MS = 32.0, 64.0
# How much the best lag counts before the others.
_SHARPNESS = 12.0
# Below this share of a cue nobody is heard in it; sound whose level changes by less tells nothing.
MIN_SPEECH = 0.15
_MIN_RANGE_DB = 6.0
_RANGE_AROUND_MS, _ENVELOPE_AROUND_MS = 300, 1500
_MIN_QUIET_FRAMES = 8
_LOUDEST = 1.3
# Above this share of the loud parts a syllable is heard.
_HEARD_ABOVE = 0.15
# Series are compared on this grid, that of a film of 25 frames a second.
_GRID_MS = 40.0
# Syllables come 2 to 8 times a second.
_SYLLABLES_HZ = (2.2, 8.0)
_SPECTRUM_SIZE = 256
# A rhythm repeats itself after this long.
_PERIODS_MS = (160, 1000)
# This many average changes are added to what is seen in speech and to what is seen in pauses: few frames tell little.
_ADDED_PAIRS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What is heard around a cue: (M,) float64 envelope, 0 in silence and 1 in the loud parts, from a frame on."""

    envelope: np.ndarray
    first_frame: int

    def at(self, times_ms: np.ndarray) -> np.ndarray:
        """The envelope at any times, of their shape."""
        frames = self.first_frame + 0.5 + np.arange(len(self.envelope))
        return np.asarray(np.interp(times_ms / FRAME_MS, frames, self.envelope))


@dataclass(frozen=True, slots=True)
class Evidence:
    """How one mouth goes with the sound of a cue.

    `agreement`: correlation of lip motion with what the envelope of speech lets expect, the best of a few lags, -1 to
    1. `syllabic`: share of the opening's changes that come as often as syllables, 0 to 1. `in_speech`: logarithm of
    the lip motion while speech is heard over that in pauses. `rhythm`: how well the motion repeats itself, below 1;
    chewing and laughing have a beat, speech has hardly one.
    """

    agreement: float
    syllabic: float
    in_speech: float
    rhythm: float

    def to_array(self) -> np.ndarray:
        """(4,) float64 in the order of the fields."""
        return np.array([self.agreement, self.syllabic, self.in_speech, self.rhythm], np.float64)


def voice_of(speech: SpeechActivity, span_ms: tuple[int, int]) -> Voice | None:
    """The envelope of speech around a cue; None when it holds nothing to go by.

    Noise, as loud as between the words, is taken off, and what is no speech is silence. Only the part around the cue
    is looked at: the whole episode for every cue would take longer the longer the episode is.
    """
    levels = _part(speech.level_db, span_ms, _RANGE_AROUND_MS)[1]
    if not len(levels) or speech_share(speech, span_ms) < MIN_SPEECH:
        return None
    quiet, loud = np.percentile(levels, [10, 90])
    if loud - quiet < _MIN_RANGE_DB:
        return None
    first, levels = _part(speech.level_db, span_ms, _ENVELOPE_AROUND_MS)
    probs = _part(speech.speech, span_ms, _ENVELOPE_AROUND_MS)[1]
    powers = 10 ** (levels.astype(np.float64) / 10)
    pauses = powers[probs < SPEAKS_ABOVE]
    noise = float(np.median(pauses)) if len(pauses) >= _MIN_QUIET_FRAMES else float(np.percentile(powers, 5))
    voiced = np.maximum(powers - noise, 0) * np.clip((probs - 0.25) / 0.5, 0, 1)
    # The square root of the amplitude: a mouth opens less than twice as far for a voice twice as strong.
    envelope = voiced**0.25
    if not (envelope > 0).any():
        return None
    return Voice(np.minimum(envelope / np.percentile(envelope[envelope > 0], 90), _LOUDEST), first)


def evidence_of(motion: MouthMotion, voice: Voice) -> Evidence:
    """Hold one mouth against a voice; it needs at least five pairs of frames.

    Lips move where the envelope of speech is high and where it changes, 2 to 7 times a second (Chandrasekaran et al.
    2009, The natural statistics of audiovisual speech); the offset of the two is searched as in SyncNet (Chung and
    Zisserman 2016).
    """
    steps_ms = np.maximum(np.diff(motion.times_ms), 1)
    # Frames further apart differ more. The root, so that one jerk of the head or a smile does not decide.
    speeds = motion.lips / np.sqrt(steps_ms / _GRID_MS)
    middles = (motion.times_ms[1:] + motion.times_ms[:-1]) / 2
    return Evidence(
        _agreement(motion.times_ms, np.sqrt(speeds), voice),
        _syllabic(motion.times_ms, motion.opening),
        _in_speech(middles, speeds, voice),
        _rhythm(middles, np.sqrt(speeds)),
    )


def speech_share(speech: SpeechActivity, span_ms: tuple[int, int]) -> float:
    """Share of a cue in which somebody is heard."""
    inside = speech.speech[round(span_ms[0] / FRAME_MS) : round(span_ms[1] / FRAME_MS) + 1]
    return float(np.mean(inside > SPEAKS_ABOVE)) if len(inside) else 0.0


def _part(values: np.ndarray, span_ms: tuple[int, int], around_ms: int) -> tuple[int, np.ndarray]:
    first, last = (round(time_ms / FRAME_MS) for time_ms in (span_ms[0] - around_ms, span_ms[1] + around_ms))
    return max(first, 0), values[max(first, 0) : max(last, 0)]


def _agreement(times_ms: np.ndarray, moves: np.ndarray, voice: Voice) -> float:
    heard = voice.at(times_ms + _LAGS_MS[:, None])
    expected = (heard[:, 1:] + heard[:, :-1]) / 2 + np.abs(np.diff(heard, axis=1))
    correlations = _normed(expected) @ _normed(moves)
    usual = np.exp(-0.5 * np.square((_LAGS_MS - _USUAL_LEAD_MS) / _LEAD_SPREAD_MS))
    return float(np.log(np.average(np.exp(_SHARPNESS * correlations), weights=usual)) / _SHARPNESS)


def _syllabic(times_ms: np.ndarray, opening: np.ndarray) -> float:
    series = _on_grid(times_ms, opening)
    series = (series - series.mean()) * np.hanning(len(series))
    powers = np.square(np.abs(np.fft.rfft(series, max(_SPECTRUM_SIZE, len(series)))))
    hz = np.linspace(0, 500 / _GRID_MS, len(powers))
    inside = (hz >= _SYLLABLES_HZ[0]) & (hz < _SYLLABLES_HZ[1])
    return float(powers[inside].sum() / max(float(powers.sum()), 1e-12))


def _in_speech(middles_ms: np.ndarray, speeds: np.ndarray, voice: Voice) -> float:
    spoken = voice.at(middles_ms + _USUAL_LEAD_MS) > _HEARD_ABOVE
    if spoken.all() or not spoken.any():
        return 0.0
    usual = max(float(speeds.mean()), 1e-6)
    speech, pauses = (
        (float(speeds[inside].sum()) + _ADDED_PAIRS * usual) / (np.count_nonzero(inside) + _ADDED_PAIRS)
        for inside in (spoken, ~spoken)
    )
    return float(np.log(speech / pauses))


def _rhythm(middles_ms: np.ndarray, moves: np.ndarray) -> float:
    series = _normed(_on_grid(middles_ms, moves))
    first, last = (round(period_ms / _GRID_MS) for period_ms in _PERIODS_MS)
    lags = range(first, min(last, len(series) // 2) + 1)
    return max((float(series[:-k] @ series[k:]) * len(series) / (len(series) - k) for k in lags), default=0.0)


def _on_grid(times_ms: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.asarray(np.interp(np.arange(times_ms[0], times_ms[-1] + 1, _GRID_MS), times_ms, values))


def _normed(values: np.ndarray) -> np.ndarray:
    """Each row less its mean, of length 1, or 0 where nothing changes."""
    centred = values - values.mean(axis=-1, keepdims=True)
    length = np.sqrt((centred * centred).sum(axis=-1, keepdims=True))
    normed: np.ndarray = np.where(length > 1e-9, centred / np.maximum(length, 1e-9), 0.0)
    return normed
