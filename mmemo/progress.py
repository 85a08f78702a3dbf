"""What a stage tells while it works: plain values, drawn as a bar by whoever runs it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` units of the named stage are finished; `note` is one short phrase."""

    stage: str
    done: int
    total: int
    note: str = ""

    def __post_init__(self) -> None:
        assert 0 <= self.done <= max(self.total, self.done), "done counts up from 0"

    @property
    def fraction(self) -> float:
        """Share that is done, 0 to 1; 0 for an unknown total."""
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0


# A stage is a generator: it yields Progress and returns its result. Closing it cancels the work.
Stage: TypeAlias = Generator[Progress, None, T]


def run(stage: Stage[T], on_progress: Callable[[Progress], None] | None = None) -> T:
    """Drive a stage to its end and return its result."""
    while True:
        try:
            progress = next(stage)
        except StopIteration as stop:
            result: T = stop.value
            return result
        if on_progress is not None:
            on_progress(progress)
