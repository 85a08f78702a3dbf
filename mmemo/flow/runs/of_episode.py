"""Which runs were trained on an episode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmemo.errors import StorageError
from mmemo.store.workspace import Workspace


def runs_of(workspace: Workspace, episode_id: str | None = None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(id, what it was asked to do) of each run of an episode, or of all, the newest first; damaged ones are left out."""
    for run_id in workspace.runs():
        try:
            config = workspace.run_config(run_id)
        except StorageError:
            continue
        if episode_id is None or episode_id in config.get("episodes", []):
            yield run_id, config
