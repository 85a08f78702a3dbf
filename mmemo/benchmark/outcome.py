"""What every benchmark gives: rows of figures, its settings, and what was asked beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One figure that is asked for: `measured` must be at least (or, if `at_most`, at most) `asked`."""

    what: str
    asked: float
    measured: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is reached."""
        return self.measured <= self.asked if self.at_most else self.measured >= self.asked

    def line(self) -> str:
        """One line for the person at the terminal."""
        bound = "at most" if self.at_most else "at least"
        verdict = "met" if self.met else "MISSED"
        return f"{self.what:<58}{bound:>9} {self.asked:>8.2f}  measured {self.measured:>8.2f}  {verdict}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one benchmark; `rows` are plain values with a `name` each."""

    benchmark: str
    rows: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]
    checks: Sequence[Check] = field(default_factory=tuple)

    def to_contract(self) -> dict[str, Any]:
        """The object that the command prints with --json."""
        checks = [
            {"what": c.what, "asked": c.asked, "at_most": c.at_most, "measured": c.measured, "met": c.met}
            for c in self.checks
        ]
        return {
            "benchmark": self.benchmark,
            "rows": [dict(row) for row in self.rows],
            "settings": dict(self.settings),
            "checks": checks,
        }
