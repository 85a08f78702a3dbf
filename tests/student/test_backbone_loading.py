"""Backbones of other libraries: the true loading code on tiny models, and clear answers without a network."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmemo.errors import InputError, ModelUnavailable
from mmemo.progress import run
from mmemo.student.backbones import features_of, load_backbone
from mmemo.student.backbones.loading import weights_hash

TINY_TIMM = "test_resnet"
TINY_CLIP = "mmemo-tiny-clip"


def crop(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    return cache


@pytest.fixture
def timm_folder(tmp_path: Path) -> Path:
    """A small network with its own size, mean and spread, in the form of timm's own exports."""
    import timm
    from safetensors.torch import save_file

    folder = tmp_path / "tiny"
    folder.mkdir()
    save_file(timm.create_model(TINY_TIMM, num_classes=5).state_dict(), folder / "model.safetensors")
    data = {"input_size": [3, 64, 64], "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "interpolation": "bilinear"}
    pretrained = {**data, "num_classes": 5, "first_conv": "conv1.0", "classifier": "fc", "crop_pct": 0.9}
    config = {"architecture": TINY_TIMM, "num_classes": 5, "num_features": 384, "pretrained_cfg": pretrained}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_timm_model_from_a_folder(timm_folder: Path):
    import timm

    backbone = load_backbone(f"timm:local-dir:{timm_folder}")
    assert backbone.input_px == 64
    assert backbone.preprocessing.mean == (0.1, 0.2, 0.3) and backbone.preprocessing.std == (0.4, 0.5, 0.6)
    assert backbone.preprocessing.interpolation == "bilinear" and not backbone.preprocessing.grey
    assert backbone.head is None
    saved = timm.create_model(f"local-dir:{timm_folder}", pretrained=True, num_classes=0).eval()
    features = run(features_of(backbone, [crop()]))
    assert features.shape == (1, 2, backbone.feature_dim)
    with torch.inference_mode():
        expected = saved(backbone.prepare([crop()])).numpy()
    np.testing.assert_allclose(features[:, 0], expected, rtol=0.05, atol=0.05)


def test_identity_follows_the_weights(timm_folder: Path):
    from safetensors.torch import load_file, save_file

    name = f"timm:local-dir:{timm_folder}"
    before = load_backbone(name).identity
    assert load_backbone(name).identity == before
    path = timm_folder / "model.safetensors"
    state = load_file(path)
    state["layer1.0.conv1.weight"] += 1
    save_file(state, path)
    assert load_backbone(name).identity != before


def test_damaged_timm_weights_say_what_to_do(timm_folder: Path):
    (timm_folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match=r"cannot be loaded.*check the path"):
        load_backbone(f"timm:local-dir:{timm_folder}")


def test_a_timm_model_from_the_hub_cache_needs_no_network(hub_cache: Path):
    import timm
    from safetensors.torch import save_file
    from timm.models import get_pretrained_cfg

    model = timm.create_model(TINY_TIMM, pretrained=False)
    config = get_pretrained_cfg(TINY_TIMM)
    assert config is not None and config.hf_hub_id
    repository = hub_cache / f"models--{config.hf_hub_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    save_file(model.state_dict(), snapshot / "model.safetensors")
    backbone = load_backbone(f"timm:{TINY_TIMM}")
    model.reset_classifier(0)
    assert backbone.identity.endswith(weights_hash(model))


@pytest.fixture
def clip_checkpoint(tmp_path: Path) -> Iterator[Path]:
    """A small architecture that open_clip knows for the time of a test, with random weights in a file."""
    import open_clip
    from open_clip import factory

    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 1, "layers": 1},
    }
    path = tmp_path / f"{TINY_CLIP}.json"
    path.write_text(json.dumps(config))
    open_clip.add_model_config(path)
    checkpoint = tmp_path / "weights.pt"
    torch.save(open_clip.create_model(TINY_CLIP).state_dict(), checkpoint)
    yield checkpoint
    factory._MODEL_CONFIG_PATHS.remove(path)
    factory._MODEL_CONFIGS.pop(TINY_CLIP)


def test_an_open_clip_model_from_a_file(clip_checkpoint: Path):
    import open_clip

    backbone = load_backbone(f"open_clip:{TINY_CLIP}/{clip_checkpoint}")
    assert (backbone.feature_dim, backbone.input_px) == (16, 32)
    np.testing.assert_allclose(backbone.preprocessing.mean, open_clip.OPENAI_DATASET_MEAN)
    features = run(features_of(backbone, [crop(0), crop(1)]))
    np.testing.assert_allclose(np.linalg.norm(features, axis=2), 4.0, rtol=0.02)
    reference = open_clip.create_model(TINY_CLIP, pretrained=str(clip_checkpoint)).eval()
    with torch.inference_mode():
        expected = nn.functional.normalize(reference.encode_image(backbone.prepare([crop(0)])), dim=1).numpy() * 4
    np.testing.assert_allclose(features[0, 0], expected[0], atol=0.1)


def test_a_damaged_open_clip_file_says_what_to_do(clip_checkpoint: Path):
    clip_checkpoint.write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_backbone(f"open_clip:{TINY_CLIP}/{clip_checkpoint}")


@pytest.mark.slow
def test_facenet_from_the_torch_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from facenet_pytorch import InceptionResnetV1

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    persons = InceptionResnetV1(classify=True, num_classes=8631).eval()
    torch.save(persons.state_dict(), folder / "20180402-114759-vggface2.pt")
    backbone = load_backbone("facenet:vggface2")
    assert (backbone.feature_dim, backbone.input_px) == (512, 160)
    white = backbone.prepare([np.full((9, 9, 3), 255, np.uint8)])
    np.testing.assert_allclose(white.numpy(), (255 - 127.5) / 128, rtol=1e-5)
    persons.classify = False
    with torch.inference_mode():
        expected = persons(backbone.prepare([crop()])).numpy() * np.sqrt(512)
    np.testing.assert_allclose(run(features_of(backbone, [crop()]))[:, 0], expected, atol=0.2)


@pytest.mark.slow
def test_a_damaged_facenet_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "checkpoints" / "20180402-114759-vggface2.pt"
    path.parent.mkdir()
    path.write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="delete that file") as told:
        load_backbone("facenet:vggface2")
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    "name",
    [
        "timm:resnet18",
        "timm:resnet18.a1_in1k",
        "timm:gcvit_tiny",
        "timm:hf-hub:somebody/something",
        "open_clip:ViT-B-32/openai",
        "facenet:vggface2",
    ],
)
def test_without_network_and_cache_the_answer_comes_at_once(
    name: str, hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from huggingface_hub import constants

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match=r"cannot be reached \(connect once") as told:
        load_backbone(name)
    assert name in str(told.value)
    assert time.monotonic() - started < 20
    assert files_below(tmp_path) == []
    assert constants.HF_HUB_OFFLINE is False


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nonsense", "timm:NAME"),
        ("", "embedded"),
        ("timm:", "open_clip:ARCH/PRETRAINED"),
        ("keras:resnet50", "facenet:vggface2"),
        ("timm:resnet81", "resnet"),
        ("timm:resnet18.nonsense", "a1_in1k"),
        ("timm:test_resnet2", "test_resnet"),
        ("timm:local-dir:/no/such/folder", "config.json"),
        ("open_clip:VitB32/openai", "ViT-B-32"),
        ("open_clip:ViT-B-32/nonsense", "laion2b_s34b_b79k"),
        ("open_clip:ViT-B-32", "openai"),
        ("facenet:nonsense", "facenet:vggface2"),
    ],
)
def test_a_wrong_name_lists_the_choices(name: str, expected: str):
    with pytest.raises(InputError) as told:
        load_backbone(name)
    assert not isinstance(told.value, ModelUnavailable)
    assert expected in str(told.value)
