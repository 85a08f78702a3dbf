"""What dialogues have in common: the lines that were said right before a line."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def contexts_before(texts: Sequence[str], dialogues: Sequence[Hashable], lines: int) -> tuple[str, ...]:
    """For each text, up to `lines` texts right before it in the same dialogue, joined by a space; "" for none."""
    return tuple(
        " ".join(texts[j] for j in range(max(0, i - lines), i) if dialogues[j] == dialogues[i])
        for i in range(len(texts))
    )
