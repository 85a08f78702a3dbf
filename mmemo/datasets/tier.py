"""Image-Text_EmoRec of IIT Roorkee (TIER): tweets with pictures and four emotions.

Its tables do not agree on headers: `image_labels.csv` has one, `text_labels.csv` has none. The predictions of its
authors' models beside them are not read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmemo.datasets.bt4sa import tweet_of
from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import MISSING, ODD, ProblemLog
from mmemo.datasets.repeats import numbered, repeats
from mmemo.datasets.sources import PictureFiles, on_disk
from mmemo.datasets.tables import read_plain_table, read_table
from mmemo.errors import InputError
from mmemo.labels import TIER4

SPLITS = ("images", "texts")
_IMAGE_FORM = "image_labels.csv has the columns label,text,image"
_TEXT_FORM = "text_labels.csv has rows of a label, 0 to 3, and a text, without a header"


def tier_set(folder: Path, split: str) -> PairedSet:
    """ "images" are pictures with text from image_labels.csv, "texts" are the lines of text_labels.csv alone.

    A tweet is a group; the same text under two labels is counted. A picture such as /data_bt4sa/76809/1-1.jpg is
    looked for below the folder. Another form raises InputError.
    """
    if split not in SPLITS:
        raise InputError(f"TIER has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    return _images(folder) if split == "images" else _texts(folder)


def _images(folder: Path) -> PairedSet:
    path = folder / "image_labels.csv"
    rows = read_table(path, ("label", "text", "image"), _IMAGE_FORM)
    labels = np.array([_label(row["label"], path, number) for number, row in enumerate(rows, 1)], np.int64)
    names = [row["image"].strip() for row in rows]
    texts = tuple(row["text"] for row in rows)
    log = ProblemLog()
    stems = [Path(name).stem for name in names]
    for stem, count in zip(stems, repeats(stems), strict=True):
        if count:
            log.add(ODD, "pictures that come again", stem)
    ids = numbered(stems)
    present = on_disk(folder, names, Listing())
    for row in np.flatnonzero(~present).tolist():
        log.add(MISSING, "missing pictures", names[row])
    _contradictions(texts, labels, log)
    return PairedSet(
        name="TIER",
        split="images",
        vocabulary=TIER4,
        ids=ids,
        groups=tuple(tweet_of(name) for name in names),
        labels=labels,
        texts=texts,
        pictures={CONTEXT: PictureFiles(folder, names, ids, present)},
        problems=log.problems(),
    )


def _texts(folder: Path) -> PairedSet:
    path = folder / "text_labels.csv"
    labels, texts = [], []
    for number, row in read_plain_table(path, _TEXT_FORM):
        labels.append(_label(row[0], path, number))
        texts.append(",".join(row[1:]))
    log = ProblemLog()
    _contradictions(tuple(texts), np.array(labels, np.int64), log)
    ids = tuple(f"texts/{row}" for row in range(len(texts)))
    # The same words again are the same tweet, whatever the row.
    first: dict[str, str] = {}
    groups = tuple(first.setdefault(text.strip().casefold(), name) for text, name in zip(texts, ids, strict=True))
    return PairedSet(
        name="TIER",
        split="texts",
        vocabulary=TIER4,
        ids=ids,
        groups=groups,
        labels=np.array(labels, np.int64),
        texts=tuple(texts),
        problems=log.problems(),
    )


def _label(text: str, path: Path, number: int) -> int:
    if text.strip() not in ("0", "1", "2", "3"):
        raise InputError(
            f"row {number} of {path} has the label {text[:20]!r}", hint="0 is happy, 1 sad, 2 hate, 3 anger"
        )
    return int(text)


def _contradictions(texts: tuple[str, ...], labels: np.ndarray, log: ProblemLog) -> None:
    said: dict[str, int] = {}
    for text, label in zip(texts, labels.tolist(), strict=True):
        key = text.strip().casefold()
        if key and said.setdefault(key, label) != label:
            log.add(ODD, "texts that come again with another label", text[:40])
