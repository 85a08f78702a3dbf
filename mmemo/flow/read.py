"""Read-only views of the workspace for people: tracks with everybody's opinion side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.flow.face_opinions import training_faces
from mmemo.labels import EKMAN7
from mmemo.store.files import read_table
from mmemo.store.tables import PROB_COLUMNS, probs_of
from mmemo.store.workspace import SYNTHETIC_FILE, Workspace

# Source -> the file of a run that holds it; four facts that are never mixed.
SOURCES: Mapping[str, str] = {
    "teacher": "teacher.parquet",
    "image": "image.parquet",
    "target": "targets.parquet",
    "student": "predictions.parquet",
}
REVIEW_COLUMNS = (
    "track_id", "cue_id", "crop", "text", "start_ms", "end_ms",
    *(f"{source}_{what}" for source in SOURCES for what in ("label", "confidence")),
    "human_label",
)  # fmt: skip


def review_table(workspace: Workspace, episode_id: str, run_id: str | None) -> pd.DataFrame:
    """One row a face track in order of time, REVIEW_COLUMNS; what a source does not say is null.

    The tracks are those of the cut that the run was trained on, without a run those of the newest cut. `crop` is the absolute path of the track's surest face; confidence is the probability of the label.
    """
    config = {} if run_id is None else workspace.run_config(run_id)
    episode = workspace.episode_of_run(config, episode_id)
    faces = training_faces(workspace, episode)
    best = faces.sort_values("detection_prob", ascending=False, kind="stable").drop_duplicates("track_id")
    cut = workspace.cut_folder(episode).resolve()
    cues = workspace.cues(episode)[["cue_id", "text", "start_ms", "end_ms"]]
    table = best[["track_id", "cue_id"]].assign(crop=[str(cut / name) for name in best["crop"]])
    table = table.merge(cues, on="cue_id", how="left", validate="many_to_one")
    for source in SOURCES:
        table = table.merge(_named(opinions(workspace, episode_id, run_id, source), source), on="track_id", how="left")
    table["human_label"] = workspace.human_labels(episode_id, table)
    return table.sort_values(["start_ms", "track_id"], ignore_index=True)[list(REVIEW_COLUMNS)]


def track_opinions(
    workspace: Workspace, episode_id: str, run_id: str | None, track_id: int
) -> dict[str, dict[str, float] | None]:
    """{source: {label: probability}} of one track; None for a source that has no opinion on it."""
    found: dict[str, dict[str, float] | None] = {}
    for source in SOURCES:
        table = opinions(workspace, episode_id, run_id, source)
        row = table[table["track_id"] == track_id]
        found[source] = dict(zip(EKMAN7.labels, map(float, probs_of(row)[0]), strict=True)) if len(row) else None
    return found


def opinions(workspace: Workspace, episode_id: str, run_id: str | None, source: str) -> pd.DataFrame:
    """track_id and p_* of one source on an episode, as a run used them; empty without a run."""
    path = _run_file(workspace, run_id, SOURCES[source])
    if path is None:
        return pd.DataFrame(columns=["track_id", *PROB_COLUMNS])
    table = read_table(path)
    return table.loc[table["episode_id"] == episode_id, ["track_id", *PROB_COLUMNS]].reset_index(drop=True)


def synthetic_notice(workspace: Workspace, episode_ids: Sequence[str]) -> str:
    """What is said of episodes whose faces, lines or pairing are made up; empty for real ones."""
    paths = [workspace.episode_folder(episode_id) / SYNTHETIC_FILE for episode_id in episode_ids]
    notices = [path.read_text(encoding="utf-8").strip() for path in paths if path.is_file()]
    return " ".join(dict.fromkeys(notices))


def _run_file(workspace: Workspace, run_id: str | None, name: str) -> Path | None:
    if run_id is None:
        return None
    path = workspace.run_folder(run_id) / name
    return path if path.is_file() else None


def _named(table: pd.DataFrame, source: str) -> pd.DataFrame:
    probs = probs_of(table)
    names = np.array([*EKMAN7.labels], dtype=object)
    labels = names[probs.argmax(1)] if len(table) else np.empty(0, dtype=object)
    confidence = probs.max(1) if len(table) else np.empty(0, np.float32)
    return pd.DataFrame(
        {
            "track_id": table["track_id"].astype("int64"),
            f"{source}_label": labels,
            f"{source}_confidence": confidence,
        }
    )
