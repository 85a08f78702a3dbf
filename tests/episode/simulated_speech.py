"""Simulated episodes for the sync check: when people speak, what a detector hears of it, and the cues of it."""

from __future__ import annotations

import numpy as np

from mmemo.episode.sound_frames import FRAME_MS
from mmemo.episode.speech_activity import SpeechActivity


def speech_ms(rng: np.random.Generator, minutes: float = 22) -> np.ndarray:
    """(N, 2) start and end in ms of spoken lines: exchanges of 2 to 24 lines, with pauses between them."""
    lines, at_s = [], float(rng.uniform(1, 20))
    while at_s < minutes * 60 - 10:
        for _ in range(rng.integers(2, 25)):
            long_s = float(np.clip(rng.lognormal(0.75, 0.45), 0.6, 7))
            lines.append((at_s, at_s + long_s))
            at_s += long_s + float(rng.exponential(0.7))
        at_s += float(rng.exponential(9))
    return np.array([line for line in lines if line[1] < minutes * 60 - 1]) * 1000


def heard(
    lines_ms: np.ndarray, rng: np.random.Generator, minutes: float = 22, missed: float = 0.12, extra: float = 0.1
) -> SpeechActivity:
    """What a detector makes of the lines: short breaks inside them, some not heard, some sounds taken for speech."""
    speech = rng.uniform(0, 0.1, int(minutes * 60_000 / FRAME_MS)).astype(np.float32)
    for start, end in lines_ms:
        if rng.random() < missed:
            continue
        at = start + rng.normal(0, 50)
        while at < end:
            until = min(at + rng.uniform(400, 1600), end)
            speech[int(at / FRAME_MS) : int(until / FRAME_MS) + 1] = rng.uniform(0.8, 1)
            at = until + rng.uniform(50, 350)
    for _ in range(int(extra * len(lines_ms))):
        start = rng.uniform(0, minutes * 60_000 - 4000)
        speech[int(start / FRAME_MS) : int((start + rng.uniform(500, 4000)) / FRAME_MS)] = 0.9
    return SpeechActivity(speech)


def cues_ms(lines_ms: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, 2) cue times as subtitlers set them: not exact, on screen a little longer than the words, never two."""
    starts = lines_ms[:, 0] + rng.normal(-30, 100, len(lines_ms))
    ends = lines_ms[:, 1] + np.abs(rng.normal(350, 350, len(lines_ms)))
    ends[:-1] = np.minimum(ends[:-1], np.maximum(starts[1:] - 40, starts[:-1] + 300))
    starts = np.maximum.accumulate(np.maximum(starts, 0))
    return np.stack([starts, np.maximum(ends, starts + 300)], axis=1)
