"""A folder of classes: one folder an emotion, pictures inside; the simplest form of a labelled face dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmemo.errors import InputError
from mmemo.labels import to_ekman7

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """A picture file and its Ekman-7 label."""

    path: Path
    label: str


def read_class_folders(folder: Path) -> list[LabelledImage]:
    """All pictures below FOLDER/CLASS/, in the order of their names; hidden files and other kinds are passed over.

    Class names may be common synonyms of ours (happy, sad, ...). Raises InputError when the folder is missing, a
    class maps to none of our emotions, or there is no picture.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}", hint="pass a folder with one folder of pictures a class")
    images = []
    for inner in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        label = _label_of(inner)
        files = sorted(p for p in inner.rglob("*") if p.suffix.lower() in _PICTURES and p.is_file())
        images += [LabelledImage(path, label) for path in files if not path.name.startswith(".")]
    if not images:
        raise InputError(f"no pictures in {folder}", hint="put them into one folder a class, such as joy/a.jpg")
    return images


def _label_of(folder: Path) -> str:
    try:
        return to_ekman7(folder.name)
    except InputError as error:
        raise InputError(f"the folder {folder}: {error.message}", hint=error.hint) from None
