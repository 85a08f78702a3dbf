from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mmemo.errors import InputError
from mmemo.teacher.packing import is_two_head, pack_folder, pack_tensors, read_two_head, unpack_tensors
from tests.teacher.tiny import save_classifier, save_two_head


def test_a_matrix_is_off_by_at_most_half_a_step_of_its_row() -> None:
    rng = np.random.default_rng(0)
    matrix = (rng.normal(size=(40, 64)) * np.logspace(-7, 2, 40)[:, None]).astype(np.float32)
    packed = pack_tensors({"m": matrix})
    back = unpack_tensors(packed)["m"]
    step = packed["m.row_scale"].astype(np.float32)[:, None]
    assert packed["m"].dtype == np.int8
    assert (np.abs(back - matrix) <= 0.5001 * step).all()
    ordinary = np.abs(matrix).max(axis=1) > 0.01
    assert (step[ordinary, 0] <= 1.001 * np.abs(matrix[ordinary]).max(axis=1) / 127).all()


def test_vectors_keep_half_precision_and_zero_rows_stay_zero() -> None:
    tensors = {"bias": np.array([1.0, -0.333], np.float32), "empty_rows": np.zeros((2, 3), np.float32)}
    back = unpack_tensors(pack_tensors(tensors))
    assert np.array_equal(back["bias"], tensors["bias"].astype(np.float16).astype(np.float32))
    assert np.array_equal(back["empty_rows"], tensors["empty_rows"])
    assert pack_tensors({}) == {}


@pytest.mark.parametrize(("value", "words"), [(np.nan, "not finite"), (np.inf, "not finite"), (1e30, "too large")])
def test_weights_that_cannot_be_stored_are_refused(value: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        pack_tensors({"m": np.full((2, 2), value, np.float32)})


def test_a_packed_folder_is_about_half_of_half_precision_and_reads_the_same(tmp_path: Path) -> None:
    source = save_two_head(tmp_path / "trained", width=256)
    report = pack_folder(source, tmp_path / "packed")
    weights = (source / "model.safetensors").stat().st_size
    assert (tmp_path / "packed" / "model.safetensors").stat().st_size < 0.55 * weights
    assert report.packed_bytes < report.source_bytes
    assert report.largest_relative_error < 0.5 / 127 * 1.01
    before, after = read_two_head(source), read_two_head(tmp_path / "packed")
    assert before.encoder == after.encoder
    assert before.tensors.keys() == after.tensors.keys()
    assert not any("pooler" in name for name in after.tensors)
    for name, tensor in before.tensors.items():
        largest = np.abs(np.atleast_2d(tensor)).max(axis=1, keepdims=True)
        error = np.abs(np.atleast_2d(tensor) - np.atleast_2d(after.tensors[name]))
        assert (error <= largest * (0.5 / 127) * 1.01).all(), name


def test_packing_leaves_an_existing_folder_alone(tmp_path: Path) -> None:
    source = save_two_head(tmp_path / "trained")
    with pytest.raises(InputError, match="exists already"):
        pack_folder(source, source)


def test_a_failed_packing_leaves_nothing_behind(tmp_path: Path) -> None:
    source = save_two_head(tmp_path / "trained")
    (source / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        pack_folder(source, tmp_path / "out" / "packed")
    assert list((tmp_path / "out").iterdir()) == []


def test_both_forms_are_recognised_and_other_folders_are_not(tmp_path: Path) -> None:
    source = save_two_head(tmp_path / "trained")
    pack_folder(source, tmp_path / "packed")
    assert is_two_head(source)
    assert is_two_head(tmp_path / "packed")
    assert not is_two_head(tmp_path)
    assert not is_two_head(save_classifier(tmp_path / "classifier", ["joy", "anger"]))


def test_damaged_and_incomplete_teachers_are_refused(tmp_path: Path) -> None:
    folder = save_two_head(tmp_path / "trained")
    tensors = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in tensors.items() if k != "emotion.bias"}, folder / "model.safetensors")
    with pytest.raises(InputError, match="no emotion head"):
        read_two_head(folder)
    save_file({**tensors, "emotion.weight": tensors["emotion.weight"][:5]}, folder / "model.safetensors")
    with pytest.raises(InputError, match="not 7 x 32"):
        read_two_head(folder)
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match="damaged"):
        read_two_head(folder)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del settings["hidden_size"]
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(InputError, match="hidden_size"):
        read_two_head(folder)
