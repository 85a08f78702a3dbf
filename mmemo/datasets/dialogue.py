"""What dialogues have in common: the lines that were said right before and after a line."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def contexts_around(texts: Sequence[str], dialogues: Sequence[Hashable], before: int, after: int) -> tuple[str, ...]:
    """For each text, up to so many texts right before and after it in the same dialogue, joined by a space."""
    count = len(texts)
    around = ((*range(max(0, i - before), i), *range(i + 1, min(count, i + 1 + after))) for i in range(count))
    return tuple(" ".join(texts[j] for j in others if dialogues[j] == dialogues[i]) for i, others in enumerate(around))


def contexts_before(texts: Sequence[str], dialogues: Sequence[Hashable], lines: int) -> tuple[str, ...]:
    """For each text, up to `lines` texts right before it in the same dialogue, joined by a space; "" for none."""
    return contexts_around(texts, dialogues, lines, 0)
