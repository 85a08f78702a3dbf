"""FER+ splits: which faces count, how votes become columns, and what is no split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.datasets.ferplus import VOTES, read_ferplus
from mmemo.errors import InputError
from mmemo.labels import EKMAN7


def votes(**counts: int) -> list[int]:
    return [counts.get(name.replace(" ", "_"), 0) for name in VOTES]


def save(path: Path, rows: list[list[int]]) -> Path:
    images = np.arange(len(rows), dtype=np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    np.savez(path, images=images, votes=np.array(rows, np.uint8).reshape(len(rows), 10))
    return path


def test_every_emotion_comes_into_its_column(tmp_path: Path):
    faces = read_ferplus(save(tmp_path / "a.npz", [votes(**{label: 10}) for label in EKMAN7.labels]))
    assert faces.labels.tolist() == list(range(7))
    np.testing.assert_array_equal(faces.votes, np.eye(7))


def test_only_faces_whose_majority_is_ours_count(tmp_path: Path):
    rows = [votes(contempt=6, anger=4), votes(joy=6, contempt=4), votes(unknown=9, fear=1), votes(no_face=10), votes()]
    faces = read_ferplus(save(tmp_path / "a.npz", rows))
    assert faces.labels.tolist() == [EKMAN7.index("joy")]
    assert faces.images[0, 0, 0] == 1
    np.testing.assert_array_equal(faces.votes, [np.eye(7)[1]])


def test_votes_for_others_leave_the_shares(tmp_path: Path):
    faces = read_ferplus(save(tmp_path / "a.npz", [votes(sadness=6, fear=2, contempt=2)]))
    np.testing.assert_allclose(faces.votes[0, [EKMAN7.index("sadness"), EKMAN7.index("fear")]], [0.75, 0.25])


def test_a_tie_goes_to_the_earlier_vote(tmp_path: Path):
    faces = read_ferplus(save(tmp_path / "a.npz", [votes(surprise=5, sadness=5), votes(fear=5, contempt=5)]))
    assert [EKMAN7.labels[i] for i in faces.labels] == ["surprise", "fear"]


def test_crops_are_in_colour(tmp_path: Path):
    crops = read_ferplus(save(tmp_path / "a.npz", [votes(joy=9), votes(anger=9)])).crops()
    assert [crop.shape for crop in crops] == [(48, 48, 3)] * 2
    assert crops[1].min() == crops[1].max() == 1


@pytest.mark.parametrize("rows", [[], [votes(contempt=9)]])
def test_a_split_without_our_faces_is_refused(tmp_path: Path, rows: list[list[int]]):
    with pytest.raises(InputError, match="no face with one of the seven"):
        read_ferplus(save(tmp_path / "a.npz", rows))


@pytest.mark.parametrize("content", [None, b"", b"no zip", b"PK\x03\x04broken"])
def test_what_is_no_split_is_refused(tmp_path: Path, content: bytes | None):
    path = tmp_path / "a.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="missing or is no FER"):
        read_ferplus(path)


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": np.zeros((2, 48, 48), np.uint8)},
        {"images": np.zeros((2, 48, 48), np.float32), "votes": np.ones((2, 10), np.uint8)},
        {"images": np.zeros((2, 48, 48), np.uint8), "votes": np.ones((3, 10), np.uint8)},
        {"images": np.zeros((2, 48, 48), np.uint8), "votes": np.ones((2, 7), np.uint8)},
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=r"images \(N, 48, 48\)"):
        read_ferplus(tmp_path / "a.npz")
