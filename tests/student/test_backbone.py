"""Features: order, views, batches, progress, and the embedded network against a plain computation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from mmemo.errors import ModelUnavailable
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.student.backbones import Backbone, Preprocessing, backbone, features_of, load_backbone
from mmemo.student.backbones.loading import EMBEDDED_FOLDER, load_embedded


class LeftAndMean(nn.Module):
    """Two features that can be checked by hand: the mean of the left half and the mean of all."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        half = images.shape[3] // 2
        return torch.stack([images[..., :half].mean((1, 2, 3)), images.mean((1, 2, 3))], 1) * self.scale


@pytest.fixture
def simple() -> Backbone:
    return Backbone("simple@0", 2, Preprocessing(8, (0.0,) * 3, (1.0,) * 3), LeftAndMean())


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone, "_use_bfloat16", lambda device: False)


@pytest.fixture(scope="module")
def embedded() -> Backbone:
    return load_backbone("embedded")


def numbered(count: int) -> list[np.ndarray]:
    return [np.full((16, 16, 3), i, np.uint8) for i in range(count)]


def noise(seed: int, side_px: int = 90) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((side_px, side_px), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("crops", [[], iter([]), iter([[], []])])
def test_no_face_gives_no_features(simple: Backbone, crops):
    features = run(features_of(simple, crops))
    assert features.shape == (0, 2, 2)
    assert features.dtype == np.float32


def test_one_face(simple: Backbone):
    assert run(features_of(simple, numbered(1))).shape == (1, 2, 2)


def test_faces_keep_their_order_over_batches(simple: Backbone, exact: None):
    features = run(features_of(simple, numbered(150)))
    np.testing.assert_allclose(features[:, 0, 1] * 255, np.arange(150), atol=1e-3)


def test_batches_give_what_a_list_gives(simple: Backbone, exact: None):
    crops = numbered(150)
    batches = iter([crops[:3], [], crops[3:100], crops[100:]])
    np.testing.assert_array_equal(run(features_of(simple, batches)), run(features_of(simple, crops)))


def test_the_second_view_is_the_mirror_image(simple: Backbone, exact: None):
    crop = np.zeros((8, 8, 3), np.uint8)
    crop[:, :4] = 255
    np.testing.assert_allclose(run(features_of(simple, [crop]))[0], [[1.0, 0.5], [0.0, 0.5]], atol=1e-6)


def test_progress_counts_faces_and_closing_stops(simple: Backbone):
    stage = features_of(simple, numbered(150))
    first = next(stage)
    assert (first.stage, first.done, first.total) == ("read faces", 64, 150)
    stage.close()
    assert [p.done for p in features_of(simple, numbered(150))] == [64, 128, 150]


def test_the_embedded_network_introduces_itself(embedded: Backbone):
    assert embedded.identity.startswith("embedded@")
    assert (embedded.feature_dim, embedded.input_px) == (1280, 112)
    assert embedded.head is not None and embedded.head.out_features == len(EKMAN7)
    assert not embedded.module.training


def test_embedded_features_do_not_depend_on_the_batch(embedded: Backbone, exact: None):
    crops = [noise(seed) for seed in range(5)]
    together = run(features_of(embedded, crops))
    alone = np.concatenate([run(features_of(embedded, [crop])) for crop in crops])
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_embedded_views_are_mirror_images(embedded: Backbone, exact: None):
    crop = noise(1)
    straight, mirrored = run(features_of(embedded, [crop, np.ascontiguousarray(crop[:, ::-1])]))
    np.testing.assert_allclose(straight[1], mirrored[0], atol=1e-3)
    assert np.abs(straight[0] - straight[1]).max() > 0.01


def test_the_fast_type_agrees_with_the_exact_one(embedded: Backbone, monkeypatch: pytest.MonkeyPatch):
    assert embedded.head is not None
    crops = [noise(seed) for seed in range(8)]
    probs = []
    for fast in (True, False):
        monkeypatch.setattr(backbone, "_use_bfloat16", lambda device, fast=fast: fast)
        features = torch.from_numpy(run(features_of(embedded, crops)))
        probs.append(torch.softmax(embedded.head(features), 2).mean(1).detach().numpy())
    np.testing.assert_allclose(probs[0], probs[1], atol=0.06)


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_damaged_embedded_weights_say_so(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelUnavailable, match="missing or damaged"):
        load_embedded(tmp_path)


def test_weights_of_another_network_say_so(tmp_path: Path):
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(ModelUnavailable, match="missing or damaged"):
        load_embedded(tmp_path)


def test_the_embedded_weights_are_small_and_described():
    assert (EMBEDDED_FOLDER / "model.safetensors").stat().st_size < 8_000_000
    card = (EMBEDDED_FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "FER+" in card and "research" in card
