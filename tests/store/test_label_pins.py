"""Words from before there were pins are pinned to the faces that they meant, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from mmemo.errors import StorageError
from mmemo.store.label_pins import pin_labels
from mmemo.store.labels import FacePin, HumanLabel, LabelStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LabelStore]:
    opened = LabelStore(tmp_path / "labels.db")
    yield opened
    opened.close()


def cut(*faces: tuple[int, int, int, float]) -> pd.DataFrame:
    """Speakers' faces of (track, cue, frame_ms, detection_prob), not measured; each has a box of its own."""
    rows = [
        {"track_id": track, "cue_id": cue, "frame_ms": ms, "detection_prob": prob}
        | {"x1": float(ms), "y1": 0.0, "x2": ms + 40.0, "y2": 40.0, "role": "speaker"}
        for track, cue, ms, prob in faces
    ]
    columns = ["track_id", "cue_id", "frame_ms", "detection_prob", "x1", "y1", "x2", "y2", "role"]
    return pd.DataFrame(rows, columns=columns)


CUTS = {"new": cut((1, 1, 500, 0.8), (1, 1, 900, 0.9), (2, 2, 2500, 0.9)), "old": cut((7, 3, 4500, 0.9))}


def pinned(store: LabelStore, cuts: dict[str, pd.DataFrame]) -> list[tuple[object, object]]:
    def faces_of(key: str) -> pd.DataFrame:
        if key not in cuts:
            raise StorageError("gone", hint="cut again")
        return cuts[key]

    pin_labels(store, "e1", ["new", "old"], faces_of)
    history = store.history("e1")
    times = [None if pd.isna(ms) else int(ms) for ms in history["time_ms"]]
    return list(zip(history["cut_key"].tolist(), times, strict=True))


def test_nothing_said_is_nothing_to_pin(store: LabelStore):
    assert pinned(store, {}) == []


def test_a_word_is_pinned_to_the_surest_face_and_says_the_same(store: LabelStore):
    number = store.add(HumanLabel("e1", 1, 1, "joy", "ana"))
    before = store.history("e1")
    assert pinned(store, CUTS) == [("new", 900)]
    after = store.history("e1")
    said = ["id", "track_id", "cue_id", "label", "annotator", "created_at"]
    pd.testing.assert_frame_equal(after[said], before[said])
    store.pin({number: FacePin("old", 1, 0, 0, 1, 1)})
    store.claim({number: "old"})
    assert pinned(store, CUTS) == [("new", 900)], "a pin is never moved"


def test_the_face_is_one_that_people_are_shown(store: LabelStore):
    store.add(HumanLabel("e1", 1, 1, "joy"))
    store.add(HumanLabel("e1", 7, 3, "fear"))
    measured = cut((1, 1, 500, 0.8), (1, 1, 900, 0.9), (7, 3, 3500, 0.9))
    measured = measured.assign(quality=[0.5, 0.0, 1.0], role=["speaker", "speaker", "listener"])
    assert pinned(store, {**CUTS, "new": measured}) == [("new", 500), ("old", 4500)]


def test_what_the_cut_in_use_does_not_have_is_of_an_older_one_or_of_none(store: LabelStore):
    store.add(HumanLabel("e1", 7, 3, "fear"))
    store.add(HumanLabel("e1", 2, 9, "anger"))
    assert pinned(store, CUTS) == [("old", 4500), ("new", None)]
    assert pinned(store, {"new": cut(), "old": cut((2, 9, 700, 0.9))}) == [("old", 4500), ("new", None)]


def test_lost_files_of_the_cut_in_use_give_its_words_to_no_other(store: LabelStore):
    store.add(HumanLabel("e1", 7, 3, "fear"))
    assert pinned(store, {"old": CUTS["old"]}) == [("new", None)]
    assert pinned(store, {**CUTS, "new": cut((7, 3, 100, 0.9))}) == [("new", 100)]


def test_new_words_have_their_pin_and_keep_it(store: LabelStore):
    store.add(HumanLabel("e1", 1, 1, "joy", pin=FacePin("old", 20, 1, 2, 3, 4)))
    assert pinned(store, CUTS) == [("old", 20)]
    row = store.history("e1").iloc[0]
    assert row[["x1", "y1", "x2", "y2"]].tolist() == [1, 2, 3, 4]
