"""Rounds, decisions and gold questions: rows that stay, whoever writes at the same time."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from mmemo.errors import InputError
from mmemo.store.labels import REJECT, WITHDRAW, FacePin, HumanLabel, LabelStore
from mmemo.store.team import Assignment, PlacedFace, Round, TeamStore, Verdict


def face(track: int, episode: str = "pilot") -> PlacedFace:
    return PlacedFace(episode, track, track + 10, FacePin("cut", 1000 * track, 1.0, 2.0, 3.0, 4.0))


def a_round(press: str = "p", *people: str, overlap: float = 0.0, by: int = 2) -> Round:
    return Round("first", people or ("ada", "ben"), ("pilot",), "all", overlap, by, 0, "ada", press)


@pytest.fixture
def store(tmp_path: Path) -> TeamStore:
    return TeamStore(tmp_path / "labels.db")


def test_nothing_was_done(store: TeamStore):
    assert store.rounds() == [] and store.stamp() == (0, 0, 0, 0, 0)
    assert store.assignments("pilot").empty and store.decisions("pilot").empty and store.gold("pilot").empty


def test_a_round_hands_out_faces_until_it_is_closed_and_stays(store: TeamStore):
    faces = [Assignment("ada", face(1)), Assignment("ben", face(2)), Assignment("ben", face(1), gold=True)]
    number = store.add_round(a_round(), faces)
    mine = store.assignments("pilot", "ben")
    assert mine[["track_id", "gold", "time_ms"]].to_numpy().tolist() == [[2, False, 2000], [1, True, 1000]]
    assert len(store.assignments("pilot")) == 3 and store.assignments("other").empty
    store.close_round(number, "ada")
    assert store.assignments("pilot").empty and len(store.assignments("pilot", also_closed=True)) == 3
    (told,) = store.rounds()
    assert told["closed"] and told["people"] == ["ada", "ben"] and told["title"] == "first"
    with pytest.raises(InputError, match="no round"):
        store.close_round(99, "ada")


def test_a_round_that_is_sent_twice_is_one(store: TeamStore):
    first = store.add_round(a_round("same"), [Assignment("ada", face(1))])
    assert store.add_round(a_round("same"), [Assignment("ada", face(1))]) == first
    assert len(store.rounds()) == len(store.assignments("pilot")) == 1


def test_decisions_and_gold_are_added_and_never_changed(store: TeamStore, tmp_path: Path):
    store.decide(Verdict(face(1), "joy", "ada", (3, 4), "a"))
    store.decide(Verdict(face(1), "joy", "ada", (3, 4), "a"))
    store.decide(Verdict(face(1), WITHDRAW, "ada", press="b"))
    store.set_gold(Verdict(face(1), REJECT, "ada"))
    store.set_gold(Verdict(face(1), "fear", "ada"))
    rows = store.decisions("pilot")
    assert rows[["label", "author", "words"]].to_numpy().tolist() == [["joy", "ada", "[3, 4]"], [WITHDRAW, "ada", "[]"]]
    assert [store.decided_since("pilot", last) for last in (0, 1, 2)] == [0, 1, 0] and store.decided_since("x", 0) == 0
    assert store.gold("pilot")["label"].tolist() == [REJECT, "fear"] and store.stamp()[-2:] == (2, 2)
    store.close()
    with sqlite3.connect(tmp_path / "labels.db") as connection:
        assert connection.execute("SELECT count(*) FROM adjudications").fetchone() == (2,)


def test_it_lives_beside_the_labels(store: TeamStore, tmp_path: Path):
    labels = LabelStore(tmp_path / "labels.db")
    labels.add(HumanLabel("pilot", 1, 1, "joy"))
    store.decide(Verdict(face(1), "anger", "ada"))
    assert labels.current("pilot")["label"].tolist() == ["joy"], "what people said stays what they said"


def test_many_at_once_lose_nothing(tmp_path: Path):
    def work(who: int) -> None:
        mine = TeamStore(tmp_path / "labels.db")
        for number in range(10):
            mine.decide(Verdict(face(number), "joy", f"lead-{who}", press=f"{who}-{number}"))
        mine.add_round(a_round("shared"), [Assignment("ada", face(1))])
        mine.close()

    threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = TeamStore(tmp_path / "labels.db")
    assert len(store.decisions("pilot")) == 40 and len(store.rounds()) == len(store.assignments("pilot")) == 1


@pytest.mark.parametrize(
    "change", [{"people": ()}, {"people": ("a", "a")}, {"overlap": 1.5}, {"overlap": 0.2, "by": 3}, {"press": ""}]
)
def test_a_round_that_cannot_be_is_refused(change: dict[str, object]):
    given = {"title": "t", "people": ("ada", "ben"), "episodes": ("pilot",), "faces": "all", "overlap": 0.0, "by": 2}
    with pytest.raises(InputError):
        Round(**{**given, "seed": 0, "author": "ada", "press": "p", **change})  # type: ignore[arg-type]


def test_a_label_that_is_none_is_refused():
    with pytest.raises(InputError):
        Verdict(face(1), "bored", "ada")
