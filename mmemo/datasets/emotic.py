"""EMOTIC: people in context with 26 categories and valence, arousal, dominance (Kosti et al. 2019).

Three forms are read: the published `Annotations/Annotations.mat` beside the folder `emotic`, and the CSV and npy files
that its users make of it (`mmemo.datasets.emotic_convert` writes them). Each gives the same persons in the same order.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.datasets.emotic_mat import Person, read_annotations
from mmemo.datasets.paired import BODY, CONTEXT, PairedSet, Pictures
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import MISSING, ODD, Problem, ProblemLog
from mmemo.datasets.repeats import counted
from mmemo.datasets.sources import PictureArray, PictureFiles, on_disk, open_array
from mmemo.datasets.tables import read_table
from mmemo.errors import InputError
from mmemo.labels import EMOTIC26

SPLITS = ("train", "val", "test")
PUBLISHED = {"train": 23_266, "val": 3_315, "test": 7_203}
DIMENSIONS = ("valence", "arousal", "dominance")
CSV_COLUMNS = (
    "Index", "Folder", "Filename", "Image Size", "BBox", "Categorical_Labels", "Continuous_Labels", "Gender", "Age",
)  # fmt: skip
CONTEXT_PX, BODY_PX = 224, 128
_CSV_FORM = f"an EMOTIC CSV has the columns {','.join(CSV_COLUMNS)}"
_NPY_FORM = (
    "EMOTIC's arrays are {split}_context_arr (N,224,224,3), _body_arr (N,128,128,3), _cat_arr (N,26), _cont_arr (N,3)"
)
_MAX_LIST_SIGNS = 4000


def mat_file(folder: Path) -> Path:
    """Where the published annotations are below the dataset's folder."""
    return folder / "Annotations" / "Annotations.mat"


def emotic_set(folder: Path, split: str, images: Path | None = None) -> PairedSet:
    """A split from whatever form the folder holds: Annotations.mat, else arrays, else a CSV.

    Samples are persons, a picture is a group. The pictures are named "context" (the whole picture) and "body" (the
    person's box); `images` is their folder, as a rule `emotic` beside the annotations. Persons without categories or
    without all three dimensions are left out, as in the published counts. A folder of another form raises InputError.
    """
    if split not in SPLITS:
        raise InputError(f"EMOTIC has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    if mat_file(folder).is_file():
        log = ProblemLog()
        people = read_annotations(mat_file(folder), split, log)
        return people_set(people, split, images or folder / "emotic", log)
    if (folder / f"{split}_cat_arr.npy").is_file():
        return arrays_set(folder, split)
    people = read_csv(folder / f"{split}.csv")
    return people_set(people, split, images or _images_beside(folder), ProblemLog())


def _images_beside(folder: Path) -> Path:
    return next((place for place in (folder / "emotic", folder.parent / "emotic") if place.is_dir()), folder)


def people_set(people: Sequence[Person], split: str, images: Path, log: ProblemLog) -> PairedSet:
    """The persons with their pictures below `images`."""
    ids, groups = names_of(people)
    labels = np.zeros((len(people), len(EMOTIC26)), np.float32)
    for row, person in enumerate(people):
        labels[row, [EMOTIC26.index(category) for category in person.categories]] = 1
    pictures: dict[str, Pictures] = {}
    if images.is_dir():
        names = [person.path for person in people]
        present = on_disk(images, names, Listing())
        for name in sorted({names[row] for row in np.flatnonzero(~present).tolist()}):
            log.add(MISSING, "missing pictures", name)
        boxes = [person.box_xyxy_px for person in people]
        pictures[CONTEXT] = PictureFiles(images, names, ids, present)
        pictures[BODY] = PictureFiles(images, names, ids, present, boxes)
    else:
        log.add(MISSING, "missing folder of pictures (the annotations are there)", images.name)
    for name, person in zip(ids, people, strict=True):
        x1, y1, x2, y2 = person.box_xyxy_px
        if x2 <= x1 or y2 <= y1:
            log.add(ODD, "persons with an empty box", name)
    return PairedSet(
        name="EMOTIC",
        split=split,
        vocabulary=EMOTIC26,
        ids=ids,
        groups=groups,
        labels=labels,
        pictures=pictures,
        dimensions=np.array([person.dimensions for person in people], np.float32).reshape(-1, len(DIMENSIONS)),
        dimension_names=DIMENSIONS,
        problems=log.problems(),
    )


def names_of(people: Sequence[Person]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids such as "mscoco/images/a.jpg#0", counted among the persons of a picture that are kept; and the pictures."""
    groups = tuple(person.path for person in people)
    return counted(groups), groups


def read_csv(path: Path) -> list[Person]:
    """The persons of one CSV in its order; lists are read as plain Python values and nothing else."""
    people = []
    for number, row in enumerate(read_table(path, CSV_COLUMNS, _CSV_FORM), 1):
        try:
            width_px, height_px = (int(value) for value in _list(row["Image Size"], 2))
            x1, y1, x2, y2 = (int(value) for value in _list(row["BBox"], 4))
            valence, arousal, dominance = (float(value) for value in _list(row["Continuous_Labels"], 3))
            person = Person(
                folder=row["Folder"],
                filename=row["Filename"],
                size_px=(width_px, height_px),
                box_xyxy_px=(x1, y1, x2, y2),
                categories=tuple(str(name).lower()[:40] for name in _list(row["Categorical_Labels"], None)),
                dimensions=(valence, arousal, dominance),
                gender=row["Gender"],
                age=row["Age"],
            )
        except (ValueError, TypeError, InputError) as error:
            raise InputError(f"row {number} of {path} is malformed: {error}", hint=_CSV_FORM) from error
        people.append(person)
    return people


def _list(text: str, length: int | None) -> list[Any]:
    if len(text) > _MAX_LIST_SIGNS:
        raise ValueError("a list of absurd length")
    try:
        values = ast.literal_eval(text)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text[:40]!r} is no list") from error
    if not isinstance(values, list) or (length is not None and len(values) != length):
        raise ValueError(f"{text[:40]!r} is no list of {length or 'names'}")
    return values


@dataclass(frozen=True, slots=True, eq=False)
class EmoticArrays:
    """Memory-mapped arrays of one split: (N,224,224,3) and (N,128,128,3) uint8, (N,26) of 0 and 1, (N,3)."""

    context: np.ndarray
    body: np.ndarray
    categories: np.ndarray
    dimensions: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(self.context), len(self.body), len(self.categories), len(self.dimensions)}
        if len(lengths) != 1:
            raise InputError(f"EMOTIC's arrays have different lengths: {sorted(lengths)}", hint="make them anew")


def open_arrays(folder: Path, split: str) -> EmoticArrays:
    """Map the four arrays of a split; nothing is read yet. Another form raises InputError."""

    def array(name: str, *shape: int) -> np.ndarray:
        return open_array(folder / f"{split}_{name}_arr.npy", (-1, *shape), _NPY_FORM.format(split=split))

    return EmoticArrays(
        array("context", CONTEXT_PX, CONTEXT_PX, 3),
        array("body", BODY_PX, BODY_PX, 3),
        array("cat", len(EMOTIC26)),
        array("cont", len(DIMENSIONS)),
    )


def arrays_set(folder: Path, split: str) -> PairedSet:
    """A split from its arrays; the CSV of the same rows beside them tells which persons share a picture.

    Arrays and CSV are paired by row alone, so their labels are held against each other: a difference raises
    InputError.
    """
    arrays = open_arrays(folder, split)
    problems: tuple[Problem, ...] = ()
    if (folder / f"{split}.csv").is_file():
        people = read_csv(folder / f"{split}.csv")
        check_rows(people, arrays, folder / f"{split}.csv")
        ids, groups = names_of(people)
    else:
        ids = groups = tuple(f"{split}/{row}" for row in range(len(arrays.categories)))
        problems = (Problem(ODD, f"missing {split}.csv, so persons of one picture count as independent", 1),)
    return PairedSet(
        name="EMOTIC",
        split=split,
        vocabulary=EMOTIC26,
        ids=ids,
        groups=groups,
        labels=np.ascontiguousarray(arrays.categories, np.float32),
        pictures={CONTEXT: PictureArray(arrays.context, ids), BODY: PictureArray(arrays.body, ids)},
        dimensions=np.ascontiguousarray(arrays.dimensions, np.float32),
        dimension_names=DIMENSIONS,
        problems=problems,
    )


def check_rows(people: Sequence[Person], arrays: EmoticArrays, path: Path) -> None:
    """Hold the labels of arrays against those of persons, row by row; the first difference raises InputError."""
    if len(people) != len(arrays.categories):
        raise InputError(
            f"{path} has {len(people)} rows, the arrays beside it {len(arrays.categories)}", hint="make both anew"
        )
    for row, person in enumerate(people):
        wanted = {EMOTIC26.index(category) for category in person.categories}
        same = set(np.flatnonzero(arrays.categories[row]).tolist()) == wanted
        if not same or not np.allclose(arrays.dimensions[row], person.dimensions, atol=1e-3):
            raise InputError(
                f"row {row} of {path} and of the arrays beside it are different persons",
                hint="one of them was sorted or shuffled alone; make both anew",
            )
