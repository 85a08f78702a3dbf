"""Pictures with captions and no labels, as in Flickr8k: pairs for learning what belongs together."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import LEFT_OUT, MISSING, ProblemLog
from mmemo.datasets.repeats import counted
from mmemo.datasets.sources import PictureFiles, on_disk
from mmemo.datasets.tables import first_line, read_lines, read_table
from mmemo.errors import InputError
from mmemo.labels import EKMAN7

FILES = ("captions.txt", "captions.csv", "Flickr8k.token.txt")
_FOLDERS = ("Images", "images", "Flicker8k_Dataset", "Flickr8k_Dataset", "Flickr8k_Dataset/Flicker8k_Dataset", ".")
_TOKEN = re.compile(r"([^\t]+)#(\d+)\t(.*)")
_FORM = "give captions with the columns image,caption, or rows of name.jpg#0, a tab and the caption"


def captions_file(folder: Path) -> Path | None:
    """The file of captions in a folder, or the file itself; None when there is none."""
    paths = [folder] if folder.is_file() else [folder / name for name in FILES]
    return next((path for path in paths if path.is_file() and is_captions(path)), None)


def is_captions(path: Path) -> bool:
    """Whether a file begins like one of captions."""
    line = first_line(path)
    return line.split(",")[:2] == ["image", "caption"] or _TOKEN.fullmatch(line) is not None


def captions_set(path: Path) -> PairedSet:
    """Every caption with its picture, which is a group: of one picture there are as a rule five captions.

    The set has no labels; the vocabulary is Ekman's for want of another. Both published forms are read; a file of
    another form raises InputError. Rows that name no picture, as a few do, are left out and counted.
    """
    file = captions_file(path)
    if file is None:
        raise InputError(f"{path} holds no captions", hint=_FORM)
    log = ProblemLog()
    rows = _rows(file, log)
    names = [name for name, _ in rows]
    ids = counted(names)
    folder = _pictures(file.parent, names)
    present = on_disk(folder, names, Listing())
    for name in sorted({names[row] for row in np.flatnonzero(~present).tolist()}):
        log.add(MISSING, "missing pictures", name)
    return PairedSet(
        name="captions",
        vocabulary=EKMAN7,
        ids=ids,
        groups=tuple(names),
        texts=tuple(text for _, text in rows),
        pictures={CONTEXT: PictureFiles(folder, names, ids, present)},
        problems=log.problems(),
    )


def _rows(path: Path, log: ProblemLog) -> list[tuple[str, str]]:
    if first_line(path).split(",")[:2] == ["image", "caption"]:
        found = [
            (row["image"].strip(), row["caption"].strip()) for row in read_table(path, ("image", "caption"), _FORM)
        ]
    else:
        found = []
        for number, line in enumerate(read_lines(path, _FORM), 1):
            match = _TOKEN.fullmatch(line)
            if match is None and line.strip():
                raise InputError(f"row {number} of {path} is {line[:80]!r}", hint=_FORM)
            if match:
                found.append((match[1].strip(), match[3].strip()))
    for name, _ in found:
        if not re.search(r"\.\w{3,4}$", name):  # Flickr8k itself names 2258277193_586949ec62.jpg.1
            log.add(LEFT_OUT, "rows that name no picture", name)
    return [row for row in found if re.search(r"\.\w{3,4}$", row[0])]


def _pictures(folder: Path, names: list[str]) -> Path:
    places = [folder / name for name in _FOLDERS if (folder / name).is_dir()]
    if not names:
        return folder
    return next((place for place in places if (place / Path(names[0]).name).is_file()), places[0])
