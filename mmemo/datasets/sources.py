"""Where pictures and sounds of samples come from: files, clips and arrays on disk, read one row at a time.

What cannot be read gives nothing (no frames, no sound), as does what is missing: a model masks it out. `check` tells
which files these are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile, ZipFile
from zlib import error as zlib_error

import av
import numpy as np
from PIL import Image, ImageOps

from mmemo.datasets.paths import Listing, inside
from mmemo.episode.speech_activity import read_sound
from mmemo.episode.video import Pictures as Shaper
from mmemo.episode.video import frames_at, probe
from mmemo.errors import InputError

_MAX_PIXELS = 1 << 26
_MAX_ARCHIVE_BYTES = 1 << 32
_MAX_SOUND_MS = 10 * 60_000
# What numpy and zipfile answer damaged files with.
_DAMAGED = (
    OSError, KeyError, ValueError, BadZipFile, EOFError, MemoryError, OverflowError, SyntaxError, TokenError,
    RuntimeError, zlib_error,
)  # fmt: skip

# The files of one sample below the source's folder, by name; "" or none for a sample without.
Names = str | Sequence[str]


def read_picture(path: Path, box_xyxy_px: tuple[int, int, int, int] | None = None) -> np.ndarray | None:
    """(H, W, 3) uint8 RGB, upright, cut to the box; None when the file is missing, damaged or absurdly large."""
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                return None
            upright = ImageOps.exif_transpose(opened)
            picture = np.asarray(upright.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError):
        return None  # Pillow answers damaged files with all of these
    if box_xyxy_px is None:
        return picture
    x1, y1, x2, y2 = box_xyxy_px
    cut = picture[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)]
    return cut if cut.size else None


@dataclass(frozen=True, slots=True, eq=False)
class PictureFiles:
    """Pictures below `root`; `names` has the files of every sample, `boxes` what is cut out of them, if anything.

    A name that leads out of the folder raises InputError when the source is made.
    """

    root: Path
    names: Sequence[Names]
    keys: Sequence[str]
    present: np.ndarray
    boxes: Sequence[tuple[int, int, int, int] | None] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, row: int) -> list[np.ndarray]:
        box = None if self.boxes is None else self.boxes[row]
        read = [read_picture(path, box) for path in self.files(row)]
        return [picture for picture in read if picture is not None]

    def files(self, row: int) -> list[Path]:
        """The files of a sample, whether they are there or not."""
        return files_of(self.root, self.names[row])


@dataclass(frozen=True, slots=True, eq=False)
class PictureArray:
    """Pictures in one array: (N, H, W) grey or (N, H, W, 3) RGB, uint8, as a rule memory-mapped."""

    images: np.ndarray
    keys: Sequence[str]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> list[np.ndarray]:
        image = np.array(self.images[row])
        return [np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image]

    @property
    def present(self) -> np.ndarray:
        """(N,) bool: all of them."""
        return np.ones(len(self.images), bool)


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrames:
    """`frames` pictures of every clip, from the middles of equal parts of its length."""

    root: Path
    names: Sequence[Names]
    keys: Sequence[str]
    present: np.ndarray
    frames: int = 8

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, row: int) -> list[np.ndarray]:
        pictures: list[np.ndarray] = []
        for path in self.files(row):
            try:
                info = probe(path)
                times = [(2 * i + 1) * info.duration_ms // (2 * self.frames) for i in range(self.frames)]
                shape = Shaper(info.pixel_aspect)
                pictures += [shape.rgb(shown.frame) for shown in frames_at(path, times, threads=1)]
            except (InputError, av.FFmpegError, OSError):
                continue
        return pictures

    def files(self, row: int) -> list[Path]:
        """The clips of a sample, whether they are there or not."""
        return files_of(self.root, self.names[row])


@dataclass(frozen=True, slots=True, eq=False)
class SoundFiles:
    """The sound of clips or sound files below `root`, mono at 16 kHz; at most ten minutes of each."""

    root: Path
    names: Sequence[Names]
    keys: Sequence[str]
    present: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, row: int) -> np.ndarray:
        pieces: list[np.ndarray] = [np.empty(0, np.float32)]
        for path in self.files(row):
            try:
                pieces += read_sound(path, _MAX_SOUND_MS)
            except (InputError, av.FFmpegError, OSError):
                continue
        return np.concatenate(pieces)

    def files(self, row: int) -> list[Path]:
        """The files of a sample, whether they are there or not."""
        return files_of(self.root, self.names[row])


FileSource = PictureFiles | ClipFrames | SoundFiles


def files_of(root: Path, names: Names) -> list[Path]:
    """The paths of one sample's names."""
    several = [names] if isinstance(names, str) else names
    return [inside(root, name) for name in several if name]


def on_disk(root: Path, names: Sequence[Names], listing: Listing) -> np.ndarray:
    """(N,) bool: for which samples every file that is named is there, and at least one is named."""
    there = np.zeros(len(names), bool)
    for row, several in enumerate(names):
        paths = files_of(root, several)
        there[row] = bool(paths) and all(listing.has(path) for path in paths)
    return there


def read_archive(path: Path, names: Sequence[str], kind: str, form: str) -> list[np.ndarray]:
    """The arrays of these names in an .npz of that kind, such as "FER+ split".

    A missing one, damage and absurd sizes raise InputError with `form`, which says what was expected.

    A small archive may unpack to more than any memory holds: what it says of its sizes is looked at before.
    """
    try:
        with ZipFile(path) as archive:
            size = sum(archive.getinfo(f"{name}.npy").file_size for name in names)
        if size > _MAX_ARCHIVE_BYTES:
            raise InputError(f"{path} unpacks to {size >> 30} GB", hint=form)
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return [stored[name] for name in names]
    except _DAMAGED as error:
        raise InputError(f"{path} is missing or is no {kind}", hint=form) from error


def open_array(path: Path, shape: tuple[int, ...], form: str) -> np.ndarray:
    """A memory-mapped .npy whose shape fits (-1 is any length); another form or a damaged file raises InputError."""
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGED as error:
        raise InputError(f"{path} is missing or is no array", hint=form) from error
    fits = array.ndim == len(shape) and all(want in (-1, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind not in "biuf":
        raise InputError(f"{path} holds {array.shape} {array.dtype}", hint=form)
    return array
