"""What the app asks of the flows and the workspace; heavy libraries are imported inside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mmemo.errors import InputError
from mmemo.flow.runs import of_episode
from mmemo.store.files import read_json
from mmemo.store.sources import names_only
from mmemo.store.workspace import Workspace

if TYPE_CHECKING:
    from mmemo.evaluate.comparison import Comparison


def holds_subtitles(workspace: Workspace, video: Path) -> bool:
    """Whether a video has subtitles inside; the cut says which of them it can read. InputError for what is no video."""
    from mmemo.episode.subtitle_streams import subtitle_streams

    with names_only(workspace, video):
        return bool(subtitle_streams(video))


def run_config(workspace: Workspace, run_id: str) -> Mapping[str, Any]:
    """What a run was asked to do, as it was saved. Raises StorageError when it is damaged."""
    config = read_json(workspace.run_folder(run_id) / "config.json")
    assert isinstance(config, dict), "a run's config is an object"
    return config


def runs_of(workspace: Workspace, episode_id: str) -> list[str]:
    """Ids of the runs that were trained on an episode, the newest first; damaged ones are left out."""
    return [run_id for run_id, _ in of_episode.runs_of(workspace, episode_id)]


def trained_with(workspace: Workspace, run_id: str, episode_id: str) -> int | pd.Timestamp:
    """Number of the last word on an episode that a run knew; of a run that did not keep it, when it was finished, UTC.

    Raises InputError when the run is gone.
    """
    path = workspace.run_folder(run_id) / "config.json"
    if not path.is_file():
        raise InputError(f"the run {run_id} is gone", hint="choose another one above")
    last = run_config(workspace, run_id).get("last_words", {}).get(episode_id)
    return int(last) if last is not None else pd.Timestamp(path.stat().st_mtime, unit="s", tz="UTC")


def decisions_known(workspace: Workspace, run_id: str, episode_id: str) -> int:
    """Number of the last decision between people that a run knew; 0 for none."""
    return int(run_config(workspace, run_id).get("last_decisions", {}).get(episode_id, 0))


def comparison_of(workspace: Workspace, run_id: str) -> Comparison | None:
    """The saved comparison of a run; None when it was never measured."""
    from mmemo.evaluate.comparison import Comparison

    path = workspace.report_folder(run_id) / "comparison.json"
    return Comparison.from_contract(read_json(path)) if path.is_file() else None


def report_of(workspace: Workspace, run_id: str) -> Path | None:
    """The saved HTML report of a run; None when there is none."""
    path = workspace.report_folder(run_id) / "report.html"
    return path if path.is_file() else None


def account_page_of(workspace: Workspace, episode_id: str) -> Path | None:
    """The saved page about an episode's cut; None when there is none."""
    path = workspace.report_folder(episode_id) / "cut.html"
    return path if path.is_file() else None


def warm_up() -> None:
    """Import what the first job or prediction needs, so that nobody waits for it."""
    import torch  # noqa: F401
    import transformers  # noqa: F401
