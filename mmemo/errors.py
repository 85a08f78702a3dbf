"""The one tree of errors that users meet: what is wrong, where, and what to do."""

from __future__ import annotations


class MmemoError(Exception):
    """Base of every error that is shown to a user as one sentence, without a traceback.

    `hint` says what to do next; it is part of `str(error)`.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InputError(MmemoError):
    """The input is wrong: a file that is no video, an empty subtitle, an unknown label."""


class ModelUnavailable(InputError):
    """A model cannot be had here: no network and no cached copy, or no such name."""


class StorageError(MmemoError):
    """The workspace cannot be read or written: a full disk, missing rights, a damaged file."""
