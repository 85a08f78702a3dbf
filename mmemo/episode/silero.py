"""The speech detector of Silero: the network, with the weights that its package brings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmemo.episode.sound_frames import FRAME_SAMPLES
from mmemo.errors import ModelUnavailable

_CONTEXT_SAMPLES = 64
_FOURIER_BINS = 129
# Frames that go through the convolutions at once: some 16 MB of activations, and no faster when there are more.
_BLOCK_FRAMES = 512
_PACKAGE = "silero_vad"


class SileroVad(nn.Module):
    """Probability of speech for each 32 ms of 16 kHz sound; keeps its state from one block to the next.

    The published network (Silero Team 2024, github.com/snakers4/silero-vad, MIT): a learned spectrum, four
    convolutions a frame, an LSTM over the frames. Only the LSTM needs the frames one after another, so the rest runs
    over whole blocks. The package itself is never imported: that would set the number of threads of this process.
    """

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 2 * _FOURIER_BINS, 256, stride=128, bias=False)
        self.conv1 = nn.Conv1d(_FOURIER_BINS, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)
        self.lstm = nn.LSTM(128, 128)
        self.final_conv = nn.Conv1d(128, 1, 1)
        self._load(weights or _packaged_weights())
        self.eval()
        self.requires_grad_(False)
        self._before = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._state: tuple[Tensor, Tensor] | None = None

    def _load(self, weights: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # TorchScript is on its way out; this only reads tensors
            tensors = torch.jit.load(str(weights), map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
        self.load_state_dict({name: tensors[f"_model.{theirs}"] for name, theirs in _weight_names().items()})

    @torch.inference_mode()
    def probabilities(self, sound: np.ndarray) -> np.ndarray:
        """(N * 512,) float32 samples at 16 kHz, in -1 to 1, to (N,) float32; N may be 0."""
        assert sound.ndim == 1 and len(sound) % FRAME_SAMPLES == 0, "whole frames only"
        with _one_thread():
            parts = [
                self._block(sound[first : first + _BLOCK_FRAMES * FRAME_SAMPLES])
                for first in range(0, len(sound), _BLOCK_FRAMES * FRAME_SAMPLES)
            ]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def _block(self, sound: np.ndarray) -> np.ndarray:
        padded = np.concatenate([self._before, sound.astype(np.float32, copy=False)])
        self._before = padded[-_CONTEXT_SAMPLES:]
        frames = torch.from_numpy(padded).unfold(0, _CONTEXT_SAMPLES + FRAME_SAMPLES, FRAME_SAMPLES)
        # (frames, 1, samples): the end of each is mirrored, so that the last spectrum is centred in it.
        waves = self.stft_conv(F.pad(frames.unsqueeze(1), (0, _CONTEXT_SAMPLES), "reflect"))
        x = (waves[:, :_FOURIER_BINS].square() + waves[:, _FOURIER_BINS:].square()).sqrt()
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = layer(x).relu()
        hidden, self._state = self.lstm(x.squeeze(-1).unsqueeze(1), self._state)
        probs: np.ndarray = self.final_conv(hidden.squeeze(1).relu().unsqueeze(-1)).sigmoid().flatten().numpy()
        return probs


@contextmanager
def _one_thread() -> Iterator[None]:
    """So small a network is slower with several threads, and very slow with them on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _weight_names() -> dict[str, str]:
    """The names of the weights here, and those in the package's file, below "_model."."""
    names = {"stft_conv.weight": "stft.forward_basis_buffer"}
    for part in ("weight", "bias"):
        names |= {f"conv{i + 1}.{part}": f"encoder.{i}.reparam_conv.{part}" for i in range(4)}
        names |= {f"lstm.{part}_{kind}_l0": f"decoder.rnn.{part}_{kind}" for kind in ("ih", "hh")}
        names[f"final_conv.{part}"] = f"decoder.decoder.2.{part}"
    return names


def _packaged_weights() -> Path:
    spec = find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (path := Path(folder) / "data" / "silero_vad.jit").is_file():
            return path
    raise ModelUnavailable("the speech detector is not installed", hint="pip install --no-deps silero-vad")
