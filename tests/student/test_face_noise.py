"""The teacher's confusion with the face: from text without corrections, from the faces with many, shared by level."""

from __future__ import annotations

import numpy as np

from mmemo.student.face_noise import agreement, face_noise, settled

_K = 7
_ANCHOR = 0.4 * np.eye(_K) + 0.6 / _K
_NO_SOURCES = {"teacher": (np.full((40, _K), 1 / _K), np.full((_K, _K), 1 / _K))}


def one_hot(classes: np.ndarray) -> np.ndarray:
    return np.where((classes >= 0)[:, None], np.eye(_K)[np.maximum(classes, 0)], 0.0)


def test_without_corrections_the_text_speaks():
    show, characters = face_noise(np.full((5, _K), 1 / _K), np.zeros((5, _K)), np.ones(5, int), _ANCHOR)
    np.testing.assert_allclose(show.matrix, _ANCHOR)
    assert show.counts.sum() == 0 and characters == {}
    none, _ = face_noise(np.zeros((0, _K)), np.zeros((0, _K)), np.zeros(0, int), _ANCHOR)
    np.testing.assert_allclose(none.matrix, _ANCHOR)


def test_many_corrections_outweigh_the_text_and_make_sure():
    said = one_hot(np.full(400, 3))
    shown = one_hot(np.full(400, 1))
    few, _ = face_noise(said[:4], shown[:4], np.zeros(4, int), _ANCHOR)
    many, _ = face_noise(said, shown, np.zeros(400, int), _ANCHOR)
    assert _ANCHOR[1, 3] < few.matrix[1, 3] < 0.5 < 0.95 < many.matrix[1, 3]
    assert many.spread[1, 3] < few.spread[1, 3]
    assert many.counts.tolist() == [0, 400, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(many.matrix.sum(1), 1)
    np.testing.assert_allclose(many.matrix[0], _ANCHOR[0])


def test_a_character_stays_near_its_show_until_it_has_faces_of_its_own():
    characters = np.array([1] * 200 + [2] * 2 + [0] * 50)
    shown = one_hot(np.zeros(252, int))
    said = one_hot(np.where(characters == 2, 4, 2))
    show, each = face_noise(said, shown, characters, _ANCHOR)
    assert sorted(each) == [1, 2], "0 is nobody"
    assert each[1].matrix[0, 2] > show.matrix[0, 2] > 0.8
    assert 0.5 < each[2].matrix[0, 2] < show.matrix[0, 2]
    assert each[2].matrix[0, 4] > show.matrix[0, 4]


def test_one_person_or_one_word_is_certain():
    words = np.where(np.arange(40) < 10, np.arange(40) % _K, -1)
    found = agreement({"ada": words}, _NO_SOURCES)
    np.testing.assert_array_equal(found.posterior, one_hot(words))
    both = agreement({"ada": words, "ben": words}, _NO_SOURCES)
    np.testing.assert_array_equal(both.posterior, one_hot(words))
    assert not agreement({}, _NO_SOURCES).posterior.any()


def test_who_is_alone_too_often_is_believed_less():
    draw = np.random.default_rng(0)
    gold = draw.integers(0, _K, 40)
    careless = np.where(draw.random(40) < 0.5, draw.integers(0, _K, 40), gold)
    found = agreement({"ada": gold, "ben": gold, "cy": careless}, _NO_SOURCES)
    assert (settled(found.posterior) == gold).all()
    assert np.diag(found.people["cy"]).mean() < np.diag(found.people["ada"]).mean()


def test_two_who_differ_are_undecided_until_a_source_speaks():
    ada, ben = np.full(40, -1), np.full(40, -1)
    ada[0], ben[0] = 1, 5
    assert settled(agreement({"ada": ada, "ben": ben}, _NO_SOURCES).posterior)[0] == -1
    votes = np.full((40, _K), 1 / _K)
    votes[0] = 0.02
    votes[0, 5] = 0.88
    heard = agreement({"ada": ada, "ben": ben}, {"image": (votes, 0.8 * np.eye(_K) + 0.2 / _K)})
    assert settled(heard.posterior)[0] == 5
