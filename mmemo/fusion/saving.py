"""A model in a folder: config.json and model.safetensors; frozen networks are named there, not copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mmemo.errors import InputError, StorageError
from mmemo.fusion.encoders import stored_encoder
from mmemo.fusion.model import FusionModel
from mmemo.fusion.models import model_class
from mmemo.fusion.task import task_from
from mmemo.store.files import publish_file, read_json, write_json

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"


def save_model(folder: Path, model: FusionModel, told: dict[str, Any] | None = None) -> None:
    """Write a model; `told` is kept beside its settings: what it was trained on, how it scored, and so on."""
    with publish_file(folder / WEIGHTS_FILE) as temporary:
        save_file(_weights(model), temporary)
    write_json(folder / CONFIG_FILE, model.config() | {"told": told or {}})


def _weights(model: FusionModel) -> dict[str, Tensor]:
    state = model.state_dict()
    return {name: one.detach().cpu().contiguous().clone() for name, one in state.items() if model.kept(name)}


def load_model(folder: Path) -> FusionModel:
    """Read what `save_model` wrote; a folder that holds no model, or a damaged one, raises InputError."""
    if not (folder / CONFIG_FILE).is_file():
        raise InputError(f"{folder} holds no fusion model", hint="give the folder that was named with --out")
    try:
        stored = read_json(folder / CONFIG_FILE)
        model = build(stored)
        weights = load_file(folder / WEIGHTS_FILE)
    except (StorageError, SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"the fusion model in {folder} is damaged: {error}", hint="train it again") from error
    try:
        lacking = model.load_state_dict(weights, strict=False)
        if lacking.unexpected_keys or any(map(model.kept, lacking.missing_keys)):
            raise RuntimeError("other names")
    except RuntimeError as error:
        raise InputError(f"the weights in {folder} do not fit their settings", hint="train it again") from error
    return model.eval()


def told_of(folder: Path) -> dict[str, Any]:
    """What `save_model` was told of the model in a folder that `load_model` reads."""
    told = read_json(folder / CONFIG_FILE).get("told")
    return told if isinstance(told, dict) else {}


def build(stored: dict[str, Any]) -> FusionModel:
    """A model with its settings and without its weights."""
    kind = model_class(str(stored["model"]))
    settings = kind.Settings(**{name: _tuples(value) for name, value in stored["settings"].items()})
    encoders = {name: stored_encoder(name, one) for name, one in stored["encoders"].items()}
    torch.manual_seed(0)
    return kind(encoders, task_from(stored["task"]), settings)


def _tuples(value: Any) -> Any:
    """JSON has lists where settings have tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
