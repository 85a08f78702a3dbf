"""What stands behind a comparison: how sure the models are, and parts of the faces; the same for report and app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.evaluate.calibration import Reliability, reliability
from mmemo.evaluate.rows import IMAGE_ONLY, ROW_TITLES, STUDENT
from mmemo.evaluate.slices import FEW_FACES, Slice, slices_of
from mmemo.evaluate.words import percent, points, typographic
from mmemo.store.files import hash_value, read_json, write_json

DETAILS_FILE = "details.json"
RELIABILITY_TITLE = "How sure, and how often right"
SLICES_TITLE = "Parts of the faces"
RELIABILITY_SAYS = (
    "How often the first choice is right, by how sure the model says it is; on the dotted line both are the same. "
    "Above it a model is more often right than it says, below it is too sure. Bars: how many faces."
)


@dataclass(frozen=True, slots=True)
class Details:
    """Reliability of baseline and student, and parts of the faces; `gold_key` is the same for the same gold only."""

    reliabilities: tuple[Reliability, ...]
    slices: tuple[Slice, ...]
    gold_key: str

    def to_contract(self) -> dict[str, Any]:
        """Plain values for details.json; `from_contract` reads them back."""
        return {
            "gold_key": self.gold_key,
            "reliability": [found.to_contract() for found in self.reliabilities],
            "slices": [part.to_contract() for part in self.slices],
        }

    @classmethod
    def from_contract(cls, value: Mapping[str, Any]) -> Details:
        """Rebuild what `to_contract` gave."""
        return cls(
            tuple(Reliability.from_contract(found) for found in value["reliability"]),
            tuple(Slice.from_contract(part) for part in value["slices"]),
            value["gold_key"],
        )


def details_of(
    gold: np.ndarray,
    unit_ids: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    facts: pd.DataFrame,
) -> Details:
    """(n,) gold classes, (n,) names of the examples' units, (n, 7) of image_only and student, facts: see slices_of."""
    both = predictions[IMAGE_ONLY], predictions[STUDENT]
    key = hash_value(sorted(zip(map(str, unit_ids), gold.tolist(), strict=True)))
    found = tuple(reliability(name, gold, predictions[name]) for name in (IMAGE_ONLY, STUDENT))
    return Details(found, slices_of(gold, *both, unit_ids, facts), key)


def save_details(folder: Path, details: Details | None) -> None:
    """Write details.json beside comparison.json, or remove an outdated one."""
    if details is None:
        (folder / DETAILS_FILE).unlink(missing_ok=True)
        return
    write_json(folder / DETAILS_FILE, details.to_contract())


def read_details(folder: Path) -> Details | None:
    """What `save_details` wrote; None for a comparison that was made before there were details, or without gold."""
    path = folder / DETAILS_FILE
    return Details.from_contract(read_json(path)) if path.is_file() else None


def reliability_words(details: Details) -> tuple[str, ...]:
    """One sentence a model."""
    return tuple(f"{ROW_TITLES[found.name]}: {found.says()}." for found in details.reliabilities)


def slices_words(details: Details) -> str:
    """How to read the table of parts."""
    told = [part for part in details.slices if not part.is_small]
    small = len(details.slices) - len(told)
    words = "Accuracy of both models on parts of the same gold, with the student's gain and its 95 % interval."
    if small:
        words += f" {small} of {len(details.slices)} parts have under {FEW_FACES} faces: their figures say little."
    if len(told) > 1:
        words += f" Of {len(told)} intervals about one in twenty leaves 0 by chance alone: read them as hints."
    return words


def slices_html(details: Details, word: Callable[[str], str] = str) -> str:
    """The parts as one HTML table, with classes that report and app each give their looks; all names are escaped.

    `word` gives the words of the table in another language.
    """
    heads = "".join(f'<th scope="col" class="num">{escape(word(head))}</th>' for head in _HEADS)
    groups = ""
    for kind in dict.fromkeys(part.kind for part in details.slices):
        rows = "".join(_slice_html(part, word) for part in details.slices if part.kind == kind)
        title = f'<tr class="kind"><th scope="rowgroup" colspan="6">{escape(word(kind))}</th></tr>'
        groups += f"<tbody>{title}{rows}</tbody>"
    return (
        f'<table class="mm-table mm-stacked slices"><thead><tr><th scope="col">{escape(word("part"))}</th>'
        f'{heads}<th scope="col">{escape(word("what it shows"))}</th></tr></thead>{groups}</table>'
    )


_HEADS = ("faces", "image only", "student", "gain")


def _slice_html(part: Slice, word: Callable[[str], str]) -> str:
    gain = typographic(points(part.gain))
    if part.gain_ci95 is not None and not part.is_small:
        low, high = (typographic(points(bound)) for bound in part.gain_ci95)
        gain += f" <small>[{low}, {high}]</small>"
    cells = (f"{part.n:,}", f"{percent(part.baseline)} %", f"{percent(part.student)} %", gain)
    shown = "".join(
        f'<td class="num" data-head="{escape(word(head))}">{cell}</td>'
        for head, cell in zip(_HEADS, cells, strict=True)
    )
    css = "small-part" if part.is_small else ""
    return f'<tr class="{css}"><th scope="row">{escape(word(part.name))}</th>{shown}<td class="says">{escape(word(part.says()))}</td></tr>'
