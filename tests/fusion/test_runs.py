"""Thresholds are chosen while training and never on what is judged; several labels at once are all written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.datasets.paired import PairedSet
from mmemo.fusion.runs import FusionRun, evaluate_on, predict_on, train_on
from mmemo.fusion.saving import CONFIG_FILE, load_model
from mmemo.fusion.training import FusionTraining
from mmemo.labels import Vocabulary
from mmemo.progress import run
from mmemo.store.files import read_json

FEELINGS = Vocabulary("feelings", ("glad", "sad", "tired"))
LINES = ("what a fine day", "it hurts, I could cry", "fine, but it hurts", "let me sleep")
HELD = ((1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1))


def lines(n: int, films: int, title: str = "lines") -> PairedSet:
    """Four lines by turns, of which the third is glad and sad at once."""
    return PairedSet(
        name=title,
        vocabulary=FEELINGS,
        ids=[f"s{i}" for i in range(n)],
        groups=[f"film{i % films}" for i in range(n)],
        labels=np.array([HELD[i % 4] for i in range(n)], np.float32),
        texts=[LINES[i % 4] for i in range(n)],
    )


def trained(data: PairedSet, out: Path, epochs: int = 2) -> None:
    training = FusionTraining(epochs=epochs, batch_size=8, learning_rate=1e-2)
    run(train_on(data, None, FusionRun("concat", {"text": "bilstm"}, training=training), out))


@pytest.mark.parametrize(("films", "chosen"), [(3, False), (16, True)])
def test_thresholds_are_those_of_training_and_a_half_without_them(
    films: int, chosen: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    trained(lines(64, films), tmp_path)
    told = read_json(tmp_path / CONFIG_FILE)["told"]
    assert ("thresholds" in told) == chosen

    def refused(*_: object) -> np.ndarray:
        raise AssertionError("nothing is chosen on what is judged")

    monkeypatch.setattr("mmemo.fusion.runs.best_thresholds", refused)
    others, model = lines(16, 4, "others"), load_model(tmp_path)
    halves = run(evaluate_on(others, model, {"thresholds": [0.5, 0.5, 0.5]}))
    assert run(evaluate_on(others, model, {} if chosen else told)) == halves
    assert run(evaluate_on(others, model, {"thresholds": [1.1, 1.1, 1.1]}))["macro_f1"] == 0


def test_all_labels_above_their_threshold_are_written(tmp_path: Path):
    trained(lines(64, 16), tmp_path, epochs=12)
    data, model = lines(4, 4, "others"), load_model(tmp_path)
    found = run(predict_on(data, model, {}))
    assert list(found.columns) == ["id", "labels", "glad", "sad", "tired"]
    assert found["labels"].tolist() == ["glad", "sad", "glad;sad", "tired"]
    strict = run(predict_on(data, model, {"thresholds": [0.0, 1.1, 1.1]}))
    assert strict["labels"].tolist() == ["glad"] * 4
    assert run(predict_on(data, model, {"thresholds": [1.1] * 3}))["labels"].tolist() == [""] * 4
