"""Every fusion model by name: one line each."""

from __future__ import annotations

from importlib import import_module

from mmemo.errors import InputError
from mmemo.fusion.model import FusionModel

# Name -> module and class; loaded when they are asked for, since some need libraries that are slow to import.
MODELS: dict[str, tuple[str, str]] = {
    "concat": ("concatenation", "Concatenation"),
    "clip": ("clip_backbone", "ClipBackbone"),
    "joint_embedding": ("joint_embedding", "JointEmbedding"),
    "separate_embedding": ("joint_embedding", "SeparateEmbedding"),
    "intermediate": ("intermediate", "Intermediate"),
    "late": ("ensemble", "Late"),
    "distill": ("distillation", "Distillation"),
    "mme2e": ("mme2e", "MME2E"),
    "mme2e_sparse": ("mme2e", "MME2ESparse"),
    "ensemble_average": ("ensemble", "EnsembleAverage"),
    "ensemble_weighted": ("ensemble", "EnsembleWeighted"),
    "ensemble_stacking": ("ensemble", "EnsembleStacking"),
}


def model_class(name: str) -> type[FusionModel]:
    """The class of a model; an unknown name raises InputError with the choices."""
    if name not in MODELS:
        raise InputError(f"there is no fusion model {name!r}", hint=f"choose one of {', '.join(MODELS)}")
    module, kind = MODELS[name]
    found: type[FusionModel] = getattr(import_module(f"mmemo.fusion.models.{module}"), kind)
    return found
