"""A new model for a dataset: encoders by name for each modality that it has, or that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.encoders import AUDIO, TEXT, Encoder, default_spec, new_encoder
from mmemo.fusion.model import FusionModel
from mmemo.fusion.models import model_class
from mmemo.fusion.task import Task

PICTURES = "pictures"


def modalities_of(data: PairedSet) -> tuple[str, ...]:
    """What a dataset has: text, its sources of pictures, audio."""
    text = () if data.texts is None else (TEXT,)
    return (*text, *data.pictures, *(() if data.audio is None else (AUDIO,)))


def task_of(data: PairedSet) -> Task:
    """What there is to learn from a dataset; one without labels raises InputError."""
    if data.labels is None:
        raise InputError(f"{data.title} has no labels", hint="give a labelled dataset")
    scale = 1.0
    if data.dimensions is not None and np.isfinite(data.dimensions).any():
        scale = float(np.nanmax(np.abs(data.dimensions)))
    return Task(data.vocabulary, data.several, data.dimension_names, scale or 1.0)


def new_encoders(
    data: PairedSet,
    specs: Mapping[str, str] | None = None,
    modalities: Sequence[str] = (),
    kind: type[FusionModel] = FusionModel,
) -> dict[str, Encoder]:
    """An encoder a modality, in the order of the dataset; `specs` names others than the default ones of the model."""
    had = modalities_of(data)
    if missing := [name for name in (*modalities, *(specs or {})) if name not in had]:
        raise InputError(f"{data.title} has no {', '.join(missing)}", hint=f"it has {', '.join(had)}")
    chosen = [name for name in had if not modalities or name in modalities]
    own = {name: kind.default_encoders.get(PICTURES if name in data.pictures else name) for name in chosen}
    named = {name: (specs or {}).get(name) or own[name] or default_spec(name) for name in chosen}
    return {name: new_encoder(name, named[name], data) for name in chosen}


def new_model(
    name: str, encoders: Mapping[str, Encoder], task: Task, settings: Mapping[str, Any] | None = None, seed: int = 0
) -> FusionModel:
    """An untrained model; unknown names of settings raise InputError with the choices."""
    kind = model_class(name)
    known = {field.name for field in fields(kind.Settings)}
    if unknown := [key for key in settings or {} if key not in known]:
        raise InputError(
            f"{name} has no setting {', '.join(unknown)}", hint=f"it has {', '.join(sorted(known)) or 'none'}"
        )
    torch.manual_seed(seed)
    return kind(encoders, task, replace(kind.Settings(), **(settings or {})))
