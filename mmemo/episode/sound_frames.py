"""How sound is divided: the rate and the frames in which the speech detector hears it."""

from __future__ import annotations

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 512
FRAME_MS = 1000 * FRAME_SAMPLES / SAMPLE_RATE_HZ
