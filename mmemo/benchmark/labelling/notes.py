"""What the sessions of a labelling benchmark note of their own presses, and how that compares with what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Press(NamedTuple):
    """One key: its number, the face that was shown when it was pressed, the label that it means, and who pressed it."""

    number: str
    item: str
    label: str
    person: str


@dataclass(slots=True)
class Notes:
    """Of one session, or of several: presses, ms from key to acknowledgement, and ms of each request that saves.

    refused: presses that the server did not take. untaken: keys that the page did not take, which it says. unanswered:
    presses without an acknowledgement.
    """

    presses: list[Press] = field(default_factory=list)
    save_ms: list[float] = field(default_factory=list)
    request_ms: list[float] = field(default_factory=list)
    refused: int = 0
    untaken: int = 0
    unanswered: int = 0

    @classmethod
    def together(cls, several: Iterable[Notes]) -> Notes:
        """The notes of several sessions as one."""
        found = cls()
        for one in several:
            found.presses += one.presses
            found.save_ms += one.save_ms
            found.request_ms += one.request_ms
            found.refused += one.refused
            found.untaken += one.untaken
            found.unanswered += one.unanswered
        return found


def compared(notes: Notes, kept: Sequence[Press]) -> dict[str, Any]:
    """What was pressed beside what the database holds, each row of it as a press.

    lost: presses without a row. wrong: rows on another face, with another label or of another person than the press
    with that number, rows that are there twice, and rows that nobody pressed.
    """
    rows: dict[str, list[Press]] = {}
    for row in kept:
        rows.setdefault(row.number, []).append(row)
    known = {press.number for press in notes.presses}
    return {
        "presses": len(notes.presses),
        "saved_rows": len(kept),
        "lost": sum(press.number not in rows for press in notes.presses),
        "wrong": sum(press.number in rows and rows[press.number] != [press] for press in notes.presses)
        + sum(len(found) for number, found in rows.items() if number not in known),
        "refused": notes.refused,
        "not_taken_and_told": notes.untaken,
        "not_acknowledged": notes.unanswered,
        "save_ms": spread(notes.save_ms),
        "request_ms": spread(notes.request_ms),
    }


def spread(values_ms: Sequence[float]) -> dict[str, float] | None:
    """Median, 95th and 99th percentile and the longest, in ms; None without any."""
    if not values_ms:
        return None
    marks = {"median": 50, "p95": 95, "p99": 99, "max": 100}
    return {name: round(float(np.percentile(values_ms, mark)), 1) for name, mark in marks.items()}
