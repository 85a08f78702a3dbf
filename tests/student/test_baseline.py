"""The image-only baseline: the order of its classes, its probabilities, and its stored confusion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmemo.errors import InputError, ModelUnavailable
from mmemo.labels import EKMAN7
from mmemo.student import baseline as module
from mmemo.student.backbones import backbone
from mmemo.student.backbones.loading import EMBEDDED_FOLDER
from mmemo.student.baseline import ImageBaseline, load_baseline, save_confusion, soft_confusion


@pytest.fixture(scope="module")
def baseline() -> ImageBaseline:
    return load_baseline()


def picture(seed: int, side_px: int) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((side_px, side_px), Image.Resampling.BICUBIC))


def plain_probs(crop: np.ndarray) -> np.ndarray:
    """The recipe of the model card, written out with Pillow and timm alone."""
    import timm
    from safetensors.torch import load_file

    network = timm.create_model("tf_efficientnet_lite0", num_classes=7).eval()
    state = load_file(EMBEDDED_FOLDER / "model.safetensors")
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    luma = crop.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255
    views = [
        np.asarray(Image.fromarray(g).resize((112, 112), Image.Resampling.BILINEAR)) for g in (luma, luma[:, ::-1])
    ]
    batch = torch.from_numpy((np.stack(views) - 0.5) / 0.25)[:, None].repeat(1, 3, 1, 1)
    with torch.inference_mode():
        return torch.softmax(network(batch), 1).mean(0).numpy()


@pytest.mark.parametrize("side_px", [48, 200])
def test_probabilities_follow_the_recipe(baseline: ImageBaseline, monkeypatch: pytest.MonkeyPatch, side_px: int):
    monkeypatch.setattr(backbone, "_use_bfloat16", lambda device: False)
    crop = picture(3, side_px)
    np.testing.assert_allclose(baseline.probs([crop])[0], plain_probs(crop), atol=1e-3)


def test_no_face_and_some_faces(baseline: ImageBaseline):
    assert baseline.probs([]).shape == (0, 7)
    probs = baseline.probs([picture(seed, 60) for seed in range(3)])
    assert probs.shape == (3, 7) and probs.dtype == np.float32
    np.testing.assert_allclose(probs.sum(1), 1, atol=1e-5)


def test_a_face_and_its_mirror_image_get_one_opinion(baseline: ImageBaseline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backbone, "_use_bfloat16", lambda device: False)
    crop = picture(5, 80)
    straight, mirrored = baseline.probs([crop, np.ascontiguousarray(crop[:, ::-1])])
    np.testing.assert_allclose(straight, mirrored, atol=1e-4)


def test_columns_are_in_the_order_of_the_vocabulary(baseline: ImageBaseline):
    features = np.repeat(baseline.head.weight[:, None, :] * 100, 2, axis=1)
    assert baseline.probs_from_features(features).argmax(1).tolist() == list(range(7))
    stored = json.loads((EMBEDDED_FOLDER / module.CONFUSION_FILE).read_text(encoding="utf-8"))
    assert tuple(stored["labels"]) == EKMAN7.labels


def test_the_stored_confusion_belongs_to_these_weights(baseline: ImageBaseline):
    assert baseline.identity == baseline.backbone.identity
    np.testing.assert_allclose(baseline.confusion.sum(1), 1, atol=1e-4)
    np.testing.assert_allclose(baseline.prior.sum(), 1, atol=1e-4)
    # On labelled faces like those that it was trained on, the true class gets the largest share.
    assert baseline.confusion.argmax(1).tolist() == list(range(7))


def test_soft_confusion_by_hand():
    gold = np.array([0, 0, 1, 2, 3, 4, 5, 6])
    probs = np.eye(7, dtype=np.float32)[gold]
    probs[1] = np.eye(7)[1]
    found = soft_confusion(gold, probs)
    np.testing.assert_allclose(found.matrix[0], [0.5, 0.5, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(found.matrix[1:], np.eye(7)[1:])
    np.testing.assert_allclose(found.prior, [1 / 8, 2 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8])


def test_a_class_without_faces_cannot_be_measured():
    with pytest.raises(InputError, match="no face shows joy, fear"):
        soft_confusion(np.array([0, 2, 3, 4, 6]), np.full((5, 7), 1 / 7))


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(EMBEDDED_FOLDER / "model.safetensors", tmp_path)
    monkeypatch.setattr(module, "EMBEDDED_FOLDER", tmp_path)
    return tmp_path


def test_a_saved_confusion_comes_back(copied: Path, baseline: ImageBaseline):
    found = soft_confusion(np.arange(7), np.full((7, 7), 1 / 7, np.float32))
    save_confusion(copied / module.CONFUSION_FILE, found, baseline.identity, {"data": "made up"})
    np.testing.assert_allclose(load_baseline().confusion, 1 / 7, atol=1e-5)


def test_the_confusion_of_other_weights_is_refused(copied: Path):
    found = soft_confusion(np.arange(7), np.eye(7, dtype=np.float32))
    save_confusion(copied / module.CONFUSION_FILE, found, "embedded@other", {})
    with pytest.raises(ModelUnavailable, match="measure it again"):
        load_baseline()


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"identity": 1, "confusion": [[1]], "prior": [1]}'])
def test_a_damaged_confusion_says_so(copied: Path, content: str | None):
    if content is not None:
        (copied / module.CONFUSION_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="missing or damaged"):
        load_baseline()
