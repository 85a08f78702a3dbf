"""N samples whose text, pictures and sound belong together row by row, read when they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar, overload, runtime_checkable

import numpy as np

from mmemo.datasets.problems import Problem
from mmemo.errors import InputError
from mmemo.labels import Vocabulary

# Names of the sources of pictures: a face that fills the picture, the whole person, or the whole scene.
FACE, BODY, CONTEXT = "face", "body", "context"
SOUND_HZ = 16_000

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Rows(Protocol[T_co]):
    """What has a length and an item a sample; a plain list will do."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> T_co: ...


# A sample's pictures: (H, W, 3) uint8 RGB frames in order of time, one for a still, none when there is nothing to see.
Pictures = Rows[list[np.ndarray]]
# A sample's sound: (S,) float32 mono at 16 kHz within -1..1; S is 0 when there is nothing to hear.
Sounds = Rows[np.ndarray]


@runtime_checkable
class Present(Protocol):
    """A source that knows without reading anything which of its rows hold something: (N,) bool."""

    @property
    def present(self) -> np.ndarray: ...


@runtime_checkable
class Keyed(Protocol):
    """A source that knows which sample each of its rows belongs to: N ids."""

    @property
    def keys(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Chosen(Generic[T]):
    """Some rows of a source in an order of their own; reads nothing by itself."""

    source: Rows[T]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> T:
        return self.source[int(self.rows[row])]

    @property
    def present(self) -> np.ndarray:
        """(N,) bool; a source that does not know is taken to hold something everywhere."""
        return np.asarray(present_rows(self.source)[self.rows])


@dataclass(frozen=True, slots=True, eq=False)
class _KeyedChoice(Chosen[T]):
    keys: tuple[str, ...] = ()


def present_rows(source: Rows[Any]) -> np.ndarray:
    """(N,) bool: which rows hold something, as far as the source knows without reading."""
    if isinstance(source, Present):
        return np.asarray(source.present, bool)
    return np.ones(len(source), bool)


@dataclass(frozen=True, slots=True, eq=False)
class PairedSet:
    """N aligned samples of a dataset; row i of every part is the same sample.

    `ids`: N different names. `groups`: N names of the independent unit (film, dialogue, speaker); splits and
    intervals go by it. `labels`: (N,) int64 columns of the vocabulary where a sample has one of K, (N, K) float32 in
    0..1 where it may have several, None without labels. `texts`: the line; `contexts`: the lines around it; "" is
    none. `pictures`: named sources (see FACE, BODY, CONTEXT). `dimensions`: (N, D) float32 of `dimension_names`, NaN
    where it is not known. `split` is the part of the dataset, "" where there is only one; `problems` says what was
    missing, damaged or left out. Parts of different length, ids that come twice and a source whose own keys are in
    another order raise InputError.
    """

    name: str
    vocabulary: Vocabulary
    ids: Sequence[str]
    groups: Sequence[str]
    labels: np.ndarray | None = None
    texts: Sequence[str] | None = None
    contexts: Sequence[str] | None = None
    pictures: Mapping[str, Pictures] = field(default_factory=dict)
    audio: Sounds | None = None
    dimensions: np.ndarray | None = None
    dimension_names: tuple[str, ...] = ()
    split: str = ""
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        for part, rows in self.parts().items():
            if len(rows) != len(self.ids):
                raise InputError(
                    f"{self.title} has {len(self.ids)} samples but {len(rows)} {part}",
                    hint="files of one dataset belong together; get them again from the same place",
                )
            if isinstance(rows, Keyed):
                _check_keys(self.title, part, self.ids, rows.keys)
        if len(set(self.ids)) != len(self.ids):
            raise InputError(f"{self.title} has the same id twice", hint=f"the first is {_first_twice(self.ids)!r}")
        _check_labels(self.title, self.labels, self.vocabulary)
        if (self.dimensions is None) != (not self.dimension_names):
            raise InputError(f"{self.title} has dimensions without names or names alone", hint="give both or none")
        if self.dimensions is not None and self.dimensions.shape != (len(self.ids), len(self.dimension_names)):
            raise InputError(f"{self.title} has dimensions {self.dimensions.shape}", hint="one row a sample")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def title(self) -> str:
        """Name and split for people: "MELD train"."""
        return f"{self.name} {self.split}".strip()

    @property
    def several(self) -> bool:
        """Whether a sample may have several labels at once."""
        return self.labels is not None and self.labels.ndim == 2

    def parts(self) -> dict[str, Rows[Any]]:
        """Everything that has a row a sample, by its name for people."""
        named: dict[str, Rows[Any] | None] = {
            "groups": self.groups,
            "labels": self.labels,
            "texts": self.texts,
            "contexts": self.contexts,
            **{f"{name} pictures": source for name, source in self.pictures.items()},
            "sounds": self.audio,
            "dimensions": self.dimensions,
        }
        return {name: rows for name, rows in named.items() if rows is not None}

    def priors(self) -> np.ndarray | None:
        """(K,) float64 share of samples with each label; with several at once they need not sum to 1."""
        if self.labels is None or not len(self):
            return None
        if self.labels.ndim == 2:
            return np.asarray(self.labels.mean(axis=0, dtype=np.float64))
        return np.bincount(self.labels, minlength=len(self.vocabulary)) / len(self)

    def subset(self, indices: Sequence[int] | np.ndarray) -> PairedSet:
        """The rows of these numbers, or of a (N,) bool mask, in the order given; nothing is read."""
        rows = np.asarray(indices)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(self)):
            raise InputError(f"a row is outside of {self.title}", hint=f"rows go from 0 to {len(self) - 1}")
        return replace(
            self,
            ids=_taken(self.ids, rows),
            groups=_taken(self.groups, rows),
            labels=None if self.labels is None else self.labels[rows],
            texts=None if self.texts is None else _taken(self.texts, rows),
            contexts=None if self.contexts is None else _taken(self.contexts, rows),
            pictures={name: _chosen(source, rows) for name, source in self.pictures.items()},
            audio=None if self.audio is None else _chosen(self.audio, rows),
            dimensions=None if self.dimensions is None else self.dimensions[rows],
        )

    def with_shuffled(self, part: str, seed: int = 0) -> PairedSet:
        """The set with one part in a random order: what a program that shuffles only one side would train on.

        `part` is texts (with their contexts), labels, audio or the name of a source of pictures. Only for tests.
        """
        order = np.random.default_rng(seed).permutation(len(self))
        if part == "texts" and self.texts is not None:
            contexts = None if self.contexts is None else _taken(self.contexts, order)
            return replace(self, texts=_taken(self.texts, order), contexts=contexts)
        if part == "labels" and self.labels is not None:
            return replace(self, labels=self.labels[order])
        if part == "audio" and self.audio is not None:
            return replace(self, audio=Chosen(self.audio, order))
        if part in self.pictures:
            return replace(self, pictures={**self.pictures, part: Chosen(self.pictures[part], order)})
        raise InputError(f"{self.title} has no {part} to shuffle", hint=f"it has {', '.join(self.parts())}")


@overload
def _chosen(source: Pictures, rows: np.ndarray) -> Pictures: ...
@overload
def _chosen(source: Sounds, rows: np.ndarray) -> Sounds: ...
def _chosen(source: Rows[Any], rows: np.ndarray) -> Rows[Any]:
    if isinstance(source, Keyed):
        return _KeyedChoice(source, rows, keys=_taken(source.keys, rows))
    return Chosen(source, rows)


def _taken(values: Sequence[str], rows: np.ndarray) -> tuple[str, ...]:
    return tuple(values[row] for row in rows.tolist())


def _first_twice(ids: Sequence[str]) -> str:
    return next(name for name, count in Counter(ids).items() if count > 1)


def _check_keys(title: str, part: str, ids: Sequence[str], keys: Sequence[str]) -> None:
    if list(keys) == list(ids):
        return
    row = next(i for i, (key, name) in enumerate(zip(keys, ids, strict=True)) if key != name)
    raise InputError(
        f"the {part} of {title} are in another order than its ids: row {row} is {keys[row]!r}, not {ids[row]!r}",
        hint="choose rows with subset(), which moves all parts together",
    )


def _check_labels(title: str, labels: np.ndarray | None, vocabulary: Vocabulary) -> None:
    if labels is None:
        return
    if labels.ndim == 1:
        good = labels.dtype == np.int64 and (not len(labels) or (labels.min() >= 0 and labels.max() < len(vocabulary)))
    else:
        good = labels.dtype == np.float32 and labels.shape[1:] == (len(vocabulary),)
        good = good and bool(((labels >= 0) & (labels <= 1)).all())
    if not good:
        raise InputError(
            f"the labels of {title} do not fit {vocabulary.name}: {labels.dtype} {labels.shape}",
            hint=f"(N,) int64 below {len(vocabulary)}, or (N, {len(vocabulary)}) float32 within 0 to 1",
        )
