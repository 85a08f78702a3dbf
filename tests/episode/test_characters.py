"""Tracks become characters: synthetic embeddings of known people, and names by majority."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.episode.characters import (
    ClusterSettings,
    NameVotes,
    central_distances,
    cluster_tracks,
    names_of,
    seen_together,
    track_embeddings,
)
from mmemo.errors import InputError

NO_PAIRS = np.zeros((0, 2), np.int64)


def people(counts: list[int], *, spread: float = 0.5, dim: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Shuffled unit rows around one random direction a person, and who each is; `spread` is noise against signal."""
    rng = np.random.default_rng(seed)
    who = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    centres = np.linalg.qr(rng.normal(size=(dim, dim)))[0][: len(counts)]
    noise = rng.normal(size=(len(who), dim)) / np.sqrt(dim)
    rows = (centres[who] + spread * noise).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), who


def clustered(rows: np.ndarray, pairs: np.ndarray = NO_PAIRS, **settings: float) -> np.ndarray:
    return cluster_tracks(rows, np.arange(len(rows)), pairs, ClusterSettings(**settings))


def test_every_person_is_one_character_and_the_most_seen_comes_first():
    rows, who = people([30, 12, 5, 1])
    found = clustered(rows)
    assert found.dtype == np.int32
    assert found.tolist() == (who + 1).tolist()


def test_of_equally_many_tracks_the_earlier_comes_first():
    rows, who = people([3, 3])
    first = who[0]
    assert clustered(rows)[who == first].tolist() == [1, 1, 1]
    late = cluster_tracks(rows, -np.arange(len(rows)), NO_PAIRS, ClusterSettings())
    assert late[-1] == 1


def test_none_and_one():
    assert clustered(np.zeros((0, 8), np.float32)).shape == (0,)
    assert clustered(np.eye(8, dtype=np.float32)[:1]).tolist() == [1]


def test_a_track_without_an_embedding_is_unsure():
    rows, _ = people([4])
    rows[2] = 0
    assert clustered(rows).tolist() == [1, 1, 0, 1]
    assert clustered(np.zeros((3, 8), np.float32)).tolist() == [0, 0, 0]


def test_twins_in_one_frame_are_two_characters():
    rows, who = people([6, 6], spread=0.3)
    twins = rows.copy()
    twins[who == 1] = rows[who == 0]
    twins += 0.02 * np.random.default_rng(1).normal(size=rows.shape).astype(np.float32)
    twins /= np.linalg.norm(twins, axis=1, keepdims=True)
    a, b = np.flatnonzero(who == 0)[0], np.flatnonzero(who == 1)[0]
    assert set(clustered(twins)) == {1}
    apart = clustered(twins, np.array([[a, b]]))
    assert apart[a] != apart[b] and apart[a] > 0 and apart[b] > 0


def test_no_pair_that_was_seen_together_shares_a_character():
    rows, _ = people([20, 20], spread=2.5)
    pairs = np.random.default_rng(2).permutation(40).reshape(-1, 2)
    found = clustered(rows, pairs, max_distance=0.95)
    assert all(found[a] != found[b] or found[a] == 0 for a, b in pairs)
    assert len(set(found) - {0}) >= 2


def test_a_pair_with_an_unsure_track_does_no_harm():
    rows, _ = people([4])
    rows[0] = 0
    assert clustered(rows, np.array([[0, 1]])).tolist() == [0, 1, 1, 1]


def test_a_track_between_two_people_is_unsure():
    """A neighbour at 28 degrees draws the one at 44 to the people at 0, though those at 80 are nearer to it."""
    degrees = np.deg2rad([0] * 6 + [28, 44] + [80] * 6)
    rows = np.stack([np.cos(degrees), np.sin(degrees)], 1).astype(np.float32)
    assert clustered(rows, max_distance=0.25).tolist() == [1] * 7 + [0] + [2] * 6
    other_people = np.array([[7, row] for row in range(8, 14)])
    assert clustered(rows, other_people, max_distance=0.25).tolist() == [1] * 8 + [2] * 6


def test_small_characters_may_be_left_unsure():
    rows, who = people([5, 2])
    found = clustered(rows, min_tracks=3)
    assert found.tolist() == [1 if person == 0 else 0 for person in who]


def test_a_smaller_distance_never_joins_more():
    rows, _ = people([8, 8], spread=1.2)
    numbers = [clustered(rows, max_distance=d).max() for d in (0.2, 0.5, 0.8)]
    assert numbers == sorted(numbers, reverse=True)


def test_order_of_tracks_does_not_matter():
    rows, _ = people([9, 6, 2])
    order = np.random.default_rng(3).permutation(len(rows))
    assert clustered(rows[order]).tolist() == clustered(rows)[order].tolist()


@pytest.mark.parametrize("settings", [{"max_distance": 0.0}, {"max_distance": 1.0}, {"min_tracks": 0}])
def test_settings_check_themselves(settings: dict[str, float]):
    with pytest.raises(InputError):
        ClusterSettings(**settings)


def test_an_embedding_is_the_mean_by_quality():
    features = np.array([[2, 0], [0, 5], [3, 3], [0, 0]], np.float32)
    rows = track_embeddings(features, np.array([0, 0, 1, 2]), np.array([1, 3, 0, 1], np.float32), 4)
    np.testing.assert_allclose(rows[0], np.array([1, 3]) / np.sqrt(10), rtol=1e-5)
    assert not rows[1:].any() and rows.shape == (4, 2)
    assert track_embeddings(features[:0], np.zeros(0, int), np.zeros(0), 0).shape == (0, 2)


def test_distance_to_the_middle_of_a_character():
    rows = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    found = central_distances(rows, np.array([1, 1, 0]))
    np.testing.assert_allclose(found[:2], 1 - np.sqrt(0.5), rtol=1e-5)
    assert np.isnan(found[2])


def test_who_is_seen_together():
    left, right = [0, 0, 10, 10], [50, 0, 60, 10]
    boxes = np.array([left, right, left, left, right], np.float32)
    track, frame_ms = np.array([1, 2, 3, 1, 4]), np.array([40, 40, 40, 80, 120])
    assert seen_together(track, frame_ms, boxes).tolist() == [[1, 2], [2, 3]]
    assert seen_together(track[:0], frame_ms[:0], boxes[:0]).shape == (0, 2)
    assert seen_together(track[:1], frame_ms[:1], boxes[:1]).shape == (0, 2)


def test_most_lines_give_the_name():
    prefixes = ["NORA", "NORA", "FELIX", None, "FELIX", "FELIX", "Felix"]
    characters = [1, 1, 1, 1, 2, 2, 2]
    found = names_of(characters, prefixes, ["speaker"] * 7)
    assert found == {1: NameVotes("NORA", 2, 3), 2: NameVotes("FELIX", 3, 3)}


@pytest.mark.parametrize(
    ("prefixes", "roles"),
    [
        ([], []),
        (["NORA"], ["speaker"]),
        (["NORA", "NORA", "FELIX", "FELIX"], ["speaker"] * 4),
        (["NORA", "NORA"], ["listener", "candidate"]),
        (["MAN", "MAN 2", "BOTH", "ALL"], ["speaker"] * 4),
        ([None, float("nan"), ""], ["speaker"] * 3),
        (["\x1b[2JNORA"] * 3, ["speaker"] * 3),
    ],
    ids=["none", "one line", "tie", "not the speaker", "no names", "nothing said", "steers the terminal"],
)
def test_thin_evidence_gives_no_name(prefixes: list[str | None], roles: list[str]):
    assert names_of([1] * len(prefixes), prefixes, roles) == {}


def test_an_unsure_track_names_nobody():
    assert names_of([0, 0], ["NORA", "NORA"], ["speaker"] * 2) == {}


def test_one_person_split_in_two_keeps_the_name_twice():
    characters, prefixes = [1, 1, 1, 2, 2], ["NORA"] * 5
    found = names_of(characters, prefixes, ["speaker"] * 5)
    assert found == {1: NameVotes("NORA", 3, 3), 2: NameVotes("NORA", 2, 2)}


def test_two_people_of_one_frame_do_not_share_a_name():
    characters, prefixes = [1, 1, 1, 2, 2], ["NORA", "NORA", "NORA", "Nora", "Nora"]
    assert set(names_of(characters, prefixes, ["speaker"] * 5, [(2, 1)])) == {1}
    assert names_of(characters[1:], prefixes[1:], ["speaker"] * 4, [(1, 2)]) == {}
