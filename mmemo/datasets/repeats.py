"""Names of samples whose picture comes again: each gets one of its own."""

from __future__ import annotations

from collections.abc import Sequence


def repeats(names: Sequence[str]) -> list[int]:
    """Of each name how often it came before."""
    seen: dict[str, int] = {}
    counts = []
    for name in names:
        counts.append(seen.get(name, 0))
        seen[name] = counts[-1] + 1
    return counts


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """The names, with a number behind those that come again: "a.png", "a.png (2)"."""
    pairs = zip(names, repeats(names), strict=True)
    return tuple(f"{name} ({count + 1})" if count else name for name, count in pairs)


def counted(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each with its number from 0: "a.jpg#0", "a.jpg#1"."""
    return tuple(f"{name}#{count}" for name, count in zip(names, repeats(names), strict=True))
