"""Read-only views of the workspace for people: tracks with everybody's opinion side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.flow.review.human_labels import Words, read_words
from mmemo.flow.student.face_opinions import training_faces
from mmemo.labels import EKMAN7
from mmemo.store.files import read_json, read_table
from mmemo.store.labels import PIN_COLUMNS
from mmemo.store.tables import PROB_COLUMNS, probs_of
from mmemo.store.workspace import SYNTHETIC_FILE, Workspace
from mmemo.student.review_order import expected_gain

# Source -> the file of a run that holds it; four facts that are never mixed.
SOURCES: Mapping[str, str] = {
    "teacher": "teacher.parquet",
    "image": "image.parquet",
    "target": "targets.parquet",
    "student": "predictions.parquet",
}
FACE_NOISE_SAYS = (
    "What the text teacher says where people say that a face shows the row's emotion, in % with one standard deviation; "
    "in brackets the corrected faces. With few of them it stays near what labelled text says. Where people corrected "
    "above all faces on which text and image differ, the text looks worse here than it is."
)
_SHOWN_CHARACTERS, _LEAST_FACES = 4, 5
REVIEW_FILE = "review.parquet"
REVIEW_COLUMNS = (
    "track_id", "cue_id", "crop", "text", "start_ms", "end_ms",
    *(f"{source}_{what}" for source in SOURCES for what in ("label", "confidence")),
    "human_label", "expected_gain", "label_issue", *PIN_COLUMNS,
)  # fmt: skip


def review_table(workspace: Workspace, episode_id: str, run_id: str | None, said: Words | None = None) -> pd.DataFrame:
    """One row a face track in order of time, REVIEW_COLUMNS; what a source does not say is null.

    expected_gain: how much a person's word should change (see student.review_order), as of the run's training, so that
    the order stays while a person works; 0 where a person had spoken by then.
    label_issue: students that never saw the track are sure of another label than its target (student.label_issues).

    The tracks are those of the cut that the run was trained on, without a run those of the newest cut. `crop` is the
    absolute path of the track's surest face, PIN_COLUMNS say where that face is; confidence is the probability of the
    label. `said` is what people said, as it was read before for this cut; without it, it is read now.
    """
    config = {} if run_id is None else workspace.run_config(run_id)
    episode = workspace.episode_of_run(config, episode_id)
    faces = training_faces(workspace, episode)
    best = faces.sort_values("detection_prob", ascending=False, kind="stable").drop_duplicates("track_id")
    cut = workspace.cut_folder(episode).resolve()
    cues = workspace.cues(episode)[["cue_id", "text", "start_ms", "end_ms"]]
    place = best[["track_id", "cue_id", "frame_ms", "x1", "y1", "x2", "y2"]].rename(columns={"frame_ms": "time_ms"})
    table = place.assign(crop=[str(cut / name) for name in best["crop"]], cut_key=episode.cut_key)
    table = table.merge(cues, on="cue_id", how="left", validate="many_to_one")
    for source in SOURCES:
        table = table.merge(_named(opinions(workspace, episode_id, run_id, source), source), on="track_id", how="left")
    table["human_label"] = (read_words(workspace, episode) if said is None else said).on(table)
    hints = review_hints(workspace, episode_id, run_id).drop(columns="label_quality")
    table = table.merge(hints, on="track_id", how="left")
    table["expected_gain"] = table["expected_gain"].fillna(0.0)
    table["label_issue"] = table["label_issue"].eq(True)
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


def review_hints(workspace: Workspace, episode_id: str, run_id: str | None) -> pd.DataFrame:
    """track_id, expected_gain, label_issue, label_quality (0 to 1, null where unknown) of a run.

    From its opinions alone where it was trained before there were hints.
    """
    columns = ["track_id", "expected_gain", "label_issue", "label_quality"]
    path = _run_file(workspace, run_id, REVIEW_FILE)
    if path is not None:
        table = read_table(path)
        return table.loc[table["episode_id"] == episode_id, columns]
    tables = [opinions(workspace, episode_id, run_id, source) for source in ("teacher", "image", "target")]
    ids = tables[0]["track_id"].to_numpy()
    if not all(np.array_equal(ids, other["track_id"]) for other in tables[1:]):
        ids = ids[:0]
    teacher, image, target = (probs_of(table)[: len(ids)] for table in tables)
    alone = expected_gain(teacher, image, target, np.arange(len(ids)), np.full(len(ids), -1))
    found = {"track_id": ids.astype("int64"), "expected_gain": alone.gain, "label_issue": False}
    return pd.DataFrame(found).assign(label_quality=np.nan)


def synthetic_notice(workspace: Workspace, episode_ids: Sequence[str]) -> str:
    """What is said of episodes whose faces, lines or pairing are made up; empty for real ones."""
    paths = [workspace.episode_folder(episode_id) / SYNTHETIC_FILE for episode_id in episode_ids]
    notices = [path.read_text(encoding="utf-8").strip() for path in paths if path.is_file()]
    return " ".join(dict.fromkeys(notices))


@dataclass(frozen=True, slots=True, eq=False)
class NamedNoise:
    """The teacher's confusion with the face, of the whole run or of a character: see student.face_noise."""

    name: str
    counts: np.ndarray
    matrix: np.ndarray
    spread: np.ndarray


def face_noises(run_folder: Path) -> list[NamedNoise]:
    """Of all episodes first, then of the four characters with the most corrected faces, at least five each."""
    path = run_folder / "noise.json"
    faces = read_json(path).get("faces") if path.is_file() else None
    if not faces:
        return []
    characters = sorted(faces["characters"], key=lambda c: -sum(c["counts"]))
    shown = [c for c in characters if sum(c["counts"]) >= _LEAST_FACES][:_SHOWN_CHARACTERS]
    return [
        NamedNoise(c["name"], *(np.array(c[key]) for key in ("counts", "matrix", "spread")))
        for c in [{"name": "the whole show", **faces["show"]}, *shown]
    ]


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
