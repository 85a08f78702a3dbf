"""Emotion vocabularies and the maps between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from mmemo.errors import InputError


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """An ordered set of emotion labels; the order is the order of every probability column."""

    name: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        assert self.labels and len(set(self.labels)) == len(self.labels), "labels must be distinct"

    def __len__(self) -> int:
        return len(self.labels)

    def index(self, label: str) -> int:
        """Column of a label; an unknown label raises InputError with the choices."""
        try:
            return self.labels.index(label)
        except ValueError:
            raise InputError(
                f"unknown label {label!r} in vocabulary {self.name}",
                hint=f"choose one of {', '.join(self.labels)}",
            ) from None


EKMAN7 = Vocabulary("ekman-7", ("neutral", "joy", "sadness", "anger", "surprise", "fear", "disgust"))
SENTIMENT3 = Vocabulary("sentiment-3", ("neutral", "negative", "positive"))
IEMOCAP6 = Vocabulary("iemocap-6", ("anger", "excitement", "frustration", "happiness", "neutral", "sadness"))
MOSEI6 = Vocabulary("mosei-6", ("anger", "disgust", "fear", "happiness", "sadness", "surprise"))
TIER4 = Vocabulary("tier-4", ("happy", "sad", "hate", "anger"))
EMOTIC26 = Vocabulary(
    "emotic-26",
    (
        "affection", "anger", "annoyance", "anticipation", "aversion", "confidence", "disapproval",
        "disconnection", "disquietment", "doubt/confusion", "embarrassment", "engagement", "esteem",
        "excitement", "fatigue", "fear", "happiness", "pain", "peace", "pleasure", "sadness",
        "sensitivity", "suffering", "surprise", "sympathy", "yearning",
    ),
)  # fmt: skip
VOCABULARIES: Mapping[str, Vocabulary] = {v.name: v for v in (EKMAN7, SENTIMENT3, IEMOCAP6, MOSEI6, TIER4, EMOTIC26)}

# Other names for the seven; the right side is Ekman-7. Sources: the label sets of GoEmotions (and its
# published Ekman grouping), MELD, EmoryNLP, IEMOCAP, FER2013 and of common hub classifiers.
_EKMAN7_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "neutral": ("neutrality", "calm", "others", "other", "no emotion", "noemotion", "neu"),
    "joy": (
        "happy", "happiness", "hap", "joyful", "amusement", "approval", "excitement", "excited", "exc",
        "gratitude", "love", "optimism", "relief", "pride", "admiration", "desire", "caring",
        "peaceful", "powerful", "enjoyment", "pleasure", "hope", "hopeful", "satisfaction", "content",
    ),
    "sadness": (
        "sad", "disappointment", "embarrassment", "grief", "remorse", "sorrow", "pessimism", "guilt", "shame",
        "loneliness",
    ),
    "anger": ("angry", "ang", "mad", "annoyance", "disapproval", "frustration", "frustrated", "fru", "rage"),
    "surprise": ("surprised", "amazement", "realization", "confusion", "curiosity", "sur"),
    "fear": ("fearful", "scared", "afraid", "nervousness", "anxiety", "anxious", "worry", "worried", "fea"),
    "disgust": ("disgusted", "contempt", "aversion", "dis"),
}  # fmt: skip
# What foreign classifiers name beside the seven (Plutchik 1980; the labels of SemEval-2018 task 1): such a label says
# nothing of which of the seven it is, so its probability is shared evenly.
_BESIDE_EKMAN7 = frozenset({"anticipation", "trust", "interest", "none of these", "ambiguous", "unknown"})
_TO_EKMAN7 = {s: label for label, names in _EKMAN7_SYNONYMS.items() for s in (label, *names)}


def to_ekman7(label: str) -> str:
    """The Ekman-7 name of a foreign label; InputError lists the choices when it maps nowhere."""
    try:
        return _TO_EKMAN7[_key(label)]
    except KeyError:
        raise InputError(
            f"the label {label!r} maps to none of our emotions",
            hint=f"rename it to one of {', '.join(EKMAN7.labels)} or a common synonym such as happy, sad or angry",
        ) from None


def _key(label: str) -> str:
    return label.strip().lower().replace("_", " ")


def mapping_matrix(foreign: Iterable[str]) -> np.ndarray:
    """(K, 7) float32 whose rows sum to 1 that adds foreign probability columns up into Ekman-7.

    A known label that is none of the seven, such as trust, is shared evenly. Raises InputError naming every foreign
    label that maps nowhere.
    """
    names = list(foreign)
    unknown = []
    matrix = np.zeros((len(names), len(EKMAN7)), np.float32)
    for row, name in enumerate(names):
        if _key(name) in _BESIDE_EKMAN7:
            matrix[row] = 1 / len(EKMAN7)
            continue
        try:
            matrix[row, EKMAN7.index(to_ekman7(name))] = 1.0
        except InputError:
            unknown.append(name)
    if unknown:
        raise InputError(
            f"these labels map to none of our emotions: {', '.join(map(repr, unknown))}",
            hint=f"set id2label to names among {', '.join(EKMAN7.labels)} or common synonyms",
        )
    return matrix
