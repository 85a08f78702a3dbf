"""EMOTIC's annotations written as the CSV and npy files that its users expect, and held against the source."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mmemo.datasets.emotic import (
    BODY_PX,
    CONTEXT_PX,
    CSV_COLUMNS,
    DIMENSIONS,
    SPLITS,
    check_rows,
    mat_file,
    open_arrays,
    read_csv,
)
from mmemo.datasets.emotic_mat import Person, read_annotations
from mmemo.datasets.paths import inside
from mmemo.datasets.problems import CORRUPT, MISSING, Problem, ProblemLog
from mmemo.datasets.sources import read_picture
from mmemo.errors import InputError, StorageError
from mmemo.labels import EMOTIC26
from mmemo.progress import Progress, Stage
from mmemo.store.files import publish_file

_SPOT_CHECKS = 50


@dataclass(frozen=True, slots=True)
class Converted:
    """Rows of every split that were written, what was left out, and the files; all were read back and compared."""

    rows: dict[str, int]
    files: tuple[Path, ...]
    problems: tuple[Problem, ...]


def convert_emotic(folder: Path, out: Path, to: str, splits: Sequence[str] = SPLITS) -> Stage[Converted]:
    """Write {split}.csv, and with `to` "npy" the four arrays of each split, into `out`; then read them back.

    As in the published conversion, persons without categories or dimensions are left out, and for npy those whose
    picture is missing or damaged. Pictures are scaled with Pillow's bilinear filter. A difference between what was
    written and the annotations raises StorageError.
    """
    if to not in ("csv", "npy"):
        raise InputError(f"EMOTIC cannot be converted to {to!r}", hint="choose csv or npy")
    log = ProblemLog()
    rows: dict[str, int] = {}
    files: list[Path] = []
    for split in splits:
        people = read_annotations(mat_file(folder), split, log)
        if to == "npy":
            people = yield from _write_arrays(people, folder / "emotic", out, split, log)
            files += [out / f"{split}_{name}_arr.npy" for name in ("context", "body", "cat", "cont")]
        _write_csv(people, out / f"{split}.csv")
        files.append(out / f"{split}.csv")
        _check(people, folder / "emotic", out, split, to)
        rows[split] = len(people)
        yield Progress("convert", len(rows), len(splits), split)
    return Converted(rows, tuple(files), log.problems())


def _write_csv(people: Sequence[Person], path: Path) -> None:
    with publish_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(CSV_COLUMNS)
        for number, person in enumerate(people):
            categories = [_published(name) for name in person.categories]
            facts = [*person.size_px], [*person.box_xyxy_px], categories, [*person.dimensions]
            writer.writerow((number, person.folder, person.filename, *facts, person.gender, person.age))


def _published(category: str) -> str:
    """The spelling of the published files: Doubt/Confusion."""
    return "/".join(word.capitalize() for word in category.split("/"))


def _write_arrays(
    people: Sequence[Person], images: Path, out: Path, split: str, log: ProblemLog
) -> Stage[list[Person]]:
    """Write the arrays of those persons whose picture can be read, and return them."""
    kept = yield from _readable(people, images, log)
    out.mkdir(parents=True, exist_ok=True)
    for name, size_px in (("context", CONTEXT_PX), ("body", BODY_PX)):
        with publish_file(out / f"{split}_{name}_arr.npy") as temporary:
            shape = (len(kept), size_px, size_px, 3)
            if not kept:
                _save(temporary, np.empty(shape, np.uint8))
                continue
            mapped = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
            for row, person in enumerate(kept):
                mapped[row] = _scaled(person, images, name == "body")
                if row % 20 == 0:
                    yield Progress(f"{split} {name}", row, len(kept))
            mapped.flush()
            del mapped
    hot = np.zeros((len(kept), len(EMOTIC26)))
    for row, person in enumerate(kept):
        hot[row, [EMOTIC26.index(category) for category in person.categories]] = 1
    values = np.array([person.dimensions for person in kept]).reshape(-1, len(DIMENSIONS))
    for name, array in (("cat", hot), ("cont", values)):
        with publish_file(out / f"{split}_{name}_arr.npy") as temporary:
            _save(temporary, array)
    return kept


def _save(path: Path, array: np.ndarray) -> None:
    with path.open("wb") as stream:  # a path without .npy would get that added
        np.save(stream, array)


def _readable(people: Sequence[Person], images: Path, log: ProblemLog) -> Stage[list[Person]]:
    kept = []
    for done, person in enumerate(people):
        path = inside(images, person.path)
        if not path.is_file():
            log.add(MISSING, "missing pictures", person.path)
        elif read_picture(path, person.box_xyxy_px) is None:
            log.add(CORRUPT, "pictures that cannot be read or persons with an empty box", person.path)
        else:
            kept.append(person)
        if done % 50 == 0:
            yield Progress("look at pictures", done, len(people))
    return kept


def _scaled(person: Person, images: Path, body: bool) -> np.ndarray:
    picture = read_picture(inside(images, person.path), person.box_xyxy_px if body else None)
    if picture is None:
        raise StorageError(f"{person.path} changed while it was converted", hint="run the command again")
    size_px = BODY_PX if body else CONTEXT_PX
    return np.asarray(Image.fromarray(picture).resize((size_px, size_px), Image.Resampling.BILINEAR))


def _check(people: Sequence[Person], images: Path, out: Path, split: str, to: str) -> None:
    """Read back what was written; every row of the tables, and the pictures of some rows."""
    wrong = StorageError(f"{out} does not hold what {split} says", hint="is the disk full? run the command again")
    if read_csv(out / f"{split}.csv") != list(people):
        raise wrong
    if to == "npy":
        arrays = open_arrays(out, split)
        try:
            check_rows(people, arrays, out / f"{split}.csv")
        except InputError as error:
            raise wrong from error
        for row in _spots(len(people)):
            for array, body in ((arrays.context, False), (arrays.body, True)):
                if not np.array_equal(array[row], _scaled(people[row], images, body)):
                    raise wrong


def _spots(count: int) -> list[int]:
    if not count:
        return []
    return sorted({round(spot) for spot in np.linspace(0, count - 1, min(count, _SPOT_CHECKS)).tolist()})
