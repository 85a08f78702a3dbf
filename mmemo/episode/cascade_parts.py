"""What the cascade takes from installed packages without importing them.

The weights are files inside facenet-pytorch, non-maximum suppression is compiled code inside torchvision. Importing
either package brings 150 MB of memory and more than a second of work that nothing here needs.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import torch

from mmemo.errors import ModelUnavailable

# glibc's numbers for these settings, and the largest value that it takes for the second.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20

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


def keep_freed_memory() -> bool:
    """Let the process use freed memory again at once, up to 32 MB a thread; False where the C library has no such wish.

    A search frees and takes the same megabytes thousands of times a second. glibc by default gives them back to the
    system each time and has every page filled with zeros anew: a fifth of the processor's time, measured at 720p.
    """
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    kept = library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
    return bool(library.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES) and kept)


def _folder(package: str) -> Path:
    """Where a package is installed."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(f"the package {package} is missing", hint="pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0])
