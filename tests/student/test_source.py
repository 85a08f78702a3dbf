"""The sketch of source faces: drawn evenly, kept small, and refused where it does not belong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmemo.datasets.ferplus import VOTES
from mmemo.errors import InputError, ModelUnavailable
from mmemo.labels import EKMAN7
from mmemo.student.fitters import SourceFaces
from mmemo.student.source import load_source, save_source, sketch_faces
from pipelines.sketch_source import sketch_source

K = 7


def features(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 2, 5)).astype(np.float32)


def test_rare_emotions_give_all_their_faces_and_common_ones_as_many_as_asked():
    gold = np.repeat(np.arange(K), [50, 1, 4, 4, 4, 4, 4])
    given = features(len(gold))
    sketch = sketch_faces(given, gold, 4, seed=0)
    np.testing.assert_array_equal(sketch.targets.sum(0), [4, 1, 4, 4, 4, 4, 4])
    row = int(np.flatnonzero((given == sketch.features[-1]).all((1, 2)))[0])
    assert gold[row] == sketch.targets[-1].argmax()


def test_an_emotion_without_faces_is_bad_input():
    with pytest.raises(InputError, match="no face shows disgust"):
        sketch_faces(features(6), np.arange(6), 4, seed=0)


def test_what_was_saved_comes_back_with_its_first_view(tmp_path: Path):
    source = SourceFaces(features(K), np.eye(K, dtype=np.float32))
    save_source(tmp_path / "s.safetensors", source, "net@1")
    back = load_source(tmp_path / "s.safetensors", "net@1")
    assert back is not None
    np.testing.assert_array_equal(back.targets, source.targets)
    np.testing.assert_allclose(back.features, np.repeat(source.features[:, :1], 2, axis=1), atol=2e-3)


def test_a_sketch_that_is_not_there_damaged_or_of_other_weights(tmp_path: Path):
    path = tmp_path / "s.safetensors"
    assert load_source(path, "net@1") is None
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelUnavailable, match="damaged"):
        load_source(path, "net@1")
    save_source(path, SourceFaces(features(K), np.eye(K, dtype=np.float32)), "net@1")
    with pytest.raises(ModelUnavailable, match="net@1, the weights are net@2"):
        load_source(path, "net@2")


def test_the_command_keeps_a_few_faces_of_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    votes = np.array([[10 * (name == label) for name in VOTES] for label in EKMAN7.labels * 2], np.uint8)
    images = np.random.default_rng(0).integers(0, 256, (14, 48, 48), np.uint8)
    np.savez(tmp_path / "valid.npz", images=images, votes=votes)
    sketch_source(tmp_path, tmp_path / "out.safetensors", 1, 0, True)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["faces"] == dict.fromkeys(EKMAN7.labels, 1)
    source = load_source(tmp_path / "out.safetensors", told["identity"])
    assert source is not None and source.features.shape[:2] == (7, 2)
