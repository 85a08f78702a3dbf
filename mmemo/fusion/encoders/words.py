"""Words and their vectors: GloVe and word2vec files are read, none is shipped; over them runs a recurrent network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import nn

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.batch import Signal
from mmemo.fusion.encoders.encoder import Encoder, Reader, texts_of
from mmemo.store.files import hash_value

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[!?.,…♪]")
_UNKNOWN = 1  # 0 fills up short lines
_FIRST = 2
_MAX_WORDS = 60
_OWN_DIM = 64
_MAX_DIM = 4096
_HINT = "give a GloVe text file, or a word2vec file in text or binary form"


@dataclass(frozen=True, slots=True, eq=False)
class WordVectors:
    """V words and their vectors (V, D) float32."""

    words: tuple[str, ...]
    vectors: np.ndarray

    def __post_init__(self) -> None:
        assert self.vectors.ndim == 2 and len(self.words) == len(self.vectors), "one vector a word"


def split_words(text: str) -> list[str]:
    """Words and marks of a line in small letters; a straight apostrophe for a curly one."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def read_word_vectors(path: Path, wanted: Collection[str] | None = None) -> WordVectors:
    """Vectors of the `wanted` words (all without it) of a file in one of three forms, told apart by its content.

    GloVe text: a word and D numbers a line. word2vec text: the same below a line with V and D. word2vec binary: that
    line, then each word, a space and D little-endian float32. A damaged file, or one with none of the words, raises
    InputError.
    """
    try:
        with path.open("rb") as stream:
            first = stream.readline()
            header = _header(first)
            if header is None:
                stream.seek(0)
                found = _from_text(stream, None, wanted)
            elif _is_text(path, len(first)):
                found = _from_text(stream, header[1], wanted)
            else:
                found = _from_binary(stream, *header, wanted)
    except OSError as error:
        raise InputError(f"{path} cannot be read", hint=_HINT) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} holds no word vectors: {error}", hint=_HINT) from error
    if not found:
        raise InputError(f"{path} has a vector for none of the words", hint="is it of another language?")
    return WordVectors(tuple(found), np.stack(list(found.values())))


def _header(line: bytes) -> tuple[int, int] | None:
    parts = line.split()
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        return None
    count, dim = int(parts[0]), int(parts[1])
    if not 0 < dim <= _MAX_DIM:
        raise ValueError(f"vectors of {dim} numbers")
    return count, dim


def _is_text(path: Path, start: int) -> bool:
    """Whether what follows the header reads as numbers."""
    with path.open("rb") as stream:
        stream.seek(start)
        line = stream.readline(1 << 16)
    try:
        [float(part) for part in line.decode("utf-8").rstrip().split(" ")[1:]]
    except (ValueError, UnicodeDecodeError):
        return False
    return line.endswith(b"\n")


def _from_text(stream: BinaryIO, dim: int | None, wanted: Collection[str] | None) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for number, line in enumerate(stream, 1):
        parts = line.decode("utf-8").rstrip().split(" ")
        if len(parts) < 2:
            continue
        if dim is None:
            dim = len(parts) - 1
        # Some published files hold words with spaces in them, so the vector is counted from the end.
        word = " ".join(parts[:-dim])
        if len(parts) <= dim:
            raise ValueError(f"line {number} has {len(parts) - 1} numbers, not {dim}")
        if wanted is None or word in wanted:
            found.setdefault(word, np.array(parts[-dim:], np.float32))
    return found


def _from_binary(stream: BinaryIO, count: int, dim: int, wanted: Collection[str] | None) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for number in range(count):
        word = bytearray()
        while (letter := stream.read(1)) != b" ":
            if not letter or len(word) > 2000:
                raise ValueError(f"it ends within word {number + 1} of {count}")
            word += letter
        vector = stream.read(4 * dim)
        if len(vector) != 4 * dim:
            raise ValueError(f"it ends within word {number + 1} of {count}")
        name = bytes(word).lstrip(b"\n").decode("utf-8", errors="replace")
        if wanted is None or name in wanted:
            found.setdefault(name, np.frombuffer(vector, "<f4").astype(np.float32))
    return found


class WordRows(Reader):
    """(L,) int64 a line: rows of a table of words; 0 fills, 1 is a word that the table does not have."""

    like = np.zeros((0,), np.int64)

    def __init__(self, words: Sequence[str]) -> None:
        self._row = {word: row for row, word in enumerate(words, _FIRST)}
        self.identity = f"words:{hash_value(list(words))}"

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """The first 60 words of each line."""
        return [
            np.array([self._row.get(word, _UNKNOWN) for word in split_words(line)[:_MAX_WORDS]], np.int64)
            for line, _ in texts_of(data, rows)
        ]


class RecurrentText(Encoder):
    """A two-way LSTM or GRU over word vectors: (B, L) rows of words -> (B, L, dim) states."""

    def __init__(self, kind: str, vectors: WordVectors, stored: dict[str, Any], width: int = 64) -> None:
        kept = {**stored, "words": list(vectors.words), "dim": int(vectors.vectors.shape[1])}
        super().__init__(WordRows(vectors.words), 2 * width, kept)
        table = np.concatenate([np.zeros((_FIRST, vectors.vectors.shape[1]), np.float32), vectors.vectors])
        self.embedding = nn.Embedding(len(table), table.shape[1], padding_idx=0, _weight=torch.from_numpy(table))
        network = {"bilstm": nn.LSTM, "gru": nn.GRU}[kind]
        self.network = network(vectors.vectors.shape[1], width, batch_first=True, bidirectional=True)

    def forward(self, signal: Signal) -> Signal:
        """States of both directions side by side."""
        lengths = signal.mask.sum(dim=1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(signal.values), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.network(packed)[0], batch_first=True, total_length=signal.mask.shape[1]
        )
        return Signal(states * signal.mask[..., None], signal.mask)


def words_of(texts: Iterable[str], least: int = 2) -> list[str]:
    """Words that come at least so often, the most frequent first."""
    counts = Counter(word for text in texts for word in split_words(text))
    return [word for word, count in counts.most_common() if count >= least]


def own_vectors(texts: Iterable[str], seed: int = 0) -> WordVectors:
    """Random vectors of 64 numbers for the words of a training set, for a network that learns them."""
    words = tuple(words_of(texts))
    draw = np.random.default_rng(seed)
    return WordVectors(words, draw.normal(0, 0.3, (len(words), _OWN_DIM)).astype(np.float32))
