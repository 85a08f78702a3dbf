"""What the cascade takes from installed packages without importing them.

The weights are files inside facenet-pytorch, non-maximum suppression is compiled code inside torchvision. Importing
either package brings 150 MB of memory and more than a second of work that nothing here needs.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import torch

from mmemo.errors import ModelUnavailable

Weights: TypeAlias = "dict[str, torch.Tensor]"
Suppression: TypeAlias = Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]


def load_weights(network: str) -> Weights:
    """Weights by name of "pnet", "rnet" or "onet"; ModelUnavailable without the package."""
    path = _folder("facenet_pytorch") / "data" / f"{network}.pt"
    if not path.is_file():
        raise ModelUnavailable(f"there is no {path}", hint="install facenet-pytorch 2.5.3")
    weights: Weights = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def load_suppression() -> Suppression:
    """torchvision's nms(boxes (N, 4), scores (N,), limit) -> places of the kept boxes, the highest score first."""
    for library in sorted(_folder("torchvision").glob("_C*")):
        try:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
            compiled: Suppression = torch.ops.torchvision.nms
        except (OSError, AttributeError, RuntimeError):
            continue
        return compiled
    from torchvision.ops import nms

    package: Suppression = nms
    return package


def _folder(package: str) -> Path:
    """Where a package is installed."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(f"the package {package} is missing", hint="pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0])
