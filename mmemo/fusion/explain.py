"""How much each modality matters: what is lost without it, and its fair share of what is known (Shapley values)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import torch

from mmemo.fusion.batch import Batch
from mmemo.fusion.model import FusionModel

# The worth (N,) of each of N answers that are given with these modalities alone.
Worth = Callable[[frozenset[str]], np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """By modality, (N,) each: `without`, the worth that is lost when it alone is missing; `shares`, its Shapley value.

    The shares of a sample sum to `worth` - `empty` (N,): what the answer is worth with everything, and with nothing.
    """

    without: Mapping[str, np.ndarray]
    shares: Mapping[str, np.ndarray]
    worth: np.ndarray
    empty: np.ndarray


def importance_of(modalities: Sequence[str], worth: Worth) -> Importance:
    """Exact Shapley values (Shapley 1953; of inputs of a model: Lundberg and Lee 2017) from all 2^M subsets.

    M modalities; for two or three that is 4 or 8 answers a sample, so nothing is sampled.
    """
    every = frozenset(modalities)
    known = {
        frozenset(chosen): np.asarray(worth(frozenset(chosen)), np.float64)
        for size in range(len(modalities) + 1)
        for chosen in combinations(modalities, size)
    }
    m = len(modalities)
    shares = {}
    for name in modalities:
        share = np.zeros_like(known[every])
        for subset, value in known.items():
            if name not in subset:
                weight = factorial(len(subset)) * factorial(m - len(subset) - 1) / factorial(m)
                share = share + weight * (known[subset | {name}] - value)
        shares[name] = share
    without = {name: known[every] - known[every - {name}] for name in modalities}
    return Importance(without, shares, known[every], known[frozenset()])


def modality_importance(model: FusionModel, batch: Batch, classes: np.ndarray | None = None) -> Importance:
    """Of N samples: how much each modality adds to the probability of a class (N,), or of the one that is said.

    A missing modality is one that the samples do not have, which every model can answer; a model that never missed one
    in training (settings `drop_modality` 0) was not taught what to say then, and its figures show that, too.
    """
    model.eval()

    def probs(present: frozenset[str]) -> np.ndarray:
        with torch.inference_mode():
            said: np.ndarray = model.task.probs(model(batch.only(*present)).logits).float().numpy()
        return said

    wanted = probs(frozenset(model.reads)).argmax(1) if classes is None else classes
    rows = np.arange(len(batch))
    return importance_of(model.reads, lambda present: probs(present)[rows, wanted])


def opinion_importance(
    image: np.ndarray, evidence: np.ndarray, fused: Callable[[np.ndarray, np.ndarray], np.ndarray], wanted: np.ndarray
) -> Importance:
    """The same where two opinions (N, K) are fused, as when a face is read with a line: without one, it is even.

    `fused`: image opinions and evidence of lines -> (N, K) probabilities; wanted (N,) the class to ask for.
    """
    even = np.full_like(image, 1 / image.shape[1])
    rows = np.arange(len(image))

    def worth(present: frozenset[str]) -> np.ndarray:
        said: np.ndarray = fused(image if "face" in present else even, evidence if "text" in present else even)
        worths: np.ndarray = said[rows, wanted]
        return worths

    return importance_of(("face", "text"), worth)
