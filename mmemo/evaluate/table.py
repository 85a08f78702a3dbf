"""The comparison as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TypeAlias

from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.rows import Row
from mmemo.evaluate.words import percent
from mmemo.labels import EKMAN7

_Column: TypeAlias = tuple[str, Callable[[Row], str]]
_CORNER = "%, recall by class"
_NARROWEST = 6  # " 100.0"


def comparison_table(comparison: Comparison, width: int = 120) -> str:
    """Lines of text: the table, the verdict beneath, then the notes; no line is wider than `width` if it can be.

    Accuracy and recall are in percent. A terminal too narrow for one table gets two, one above the other.
    """
    figures: list[_Column] = [
        ("n", lambda row: str(row.scores.n)),
        ("accuracy", lambda row: percent(row.scores.accuracy)),
        ("macro-F1", lambda row: f"{row.scores.macro_f1:.3f}"),
    ]
    recalls: list[_Column] = [(label, _recall_of(label)) for label in EKMAN7.labels]
    blocks = [_block([*figures, *recalls], comparison.rows)]
    if max(map(len, blocks[0])) > width:
        blocks = [_block(columns, comparison.rows) for columns in (figures, recalls)]
    tables = "\n\n".join("\n".join(block) for block in blocks)
    words = [textwrap.fill(comparison.verdict(), width)]
    words += [textwrap.fill(note, width, initial_indent="- ", subsequent_indent="  ") for note in comparison.notes]
    return "\n".join([tables, "", *words])


def _recall_of(label: str) -> Callable[[Row], str]:
    return lambda row: percent(row.scores.recall[label])


def _block(columns: Sequence[_Column], rows: Sequence[Row]) -> list[str]:
    """A head, a rule and one line a row; the first column to the left, figures to the right."""
    first = max(len(_CORNER), *(len(row.title) for row in rows))
    widths = [max(len(head) + 1, _NARROWEST, *(len(cell(row)) + 1 for row in rows)) for head, cell in columns]
    head = _CORNER.ljust(first) + "".join(name.rjust(w) for (name, _), w in zip(columns, widths, strict=True))
    lines = [
        row.title.ljust(first) + "".join(cell(row).rjust(w) for (_, cell), w in zip(columns, widths, strict=True))
        for row in rows
    ]
    return [head, "-" * len(head), *lines]
