"""Backbones by name: `embedded`, `timm:NAME`, `open_clip:ARCH/PRETRAINED`, `facenet:vggface2`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn

from mmemo.errors import InputError, ModelUnavailable
from mmemo.labels import EKMAN7
from mmemo.settings import MODELS
from mmemo.student.backbones.backbone import Backbone
from mmemo.student.backbones.hubs import Loaded, load_facenet, load_open_clip, load_timm
from mmemo.student.backbones.preprocessing import Preprocessing

EMBEDDED = "embedded"
EMBEDDED_FOLDER = MODELS / "face-lite0-ferplus"
CHOICES = f"{EMBEDDED}, timm:NAME, timm:local-dir:FOLDER, open_clip:ARCH/PRETRAINED, facenet:vggface2, facenet:FILE"
_EMBEDDED_PREPROCESSING = Preprocessing(112, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), grey=True)
_LIBRARIES: Mapping[str, Callable[[str], Loaded]] = {
    "timm": load_timm,
    "open_clip": load_open_clip,
    "facenet": load_facenet,
}


def load_backbone(name: str) -> Backbone:
    """Load a face network: `embedded`, `timm:NAME`, `open_clip:ARCH/PRETRAINED`, `facenet:vggface2` or `facenet:FILE`.

    A name that does not exist raises InputError with near ones; a model that is neither cached nor to be
    fetched raises ModelUnavailable within seconds.
    """
    if name == EMBEDDED:
        return load_embedded(EMBEDDED_FOLDER)
    library, _, model = name.partition(":")
    if library not in _LIBRARIES or not model:
        raise InputError(f"unknown backbone {name!r}", hint=f"choose one of {CHOICES}")
    loaded = _LIBRARIES[library](model)
    module = _settled(loaded.module)
    return Backbone(
        identity=f"{name}@{weights_hash(module)}",
        feature_dim=_feature_dim(module, loaded.preprocessing.input_px),
        preprocessing=loaded.preprocessing,
        module=module,
    )


def load_embedded(folder: Path) -> Backbone:
    """Load the network that ships with the project, with its emotion head; a damaged copy raises ModelUnavailable."""
    import timm
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / "model.safetensors"
    module = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=len(EKMAN7))
    try:
        state = load_file(path)
        module.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelUnavailable(
            f"the embedded face network {path} is missing or damaged", hint="check the project out again"
        ) from error
    identity = f"{EMBEDDED}@{weights_hash(module)}"
    head = module.classifier
    assert isinstance(head, nn.Linear), "the last layer of EfficientNet-Lite0"
    module.reset_classifier(0)  # type: ignore[operator]
    return Backbone(identity, head.in_features, _EMBEDDED_PREPROCESSING, _settled(module), head)


def _settled(module: nn.Module) -> nn.Module:
    """For inference, in the memory layout in which convolutions are fastest on processors."""
    return module.eval().to(memory_format=torch.channels_last)


def weights_hash(module: nn.Module) -> str:
    """12 hex digits of BLAKE2b over all weights and buffers, by name."""
    digest = hashlib.blake2b(digest_size=6)
    for key, tensor in sorted(module.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _feature_dim(module: nn.Module, input_px: int) -> int:
    with torch.inference_mode():
        found: torch.Tensor = module(torch.zeros(1, 3, input_px, input_px))
    if found.ndim != 2:
        raise InputError(
            f"the network gives features of shape {tuple(found.shape)}", hint="choose one that pools to a vector"
        )
    return int(found.shape[1])
