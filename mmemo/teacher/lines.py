"""What a teacher reads: a spoken line with the lines before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Cues that nobody speaks: they are neither read nor context of what is spoken.
UNSPOKEN_REASONS = frozenset({"not_speech", "music"})


@dataclass(frozen=True, slots=True)
class Line:
    """One spoken line and its context: the lines before it, oldest first, joined by a space."""

    text: str
    context: str = ""


def spoken(cues: pd.DataFrame) -> np.ndarray:
    """(N,) bool: which cues of CUE_COLUMNS hold words that somebody speaks, used for training or not."""
    has_words = cues["text"].fillna("").astype(str).str.strip() != ""
    return np.asarray(has_words & ~cues["drop_reason"].isin(UNSPOKEN_REASONS), bool)


def lines_of(cues: pd.DataFrame, context_lines: int = 2) -> list[Line]:
    """One Line a spoken cue, in the table's order; its context is the spoken cues right before it."""
    texts = [" ".join(str(text).split()) for text in cues.loc[spoken(cues), "text"]]
    return with_context(texts, context_lines)


def with_context(texts: list[str], context_lines: int = 2) -> list[Line]:
    """Give every text the `context_lines` texts before it as context; the first ones get what there is."""
    assert context_lines >= 0, "context is zero or more lines"
    return [Line(text, " ".join(texts[max(0, i - context_lines) : i])) for i, text in enumerate(texts)]
