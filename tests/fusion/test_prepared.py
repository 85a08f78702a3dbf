"""Signals, batches, and datasets that are read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmemo.fusion.batch import Batch, Signal, of_vectors, padded
from mmemo.fusion.building import new_encoders
from mmemo.fusion.encoders import Encoder
from mmemo.fusion.encoders.frames import Pool
from mmemo.fusion.prepared import prepare
from mmemo.progress import run
from tests.fusion.made import MadeReader, small_pairs


def test_padding_marks_what_is_there():
    like = np.zeros((0, 2), np.float32)
    signal = padded([np.ones((3, 2), np.float32), like, np.ones((1, 2), np.float32)], like)
    assert signal.mask.tolist() == [[True] * 3, [False] * 3, [True, False, False]]
    assert signal.present.tolist() == [True, False, True]
    assert padded([like], like).values.shape == (1, 1, 2)
    assert padded([], like).values.shape == (0, 1, 2)


def test_a_batch_without_a_modality():
    batch = Batch({"text": of_vectors(np.ones((2, 3))), "face": of_vectors(np.ones((2, 3)))})
    assert not batch.without("face").signals["face"].present.any()
    assert batch.without("face").signals["text"].present.all()
    assert not batch.only("face").signals["text"].present.any()
    with pytest.raises(AssertionError):
        Batch({"text": of_vectors(np.ones((2, 3))), "face": of_vectors(np.ones((3, 3)))})


@pytest.mark.parametrize(("how", "expected"), [("average", 2.0), ("max", 3.0)])
def test_pooling_leaves_out_what_is_not_there(how: str, expected: float):
    values = torch.tensor([[[1.0], [3.0], [99.0]], [[5.0], [5.0], [5.0]]])
    mask = torch.tensor([[True, True, False], [False] * 3])
    assert Pool(how, 1)(Signal(values, mask)).tolist() == [[expected], [0.0]]
    shares = Pool("attention", 1).weights(Signal(values, mask)).detach()
    assert shares[0].sum() == pytest.approx(1)
    assert shares[0, 2] == 0
    assert shares[1].sum() == 0


class Counting(MadeReader):
    """Counts how often it is asked."""

    costly = True

    def __init__(self) -> None:
        self.rows: list[int] = []

    def read(self, data: object, rows: object) -> list[np.ndarray]:
        self.rows += list(rows)  # type: ignore[call-overload]
        return [np.full((1, 8), row, np.float32) for row in rows]  # type: ignore[attr-defined]


def test_costly_arrays_are_read_once_and_again_when_the_content_changes(tmp_path: Path):
    reader = Counting()
    encoders = {"text": Encoder(reader, 8, {})}
    data = small_pairs()
    first = run(prepare(data, encoders, tmp_path))
    again = run(prepare(data, encoders, tmp_path))
    assert reader.rows == list(range(12))
    batch = np.array([3, 1])
    assert torch.equal(first.batch(batch).signals["text"].values, again.batch(batch).signals["text"].values)
    assert again.batch(batch).signals["text"].values[:, 0, 0].tolist() == [3, 1]
    run(prepare(data.subset([1, 0]), encoders, tmp_path))
    assert reader.rows == [*range(12), 0, 1]


def test_cheap_arrays_may_be_read_on_demand():
    data = small_pairs(6)
    encoders = new_encoders(data, {"text": "gru"}, ["text"])
    kept, lazy = run(prepare(data, encoders)), run(prepare(data, encoders, on_demand=True))
    rows = np.array([4, 0])
    assert torch.equal(kept.batch(rows).signals["text"].values, lazy.batch(rows).signals["text"].values)


def test_labels_and_groups_follow_the_rows():
    data = small_pairs(6)
    prepared = run(prepare(data, new_encoders(data, {"text": "gru"}, ["text"])))
    batch = prepared.batch(np.array([5, 2]))
    assert data.labels is not None
    assert batch.labels is not None
    assert batch.labels.tolist() == data.labels[[5, 2]].tolist()
    assert [len(one) for one in prepared.batches(size=4)] == [4, 2]
