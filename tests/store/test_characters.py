"""Words about characters are only ever added, and come back as they were said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mmemo.errors import InputError, StorageError
from mmemo.store.characters import CharacterStore, CharacterWord, FaceAnchor
from mmemo.store.labels import HumanLabel, LabelStore


def face(track_id: int) -> FaceAnchor:
    return FaceAnchor("cut", track_id, track_id + 10, 1000 * track_id, 1.5, 2.5, 30.0, 40.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CharacterStore]:
    opened = CharacterStore(tmp_path / "labels.db")
    yield opened
    opened.close()


def test_an_episode_without_words_is_empty(store: CharacterStore):
    store.add([])
    assert store.words("e1") == []


def test_words_come_back_in_their_order(store: CharacterStore):
    said = [
        CharacterWord("e1", face(1), "Nora"),
        CharacterWord("e1", face(2), like=face(1), annotator="ana"),
        CharacterWord("e1", face(3)),
        CharacterWord("e1", face(1), ""),
    ]
    store.add(said[:1])
    store.add([CharacterWord("e2", face(1), "Felix"), *said[1:]])
    assert store.words("e1") == said
    assert [word.name for word in store.words("e2")] == ["Felix"]


def test_names_and_labels_share_one_file(tmp_path: Path, store: CharacterStore):
    labels = LabelStore(tmp_path / "labels.db")
    labels.add(HumanLabel("e1", 1, 1, "joy"))
    store.add([CharacterWord("e1", face(1), "Nora")])
    assert labels.current("e1")["label"].tolist() == ["joy"]
    assert CharacterStore(tmp_path / "labels.db").words("e1") == store.words("e1")
    labels.close()


@pytest.mark.parametrize("name", ["x" * 81, "two\nlines", " Nora", "bell\a"])
def test_a_name_that_is_none_is_refused(name: str):
    with pytest.raises(InputError):
        CharacterWord("e1", face(1), name)


def test_a_word_that_cannot_be_saved_says_so(store: CharacterStore, tmp_path: Path):
    store.close()
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / "labels.db").mkdir()
    with pytest.raises(StorageError, match="not saved"):
        store.add([CharacterWord("e1", face(1), "Nora")])
    with pytest.raises(StorageError, match="cannot be read"):
        store.words("e1")
