"""Where files that people gave are kept, and how errors name them: by their own name alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmemo.errors import MmemoError
from mmemo.store.workspace import Workspace


def sources_folder(workspace: Workspace) -> Path:
    """Where uploads are kept: one folder a content, so the same file is kept once."""
    return workspace.root / "sources"


@contextmanager
def names_only(workspace: Workspace, *files: Path | None) -> Iterator[None]:
    """Tell people of their file by its own name, not by the place where the server keeps it.

    Besides uploads these are `files`, wherever they are.
    """
    kept = (sources_folder(workspace), workspace.scratch / "uploads")
    places = [f"{re.escape(str(folder.resolve()))}/[^/]+/" for folder in kept]
    places += [re.escape(f"{file.parent}/") for file in files if file is not None and file.is_absolute()]
    try:
        yield
    except MmemoError as error:
        message, hint = (re.sub("|".join(places), "", text) for text in (error.message, error.hint))
        raise type(error)(message, hint=hint) from error
