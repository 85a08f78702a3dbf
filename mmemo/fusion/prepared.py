"""A dataset as the arrays that a model's encoders read: costly ones are computed once and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from mmemo.datasets.paired import PairedSet
from mmemo.fusion.batch import Batch, Signal, padded
from mmemo.fusion.encoders import AUDIO, TEXT, Encoder
from mmemo.fusion.encoders.encoder import Reader
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_value, publish_file

_CHUNK = 256


class Arrays(Protocol):
    """One modality of N samples; gives the signal of some rows."""

    def signal(self, rows: np.ndarray) -> Signal:
        """(B,) row numbers -> their signal."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Steps of all samples one after the other (sum of T, ...), row i from `starts[i]` to `starts[i + 1]`."""

    steps: np.ndarray
    starts: np.ndarray

    def __post_init__(self) -> None:
        assert self.starts[0] == 0 and self.starts[-1] == len(self.steps), "starts hold every step"

    def signal(self, rows: np.ndarray) -> Signal:
        """(B,) row numbers -> their signal."""
        return padded([self.steps[self.starts[row] : self.starts[row + 1]] for row in rows], self.steps[:0])


@dataclass(frozen=True, slots=True, eq=False)
class OnDemand:
    """Reads rows each time that they are asked for: for pictures that do not fit into memory."""

    data: PairedSet
    reader: Reader

    def signal(self, rows: np.ndarray) -> Signal:
        """(B,) row numbers -> their signal."""
        return padded(self.reader.read(self.data, [int(row) for row in rows]), self.reader.like)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSet:
    """N samples: the arrays of each modality, and labels, dimensions and groups as PairedSet has them."""

    arrays: Mapping[str, Arrays]
    groups: np.ndarray
    labels: np.ndarray | None = None
    dimensions: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.groups)

    def batch(self, rows: np.ndarray) -> Batch:
        """The samples of these row numbers."""
        rows = np.asarray(rows, np.int64)
        return Batch(
            {name: one.signal(rows) for name, one in self.arrays.items()},
            None if self.labels is None else torch.from_numpy(self.labels[rows]),
            None if self.dimensions is None else torch.from_numpy(self.dimensions[rows]),
            torch.from_numpy(rows),
        )

    def batches(self, rows: np.ndarray | None = None, size: int = 256) -> list[Batch]:
        """All samples, or those of `rows`, in order."""
        rows = np.arange(len(self)) if rows is None else np.asarray(rows, np.int64)
        return [self.batch(rows[start : start + size]) for start in range(0, len(rows), size)]

    def only(self, modalities: Sequence[str]) -> PreparedSet:
        """The same samples with these modalities alone."""
        arrays = {name: self.arrays[name] for name in modalities}
        return PreparedSet(arrays, self.groups, self.labels, self.dimensions)


def prepare(
    data: PairedSet, encoders: Mapping[str, Encoder], cache: Path | None = None, *, on_demand: bool = False
) -> Stage[PreparedSet]:
    """Read every modality of a dataset once, in pieces; costly readers' arrays are kept in the folder `cache`.

    on_demand: cheap readers read again for every batch, which takes time and saves memory.
    """
    arrays: dict[str, Arrays] = {}
    for name, encoder in encoders.items():
        reader = encoder.reader
        if on_demand and not reader.costly:
            arrays[name] = OnDemand(data, reader)
        else:
            arrays[name] = yield from _kept(data, name, reader, cache)
    return PreparedSet(arrays, np.array(data.groups), data.labels, data.dimensions)


def _kept(data: PairedSet, name: str, reader: Reader, cache: Path | None) -> Stage[Kept]:
    path = None
    if cache is not None and reader.costly:
        path = cache / f"{name}-{hash_value([reader.identity, content(data, name)])}.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as stored:
                return Kept(stored["steps"], stored["starts"])
    found: list[np.ndarray] = []
    for start in range(0, len(data), _CHUNK):
        yield Progress(f"read {name}", start, len(data), data.title)
        found += reader.read(data, range(start, min(start + _CHUNK, len(data))))
    starts = np.concatenate([[0], np.cumsum([len(one) for one in found])]).astype(np.int64)
    kept = Kept(np.concatenate([reader.like, *found]), starts)
    if path is not None:
        with publish_file(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, steps=kept.steps, starts=kept.starts)
    return kept


def content(data: PairedSet, name: str) -> str:
    """A hash of what a modality holds, in the order of the samples; other names stand for everything."""
    digest = hashlib.blake2b(digest_size=16)
    known = name in (TEXT, AUDIO) or name in data.pictures
    if data.texts is not None and (name == TEXT or not known):
        for row, text in enumerate(data.texts):
            context = data.contexts[row] if data.contexts is not None else ""
            digest.update(f"{len(text)} {text} {len(context)} {context};".encode("utf-8", "surrogatepass"))
    if data.audio is not None and (name == AUDIO or not known):
        for row in range(len(data)):
            sound = data.audio[row]
            digest.update(f"{len(sound)};".encode() + np.ascontiguousarray(sound).tobytes())
    for source in [name] if name in data.pictures else [] if known else sorted(data.pictures):
        for row in range(len(data)):
            for frame in data.pictures[source][row]:
                digest.update(f"{row} {frame.shape};".encode() + np.ascontiguousarray(frame).tobytes())
    return digest.hexdigest()
