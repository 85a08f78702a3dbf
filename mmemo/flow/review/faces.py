"""Every face track of an episode for people who review: where it is, what it is used for, and who thinks what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.flow.characters.names import track_characters
from mmemo.flow.review.tracks import SOURCES, opinions, review_hints
from mmemo.labels import EKMAN7
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Episode, Workspace

# What a track is used for; a dropped line's tracks are told apart by its drop reason.
TRAINING, LISTENER, UNREAD, DROPPED = "training", "listener", "unread", "dropped"
SPEAKER = "speaker"
_BOX = ["x1", "y1", "x2", "y2"]
_TRACK_COLUMNS = [
    "episode_id", "cut_key", "track_id", "cue_id", "role", "crop", "pictures", "start_ms", "end_ms", "text",
    "use", "drop_reason", "character", "expected_gain", "label_quality", "label_issue", "time_ms", *_BOX,
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeFaces:
    """The N face tracks of one cut, in order of time, as one run sees them.

    tracks: episode_id, cut_key, track_id, cue_id, role, crop (below `folder`), pictures (how many), start_ms, end_ms,
    text, use, drop_reason, character ("" for nobody), expected_gain, label_quality, label_issue, and the pin of its
    surest face: time_ms, x1, y1, x2, y2. opinions: {source: (N, 7) float32, rows of NaN where it has none}.
    faces: all pictures of the cut, sorted by track and time; cues: all lines in order of time.
    """

    episode: Episode
    run_id: str | None
    folder: Path
    tracks: pd.DataFrame
    opinions: Mapping[str, np.ndarray]
    faces: pd.DataFrame
    cues: pd.DataFrame
    row_of: Mapping[int, int]

    def pictures(self, track_id: int) -> pd.DataFrame:
        """The rows of `faces` of one track, in order of time."""
        ids = self.faces["track_id"].to_numpy()
        return self.faces.iloc[np.searchsorted(ids, track_id) : np.searchsorted(ids, track_id, side="right")]

    def of_line(self, track_id: int) -> list[int]:
        """The tracks of the one who speaks a track's line, in all its shots; of a listener the track alone.

        Several listeners of a line are different people.
        """
        row = self.tracks.iloc[self.row_of[track_id]]
        if row["role"] != SPEAKER:
            return [track_id]
        same = (self.tracks["cue_id"] == row["cue_id"]) & (self.tracks["role"] == SPEAKER)
        return [int(track) for track in self.tracks.loc[same, "track_id"]]


def episode_faces(workspace: Workspace, episode: Episode, run_id: str | None) -> EpisodeFaces:
    """Read the tracks of the cut that the record names, with the opinions of a run; see EpisodeFaces."""
    cues = workspace.cues(episode).sort_values(["start_ms", "cue_id"], ignore_index=True)
    faces = workspace.faces(episode)
    if "quality" not in faces:
        faces = faces.assign(quality=np.float32(1))
    faces = faces.sort_values(["track_id", "frame_ms"], kind="stable", ignore_index=True)
    order = faces.assign(unread=faces["quality"] <= 0)
    # The face that stands for a track is the one that its words are pinned to: the surest that can be read.
    best = order.sort_values(["unread", "detection_prob"], ascending=[True, False], kind="stable")
    tracks = best.drop_duplicates("track_id").rename(columns={"frame_ms": "time_ms"})
    tracks = tracks.merge(cues[["cue_id", "start_ms", "end_ms", "text", "raw_text", "drop_reason"]], on="cue_id")
    tracks = tracks.sort_values(["start_ms", "time_ms", "track_id"], ignore_index=True)
    ids = tracks["track_id"]
    hints = review_hints(workspace, episode.episode_id, run_id).set_index("track_id").reindex(ids)
    tracks = tracks.assign(
        episode_id=episode.episode_id,
        cut_key=episode.cut_key,
        pictures=ids.map(faces["track_id"].value_counts()).to_numpy(),
        text=tracks["text"].where(tracks["text"].fillna("") != "", tracks["raw_text"]).fillna("").astype(str),
        use=_uses(tracks),
        drop_reason=tracks["drop_reason"].fillna(""),
        character=_characters(workspace, episode, ids),
        expected_gain=hints["expected_gain"].fillna(0.0).to_numpy(np.float64),
        label_quality=hints["label_quality"].to_numpy(np.float64),
        label_issue=hints["label_issue"].eq(True).to_numpy(),
    )
    given = {source: _aligned(opinions(workspace, episode.episode_id, run_id, source), ids) for source in SOURCES}
    row_of = {int(track): row for row, track in enumerate(ids)}
    folder = workspace.cut_folder(episode).resolve()
    return EpisodeFaces(episode, run_id, folder, tracks[_TRACK_COLUMNS], given, faces, cues, row_of)


def joined(parts: Sequence[EpisodeFaces]) -> pd.DataFrame:
    """The tracks of several episodes below each other, with {source}_label int (-1 for none) and {source}_confidence."""
    several = len(parts) > 1
    tables = []
    for part in parts:
        found: dict[str, np.ndarray] = {}
        for source, probs in part.opinions.items():
            known = ~np.isnan(probs[:, 0])
            filled = np.where(known[:, None], probs, 0.0)
            found[f"{source}_label"] = np.where(known, filled.argmax(1), -1).astype(np.int8)
            found[f"{source}_confidence"] = np.where(known, filled.max(1, initial=0), np.nan).astype(np.float32)
        table = part.tracks.assign(**found)
        if several:  # numbers of people mean nothing in another episode
            unnamed = table["character"].str.fullmatch(r"person \d+")
            table["character"] = table["character"].where(
                ~unnamed, table["character"] + " of " + part.episode.episode_id
            )
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if several else tables[0].reset_index(drop=True)


def _uses(tracks: pd.DataFrame) -> np.ndarray:
    dropped, unread = tracks["drop_reason"].notna().to_numpy(), (tracks["quality"] <= 0).to_numpy()
    speaks = (tracks["role"] == SPEAKER).to_numpy()
    return np.select([dropped, ~speaks, unread], [DROPPED, LISTENER, UNREAD], default=TRAINING).astype(object)


def _characters(workspace: Workspace, episode: Episode, ids: pd.Series) -> list[str]:
    known = track_characters(workspace, episode) if episode.cut_key == _cut_in_use(workspace, episode) else None
    if known is None or known.empty:
        return [""] * len(ids)
    called = {
        int(track): name or (f"person {number}" if number else "")
        for track, number, name in known[["track_id", "character_id", "name"]].itertuples(index=False)
    }
    return [called.get(int(track), "") for track in ids]


def _cut_in_use(workspace: Workspace, episode: Episode) -> str:
    return workspace.episode(episode.episode_id).cut_key


def _aligned(table: pd.DataFrame, ids: pd.Series) -> np.ndarray:
    """(N, 7) float32 in the order of the tracks; NaN for those of which the source has no opinion."""
    out = np.full((len(ids), len(EKMAN7)), np.nan, np.float32)
    if len(table):
        rows = pd.Index(table["track_id"].to_numpy()).get_indexer(ids.to_numpy())
        out[rows >= 0] = probs_of(table)[rows[rows >= 0]]
    return out
