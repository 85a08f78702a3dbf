"""Training that starts from a model in a folder: with all of its weights that fit, or with those of some modalities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmemo.errors import InputError
from mmemo.fusion.model import FusionModel
from mmemo.fusion.saving import load_model


def start_from(model: FusionModel, folder: Path, modalities: Sequence[str] = ()) -> tuple[str, ...]:
    """Give `model` the weights of the one in `folder` that have the same name and shape, and return their names.

    modalities: only what reads these, such as "text"; all weights without it. A part that the stored model does not
    have stays as it is. A folder without a model, an unknown modality and nothing that fits raise InputError.
    """
    stored = load_model(folder)
    if unknown := [name for name in modalities if name not in stored.modalities or name not in model.modalities]:
        raise InputError(
            f"there is no {', '.join(unknown)} in both models",
            hint=f"the stored one reads {', '.join(stored.modalities)}",
        )
    own, theirs = model.state_dict(), stored.state_dict()
    fits = {name: one for name, one in theirs.items() if name in own and own[name].shape == one.shape}
    if modalities:
        fits = {name: one for name, one in fits.items() if set(modalities) & set(name.split("."))}
    if not fits:
        raise InputError(f"nothing of the model in {folder} fits", hint="give one of the same encoders and sizes")
    model.load_state_dict({**own, **fits})
    return tuple(fits)
