"""Sound of the drawn show: syllables that move lips, voices made of them, thuds and tunes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmemo.datasets.drawn.characters import Character

SAMPLE_RATE_HZ = 16_000
_SYLLABLE_MS = 205  # about five syllables a second, as in lively speech
# Two formants in Hz of some vowels (Peterson and Barney 1952, rounded means).
_VOWELS = np.array([(730, 1090), (530, 1840), (390, 1990), (570, 840), (440, 1020), (660, 1720)], np.float64)
# Pitch, range of the melody and loudness by emotion, as factors of neutral speech.
_TONES: Mapping[str, tuple[float, float, float]] = {
    "neutral": (1.0, 1.0, 1.0), "joy": (1.18, 1.7, 1.1), "sadness": (0.9, 0.5, 0.7), "anger": (1.12, 1.4, 1.4),
    "surprise": (1.28, 2.0, 1.1), "fear": (1.3, 0.8, 0.85), "disgust": (0.92, 1.0, 0.95),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Syllables:
    """Syllables of one line: centres and half widths in ms from the start of the shot, strengths 0 to 1."""

    centres_ms: np.ndarray
    half_widths_ms: np.ndarray
    strengths: np.ndarray

    def openness(self, at_ms: float) -> float:
        """How far the mouth is open at a time, 0 to 1."""
        return float(self.envelope(np.array([at_ms], np.float64))[0])

    def envelope(self, times_ms: np.ndarray) -> np.ndarray:
        """(N,) openness at (N,) times: one raised cosine a syllable."""
        out = np.zeros(len(times_ms))
        for centre, half, strength in zip(self.centres_ms, self.half_widths_ms, self.strengths, strict=True):
            near = np.abs(times_ms - centre) < half
            out[near] = np.maximum(out[near], strength * (0.5 + 0.5 * np.cos(np.pi * (times_ms[near] - centre) / half)))
        return out


def syllables(start_ms: int, end_ms: int, rng: np.random.Generator) -> Syllables:
    """Fill a stretch of time with syllables of uneven length and strength; none when it is empty."""
    if end_ms <= start_ms:
        return Syllables(np.empty(0), np.empty(0), np.empty(0))
    count = max(1, round((end_ms - start_ms) / _SYLLABLE_MS))
    parts = rng.uniform(0.75, 1.25, count)
    edges = start_ms + np.concatenate([[0.0], np.cumsum(parts)]) / parts.sum() * (end_ms - start_ms)
    return Syllables((edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2, rng.uniform(0.65, 1.0, count))


def voice(character: Character, line: Syllables, duration_ms: int, tone: str, rng: np.random.Generator) -> np.ndarray:
    """(N,) float32 at SAMPLE_RATE_HZ: a voice of harmonics shaped by two formants a syllable.

    Additive form of the source and filter model of speech (Fant 1960); it says no words.
    """
    times_ms = np.arange(duration_ms * SAMPLE_RATE_HZ // 1000) * 1000.0 / SAMPLE_RATE_HZ
    if not len(line.centres_ms):
        return np.zeros(len(times_ms), np.float32)
    pitch_factor, melody, loudness = _TONES[tone]
    bends = rng.normal(0, 0.06 * melody, len(line.centres_ms)) + np.linspace(0.06, -0.06, len(line.centres_ms))
    pitch = character.pitch_hz * pitch_factor * (1 + np.interp(times_ms, line.centres_ms, bends))
    vowels = _VOWELS[rng.integers(0, len(_VOWELS), len(line.centres_ms))]
    formants = [np.interp(times_ms, line.centres_ms, vowels[:, k]) for k in (0, 1)]
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
    sound = np.zeros(len(times_ms))
    for n in range(1, int(3200 / pitch.min()) + 1):
        hz = n * pitch
        gain = sum(np.exp(-(((hz - f) / w) ** 2)) * g for f, w, g in zip(formants, (160, 220), (1.0, 0.5), strict=True))
        sound += (gain + 0.05) / n**0.4 * np.sin(n * phase)
    breath = rng.normal(0, 0.06, len(times_ms))
    loud: np.ndarray = 0.1 * loudness * line.envelope(times_ms) ** 0.7 * (sound + breath)
    return loud.astype(np.float32)


def thud(duration_ms: int, rng: np.random.Generator) -> np.ndarray:
    """(N,) float32: one low knock that fades."""
    t = np.arange(duration_ms * SAMPLE_RATE_HZ // 1000) / SAMPLE_RATE_HZ
    body = np.sin(2 * np.pi * 82 * t) * np.exp(-9 * t) + 0.4 * rng.normal(0, 1, len(t)) * np.exp(-30 * t)
    return (0.3 * body).astype(np.float32)


def tune(duration_ms: int, rng: np.random.Generator) -> np.ndarray:
    """(N,) float32: plucked notes of a pentatonic scale, three a second."""
    t = np.arange(duration_ms * SAMPLE_RATE_HZ // 1000) / SAMPLE_RATE_HZ
    out = np.zeros(len(t))
    for start in np.arange(0, duration_ms / 1000, 1 / 3):
        hz = 220 * 2 ** (rng.choice([0, 2, 4, 7, 9, 12]) / 12)
        since = np.maximum(t - start, 0)
        out += (
            (t >= start) * np.exp(-4 * since) * (np.sin(2 * np.pi * hz * since) + 0.3 * np.sin(4 * np.pi * hz * since))
        )
    return (0.08 * out).astype(np.float32)
