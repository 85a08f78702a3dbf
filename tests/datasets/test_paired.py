"""A paired set checks itself, is cut without reading, and notices a side that was moved alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from mmemo.datasets.paired import FACE, PairedSet, present_rows
from mmemo.datasets.problems import CORRUPT, MISSING, Problem, ProblemLog, merged
from mmemo.errors import InputError
from mmemo.labels import SENTIMENT3


@dataclass
class Recorder:
    """Pictures that remember what was read; row 1 has none."""

    ids: tuple[str, ...]
    read: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> list[np.ndarray]:
        self.read.append(row)
        return [np.full((2, 2, 3), row, np.uint8)]

    @property
    def keys(self) -> tuple[str, ...]:
        return self.ids

    @property
    def present(self) -> np.ndarray:
        return np.arange(len(self.ids)) != 1


def make(count: int = 4, **changes: object) -> PairedSet:
    ids = tuple(f"s{i}" for i in range(count))
    values: dict[str, object] = {
        "name": "made",
        "vocabulary": SENTIMENT3,
        "ids": ids,
        "groups": tuple(f"g{i // 2}" for i in range(count)),
        "labels": np.arange(count, dtype=np.int64) % 3,
        "texts": tuple(f"line {i}" for i in range(count)),
        "contexts": tuple(f"around {i}" for i in range(count)),
        "pictures": {FACE: Recorder(ids)},
        "audio": [np.full(3, i, np.float32) for i in range(count)],
        "dimensions": np.arange(count, dtype=np.float32)[:, None],
        "dimension_names": ("valence",),
    }
    return PairedSet(**{**values, **changes})  # type: ignore[arg-type]


def test_a_subset_moves_every_part_and_reads_nothing():
    whole = make()
    part = whole.subset([3, 0])
    assert whole.pictures[FACE].read == []
    assert (part.ids, part.groups) == (("s3", "s0"), ("g1", "g0"))
    assert (part.texts, part.contexts) == (("line 3", "line 0"), ("around 3", "around 0"))
    assert part.labels.tolist() == [0, 0]
    assert [int(part.pictures[FACE][i][0][0, 0, 0]) for i in range(2)] == [3, 0]
    assert [int(part.audio[i][0]) for i in range(2)] == [3, 0]
    assert part.dimensions[:, 0].tolist() == [3, 0]
    again = part.subset(np.array([False, True]))
    assert again.ids == ("s0",)
    assert again.pictures[FACE].keys == ("s0",)


def test_rows_outside_are_refused():
    for rows in ([4], [-1]):
        with pytest.raises(InputError, match="outside of made"):
            make().subset(rows)


def test_nothing_and_one():
    empty = make().subset([])
    assert len(empty) == 0
    assert empty.priors() is None
    assert make(1).priors().tolist() == [1, 0, 0]


def test_a_source_knows_which_rows_hold_something():
    whole = make()
    assert present_rows(whole.pictures[FACE]).tolist() == [True, False, True, True]
    assert present_rows(whole.subset([1, 0]).pictures[FACE]).tolist() == [False, True]
    assert present_rows(whole.audio).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"texts": ("one",)}, "4 samples but 1 texts"),
        ({"pictures": {FACE: []}}, "4 samples but 0 face pictures"),
        ({"groups": ("g",)}, "1 groups"),
        ({"ids": ("s0", "s1", "s1", "s3"), "pictures": {}}, "same id twice"),
        ({"labels": np.array([0, 1, 2, 3])}, "do not fit sentiment-3"),
        ({"labels": np.array([0, 1, 2, -1])}, "do not fit sentiment-3"),
        ({"labels": np.zeros((4, 2), np.float32)}, "do not fit sentiment-3"),
        ({"labels": np.full((4, 3), 1.5, np.float32)}, "do not fit sentiment-3"),
        ({"labels": np.full((4, 3), np.nan, np.float32)}, "do not fit sentiment-3"),
        ({"dimension_names": ()}, "dimensions without names"),
        ({"dimension_names": ("valence", "arousal")}, "dimensions"),
        ({"dimensions": None}, "names alone"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, object], words: str):
    with pytest.raises(InputError, match=words):
        make(**changes)


def test_a_side_that_is_moved_alone_is_caught_by_its_keys():
    whole = make()
    moved = replace(whole.subset([1, 0, 2, 3]))
    with pytest.raises(InputError, match="another order than its ids: row 0 is 's1', not 's0'"):
        replace(whole, pictures=moved.pictures)


def test_with_shuffled_moves_one_part_alone():
    whole = make(12)
    for part in ("texts", "labels", "audio", FACE):
        moved = whole.with_shuffled(part, seed=1)
        assert moved.ids == whole.ids
        assert (moved.texts != whole.texts) == (part == "texts")
        assert (moved.contexts != whole.contexts) == (part == "texts")
        assert (moved.labels.tolist() != whole.labels.tolist()) == (part == "labels")
        assert ([a[0] for a in moved.audio] != [a[0] for a in whole.audio]) == (part == "audio")
        shown = [int(moved.pictures[FACE][i][0][0, 0, 0]) for i in range(12)]
        assert (shown != list(range(12))) == (part == FACE)
        assert sorted(shown) == list(range(12))
    with pytest.raises(InputError, match="no body to shuffle"):
        whole.with_shuffled("body")


def test_several_labels_at_once():
    whole = make(2, labels=np.array([[1, 0, 1], [0, 0, 1]], np.float32))
    assert whole.several
    assert not make().several
    assert whole.priors().tolist() == [0.5, 0, 1]


def test_problems_are_counted_by_kind_with_their_first_names():
    log = ProblemLog()
    for number in range(7):
        log.add(MISSING, "missing clips", f"dia{number}")
    log.add(CORRUPT, "unreadable clips", "dia9")
    first, second = log.problems()
    assert (first.count, first.examples) == (7, ("dia0", "dia1", "dia2", "dia3", "dia4"))
    assert str(first) == "missing clips: 7 (dia0, dia1, dia2, dia3, dia4, ...)"
    assert str(second) == "unreadable clips: 1 (dia9)"
    assert merged([second, first, second])[0] == Problem(CORRUPT, "unreadable clips", 2, ("dia9", "dia9"))
    assert ProblemLog().problems() == ()
