"""What the page reads of a cut; tables that an older cut does not have are None."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmemo.flow.cutting.report import ACCOUNT_FILE, stored_report
from mmemo.store.files import read_table
from mmemo.store.workspace import Episode, Workspace


@dataclass(frozen=True, slots=True)
class CutTables:
    """The tables of one cut, and the folder below which their pictures lie."""

    folder: Path
    duration_ms: int
    cues: pd.DataFrame
    faces: pd.DataFrame
    shots: pd.DataFrame | None
    speech: pd.DataFrame | None
    checks: pd.DataFrame | None
    warnings: tuple[str, ...] = ()

    def scene_of(self, cue: object) -> str | None:
        """Path below the folder of a cue's small picture; None without one. `cue` is a row of `cues` as a tuple."""
        scene = getattr(cue, "scene", None)
        return scene if isinstance(scene, str) and scene else None


def read_cut(workspace: Workspace, episode: Episode) -> CutTables:
    """The tables of the cut that is in use. Raises StorageError when one is damaged."""
    folder = workspace.cut_folder(episode)
    return CutTables(
        folder=folder,
        duration_ms=episode.duration_ms,
        cues=workspace.cues(episode),
        faces=workspace.faces(episode),
        shots=_table(folder / "shots.parquet"),
        speech=_table(folder / "speech.parquet"),
        checks=_table(folder / "qa.parquet"),
        warnings=tuple(stored_report(folder).warnings) if (folder / ACCOUNT_FILE).is_file() else (),
    )


def _table(path: Path) -> pd.DataFrame | None:
    return read_table(path) if path.is_file() else None
