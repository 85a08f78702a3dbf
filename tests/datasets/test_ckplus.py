"""CK+: which faces count, who they are, and what is no such file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.datasets.ckplus import read_ckplus, with_neutral
from mmemo.errors import InputError
from mmemo.labels import EKMAN7


def save(path: Path, labels: list[str]) -> Path:
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    subjects = np.array([f"S{number // 2:03}" for number in range(len(labels))])
    np.savez(path, images=images, label=np.array(labels), subject=subjects)
    return path


def test_contempt_is_left_out_and_names_become_ours(tmp_path: Path):
    faces = read_ckplus(save(tmp_path / "ck.npz", ["anger", "contempt", "happy", "fear"]))
    assert [EKMAN7.labels[i] for i in faces.labels] == ["anger", "joy", "fear"]
    assert faces.images[:, 0, 0].tolist() == [0, 2, 3]
    assert faces.subjects.tolist() == ["S000", "S001", "S001"]


def test_neutral_faces_come_each_as_a_person_of_their_own(tmp_path: Path):
    posed = read_ckplus(save(tmp_path / "ck.npz", ["anger", "happy"]))
    neutral = np.full((5, 48, 48), 9, np.uint8)
    faces = with_neutral(posed, neutral, 3, seed=1)
    assert faces.labels.tolist()[2:] == [EKMAN7.index("neutral")] * 3
    assert len(set(faces.subjects)) == 1 + 3 and (faces.images[2:] == 9).all()
    assert faces.subjects.tolist() == with_neutral(posed, neutral, 3, seed=1).subjects.tolist()
    with pytest.raises(InputError, match="5 neutral faces, 6 are needed"):
        with_neutral(posed, neutral, 6, seed=1)


@pytest.mark.parametrize("labels", [[], ["contempt"]])
def test_a_file_without_our_emotions_is_refused(tmp_path: Path, labels: list[str]):
    with pytest.raises(InputError, match=r"no face with one of the seven|label"):
        read_ckplus(save(tmp_path / "ck.npz", labels))


@pytest.mark.parametrize("content", [None, b"", b"no zip"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes | None):
    path = tmp_path / "ck.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="missing or is no CK"):
        read_ckplus(path)


def test_other_arrays_are_refused(tmp_path: Path):
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 48, 48)), label=np.array(["joy"] * 2), subject=np.array(["a"] * 2))
    with pytest.raises(InputError, match=r"images \(N, 48, 48\)"):
        read_ckplus(tmp_path / "a.npz")
