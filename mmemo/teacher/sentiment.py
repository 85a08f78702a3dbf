"""What a teacher says of the sentiment of a line: with a head for it, or told from its emotions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmemo.labels import EKMAN7, SENTIMENT3
from mmemo.teacher.lines import Line
from mmemo.teacher.protocol import DEFAULT_BATCH, Teacher

# Surprise is good or bad news, and the word does not say which: it is shared evenly.
_SENTIMENT_OF = {
    "neutral": ("neutral",), "joy": ("positive",), "sadness": ("negative",), "anger": ("negative",),
    "surprise": ("positive", "negative"), "fear": ("negative",), "disgust": ("negative",),
}  # fmt: skip


def read_sentiment(teacher: Teacher, lines: Sequence[Line], batch_size: int = DEFAULT_BATCH) -> Iterator[np.ndarray]:
    """Batches of (B, 3) float32 in SENTIMENT3 order, in the order of the lines, from any teacher."""
    own = getattr(teacher, "read_sentiment", None)
    if own is not None:
        yield from own(lines, batch_size)
        return
    for probs in teacher.read(lines, batch_size):
        yield sentiment_of(probs)


def sentiment_of(probs: np.ndarray) -> np.ndarray:
    """(N, 7) emotions in EKMAN7 order -> (N, 3) float32 sentiments in SENTIMENT3 order; rows keep their sum."""
    matrix = np.zeros((len(EKMAN7), len(SENTIMENT3)), np.float32)
    for emotion, sentiments in _SENTIMENT_OF.items():
        for sentiment in sentiments:
            matrix[EKMAN7.index(emotion), SENTIMENT3.index(sentiment)] = 1 / len(sentiments)
    told: np.ndarray = probs.astype(np.float32) @ matrix
    return told
