"""Words about which students to use: the last one counts, none is lost, and the labels beside them stay."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mmemo.errors import StorageError
from mmemo.store.labels import HumanLabel, LabelStore
from mmemo.store.promotions import PromotionStore


def test_nothing_was_said(tmp_path: Path):
    assert PromotionStore(tmp_path / "labels.db").last_words() == {}


def test_the_last_word_counts_and_the_history_stays(tmp_path: Path):
    store = PromotionStore(tmp_path / "labels.db")
    store.add("a", True)
    store.add("b", True)
    store.add("a", False)
    assert store.last_words() == {"a": False, "b": True}
    store.close()
    with sqlite3.connect(tmp_path / "labels.db") as connection:
        assert connection.execute("SELECT count(*) FROM promotions").fetchone() == (3,)


def test_it_lives_beside_the_labels(tmp_path: Path):
    labels = LabelStore(tmp_path / "labels.db")
    labels.add(HumanLabel("pilot", 1, 1, "joy"))
    PromotionStore(tmp_path / "labels.db").add("a", True)
    assert len(labels.current("pilot")) == 1


def test_a_damaged_file_is_told(tmp_path: Path):
    (tmp_path / "labels.db").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(StorageError):
        PromotionStore(tmp_path / "labels.db")
