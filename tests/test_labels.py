"""Vocabularies, synonyms and the matrix that maps foreign labels into ours."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.labels import EKMAN7, SENTIMENT3, VOCABULARIES, Vocabulary, mapping_matrix, to_ekman7


def test_index_follows_the_order():
    assert [EKMAN7.index(label) for label in EKMAN7.labels] == list(range(7))


def test_unknown_label_lists_the_choices():
    with pytest.raises(InputError, match=r"'happy'.*sentiment-3.*neutral, negative, positive"):
        SENTIMENT3.index("happy")


@pytest.mark.parametrize("labels", [(), ("joy", "joy")])
def test_a_vocabulary_has_distinct_labels(labels: tuple[str, ...]):
    with pytest.raises(AssertionError, match="distinct"):
        Vocabulary("broken", labels)


def test_vocabularies_have_the_sizes_in_their_names():
    sizes = {name: len(vocabulary) for name, vocabulary in VOCABULARIES.items()}
    assert sizes == {"ekman-7": 7, "sentiment-3": 3, "iemocap-6": 6, "mosei-6": 6, "tier-4": 4, "emotic-26": 26}


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [("Happy", "joy"), ("  ANGRY ", "anger"), ("no_emotion", "neutral"), ("grief", "sadness"), ("fear", "fear")],
)
def test_synonyms_ignore_case_blanks_and_underscores(foreign: str, ours: str):
    assert to_ekman7(foreign) == ours


def test_a_label_that_maps_nowhere_says_what_to_do():
    with pytest.raises(InputError, match=r"'LABEL_0'.*rename it to one of neutral, joy"):
        to_ekman7("LABEL_0")


def test_mapping_matrix_adds_columns_up():
    matrix = mapping_matrix(["happy", "sad", "amusement"])
    assert matrix.dtype == np.float32
    mapped = np.array([[0.2, 0.5, 0.3]], np.float32) @ matrix
    assert mapped.shape == (1, 7)
    assert mapped[0, EKMAN7.index("joy")] == pytest.approx(0.5)
    assert mapped[0, EKMAN7.index("sadness")] == pytest.approx(0.5)


def test_mapping_matrix_of_nothing_is_empty():
    assert mapping_matrix([]).shape == (0, 7)


def test_mapping_matrix_names_every_unknown_label():
    with pytest.raises(InputError, match=r"'LABEL_0', 'LABEL_2'"):
        mapping_matrix(["LABEL_0", "joy", "LABEL_2"])


GOEMOTIONS28 = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval "
    "disgust embarrassment excitement fear gratitude grief joy love nervousness optimism pride realization relief "
    "remorse sadness surprise neutral"
).split()


def test_all_28_labels_of_goemotions_go_where_its_authors_put_them():
    matrix = mapping_matrix(GOEMOTIONS28)
    counts = dict(zip(EKMAN7.labels, matrix.sum(axis=0).astype(int).tolist(), strict=True))
    assert counts == {"neutral": 1, "joy": 12, "sadness": 5, "anger": 3, "surprise": 4, "fear": 2, "disgust": 1}


def test_a_label_beside_the_seven_is_shared_evenly():
    matrix = mapping_matrix(["trust", "Anticipation", "pessimism"])
    assert np.allclose(matrix[:2], 1 / 7)
    assert matrix[2, EKMAN7.index("sadness")] == 1
    with pytest.raises(InputError, match="'trust'"):
        to_ekman7("trust")
