"""What people say is only ever added to; the last word counts."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from mmemo.errors import InputError, StorageError
from mmemo.store.labels import REJECT, WITHDRAW, HumanLabel, LabelStore


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
