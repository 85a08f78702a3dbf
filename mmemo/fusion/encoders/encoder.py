"""The two halves of an encoder: a reader, which turns samples into arrays once, and a network, which may be trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from torch import nn

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.batch import Signal

TEXT, AUDIO = "text", "audio"

R = TypeVar("R", bound="Reader")


class Reader:
    """Samples in, one array (T, ...) a sample out; T is 0 where the modality is missing. Nothing in it is trained.

    `identity` stands for all that decides the arrays; `costly` readers hold a network, so what they give is kept on
    disk; `like` (0, ...) has the shape and type of the steps. `parameters` counts the frozen network's weights.
    """

    identity: str = ""
    costly: bool = False
    like: np.ndarray = np.zeros((0, 0), np.float32)
    parameters: int = 0

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """Arrays of these samples, in their order."""
        raise InputError(f"{type(self).__name__} reads nothing", hint="a reader defines read()")

    def __deepcopy__(self: R, memo: dict[int, Any]) -> R:
        """A reader is the same for every copy of a model."""
        return self


class Encoder(nn.Module):
    """A reader, and a network on what it gives: a signal (B, T, ...) -> a signal (B, T', `dim`).

    This class alone hands on the vectors of a reader that holds a frozen network. `stored` are plain values from which
    the encoder is made again.
    """

    def __init__(self, reader: Reader, dim: int, stored: dict[str, Any]) -> None:
        super().__init__()
        self.reader = reader
        self.dim = dim
        self.stored = stored

    def forward(self, signal: Signal) -> Signal:
        """(B, T, ...) what the reader gave -> (B, T', dim) float32."""
        return signal


def texts_of(data: PairedSet, rows: Sequence[int]) -> list[tuple[str, str]]:
    """Line and context of some samples; a set without text raises InputError."""
    if data.texts is None:
        raise InputError(f"{data.title} has no text", hint="choose a model without the modality text")
    contexts = data.contexts
    return [(data.texts[row], contexts[row] if contexts is not None else "") for row in rows]


def pictures_of(data: PairedSet, source: str, rows: Sequence[int]) -> list[list[np.ndarray]]:
    """Frames of some samples; a set without such pictures raises InputError."""
    if source not in data.pictures:
        raise InputError(
            f"{data.title} has no {source} pictures", hint=f"it has {', '.join(data.pictures) or 'no pictures'}"
        )
    return [data.pictures[source][row] for row in rows]


def sounds_of(data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
    """Sound of some samples; a set without sound raises InputError."""
    if data.audio is None:
        raise InputError(f"{data.title} has no sound", hint="choose a model without the modality audio")
    return [data.audio[row] for row in rows]
