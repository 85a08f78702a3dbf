"""The command that trains a baseline anew, on a handful of made faces."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmemo.datasets.ferplus import VOTES
from mmemo.errors import InputError
from mmemo.flow.student.baseline_card import baseline_card
from mmemo.flow.student.train_baseline import BaselineSettings, baseline_key, frozen_blocks, lab_faces
from mmemo.labels import EKMAN7
from mmemo.student.baseline import load_baseline
from pipelines.train_baseline import train_baseline

PER_LABEL = 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw = np.random.default_rng(0)
    for part in ("train", "valid", "test"):
        labels = [label for label in EKMAN7.labels for _ in range(PER_LABEL)]
        if part == "valid":
            labels += ["neutral"] * 250
        votes = np.array([[10 * (name == label) for name in VOTES] for label in labels], np.uint8)
        np.savez(folder / f"{part}.npz", images=draw.integers(0, 256, (len(labels), 48, 48), np.uint8), votes=votes)
    labels = [label for label in EKMAN7.labels[1:] for _ in range(20)]
    subjects = np.array([f"S{number % 20:03}" for number in range(len(labels))])
    images = draw.integers(0, 256, (len(labels), 48, 48), np.uint8)
    np.savez(folder / "ck.npz", images=images, label=np.array(labels), subject=subjects)
    return folder


def train(data: Path, out: Path, *, ckplus: Path | None = None, seed: int = 0) -> None:
    train_baseline(out, data, ckplus, "random", steps=1, batch_size=4, faces=0, seed=seed, as_json=True)


def test_the_persons_of_the_lab_are_held_apart(data: Path):
    faces = lab_faces(BaselineSettings(data, data / "ck.npz"))
    held, _ = faces.measured["held-out persons of the lab"]
    assert len(faces.labels) + len(held) == 120 + 250
    assert not {image.tobytes() for image in held} & {image.tobytes() for image in faces.images}
    assert len(set(np.bincount(faces.labels)[1:])) == 1  # every person shows every emotion once
    few = lab_faces(BaselineSettings(data, data / "ck.npz", faces=10))
    assert len(few.labels) == 10


@pytest.mark.slow
def test_a_baseline_comes_with_its_card_and_can_stand_in(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    train(data, tmp_path / "new")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(row["name"], row["n"]) for row in told["rows"]] == [("FER+ valid", 271), ("FER+ test", 21)]
    assert not told["skipped"]
    card = (tmp_path / "new" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "random weights" in card and "| FER+ test | 21 |" in card and told["identity"] in card
    assert load_baseline(tmp_path / "new").identity == told["identity"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]

    train(data, tmp_path / "new")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["skipped"]
    with pytest.raises(InputError, match="holds something else"):
        train(data, tmp_path / "new", seed=1)


@pytest.mark.slow
def test_the_lab_alone(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    train(data, tmp_path / "lab", ckplus=data / "ck.npz")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["rows"][0]["name"] == "held-out persons of the lab" and told["rows"][1]["n"] == 21
    card = (tmp_path / "lab" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "CK+" in card and "any style, equal classes, 0 blocks frozen" in card
    stem = load_baseline(tmp_path / "lab").backbone.module.state_dict()["bn1.running_mean"]
    assert float(stem.abs().sum()) > 0, "a stem of random weights learns too"


def test_the_card_tells_the_training_that_was():
    train = {"lab": False, "batch_size": 64, "seed": 0}
    config = {"identity": "it", "start": "there", "data": "faces", "steps": 3, "train": train, "scores": {}}
    wild = baseline_card("net", config)
    assert "1 / sqrt(faces of their class)" in wild and "lab alone" not in wild
    lab = baseline_card("net", {**config, "train": {**train, "lab": "any style, 5 blocks frozen"}})
    assert "weight 1 / faces of their class" in lab and "other styles" in lab and "any style, 5 blocks frozen" in lab


def test_only_blocks_that_know_something_are_frozen(data: Path):
    lab = BaselineSettings(data, data / "ck.npz")
    assert [frozen_blocks(some) for some in (lab, replace(lab, start="random"), replace(lab, ckplus=None))] == [5, 0, 0]
    assert baseline_key(lab) == baseline_key(replace(lab, checkpoint_steps=7)) != baseline_key(replace(lab, seed=1))


def test_missing_files_and_impossible_settings(data: Path, tmp_path: Path):
    with pytest.raises(InputError, match="there is no"):
        train(tmp_path, tmp_path / "out")
    with pytest.raises(InputError, match="cannot be below 0"):
        BaselineSettings(data, faces=-1)
    assert list(tmp_path.iterdir()) == []
