"""Sound encoders: a log-mel spectrogram, as it is in windows, or its mean and spread as one vector."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.datasets.paired import SOUND_HZ, PairedSet
from mmemo.fusion.batch import Signal
from mmemo.fusion.encoders.encoder import Encoder, Reader, sounds_of

MELS = 64
WINDOW, HOP, FFT = 400, 160, 512  # samples: 25 ms, 10 ms
_LOWEST_HZ = 60.0
STEP = 50  # columns of the spectrogram in a step: half a second
_MAX_STEPS = 40


def log_mel(sound: np.ndarray) -> np.ndarray:
    """(S,) float32 mono at 16 kHz -> (C, 64) float32 log energies, 100 columns a second; C is 0 without sound.

    Filters are triangles of equal width on the mel scale of O'Shaughnessy 1987 (2595 log10(1 + f / 700)).
    """
    if len(sound) == 0:
        return np.zeros((0, MELS), np.float32)
    samples = torch.from_numpy(np.asarray(sound, np.float32))
    if len(samples) < FFT:
        samples = nn.functional.pad(samples, (0, FFT - len(samples)))
    spectrum = torch.stft(samples, FFT, HOP, WINDOW, torch.hann_window(WINDOW), return_complex=True)
    energy = spectrum.abs().square().T @ _filters()
    return torch.log(energy.clamp(min=1e-6)).numpy()


@cache
def _filters() -> Tensor:
    """(FFT / 2 + 1, 64) weights of the triangles."""
    mel = np.linspace(_mel(_LOWEST_HZ), _mel(SOUND_HZ / 2), MELS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hz = np.linspace(0, SOUND_HZ / 2, FFT // 2 + 1)[:, None]
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    return torch.from_numpy(np.maximum(0, np.minimum(rising, falling)).astype(np.float32))


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


class MelSteps(Reader):
    """(T, 1, 64, 50) float32 a sample: half a second of log-mel a step, at most 20 seconds."""

    identity = f"log-mel:{MELS}x{STEP}:{_MAX_STEPS}"
    costly = True
    like = np.zeros((0, 1, MELS, STEP), np.float32)

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """A last step that is not full is filled with silence."""
        return [self._steps(log_mel(sound)) for sound in sounds_of(data, rows)]

    def _steps(self, columns: np.ndarray) -> np.ndarray:
        if not len(columns):
            return self.like
        count = min(_MAX_STEPS, -(-len(columns) // STEP))
        filled = np.full((count * STEP, MELS), np.log(1e-6), np.float32)
        kept = columns[: len(filled)]
        filled[: len(kept)] = kept
        return filled.reshape(count, STEP, MELS).transpose(0, 2, 1)[:, None].copy()


class MelSummary(Reader):
    """(1, 128) float32 a sample: mean and spread of each mel band over time."""

    identity = f"log-mel-summary:{MELS}"
    costly = True
    like = np.zeros((0, 2 * MELS), np.float32)

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """A sample without sound has no step."""
        found = [log_mel(sound) for sound in sounds_of(data, rows)]
        return [
            np.concatenate([one.mean(0), one.std(0)])[None].astype(np.float32) if len(one) else self.like
            for one in found
        ]


class MelNetwork(Encoder):
    """A small convolutional network on each step: (B, T, 1, 64, 50) -> (B, T, dim)."""

    def __init__(self, dim: int = 64) -> None:
        super().__init__(MelSteps(), dim, {"spec": "mel"})
        self.network = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.AdaptiveAvgPool2d((4, 1)), nn.Flatten(), nn.Linear(128, dim), nn.ReLU(),
        )  # fmt: skip

    def forward(self, signal: Signal) -> Signal:
        """Every step that is there through the network; the others are 0."""
        found = signal.values.new_zeros((*signal.mask.shape, self.dim))
        if int(signal.mask.sum()) > 1 or (signal.mask.any() and not self.training):
            found[signal.mask] = self.network(signal.values[signal.mask])
        return Signal(found, signal.mask)
