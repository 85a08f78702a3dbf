"""What training tells as it goes: a loss an epoch, and TensorBoard's files of it where tensorboard is installed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmemo.errors import InputError


@dataclass(frozen=True, slots=True)
class Point:
    """Mean loss of one epoch of a lesson, and the loss on the validation samples, None without any."""

    lesson: str
    epoch: int
    loss: float
    validation_loss: float | None

    def says(self) -> str:
        """A short phrase for a progress bar."""
        held = "" if self.validation_loss is None else f", validation {self.validation_loss:.3f}"
        return f"loss {self.loss:.3f}{held}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class CurveLog:
    """Writes points into a folder for TensorBoard; without a folder it does nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._writer: Any = None

    def __enter__(self) -> CurveLog:
        if self._folder is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise InputError(
                    "tensorboard is not installed", hint="pip install tensorboard, or leave the logs out"
                ) from error
            self._writer = SummaryWriter(str(self._folder))
        return self

    def add(self, point: Point) -> None:
        """One epoch."""
        if self._writer is not None:
            self._writer.add_scalar(f"{point.lesson}/loss", point.loss, point.epoch)
            if point.validation_loss is not None:
                self._writer.add_scalar(f"{point.lesson}/validation_loss", point.validation_loss, point.epoch)

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
