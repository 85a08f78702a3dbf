"""People's words over a clustering: the last one counts, and it stays with the face."""

from __future__ import annotations

import pandas as pd
import pytest

from mmemo.episode.character_words import NOBODY, TrackWord, anchor_of, cast_of, track_words
from mmemo.store.characters import CharacterWord, FaceAnchor

CLUSTERS = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 0}


def who(*words: TrackWord, clusters: dict[int, int] = CLUSTERS) -> tuple[list[int], dict[int, str]]:
    cast = cast_of(clusters, words)
    assert set(cast.character_of) == set(clusters)
    return [cast.character_of[track] for track in sorted(clusters)], dict(cast.names)


def test_without_words_the_clusters_stand():
    assert who() == ([1, 1, 1, 2, 2, 3, 0], {})
    assert who(clusters={}) == ([], {})
    assert who(TrackWord(99, "Nora")) == ([1, 1, 1, 2, 2, 3, 0], {})


def test_a_cluster_takes_the_name_of_its_track():
    assert who(TrackWord(2, "Nora")) == ([1, 1, 1, 2, 2, 3, 0], {1: "Nora"})


def test_the_last_word_counts_and_an_empty_one_takes_back():
    assert who(TrackWord(2, "Nora"), TrackWord(2, "Ada"))[1] == {1: "Ada"}
    assert who(TrackWord(2, "Nora"), TrackWord(2, ""))[1] == {}


def test_clusters_of_one_name_are_one_character():
    assert who(TrackWord(4, "Nora"), TrackWord(6, "nora")) == ([1, 1, 1, 2, 2, 2, 0], {2: "nora"})


def test_a_named_track_of_nobody_joins_its_name():
    assert who(TrackWord(1, "Nora"), TrackWord(7, "Nora"))[0] == [1, 1, 1, 2, 2, 3, 1]
    assert who(TrackWord(7, "Ada")) == ([1, 1, 1, 2, 2, 3, 4], {4: "Ada"})


def test_two_named_people_in_one_cluster_stay_two():
    """A new clustering may throw them together; what a person said of a track stays with it."""
    words = [TrackWord(1, "Nora"), TrackWord(2, "Nora"), TrackWord(4, "Felix")]
    together = {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 2}
    assert who(*words, clusters=together) == ([1, 1, 1, 3, 1, 2], {1: "Nora", 3: "Felix"})


def test_of_equally_many_words_in_a_cluster_the_last_names_it():
    assert who(TrackWord(1, "Nora"), TrackWord(2, "Ada"))[0][2] == 1
    assert who(TrackWord(1, "Nora"), TrackWord(2, "Ada"))[1] == {1: "Ada", 4: "Nora"}
    assert who(TrackWord(2, "Ada"), TrackWord(1, "Nora"))[1] == {1: "Nora", 4: "Ada"}


def test_a_moved_track_follows_another():
    assert who(TrackWord(3, like=4))[0] == [1, 1, 2, 2, 2, 3, 0]
    assert who(TrackWord(3, like=4), TrackWord(4, "Nora")) == ([1, 1, 2, 2, 2, 3, 0], {2: "Nora"})
    assert who(TrackWord(3, like=4), TrackWord(4, like=6))[0] == [1, 1, 3, 3, 2, 3, 0]


def test_a_moved_track_names_no_cluster():
    """Its name went away with it."""
    assert who(TrackWord(3, "Nora"), TrackWord(3, like=4)) == ([1, 1, 2, 2, 2, 3, 0], {})


def test_a_track_may_be_said_to_be_nobody():
    assert who(TrackWord(3))[0] == [1, 1, NOBODY, 2, 2, 3, 0]
    assert who(TrackWord(3), TrackWord(3, ""))[0] == [1, 1, 1, 2, 2, 3, 0]


def test_words_in_a_circle_count_for_nothing():
    assert who(TrackWord(3, like=4), TrackWord(4, like=3))[0] == [1, 1, 1, 2, 2, 3, 0]
    assert who(TrackWord(3, like=3))[0] == [1, 1, 1, 2, 2, 3, 0]


def faces(*rows: tuple[int, int, int, float]) -> pd.DataFrame:
    """track, cue, time in ms, left edge of a box 40 px wide."""
    table = pd.DataFrame(rows, columns=["track_id", "cue_id", "frame_ms", "x1"])
    return table.assign(y1=10.0, x2=table["x1"] + 40, y2=50.0, detection_prob=0.9)


def placed(table: pd.DataFrame, anchor: FaceAnchor, cut_key: str = "other") -> list[int]:
    word = CharacterWord("e1", anchor, "Nora")
    return [found.track_id for found in track_words([word], table, cut_key)]


def test_a_word_is_pinned_to_the_surest_face():
    table = faces((1, 5, 100, 0.0), (1, 5, 200, 3.0), (2, 6, 300, 0.0))
    table["detection_prob"] = [0.9, 0.95, 0.99]
    assert anchor_of(table, "cut", 1) == FaceAnchor("cut", 1, 5, 200, 3.0, 10.0, 43.0, 50.0)


def test_in_its_own_cut_a_word_keeps_to_its_track():
    table = faces((1, 5, 100, 0.0), (2, 5, 100, 1.0))
    assert placed(table, anchor_of(table, "cut", 2), "cut") == [2]
    assert placed(table[:1], anchor_of(table, "cut", 2), "cut") == []


@pytest.mark.parametrize(
    ("rows", "track"),
    [
        ([(8, 5, 1000, 2.0), (9, 5, 1000, 70.0)], [8]),
        ([(8, 5, 1400, 2.0)], [8]),
        ([(8, 5, 1600, 2.0)], []),
        ([(8, 5, 1000, 60.0)], []),
        ([(8, 5, 1400, 0.0), (9, 5, 1050, 4.0)], [9]),
        ([(8, 4, 1000, 0.0), (9, 5, 1000, 0.0)], [9]),
        ([], []),
    ],
    ids=["same frame", "soon after", "too late", "elsewhere", "nearer in time", "same cue", "no face"],
)
def test_another_cut_finds_the_face_where_it_was(rows: list[tuple[int, int, int, float]], track: list[int]):
    assert placed(faces(*rows), FaceAnchor("cut", 1, 5, 1000, 0.0, 10.0, 40.0, 50.0)) == track


def test_a_likeness_needs_both_faces():
    table = faces((1, 5, 100, 0.0), (2, 6, 9000, 0.0))
    word = CharacterWord("e1", anchor_of(table, "cut", 1), like=anchor_of(table, "cut", 2))
    assert track_words([word], table, "cut") == [TrackWord(1, None, 2)]
    assert track_words([word], table[:1], "other") == []
