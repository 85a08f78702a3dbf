"""The face network that tells persons apart, from a file of the user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmemo.errors import InputError, ModelUnavailable
from mmemo.progress import run
from mmemo.student.backbones import features_of, load_backbone
from mmemo.student.backbones.hubs import facenet_file

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    from facenet_pytorch import InceptionResnetV1

    torch.manual_seed(0)
    state: dict[str, torch.Tensor] = InceptionResnetV1(classify=True, num_classes=5).state_dict()
    return state


def test_both_kinds_of_file_give_the_same_network(weights: dict[str, torch.Tensor], tmp_path: Path):
    from facenet_pytorch import InceptionResnetV1
    from safetensors.torch import save_file

    torch.save(weights, tmp_path / "own.pt")
    save_file(weights, tmp_path / "own.safetensors")
    pickled, safe = (load_backbone(f"facenet:{tmp_path / name}") for name in ("own.pt", "own.safetensors"))
    assert pickled.identity.rpartition("@")[2] == safe.identity.rpartition("@")[2]
    assert (pickled.feature_dim, pickled.input_px) == (512, 160)
    plain = InceptionResnetV1().eval()
    plain.load_state_dict({key: value for key, value in weights.items() if not key.startswith("logits.")})
    crop = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    with torch.inference_mode():
        expected = plain(safe.prepare([crop])).numpy() * np.sqrt(512)
    np.testing.assert_allclose(run(features_of(safe, [crop]))[:, 0], expected, atol=0.2)


def test_a_file_that_is_no_such_network_says_so(weights: dict[str, torch.Tensor], tmp_path: Path):
    path = tmp_path / "own.pt"
    for content in ({"conv.weight": torch.zeros(1)}, [torch.zeros(1)], {"epoch": 3}):
        torch.save(content, path)
        with pytest.raises(ModelUnavailable, match="give a .pt or .safetensors file") as told:
            load_backbone(f"facenet:{path}")
        assert str(path) in str(told.value)
    path.write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_backbone(f"facenet:{path}")


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("executed"),)  # type: ignore[return-value]


def test_a_file_is_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"weights": _Evil()}, tmp_path / "evil.pt")
    with pytest.raises(ModelUnavailable):
        load_backbone(f"facenet:{tmp_path / 'evil.pt'}")
    assert not Path("executed").exists()


def test_a_missing_file_names_the_choices(tmp_path: Path):
    with pytest.raises(InputError, match="facenet:FILE") as told:
        load_backbone(f"facenet:{tmp_path / 'missing.pt'}")
    assert not isinstance(told.value, ModelUnavailable)


def test_where_the_fetched_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert facenet_file().parent == tmp_path / "checkpoints"
    assert "vggface2" in facenet_file().name
