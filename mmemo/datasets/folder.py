"""A folder of classes: one folder an emotion, pictures inside; the simplest form of a labelled face dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.datasets.classes import columns_of
from mmemo.datasets.paired import FACE, PairedSet
from mmemo.datasets.paths import PICTURE_SUFFIXES
from mmemo.datasets.sources import PictureFiles
from mmemo.errors import InputError
from mmemo.labels import to_ekman7

SPLITS = ("train", "val", "valid", "validation", "dev", "test")


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
        files = sorted(p for p in inner.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file())
        images += [LabelledImage(path, label) for path in files if not path.name.startswith(".")]
    if not images:
        raise InputError(f"no pictures in {folder}", hint="put them into one folder a class, such as joy/a.jpg")
    return images


def _label_of(folder: Path) -> str:
    try:
        return to_ekman7(folder.name)
    except InputError as error:
        raise InputError(f"the folder {folder}: {error.message}", hint=error.hint) from None


def splits_of(folder: Path) -> tuple[str, ...]:
    """The splits of a folder: those of SPLITS that hold folders of classes, or "" for the folder itself."""
    found = tuple(name for name in SPLITS if (folder / name).is_dir() and _classes(folder / name))
    return found or (("",) if _classes(folder) else ())


def folder_set(folder: Path, split: str = "", group_pattern: str | None = None) -> PairedSet:
    """FOLDER/CLASS/PICTURE, or FOLDER/SPLIT/CLASS/PICTURE.

    Labels are Ekman's seven where all classes map to them, else the names of the classes. `group_pattern` is a regular
    expression whose match in a picture's name is its film, person or other independent unit; without it, each picture
    counts as independent. A folder without classes and a wrong pattern raise InputError.
    """
    root = folder / split if split else folder
    classes = _classes(root) if root.is_dir() else {}
    if not classes:
        raise InputError(f"no pictures in folders of classes in {root}", hint="put them into one folder a class")
    files = [(name, path) for name, paths in classes.items() for path in paths]
    vocabulary, labels = columns_of([name for name, _ in files])
    names = [path.relative_to(root).as_posix() for _, path in files]
    ids = tuple(names)
    return PairedSet(
        name="folder",
        split=split,
        vocabulary=vocabulary,
        ids=ids,
        groups=ids if group_pattern is None else tuple(_group(path.name, group_pattern) for _, path in files),
        labels=labels,
        pictures={FACE: PictureFiles(root, names, ids, np.ones(len(ids), bool))},
    )


def _classes(root: Path) -> dict[str, list[Path]]:
    """The pictures of every class, in the order of their names; folders without pictures are no class."""
    found = {}
    for inner in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")):
        files = sorted(p for p in inner.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file())
        if files := [path for path in files if not path.name.startswith(".")]:
            found[inner.name] = files
    return found


def _group(name: str, pattern: str) -> str:
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise InputError(f"{pattern!r} is no regular expression: {error}", hint="such as '^[^_]+'") from error
    if match is None:
        raise InputError(f"{name} does not match the pattern {pattern!r} of groups", hint="such as '^[^_]+'")
    return match[0]
