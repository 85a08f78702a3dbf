"""FER2013: grey 48-pixel faces as numbers in a CSV (Goodfellow et al. 2013), read row by row where they lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.paired import FACE, PairedSet
from mmemo.datasets.tables import first_line
from mmemo.errors import InputError
from mmemo.labels import EKMAN7

SPLITS = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
PUBLISHED = {"train": 28_709, "valid": 3_589, "test": 3_589}
SIZE_PX = 48
# The numbers of the published file, in their order.
_EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
_ROW = re.compile(rb'"?([0-6])"?,"?([\d ]+)"?,"?(\w+)"?\r?\n?')
_MAX_ROW_BYTES = SIZE_PX * SIZE_PX * 4 + 100
_FORM = "the CSV has the columns emotion,pixels,Usage with 2304 numbers of pixels a row"


@dataclass(frozen=True, slots=True, eq=False)
class PixelRows:
    """Pictures that are rows of a CSV: `offsets` (N,) is where each begins in the file."""

    path: Path
    offsets: np.ndarray
    keys: Sequence[str]

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, row: int) -> list[np.ndarray]:
        with self.path.open("rb") as stream:
            stream.seek(int(self.offsets[row]))
            match = _ROW.fullmatch(stream.readline(_MAX_ROW_BYTES))
        values = np.array(match[2].split(), np.int64) if match else np.empty(0, np.int64)
        if len(values) != SIZE_PX * SIZE_PX or values.max() > 255:
            return []
        grey = values.astype(np.uint8).reshape(SIZE_PX, SIZE_PX)
        return [np.repeat(grey[..., None], 3, axis=2)]


def is_fer2013(path: Path) -> bool:
    """Whether a CSV begins as FER2013 does."""
    return first_line(path).replace(" ", "").lower() == "emotion,pixels,usage"


def fer2013_set(path: Path, split: str) -> PairedSet:
    """A split of the CSV; each face is a group of its own, for nobody knows who is on it.

    The file is scanned once for where its rows begin; pixels are read when they are asked for. A row without an
    emotion from 0 to 6, with other signs than digits or of absurd length raises InputError.
    """
    if split not in SPLITS:
        raise InputError(f"FER2013 has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    if not path.is_file() or not is_fer2013(path):
        raise InputError(f"{path} is no FER2013", hint=_FORM)
    offsets, labels, numbers = [], [], []
    usage = SPLITS[split].encode()
    with path.open("rb") as stream:
        offset = len(stream.readline())
        number = 1
        while line := stream.readline(_MAX_ROW_BYTES):
            match = _ROW.fullmatch(line)
            if match is None and line.strip():
                raise InputError(f"row {number} of {path} is {line[:40].decode('latin1')!r}...", hint=_FORM)
            if match and match[3] == usage:
                offsets.append(offset)
                labels.append(EKMAN7.index(_EMOTIONS[int(match[1])]))
                numbers.append(number)
            offset += len(line)
            number += 1
    ids = tuple(f"row {number}" for number in numbers)
    return PairedSet(
        name="FER2013",
        split=split,
        vocabulary=EKMAN7,
        ids=ids,
        groups=ids,
        labels=np.array(labels, np.int64),
        pictures={FACE: PixelRows(path, np.array(offsets, np.int64), ids)},
    )
