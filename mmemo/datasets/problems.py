"""What is wrong with a dataset on disk: what is missing, damaged or left out, each kind counted and never silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MISSING = "missing"  # a row names a file that is not there
CORRUPT = "corrupt"  # a file is there and cannot be read
LEFT_OVER = "left over"  # a file is there that no row names
LEFT_OUT = "left out"  # a row that gives no sample, such as an unknown label
ODD = "odd"  # it can be read and is kept, but is not what it should be
KINDS = (MISSING, CORRUPT, LEFT_OVER, LEFT_OUT, ODD)
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of trouble: how often it was met, the first names, and what it means in a few plain words."""

    kind: str
    what: str
    count: int
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.kind in KINDS, f"a kind is one of {KINDS}"
        assert self.count >= 1 and len(self.examples) <= self.count, "a problem was met at least once"

    def __str__(self) -> str:
        named = ", ".join(self.examples)
        more = ", ..." if named and self.count > len(self.examples) else ""
        return f"{self.what}: {self.count}" + (f" ({named}{more})" if named else "")


@dataclass(slots=True)
class ProblemLog:
    """Collects problems while a dataset is read; the same kind and words are one problem."""

    _found: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, kind: str, what: str, example: str) -> None:
        """Count one more of `what`, such as "missing clips"."""
        assert kind in KINDS, f"a kind is one of {KINDS}"
        self._found.setdefault((kind, what), []).append(example)

    def problems(self) -> tuple[Problem, ...]:
        """All kinds in the order in which they were first met."""
        return tuple(
            Problem(kind, what, len(examples), tuple(examples[:_EXAMPLES]))
            for (kind, what), examples in self._found.items()
        )


def merged(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The same problems of several splits added up."""
    found: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        before = found.get((problem.kind, problem.what))
        examples = (*before.examples, *problem.examples) if before else problem.examples
        count = problem.count + (before.count if before else 0)
        found[problem.kind, problem.what] = Problem(problem.kind, problem.what, count, examples[:_EXAMPLES])
    return tuple(found.values())
