"""Saved students come back as they were; damaged ones are told; whole networks train and leave no trace."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmemo.errors import StorageError
from mmemo.progress import run
from mmemo.student.backbones import Backbone, Preprocessing, load_backbone
from mmemo.student.baseline import load_baseline, own_head
from mmemo.student.fitters import NetworkFitter, Task, stacked_images
from mmemo.student.losses import soft_cross_entropy
from mmemo.student.model import load_student, save_weights
from mmemo.student.settings import TrainSettings

K = 7


def crops(n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40, 40, 3), dtype=np.uint8) for _ in range(n)]


def tiny_backbone() -> Backbone:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    return Backbone("tiny", 16, Preprocessing(24, (0.5,) * 3, (0.25,) * 3, grey=True), module)


def save(folder: Path, tensors: dict[str, np.ndarray]) -> None:
    folder.mkdir()
    save_weights(folder, tensors)
    (folder / "config.json").write_text(json.dumps({"train": {"backbone": "embedded"}}))


def test_a_student_with_the_baselines_head_is_the_baseline(tmp_path):
    head = own_head(load_backbone("embedded"))
    save(tmp_path / "run", {"head.weight": head.weight, "head.bias": head.bias})
    student = load_student(tmp_path / "run")
    np.testing.assert_allclose(student.probs(crops(3)), load_baseline().probs(crops(3)), atol=1e-5)
    assert student.probs([]).shape == (0, K)


def test_a_trained_backbone_is_loaded_too(tmp_path):
    backbone = load_backbone("embedded")
    head = own_head(backbone)
    state = {f"backbone.{k}": np.zeros_like(v.numpy()) for k, v in backbone.module.state_dict().items()}
    save(tmp_path / "run", {"head.weight": head.weight, "head.bias": np.zeros(K, np.float32), **state})
    np.testing.assert_allclose(load_student(tmp_path / "run").probs(crops(2)), 1 / K, atol=1e-6)


@pytest.mark.parametrize("damage", ["cut", "gone", "foreign"])
def test_a_damaged_run_is_told(tmp_path, damage):
    width = 5 if damage == "foreign" else 1280
    save(tmp_path / "run", {"head.weight": np.zeros((K, width), np.float32), "head.bias": np.zeros(K, np.float32)})
    weights = tmp_path / "run" / "weights.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:100])
    elif damage == "gone":
        weights.unlink()
    with pytest.raises(StorageError, match="train it again"):
        load_student(tmp_path / "run")


def test_other_weights_under_the_same_name_are_told(tmp_path):
    save(tmp_path / "run", {"head.weight": np.zeros((K, 1280), np.float32), "head.bias": np.zeros(K, np.float32)})
    config = {"train": {"backbone": "embedded"}, "models": {"backbone": "embedded@000000000000"}}
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    with pytest.raises(StorageError, match="other weights of embedded"):
        load_student(tmp_path / "run")


def fitter_and_task(n: int = 32) -> tuple[NetworkFitter, Task]:
    backbone = tiny_backbone()
    dark, light = np.zeros((30, 30, 3), np.uint8), np.full((30, 30, 3), 255, np.uint8)
    images = stacked_images(backbone, [dark if i % 2 else light for i in range(n)])
    targets = np.eye(K)[np.arange(n) % 2]
    return NetworkFitter(images, backbone, None), Task(
        np.arange(n), targets, np.ones(n), np.arange(n), soft_cross_entropy
    )


def test_the_whole_network_learns_and_the_pretrained_one_stays_as_it_was():
    fitter, task = fitter_and_task()
    before = {k: v.clone() for k, v in fitter.backbone.module.state_dict().items()}
    settings = TrainSettings(finetune=True, finetune_epochs=30, finetune_learning_rate=0.02, learning_rate=0.02)
    fitted = run(fitter.fit(task, settings, "train"))
    assert (fitted.probs(task.rows).argmax(1) == task.targets.argmax(1)).all()
    for name, value in fitter.backbone.module.state_dict().items():
        torch.testing.assert_close(value, before[name])
    assert any(
        (torch.from_numpy(v) != before[k.removeprefix("backbone.")]).any()
        for k, v in fitted.tensors.items()
        if k.startswith("backbone.")
    )
    assert fitted.probs(task.rows[:0]).shape == (0, K)


def test_cancelling_leaves_the_pretrained_network_as_it_was():
    fitter, task = fitter_and_task()
    before = {k: v.clone() for k, v in fitter.backbone.module.state_dict().items()}
    stage = fitter.fit(task, TrainSettings(finetune=True, finetune_learning_rate=0.1), "train")
    next(stage)
    stage.close()
    for name, value in fitter.backbone.module.state_dict().items():
        torch.testing.assert_close(value, before[name])
