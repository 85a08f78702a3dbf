"""The alarm for a model that has stopped telling classes apart."""

from __future__ import annotations

import numpy as np

from mmemo.labels import EKMAN7

_DOMINANT_SHARE = 0.8
_STARVED = 0.5  # of their due share is left for all other classes: an episode may truly be 90 % neutral
_COMMON_SHARE = 0.1
_EXPECTED_EXAMPLES = 5  # a class that we expect less often may be missed by chance


def collapse_alarm(predicted: np.ndarray, reference: np.ndarray) -> str | None:
    """Say in one sentence when predictions use far fewer classes than they should, else None.

    `predicted` (n, 7) probabilities of the model; `reference` (m, 7) probabilities, one-hot rows for
    gold, whose mean is the share that each class should have. Two signs: one class takes over 80 % of
    the predictions and leaves the others less than half of what the reference gives them; or classes with at least 10 % of the
    reference are never predicted. No rows, no alarm.
    """
    if len(predicted) == 0 or len(reference) == 0:
        return None
    share = np.bincount(predicted.argmax(axis=1), minlength=len(EKMAN7)) / len(predicted)
    expected = np.asarray(reference, np.float64).mean(axis=0)
    top = int(share.argmax())
    due_to_others = 1 - expected[top]
    starved = 1 - share[top] < _STARVED * due_to_others and due_to_others * len(predicted) >= _EXPECTED_EXAMPLES
    if share[top] > _DOMINANT_SHARE and starved:
        return (
            f"collapse: {share[top]:.0%} of the predictions are {EKMAN7.labels[top]}, "
            f"which should be about {expected[top]:.0%}"
        )
    common = (expected >= _COMMON_SHARE) & (expected * len(predicted) >= _EXPECTED_EXAMPLES)
    missing = [f"{EKMAN7.labels[c]} ({expected[c]:.0%})" for c in np.flatnonzero(common & (share == 0))]
    if missing:
        return f"collapse: never predicted, though expected: {', '.join(missing)}"
    return None
