"""What one mouth and the sound of a cue have to do with each other: four measures of whether it says what is heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmemo.episode.mouth import MouthMotion
from mmemo.episode.sound_frames import FRAME_MS
from mmemo.episode.speech_activity import SPEAKS_ABOVE, SpeechActivity

# A film's sound may be early or late by a few of its frames, and lips move a little before they are heard.
_LAGS_MS = np.arange(-160, 225, 32)
_USUAL_LEAD_MS, _LEAD_SPREAD_MS = 32.0, 96.0
# Motion that varies by less than this, as its root and as it is, is coding noise: a still mouth goes with nothing.
_ROOT_NOISE, _NOISE = 0.04, 0.02
# How much the best lag counts before the others.
_SHARPNESS = 12.0
# A correlation over this long counts as it is; over four times as long it is twice as sure.
_USUAL_MS = 2000.0
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
_ADDED_PAIRS = 6.0


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

    `agreement`: correlation of lip motion with what the envelope of speech lets expect, over the lags that a film may
    have; times the root of the time that was seen, 1 for 2 s. `in_speech`: logarithm of the lip motion while speech is
    heard over that in pauses. `syllabic`: share of the opening's changes that come as often as syllables, 0 to 1.
    `rhythm`: how well the motion repeats itself, below 1; chewing and laughing have a beat, speech has hardly one.
    """

    agreement: float
    in_speech: float
    syllabic: float
    rhythm: float

    def to_array(self) -> np.ndarray:
        """(4,) float64 in the order of the fields."""
        return np.array([self.agreement, self.in_speech, self.syllabic, self.rhythm], np.float64)


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
    # Frames further apart differ more.
    speeds = motion.lips / np.sqrt(steps_ms / _GRID_MS)
    middles = (motion.times_ms[1:] + motion.times_ms[:-1]) / 2
    agreements, lags = _agreements(motion.times_ms, speeds, voice)
    agreement = float(np.log(np.average(np.exp(_SHARPNESS * agreements), weights=_usual())) / _SHARPNESS)
    seen_ms = float(motion.times_ms[-1] - motion.times_ms[0])
    return Evidence(
        agreement * float(np.sqrt(seen_ms / _USUAL_MS)),
        float(lags @ _in_speech(middles, speeds, voice)),
        _syllabic(motion.times_ms, motion.opening),
        _rhythm(middles, np.sqrt(speeds)),
    )


def speech_share(speech: SpeechActivity, span_ms: tuple[int, int]) -> float:
    """Share of a cue in which somebody is heard."""
    inside = speech.speech[round(span_ms[0] / FRAME_MS) : round(span_ms[1] / FRAME_MS) + 1]
    return float(np.mean(inside > SPEAKS_ABOVE)) if len(inside) else 0.0


def _part(values: np.ndarray, span_ms: tuple[int, int], around_ms: int) -> tuple[int, np.ndarray]:
    first, last = (round(time_ms / FRAME_MS) for time_ms in (span_ms[0] - around_ms, span_ms[1] + around_ms))
    return max(first, 0), values[max(first, 0) : max(last, 0)]


def _usual() -> np.ndarray:
    """(L,) how likely the lags are before a cue is seen, not scaled."""
    return np.asarray(np.exp(-0.5 * np.square((_LAGS_MS - _USUAL_LEAD_MS) / _LEAD_SPREAD_MS)))


def _agreements(times_ms: np.ndarray, speeds: np.ndarray, voice: Voice) -> tuple[np.ndarray, np.ndarray]:
    """(L,) correlations of the lips with the voice by lag, and (L,) how likely each lag is after it; they sum to 1."""
    heard = voice.at(times_ms + _LAGS_MS[:, None])
    expected = (heard[:, 1:] + heard[:, :-1]) / 2 + np.abs(np.diff(heard, axis=1))
    # The root, so that one jerk of the head or a smile does not decide.
    agreements = _normed(expected) @ _normed(np.sqrt(speeds), _ROOT_NOISE)
    likely = np.exp(_SHARPNESS * agreements) * _usual()
    return agreements, likely / likely.sum()


def _in_speech(middles_ms: np.ndarray, speeds: np.ndarray, voice: Voice) -> np.ndarray:
    """(L,) logarithm of the speed of the lips in speech over that in pauses, by lag; 0 where there is only one."""
    spoken = voice.at(middles_ms + _LAGS_MS[:, None]) > _HEARD_ABOVE
    counts = spoken.sum(axis=1)
    speeds = speeds + _NOISE
    added = _ADDED_PAIRS * float(speeds.mean())
    in_speech = (spoken @ speeds + added) / (counts + _ADDED_PAIRS)
    in_pauses = (~spoken @ speeds + added) / (len(speeds) - counts + _ADDED_PAIRS)
    both = (counts > 0) & (counts < len(speeds))
    return np.asarray(np.where(both, np.log(in_speech / in_pauses), 0.0))


def _syllabic(times_ms: np.ndarray, opening: np.ndarray) -> float:
    series = np.stack([_on_grid(times_ms, way) for way in opening.T])
    series = (series - series.mean(axis=1, keepdims=True)) * np.hanning(series.shape[1])
    powers = np.square(np.abs(np.fft.rfft(series, max(_SPECTRUM_SIZE, series.shape[1])))).sum(axis=0)
    hz = np.linspace(0, 500 / _GRID_MS, len(powers))
    inside = (hz >= _SYLLABLES_HZ[0]) & (hz < _SYLLABLES_HZ[1])
    return float(powers[inside].sum() / max(float(powers.sum()), 1e-12))


def _rhythm(middles_ms: np.ndarray, moves: np.ndarray) -> float:
    series = _normed(_on_grid(middles_ms, moves), _ROOT_NOISE)
    first, last = (round(period_ms / _GRID_MS) for period_ms in _PERIODS_MS)
    lags = range(first, min(last, len(series) // 2) + 1)
    return max((float(series[:-lag] @ series[lag:]) for lag in lags), default=0.0)


def _on_grid(times_ms: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.asarray(np.interp(np.arange(times_ms[0], times_ms[-1] + 1, _GRID_MS), times_ms, values))


def _normed(values: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """Each row less its mean, of length 1, shorter by what noise of that deviation explains; 0 if all are alike."""
    centred = values - values.mean(axis=-1, keepdims=True)
    power = (centred * centred).sum(axis=-1, keepdims=True) + values.shape[-1] * noise**2
    normed: np.ndarray = centred / np.sqrt(np.maximum(power, 1e-12))
    return normed
