"""What a teacher reads: a spoken line with the lines around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Cues that nobody speaks: they are neither read nor context of what is spoken.
UNSPOKEN_REASONS = frozenset({"not_speech", "music"})


@dataclass(frozen=True, slots=True)
class Line:
    """One spoken line and its context: the lines around it in the order in which they are said, joined by a space."""

    text: str
    context: str = ""


def spoken(cues: pd.DataFrame) -> np.ndarray:
    """(N,) bool: which cues of CUE_COLUMNS hold words that somebody speaks, used for training or not."""
    has_words = cues["text"].fillna("").astype(str).str.strip() != ""
    return np.asarray(has_words & ~cues["drop_reason"].isin(UNSPOKEN_REASONS), bool)


def lines_of(cues: pd.DataFrame, context_lines: int = 2, next_lines: int = 0) -> list[Line]:
    """One Line a spoken cue, in the table's order; its context is the spoken cues right before and after it."""
    texts = [" ".join(str(text).split()) for text in cues.loc[spoken(cues), "text"]]
    return with_context(texts, context_lines, next_lines)


def with_context(
    texts: Sequence[str], context_lines: int = 2, next_lines: int = 0, groups: Sequence[int] | None = None
) -> list[Line]:
    """Give every text the texts before and after it as context; the first and last ones get what there is.

    With `groups`, one number a text, context stays among neighbours of the same number: lines of one dialogue.
    """
    numbers = [0] * len(texts) if groups is None else list(groups)
    assert len(numbers) == len(texts), "one group a text"
    return [
        Line(text, _joined(texts, range(i, i + 1), context_lines, next_lines, numbers)) for i, text in enumerate(texts)
    ]


def context_of(texts: Sequence[str], own: range, context_lines: int, next_lines: int) -> str:
    """What is said right before and after the texts at the places `own`, joined by a space."""
    return _joined(texts, own, context_lines, next_lines, [0] * len(texts))


def _joined(texts: Sequence[str], own: range, context_lines: int, next_lines: int, groups: Sequence[int]) -> str:
    assert context_lines >= 0, "context is zero or more lines"
    assert next_lines >= 0, "context is zero or more lines"
    near = [
        *range(max(0, own.start - context_lines), own.start),
        *range(own.stop, min(len(texts), own.stop + next_lines)),
    ]
    return " ".join(texts[j] for j in near if groups[j] == groups[own.start])
