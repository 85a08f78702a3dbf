"""A trained student as one thing: crops in, probabilities out; saved to and loaded from a run's folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmemo.errors import StorageError
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.files import publish_file, read_json
from mmemo.student.backbones import Backbone, features_of, load_backbone
from mmemo.student.heads import LinearHead

WEIGHTS_FILE = "weights.safetensors"
_BACKBONE = "backbone."


@dataclass(frozen=True, slots=True, eq=False)
class StudentModel:
    """A backbone and the head that was trained on it."""

    backbone: Backbone
    head: LinearHead

    def probs(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """N crops (H, W, 3) uint8 RGB -> (N, 7) float32: mean of the softmax over the crop and its mirror image."""
        return self.head.probs(run(features_of(self.backbone, crops)))


def save_weights(folder: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write weights.safetensors in one move."""
    from safetensors.numpy import save_file

    with publish_file(folder / WEIGHTS_FILE) as temporary:
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, temporary)


def load_student(folder: Path) -> StudentModel:
    """Load the student of a run; a damaged run raises StorageError, a backbone that is gone ModelUnavailable."""
    import torch
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    config = read_json(folder / "config.json")
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
        head = LinearHead(tensors["head.weight"], tensors["head.bias"])
        name = config["train"]["backbone"]
    except (OSError, SafetensorError, KeyError) as error:
        raise _unusable(folder, "is damaged") from error
    backbone = load_backbone(name)
    if head.weight.shape != (len(EKMAN7), backbone.feature_dim):
        raise _unusable(folder, f"does not fit the backbone {name}")
    trained_on = config.get("models", {}).get("backbone", backbone.identity)
    if trained_on != backbone.identity:
        raise _unusable(folder, f"was trained on other weights of {name} ({trained_on})")
    own = {k.removeprefix(_BACKBONE): torch.from_numpy(v) for k, v in tensors.items() if k.startswith(_BACKBONE)}
    if own:
        try:
            backbone.module.load_state_dict(own)
        except RuntimeError as error:
            raise _unusable(folder, f"does not fit the backbone {name}") from error
    return StudentModel(backbone, head)


def _unusable(folder: Path, what: str) -> StorageError:
    return StorageError(f"the run {folder.name} {what}", hint=f"delete {folder} and train it again")
