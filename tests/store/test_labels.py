"""What people say is only ever added to; the last word counts."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError, StorageError
from mmemo.store.labels import (
    ACCEPTED,
    CUE,
    EVENT_COLUMNS,
    FRAME,
    PIN_COLUMNS,
    REJECT,
    SKIP,
    UNDONE,
    WITHDRAW,
    FacePin,
    HumanLabel,
    LabelStore,
    standing,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LabelStore]:
    opened = LabelStore(tmp_path / "labels.db")
    yield opened
    opened.close()


def test_an_episode_without_labels_is_empty(store: LabelStore):
    assert len(store.history("e1")) == 0
    assert len(store.current("e1")) == 0
    assert "label" in store.current("e1").columns


def test_one_label_comes_back(store: LabelStore):
    number = store.add(HumanLabel("e1", track_id=3, cue_id=2, label="joy", annotator="ana"))
    row = store.current("e1").iloc[0]
    assert (row["id"], row["track_id"], row["cue_id"], row["label"], row["annotator"]) == (number, 3, 2, "joy", "ana")
    assert isinstance(row["created_at"], dt.datetime)


def test_a_later_word_supersedes_and_the_history_stays(store: LabelStore):
    for label in ("joy", "fear", REJECT):
        store.add(HumanLabel("e1", 3, 2, label))
    store.add(HumanLabel("e1", 4, 2, "anger"))
    assert store.history("e1")["label"].tolist() == ["joy", "fear", REJECT, "anger"]
    assert dict(store.current("e1")[["track_id", "label"]].to_numpy().tolist()) == {3: REJECT, 4: "anger"}


def test_withdrawing_takes_the_word_back_until_the_next(store: LabelStore):
    store.add(HumanLabel("e1", 3, 2, "joy"))
    store.add(HumanLabel("e1", 3, 2, WITHDRAW))
    assert len(store.current("e1")) == 0
    assert len(store.history("e1")) == 2
    store.add(HumanLabel("e1", 3, 2, "fear"))
    assert store.current("e1")["label"].tolist() == ["fear"]


def test_episodes_are_apart(store: LabelStore):
    store.add(HumanLabel("e1", 3, 2, "joy"))
    store.add(HumanLabel("e2", 3, 2, "fear"))
    assert store.current("e1")["label"].tolist() == ["joy"]


def test_an_unknown_label_is_refused(store: LabelStore):
    with pytest.raises(InputError, match="choose one of neutral"):
        HumanLabel("e1", 3, 2, "happy")


def test_labels_outlive_the_store(tmp_path: Path):
    first = LabelStore(tmp_path / "labels.db")
    first.add(HumanLabel("e1", 3, 2, "joy"))
    first.close()
    again = LabelStore(tmp_path / "labels.db")
    assert again.current("e1")["label"].tolist() == ["joy"]
    again.close()


def test_several_threads_and_stores_lose_nothing(tmp_path: Path):
    stores = [LabelStore(tmp_path / "labels.db") for _ in range(2)]
    errors: list[BaseException] = []

    def say(worker: int) -> None:
        try:
            for n in range(10):
                stores[worker % 2].add(HumanLabel("e1", worker, n, "joy"))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=say, args=(w,)) for w in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(stores[0].history("e1")) == 60
    assert stores[1].history("e1")["id"].is_unique
    for store in stores:
        store.close()


def _open_and_say(path: Path) -> str:
    store = LabelStore(path)
    store.add(HumanLabel("e1", 1, 1, "joy"))
    store.close()
    return "said"


@pytest.mark.slow
def test_processes_may_open_a_new_workspace_at_once(tmp_path: Path):
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        said = list(pool.map(_open_and_say, [tmp_path / f"{n}.db" for n in range(5) for _ in range(4)]))
    assert said == ["said"] * 20


def test_a_damaged_database_says_so(tmp_path: Path):
    path = tmp_path / "labels.db"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StorageError, match=r"labels\.db cannot be opened"):
        LabelStore(path)


def test_a_database_that_cannot_be_made_says_so(tmp_path: Path):
    (tmp_path / "labels.db").mkdir()
    with pytest.raises(StorageError, match=r"labels\.db cannot be opened"):
        LabelStore(tmp_path / "labels.db")


def test_a_label_that_cannot_be_saved_says_so(store: LabelStore, tmp_path: Path):
    store.close()
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / "labels.db").mkdir()
    with pytest.raises(StorageError, match="not saved"):
        store.add(HumanLabel("e1", 3, 2, "joy"))
    with pytest.raises(StorageError, match="cannot be read"):
        store.current("e1")


def test_another_cut_numbers_its_tracks_anew(store: LabelStore):
    store.add(HumanLabel("e1", track_id=3, cue_id=2, label="joy"))
    store.add(HumanLabel("e1", track_id=3, cue_id=5, label="fear"))
    assert store.current("e1")[["cue_id", "label"]].to_numpy().tolist() == [[2, "joy"], [5, "fear"]]


@pytest.mark.parametrize("name", ["was nun?", "50 % ä #1", "a?b=c&d"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str):
    LabelStore(tmp_path / name / "labels.db").close()
    assert (tmp_path / name / "labels.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


_OLD_TABLE = """
CREATE TABLE labels (
    id INTEGER NOT NULL, episode_id VARCHAR(128) NOT NULL, track_id INTEGER NOT NULL, cue_id INTEGER NOT NULL,
    label VARCHAR(32) NOT NULL, annotator VARCHAR(64) NOT NULL, created_at DATETIME NOT NULL, PRIMARY KEY (id)
);
CREATE INDEX labels_by_track ON labels (episode_id, track_id);
INSERT INTO labels VALUES
    (1, 'e1', 3, 2, 'joy', 'ana', '2026-01-02 03:04:05.000000'),
    (2, 'e1', 3, 2, 'withdraw', 'ana', '2026-01-02 03:04:06.000000'),
    (3, 'e1', 4, 2, 'fear', 'ben', '2026-01-02 03:04:07.000000');
"""


def old_database(path: Path) -> Path:
    """A database as the first version made it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_OLD_TABLE)
    return path


def test_a_database_of_the_first_version_is_upgraded_and_loses_nothing(tmp_path: Path):
    path = old_database(tmp_path / "labels.db")
    store = LabelStore(path)
    history = store.history("e1")
    assert history[["id", "track_id", "label", "annotator"]].to_numpy().tolist() == [
        [1, 3, "joy", "ana"], [2, 3, "withdraw", "ana"], [3, 4, "fear", "ben"],
    ]  # fmt: skip
    assert history[list(PIN_COLUMNS)].isna().all(axis=None)
    assert store.current("e1")["label"].tolist() == ["fear"]
    pin = FacePin("k2", 1200, 10, 20, 50, 60)
    assert store.add(HumanLabel("e1", 9, 9, "anger", pin=pin)) == 4
    store.close()
    again = LabelStore(path)
    assert again.history("e1").iloc[3][list(PIN_COLUMNS)].tolist() == ["k2", 1200, 10, 20, 50, 60]
    again.close()
    with closing(sqlite3.connect(path)) as older:  # the first version goes on writing what it knows
        older.execute(
            "INSERT INTO labels (episode_id, track_id, cue_id, label, annotator, created_at)"
            " VALUES ('e1', 5, 5, 'joy', 'ana', '2026-01-02 03:04:08.000000')"
        )
        older.commit()


def _open_and_say_many(path: Path, worker: int) -> list[int]:
    store = LabelStore(path)
    numbers = [store.add(HumanLabel("e1", worker, n, "joy", f"person {worker}")) for n in range(25)]
    store.close()
    return numbers


@pytest.mark.slow
def test_processes_that_upgrade_and_write_at_once_lose_nothing(tmp_path: Path):
    path = old_database(tmp_path / "labels.db")
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        numbers = list(pool.map(_open_and_say_many, [path] * 3, range(3)))
    store = LabelStore(path)
    history = store.history("e1")
    assert len(history) == 3 + 75 and history["id"].is_unique
    for worker, mine in enumerate(numbers):
        said = history[history["annotator"] == f"person {worker}"]
        assert said["id"].tolist() == mine and said["cue_id"].tolist() == list(range(25))
    store.close()


PIN = FacePin("k1", 1200, 10, 20, 50, 60)


def test_how_a_word_came_about_is_kept_with_it(store: LabelStore):
    store.add_once([HumanLabel("e1", n, 2, "joy", "ana", PIN, CUE, ACCEPTED, True, "p-1") for n in (3, 4)])
    store.add_once([HumanLabel("e1", 3, 2, WITHDRAW, "ana", PIN, CUE, UNDONE, None, "p-2", "p-1")])
    events = store.events()
    assert tuple(events.columns) == EVENT_COLUMNS
    how = events[["track_id", "scope", "way", "blind", "press", "undoes"]].to_numpy().tolist()
    assert how == [
        [3, "cue", "accepted", True, "p-1", None],
        [4, "cue", "accepted", True, "p-1", None],
        [3, "cue", "undone", None, "p-2", "p-1"],
    ]
    assert store.events(after=2)["press"].tolist() == ["p-2"]
    assert len(store.current("e1")) == 0, "a press is taken back as a whole"


def test_what_was_said_since_comes_as_plain_rows_of_the_same_values(store: LabelStore):
    assert store.said_after(0) == []
    store.add(HumanLabel("e1", 3, 2, "fear", "ben"))  # without a place
    store.add_once([HumanLabel("e2", 4, 2, "joy", "ana", PIN, FRAME, ACCEPTED, True, "p-1")])
    bare, said = store.said_after(0)
    assert bare[:6] == ("e1", 1, 3, 2, "fear", "ben") and bare.cut_key is None and np.isnan(bare[8:13]).all()
    table = store.events()
    assert said._fields == tuple(table.columns) == EVENT_COLUMNS
    assert list(said) == table.iloc[1].tolist()
    assert store.said_after(1) == [said] and store.said_after(2) == []


def test_a_press_that_is_sent_twice_is_one_press(store: LabelStore):
    label = HumanLabel("e1", 3, 2, "joy", press="p-1", pin=PIN)
    for _ in range(3):
        store.add_once([label, HumanLabel("e1", 4, 2, "joy", press="p-1", pin=PIN)])
    store.add_once([HumanLabel("e1", 3, 2, "fear", press="p-1", pin=PIN)])
    store.add_once([])
    assert store.history("e1")["label"].tolist() == ["joy", "joy"]
    for _ in range(2):
        store.add(HumanLabel("e1", 3, 2, "joy"))  # without a press each is its own
    assert len(store.history("e1")) == 4


def test_skips_and_words_on_single_pictures_say_nothing_of_the_face(store: LabelStore):
    store.add(HumanLabel("e1", 3, 2, "joy", pin=PIN))
    store.add(HumanLabel("e1", 3, 2, SKIP, pin=PIN))
    store.add(HumanLabel("e1", 3, 2, REJECT, pin=PIN, scope=FRAME))
    assert store.history("e1")["label"].tolist() == ["joy"]
    assert store.current("e1")["label"].tolist() == ["joy"]
    assert store.frames("e1")["label"].tolist() == [REJECT]
    assert store.events()["label"].tolist() == ["joy", SKIP, REJECT]


def test_taking_ones_word_back_leaves_the_words_of_others(store: LabelStore):
    store.add(HumanLabel("e1", 3, 2, "joy", "ana"))
    store.add(HumanLabel("e1", 3, 2, "fear", "ben"))
    store.add(HumanLabel("e1", 3, 2, WITHDRAW, "ben"))
    assert store.current("e1")[["label", "annotator"]].to_numpy().tolist() == [["joy", "ana"]]


def test_a_press_that_was_taken_back_counts_as_never_made(store: LabelStore):
    for label, who, press in (("joy", "ana", "a-1"), ("fear", "ben", "b-1"), ("anger", "ana", "a-2")):
        store.add(HumanLabel("e1", 3, 2, label, who, PIN, press=press))
    store.add(HumanLabel("e1", 3, 2, "joy", "ana", PIN, way=UNDONE, press="a-3", undoes="a-2"))
    assert store.current("e1")[["label", "annotator"]].to_numpy().tolist() == [["fear", "ben"]]
    then = store.history("e1")
    assert standing(then[then["id"] <= 3], ["track_id"])["label"].tolist() == ["anger"], "as it was before the undo"
    for number, undoes in (("b-2", "b-1"), ("a-4", "a-1")):
        store.add(HumanLabel("e1", 3, 2, WITHDRAW, undoes[0], PIN, way=UNDONE, press=number, undoes=undoes))
    assert len(store.current("e1")) == 0 and len(store.history("e1")) == 6


@pytest.mark.parametrize("wrong", [{"scope": "planet"}, {"way": "guessed"}, {"scope": FRAME}])
def test_a_word_of_no_known_kind_is_refused(wrong: dict[str, str]):
    with pytest.raises(InputError, match="no word is of|one picture"):
        HumanLabel("e1", 3, 2, "joy", **wrong)


def test_an_older_database_learns_how_words_come_about(tmp_path: Path):
    path = old_database(tmp_path / "labels.db")
    store = LabelStore(path)
    assert store.events()[["scope", "way", "blind", "press", "undoes"]].isna().all(axis=None)
    store.add_once([HumanLabel("e1", 9, 9, "anger", press="p-1", pin=PIN)])
    store.close()
    again = LabelStore(path)
    assert again.events()["press"].tolist() == [None, None, None, "p-1"]
    assert again.history("e1")["label"].tolist() == ["joy", "withdraw", "fear", "anger"]
    again.close()
