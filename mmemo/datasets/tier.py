"""Image-Text_EmoRec of IIT Roorkee (TIER): tweets with pictures and four emotions, and the predictions beside it.

Its tables do not agree on headers: `image_labels.csv` and `test_labels.csv` have one, `text_labels.csv`, the tables of
probabilities and `img_pred.csv` have none, `text_pred.csv` and `inter_pred.csv` have one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmemo.datasets.bt4sa import tweet_of
from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import MISSING, ODD, ProblemLog
from mmemo.datasets.sources import PictureFiles, on_disk
from mmemo.datasets.tables import read_plain_table, read_table
from mmemo.errors import InputError
from mmemo.labels import TIER4

SPLITS = ("images", "texts")
_IMAGE_FORM = "image_labels.csv has the columns label,text,image"
_TEXT_FORM = "text_labels.csv has rows of a label, 0 to 3, and a text, without a header"
_PROBABILITY_FORM = "a row is four probabilities: happy, sad, hate, anger; there is no header"
_PREDICTION_FORM = "a row is one label, 0 to 3; a header is passed over"


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
    ids = _different([Path(name).stem for name in names], log)
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


def _different(names: list[str], log: ProblemLog) -> tuple[str, ...]:
    """The names, with a number behind those that come again."""
    seen: dict[str, int] = {}
    ids = []
    for name in names:
        count = seen.get(name, 0)
        seen[name] = count + 1
        if count:
            log.add(ODD, "pictures that come again", name)
        ids.append(f"{name} ({count + 1})" if count else name)
    return tuple(ids)


def _contradictions(texts: tuple[str, ...], labels: np.ndarray, log: ProblemLog) -> None:
    said: dict[str, int] = {}
    for text, label in zip(texts, labels.tolist(), strict=True):
        key = text.strip().casefold()
        if key and said.setdefault(key, label) != label:
            log.add(ODD, "texts that come again with another label", text[:40])


def read_probabilities(path: Path) -> np.ndarray:
    """(N, 4) float32 of a table of probabilities, in the order of TIER4; rows must sum to 1 within rounding."""
    rows = []
    for number, row in read_plain_table(path, _PROBABILITY_FORM):
        try:
            values = [float(value) for value in row]
        except ValueError:
            values = []
        good = len(values) == len(TIER4) and all(value >= 0 for value in values) and abs(sum(values) - 1) <= 0.01
        if not good:
            raise InputError(f"row {number} of {path} is {','.join(row)[:60]!r}", hint=_PROBABILITY_FORM)
        rows.append(values)
    return np.array(rows, np.float32).reshape(-1, len(TIER4))


def read_predictions(path: Path) -> np.ndarray:
    """(N,) int64 columns of TIER4 of a table of predictions or of test labels, with or without a header."""
    labels = []
    for number, row in read_plain_table(path, _PREDICTION_FORM):
        if number == 1 and not row[-1].strip().isdecimal():
            continue
        labels.append(_label(row[-1], path, number))
    return np.array(labels, np.int64)


def read_members(folder: Path) -> dict[str, np.ndarray]:
    """(N, 4) probabilities of each `*_prob.csv`, and (N,) of "labels" where test_labels.csv is there.

    Rows are paired by their number alone: files of different length raise InputError. Where a member has
    predictions beside its probabilities (NAME_pred.csv), they must be its most probable emotion in at least nine rows
    of ten, or its rows are not in the order of the others.
    """
    members = {path.name.removesuffix("_prob.csv"): read_probabilities(path) for path in folder.glob("*_prob.csv")}
    found = dict(sorted(members.items()))
    for name, probs in found.items():
        path = folder / f"{name}_pred.csv"
        if path.is_file():
            predicted = read_predictions(path)
            if len(predicted) == len(probs) and len(probs) and (probs.argmax(axis=1) == predicted).mean() < 0.9:
                raise InputError(
                    f"{path} and {name}_prob.csv are not of the same rows", hint="one of them was shuffled"
                )
    if (folder / "test_labels.csv").is_file():
        found["labels"] = read_predictions(folder / "test_labels.csv")
    lengths = {name: len(rows) for name, rows in found.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"the tables in {folder} have different lengths: {lengths}", hint="they pair by row")
    return found
