"""`pipelines.fusion` from a table of pictures and lines to a trained model, its figures and its predictions."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import load_file

from mmemo.errors import InputError
from pipelines import fusion as command

LINES = {"joy": "I am so happy today!", "sadness": "It hurts, I could cry."}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 samples of two classes in three splits: bright and glad, dark and sad."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(24):
        label = "joy" if number % 2 else "sadness"
        pixels = rng.normal(190 if label == "joy" else 60, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        split = "test" if number >= 20 else "dev" if number >= 16 else "train"
        rows.append((f"{number}.png", label, f"film{number // 2}", f"{LINES[label]} {number}", split))
    path = folder / "samples.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("path", "label", "group", "text", "split"), *rows])
    return path


def last(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the command printed last, which is JSON."""
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


SETTINGS = ["epochs=12", "batch_size=4", "learning_rate=0.003", "width=16"]


def test_train_evaluate_predict(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model, space, told = tmp_path / "model", tmp_path / "space", tmp_path / "told"
    command.train(table, "concat", model, setting=SETTINGS, workspace=space, as_json=True)
    assert last(capsys)["validation"]["n"] == 4
    assert {path.name for path in model.iterdir()} == {"config.json", "model.safetensors"}
    assert json.loads((model / "config.json").read_text())["settings"]["width"] == 16

    command.evaluate(table, model, out=told, workspace=space, as_json=True)
    found = last(capsys)
    assert found["accuracy"] == 1 and "warning" not in found
    assert json.loads((told / "evaluation.json").read_text())["n"] == 4

    command.predict(table, model, told, workspace=space, as_json=True)
    assert last(capsys)["said"] == {"sadness": 2, "joy": 2}
    said = pd.read_csv(told / "predictions.csv")
    assert list(said["label"]) == ["sadness", "joy"] * 2
    assert np.allclose(said.iloc[:, 2:9].sum(axis=1), 1, atol=1e-4)


def test_training_begins_with_a_trained_model(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    small = ["epochs=1", "batch_size=8", "widths=(4, 6)", "feature_dim=8", "trans_dim=4", "trans_heads=1"]
    first, second = tmp_path / "first", tmp_path / "second"
    command.train(table, "mme2e", first, setting=small, workspace=tmp_path / "space")
    encoders = json.loads((first / "config.json").read_text())["encoders"]
    assert encoders["face"]["spec"] == "embedded+maps:32"
    # Rates of 0 leave everything as it was taken over.
    frozen = [*small, "text_rate=0.0", "picture_rate=0.0", "weight_decay=0.0", "threshold=0.5"]
    command.train(
        table, "mme2e_sparse", second, setting=frozen, ckpt=first, ckpt_modality=["text"], workspace=tmp_path / "space"
    )
    one, other = (load_file(folder / "model.safetensors") for folder in (first, second))
    assert np.array_equal(one["branches.text.1.weight"], other["branches.text.1.weight"])
    assert not np.array_equal(one["branches.face.answer.1.weight"], other["branches.face.answer.1.weight"])
    with pytest.raises(InputError, match="no fusion model"):
        command.train(table, "mme2e", second, ckpt=tmp_path, setting=small, workspace=tmp_path / "space")


def test_groups_are_held_out_where_no_split_is_for_stopping(table: Path, tmp_path: Path, capsys: Any):
    command.train(
        table, "concat", tmp_path / "m", validation="none", modality=["text"], setting=["epochs=1"],
        workspace=tmp_path, as_json=True,
    )  # fmt: skip
    told = json.loads((tmp_path / "m" / "config.json").read_text())["told"]
    held = last(capsys)["validation"]["n"]
    assert held == 4  # two of eight films
    assert told["n"] == 12


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"model": "magic"}, "there is no fusion model"),
        ({"setting": ["wdth=3"]}, "has no setting wdth"),
        ({"setting": ["width"]}, "is not NAME=VALUE"),
        ({"modality": ["audio"]}, "has no audio"),
        ({"encoder": ["text=magic"]}, "unknown text encoder"),
        ({"split": "spring"}, "no split 'spring'"),
    ],
)
def test_wrong_input_is_told_in_one_sentence(table: Path, tmp_path: Path, arguments: dict[str, Any], says: str):
    with pytest.raises(InputError, match=says):
        command.train(table, **{"model": "concat", "out": tmp_path / "m", "workspace": tmp_path, **arguments})
    assert not (tmp_path / "m").exists()


def test_samples_that_training_has_seen_are_judged_with_a_warning(table: Path, tmp_path: Path, capsys: Any):
    model, space = tmp_path / "model", tmp_path / "space"
    command.train(table, "concat", model, modality=["text"], setting=["epochs=1"], workspace=space)
    capsys.readouterr()
    for split, limit, says in (("train", None, "trained on"), ("train", 5, "trained on"), ("dev", None, "decided")):
        command.evaluate(table, model, split, tmp_path / "told", limit, workspace=space, as_json=True)
        assert says in last(capsys)["warning"]
    assert "decided" in json.loads((tmp_path / "told" / "evaluation.json").read_text())["warning"]


def test_no_other_split_stands_in_for_the_one_that_is_meant(table: Path, tmp_path: Path):
    kept = [line for line in table.read_text().splitlines() if not line.endswith("test")]
    other = table.with_name("without_test.csv")
    other.write_text("\n".join(kept))
    model = tmp_path / "model"
    command.train(other, "concat", model, modality=["text"], setting=["epochs=1"], workspace=tmp_path)
    with pytest.raises(InputError, match="has no split test"):
        command.evaluate(other, model, workspace=tmp_path)
    with pytest.raises(InputError, match="has no split test"):
        command.predict(other, model, tmp_path / "out", workspace=tmp_path)


def test_a_folder_that_is_no_model(table: Path, tmp_path: Path):
    with pytest.raises(InputError, match="holds no fusion model"):
        command.evaluate(table, tmp_path, workspace=tmp_path)
