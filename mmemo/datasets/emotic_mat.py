"""EMOTIC's annotations as published: nested cells of MATLAB, read by position."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.datasets.mat_bounds import load_variable
from mmemo.datasets.problems import LEFT_OUT, ProblemLog
from mmemo.errors import InputError
from mmemo.labels import EMOTIC26

_FORM = "give EMOTIC's Annotations.mat, which holds train, val and test"


@dataclass(frozen=True, slots=True)
class Person:
    """One person in a picture: box in px, categories of EMOTIC26 in the annotators' order, dimensions 1 to 10."""

    folder: str
    filename: str
    size_px: tuple[int, int]
    box_xyxy_px: tuple[int, int, int, int]
    categories: tuple[str, ...]
    dimensions: tuple[float, float, float]
    gender: str = ""
    age: str = ""

    def __post_init__(self) -> None:
        for category in self.categories:
            EMOTIC26.index(category)
        if not all(math.isfinite(value) for value in self.dimensions):
            raise InputError(f"{self.path} has a person with unknown dimensions", hint="leave the person out")

    @property
    def path(self) -> str:
        """The picture below the folder of pictures."""
        return f"{self.folder}/{self.filename}"


def read_annotations(path: Path, split: str, log: ProblemLog) -> list[Person]:
    """The persons of a split that have categories and dimensions; the others are counted in `log`.

    Of validation and test the opinions of several annotators are combined in the file itself: the combined ones are
    read. Boxes are cut to the picture. A file of another form raises InputError.
    """
    examples = _load(path, split)
    people: list[Person] = []
    for number, example in enumerate(examples):
        try:
            people += _people(example, split, log)
        except (IndexError, ValueError, TypeError, ArithmeticError, MemoryError, InputError) as error:
            raise InputError(f"example {number} of {split} in {path} is malformed: {error}", hint=_FORM) from error
    return people


def _load(path: Path, split: str) -> np.ndarray:
    try:
        examples: np.ndarray = load_variable(path, split).reshape(-1)
    except (OSError, KeyError) as error:
        raise InputError(f"{path} is missing or holds no {split}", hint=_FORM) from error
    except Exception as error:  # scipy answers damaged files with nearly all of them
        raise InputError(f"{path} was not read: {str(error)[:200] or type(error).__name__}", hint=_FORM) from error
    return examples


def _people(example: Any, split: str, log: ProblemLog) -> Iterator[Person]:
    filename, folder = _text(example[0]), _text(example[1])
    width_px, height_px = (int(value) for value in list(_numbers(example[2]))[:2])
    for number, person in enumerate(np.asarray(example[4]).reshape(-1)):
        # Train has one annotator a person; of the others the combined opinion comes after those of each annotator.
        where = (1, 2, 3, 4) if split == "train" else (2, 4, 5, 6)
        categories, dimensions, gender, age = (person[i] for i in where)
        if split == "train":  # a struct, whose first field holds the names; combined ones are a list themselves
            categories = _first_field(categories)
        names = tuple(name.lower() for name in _texts(categories))
        values = tuple(_numbers(dimensions))
        if not names or len(values) != 3 or not all(map(math.isfinite, values)):
            log.add(LEFT_OUT, "persons without categories or dimensions", f"{folder}/{filename} person {number}")
            continue
        x1, y1, x2, y2 = list(_numbers(person[0]))[:4]
        box = _within(x1, width_px), _within(y1, height_px), _within(x2, width_px), _within(y2, height_px)
        size = (width_px, height_px)
        yield Person(folder, filename, size, box, names, (values[0], values[1], values[2]), _text(gender), _text(age))


def _first_field(value: Any) -> Any:
    """The first field of a struct inside arrays of one; anything else as it is."""
    while isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "OV":
        value = value.reshape(-1)[0]
    return value.item()[0] if isinstance(value, np.void) else value


def _within(value: float, limit: int) -> int:
    return int(min(limit, max(0.0, value)))


def _leaves(value: Any) -> Iterator[Any]:
    """Plain values inside cells, structs and arrays, in order."""
    if isinstance(value, np.void):
        for inner in value.item():
            yield from _leaves(inner)
    elif isinstance(value, np.ndarray):
        for inner in value.reshape(-1):
            yield from _leaves(inner)
    else:
        yield value


def _texts(value: Any) -> list[str]:
    return [str(leaf) for leaf in _leaves(value) if isinstance(leaf, str) and leaf]


def _text(value: Any) -> str:
    texts = _texts(value)
    return texts[0] if texts else ""


def _numbers(value: Any) -> Iterator[float]:
    return (float(leaf) for leaf in _leaves(value) if isinstance(leaf, np.number | float | int))
