"""Splitting faces among people, who spoke first, how fast people are, and assignments that survive another cut."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from contextlib import closing
from itertools import combinations
from typing import Any

import pandas as pd
import pytest

from mmemo.flow.review.human_labels import CutFaces
from mmemo.flow.team.assignment import assigned_tracks, open_team
from mmemo.flow.team.progress import EpisodeWork, progress_of
from mmemo.flow.team.split import gold_for, split
from mmemo.flow.team.words import ANSWERS, TeamWords, columns_of
from mmemo.store.labels import EVENT_COLUMNS, FRAME, REJECT, SKIP, WITHDRAW, FacePin
from mmemo.store.team import Assignment, PlacedFace, Round
from mmemo.store.workspace import Workspace
from tests.flow.review.test_human_labels import FACES, LEFT, RENUMBERED, RIGHT, cut

START = dt.datetime(2026, 1, 1, 12)


@pytest.mark.parametrize(("faces", "people", "overlap", "by"), [(100, 3, 0.2, 2), (57, 4, 0.5, 3), (10, 2, 0.0, 2)])
def test_faces_are_shared_evenly_and_as_many_as_asked_overlap(faces: int, people: int, overlap: float, by: int):
    names = [f"p{n}" for n in range(people)]
    given = split(faces, names, overlap, by, seed=1)
    times = Counter(face for mine in given.values() for face in mine)
    assert set(times) == set(range(faces)), "each face is somebody's"
    assert Counter(times.values())[by] == (round(overlap * faces) if overlap else 0)
    sizes = [len(mine) for mine in given.values()]
    assert max(sizes) - min(sizes) <= 1 and all(len(set(mine)) == len(mine) for mine in given.values())


def test_the_same_seed_gives_the_same_and_everybody_meets_everybody():
    names = ["ada", "ben", "cy", "di"]
    given = split(200, names, 0.3, 2, seed=5)
    assert given == split(200, names, 0.3, 2, seed=5) != split(200, names, 0.3, 2, seed=6)
    met = [len(set(given[a]) & set(given[b])) for a, b in combinations(names, 2)]
    assert min(met) >= 5 and sum(met) == 60


def test_nobody_gets_what_they_labelled():
    given = split(20, ["ada", "ben", "cy"], 0.5, 2, 0, {"ada": range(15), "ben": range(10), "cy": range(5)})
    assert min(given["ada"]) >= 15 and min(given["ben"]) >= 10 and min(given["cy"]) >= 5
    times = Counter(face for mine in given.values() for face in mine)
    assert set(times) == set(range(5, 20)), "what all labelled is nobody's"
    assert Counter(times.values())[2] == 10 and all(times[face] == 1 for face in range(5, 10))


def test_nothing_and_nobody_else():
    assert split(0, ["ada"], 0.0, 2, 0) == {"ada": []}
    assert split(3, ["ada"], 0.0, 2, 0) == {"ada": [0, 1, 2]}
    assert gold_for([], 50, 0) == [] and gold_for([7], 3, 0) == [7]
    assert len(gold_for(range(50), 100, 0)) == 10 and gold_for(range(50), 100, 0) == gold_for(range(50), 100, 0)


def event(number: int, track: int, label: str, who: str, **more: Any) -> dict[str, Any]:
    box = dict(zip(("x1", "y1", "x2", "y2"), RIGHT if track == 2 else LEFT, strict=True))
    known = {
        "track_id": track,
        "cue_id": 1 + (track == 3),
        "cut_key": "first",
        "time_ms": 500.0,
        "scope": "track",
        "press": str(number),
    }
    moment = START + dt.timedelta(seconds=2 * number)
    row = {"id": number, "episode_id": "pilot", "label": label, "annotator": who, "created_at": moment, **known, **box}
    return {**dict.fromkeys(EVENT_COLUMNS), **row, **more}


def words(workspace: Workspace, *rows: dict[str, Any]) -> TeamWords:
    events = [*pd.DataFrame(rows, columns=EVENT_COLUMNS).astype(object).itertuples(index=False)]
    return TeamWords.of(events, CutFaces.read(workspace, cut(workspace, "first", FACES)))


def told(table: pd.DataFrame) -> list[tuple[int, str, str]]:
    return [*table[["track_id", "annotator", "label"]].itertuples(index=False, name=None)]


def test_only_answers_given_without_sight_of_another_count(workspace: Workspace):
    said = words(
        workspace,
        event(1, 1, "joy", "ada"),
        event(2, 1, "joy", "ben"),  # saw it
        event(3, 2, "fear", "ada"),
        event(4, 2, "anger", "ben", blind=True),
        event(5, 2, "fear", "ben"),  # changed the mind: what was said first counts
        event(6, 3, "anger", "ben"),
        event(7, 3, "sadness", "cy"),  # hidden from cy
        event(8, 3, "joy", "ada", scope=FRAME),
        event(9, 1, "fear", "cy"),
        event(10, 1, "fear", "cy", undoes="9"),
    )
    early, late = pd.Timestamp(START, tz="UTC"), pd.Timestamp(START, tz="UTC") + pd.Timedelta(hours=1)
    hidden = {("cy", 3): [(early, None)], ("ben", 1): [(late, None), (early, early)]}
    found = told(said.independent(hidden))
    assert found == [
        (1, "ada", "joy"), (2, "ada", "fear"), (2, "ben", "anger"), (3, "ben", "anger"), (3, "cy", "sadness"),
    ]  # fmt: skip
    assert said.conflicts() == [3], "on the second face they say the same now"
    assert said.people == ["ada", "ben", "cy"]
    columns = columns_of(said.last(), [1, 2, 3])
    assert columns["cy"].tolist() == [-1, -1, ANSWERS.index("sadness")]


def test_a_word_that_was_there_to_be_seen_counts_whatever_became_of_it(workspace: Workspace):
    said = words(
        workspace,
        event(1, 1, "joy", "ada"),
        event(2, 1, "joy", "ben"),  # saw what ada takes back then
        event(3, 1, "joy", "ada", undoes="1"),
        event(4, 2, "fear", "ada"),
        event(5, 2, "fear", "ada", undoes="4"),
        event(6, 2, "joy", "ada"),  # a slip mended before anybody else spoke
        event(7, 3, "joy", "ada"),
        event(8, 3, "joy", "ben"),  # hidden, but only since after ada's word
    )
    since = pd.Timestamp(START, tz="UTC") + pd.Timedelta(seconds=15)
    assert told(said.independent({("ben", 3): [(since, None)]})) == [(2, "ada", "joy"), (3, "ada", "joy")]
    assert len(said.independent({("ben", 3): [(pd.Timestamp(START, tz="UTC"), None)]})) == 3


def test_nobody_said_anything(workspace: Workspace):
    said = words(workspace)
    assert said.people == said.conflicts() == [] and said.independent().empty and said.last().empty
    found = progress_of("ada", [EpisodeWork(said, {("ada", 1)}, {}, {}, set())])
    assert (found.assigned, found.done, found.an_hour, found.skipped, found.gold.value) == (1, 0, None, None, None)


def test_progress_of_a_person(workspace: Workspace):
    rows = [event(n, 1, "joy", "ada") for n in range(1, 13)]
    rows += [
        event(20, 2, SKIP, "ada"),
        event(21, 3, REJECT, "ada"),
        event(400, 1, "joy", "ada"),
        event(500, 1, "joy", "ben", blind=True),
    ]
    said = words(workspace, *rows)
    asked = {("ada", 1), ("ada", 2), ("ben", 3)}
    work = EpisodeWork(said, asked, {}, {1: "joy", 3: "fear", 2: "joy"}, {("ada", 1), ("ada", 3), ("ada", 2)})
    ada = progress_of("ada", [work])
    assert (ada.assigned, ada.done, ada.answered) == (2, 2, 2)
    assert ada.active_s == 40, "11 gaps of 2 s, one of 16 s, one of 2 s; 758 s are a break"
    assert ada.an_hour == pytest.approx(3600 * 13 / 40), "looking between bursts is work too"
    assert ada.skipped == pytest.approx(1 / 3) == ada.rejected
    assert (ada.alike.value, ada.met) == (1.0, 1) and (ada.gold.value, ada.golds) == (0.5, 2)
    ben = progress_of("ben", [work])
    assert (ben.assigned, ben.done, ben.an_hour, ben.golds) == (1, 0, None, 0), "one press tells no speed"


def test_a_label_that_was_withdrawn_is_not_done(workspace: Workspace):
    said = words(workspace, event(1, 1, "joy", "ada"), event(2, 1, WITHDRAW, "ada"))
    assert progress_of("ada", [EpisodeWork(said, {("ada", 1)}, {}, {}, set())]).done == 0


def test_assignments_follow_their_faces_into_another_cut(workspace: Workspace):
    first = cut(workspace, "first", FACES)
    assert assigned_tracks(workspace, first, "ada") == set()
    faces = [
        PlacedFace("pilot", 1, 1, FacePin("first", 500, *LEFT)),
        PlacedFace("pilot", 2, 1, FacePin("first", 500, *RIGHT)),
    ]
    made = Round("r", ("ada", "ben"), ("pilot",), "all", 0.0, 2, 0, "ada", "p")
    with closing(open_team(workspace)) as team:
        number = team.add_round(made, [Assignment("ada", face) for face in faces])
        second = cut(workspace, "second", RENUMBERED)
        assert assigned_tracks(workspace, first, "ada", team) == {1, 2}
        assert assigned_tracks(workspace, second, "ada", team) == {3, 1}
        assert assigned_tracks(workspace, second, "ben", team) == set()
        team.close_round(number, "ada")
    assert assigned_tracks(workspace, second, "ada") == set()
