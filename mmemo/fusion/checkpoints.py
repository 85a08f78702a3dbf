"""Where training stands after an epoch, in one file that is replaced as a whole."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from mmemo.errors import InputError
from mmemo.store.files import publish_file


class Checkpoints:
    """The checkpoint of one training; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def write(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        if self._path is not None:
            with publish_file(self._path) as temporary:
                torch.save(state, temporary)

    def read(self, settings: str) -> dict[str, Any] | None:
        """The last state; None without one. One of other settings, or a damaged file, raises InputError."""
        if self._path is None or not self._path.is_file():
            return None
        try:
            state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
            same = state["settings"] == settings
        except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, OSError) as error:
            raise InputError(f"the checkpoint {self._path} is damaged", hint="delete it to start anew") from error
        if not same:
            raise self.of_another_training()
        return state

    def of_another_training(self) -> InputError:
        """What is told of a checkpoint that does not fit."""
        return InputError(
            f"the checkpoint {self._path} is of a training with other settings, another model or other samples",
            hint="delete it to start anew, or give what it was started with",
        )

    def forget(self) -> None:
        """The training is finished."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
