"""What people said of an episode's faces, read once and put on the faces of one cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mmemo.episode.tracks import overlap
from mmemo.flow.student.face_opinions import training_faces
from mmemo.store.files import read_table, storage_errors
from mmemo.store.labels import PIN_COLUMNS, REJECT, UNDO_COLUMNS, WITHDRAW, standing
from mmemo.store.team import TeamStore
from mmemo.store.workspace import LABELS_FILE, Episode, Workspace

# Two boxes that share less are not held for the same face.
MIN_OVERLAP = 0.5
# A frame stands about so long: two times that are no farther apart are the same time.
SAME_TIME_MS = 40
_BOX = ["x1", "y1", "x2", "y2"]
_COLUMNS = ["id", "track_id", "cue_id", "label", "annotator", "created_at", *UNDO_COLUMNS]
_DECISION_COLUMNS = ["track_id", "cue_id", "label", "annotator", "created_at"]
_FRAME_COLUMNS = ["id", "face_id", "label", "annotator", "created_at", *UNDO_COLUMNS]


def _no_frames() -> pd.DataFrame:
    return pd.DataFrame(columns=_FRAME_COLUMNS).astype({"id": np.int64})


def _no_decisions() -> pd.DataFrame:
    return pd.DataFrame(columns=_DECISION_COLUMNS).astype({"track_id": np.int64, "cue_id": np.int64})


@dataclass(frozen=True, slots=True)
class Resting:
    """Words in force that are on no face in use: the cut has none there, or one that nothing is learned from."""

    not_in_cut: int = 0
    not_in_use: int = 0

    def __add__(self, other: Resting) -> Resting:
        return Resting(self.not_in_cut + other.not_in_cut, self.not_in_use + other.not_in_use)

    def to_contract(self) -> dict[str, int]:
        """Plain values under the keys that commands promise."""
        return {"not_in_cut": self.not_in_cut, "not_in_use": self.not_in_use}

    def sentence(self) -> str:
        """What to tell a person; empty for nothing."""
        said = []
        if self.not_in_cut:
            said.append(f"{_counted(self.not_in_cut)} not in this cut")
        if self.not_in_use:
            said.append(f"{_counted(self.not_in_use)} on faces that this cut does not learn from")
        return f"{', '.join(said)}: kept, and used again with a cut that has their faces." if said else ""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Everything that people said of an episode until one moment, by the numbers of one cut.

    history: id, track_id, cue_id, label, annotator, created_at, press, undoes, one row a word in the order in which it
    was said.
    Words of one `track_id` are on one face; below 0 it is a face that the cut does not have, and `cue_id` is -1.
    frames: id, face_id, label, annotator, created_at, press, undoes of words on single pictures that the cut has.
    decisions: track_id, cue_id, label, annotator, created_at of what a lead decided where people differ, one row a
    face that the cut has. A decision holds over all words, also over later ones, until it is taken back.
    last_decision: number of the last decision, 0 where there is none, also if it was taken back.
    """

    episode_id: str
    history: pd.DataFrame
    frames: pd.DataFrame = field(default_factory=_no_frames)
    decisions: pd.DataFrame = field(default_factory=_no_decisions)
    last_decision: int = 0

    @property
    def last_id(self) -> int:
        """Number of the last word, 0 where there is none: words that came later have larger ones."""
        return max((int(table["id"].max()) for table in (self.history, self.frames) if len(table)), default=0)

    def rejected_pictures(self) -> list[str]:
        """face_id, in order, of the single pictures of which people said that they show no usable face."""
        last = standing(self.frames, ["face_id"])
        return sorted(last.loc[last["label"] == REJECT, "face_id"].astype(str))

    def current(self) -> pd.DataFrame:
        """What holds on each face of the cut: the decision, else the last word, withdrawn ones left out.

        The columns of `history`; a decision has no number, and its lead for annotator.
        """
        standing = self._standing(["track_id"])
        standing = standing[(standing["track_id"] >= 0) & ~standing["track_id"].isin(self.decisions["track_id"])]
        if len(self.decisions):
            decided = self.decisions.reindex(columns=standing.columns).assign(id=0, press=None, undoes=None)
            standing = pd.concat([standing, decided]) if len(standing) else decided
        return standing.reset_index(drop=True)

    def by_annotator(self) -> pd.DataFrame:
        """The last word of each annotator on each face of the cut, withdrawn ones left out."""
        standing = self._standing(["track_id", "annotator"])
        return standing[standing["track_id"] >= 0].reset_index(drop=True)

    def on(self, tracks: pd.DataFrame) -> pd.Series:
        """What holds on each row of `tracks` (track_id), in its index; None where nobody spoke."""
        current = self.current()
        said = dict(zip(current["track_id"].tolist(), current["label"].tolist(), strict=True))
        return pd.Series([said.get(t) for t in tracks["track_id"].tolist()], index=tracks.index, dtype=object)

    def resting(self, tracks: pd.DataFrame) -> Resting:
        """How many words in force are on none of the tracks that are in use."""
        said = self._standing(["track_id"])["track_id"]
        lost = int((said < 0).sum())
        return Resting(lost, int((~said.isin(tracks["track_id"])).sum()) - lost)

    def _standing(self, face: list[str]) -> pd.DataFrame:
        return standing(self.history, face)


def read_words(workspace: Workspace, episode: Episode) -> Words:
    """Read everything said of an episode once, for the cut of this record.

    A word that was said in this cut is on the track that it was said of. A word that was said in another one is on the
    face that lies where its own was: at the same time or, in the same line and shot, at the nearest, with an overlap
    of at least MIN_OVERLAP. Words that have no pin yet are pinned before.
    """
    if not workspace.has_labels():  # reading leaves nothing behind
        numbers = dict.fromkeys(_COLUMNS[:3], np.int64)
        return Words(episode.episode_id, pd.DataFrame(columns=_COLUMNS).astype(numbers))
    with closing(workspace.labels()) as store:
        frames = store.frames(episode.episode_id)
        history = store.history(episode.episode_id)
        if history["cut_key"].isna().any():  # one that fits no cut has a cut alone: it was looked for once
            workspace.pin_labels(workspace.episode(episode.episode_id))
            history = store.history(episode.episode_id)
    pictures = _on_pictures(frames, workspace, episode)
    with storage_errors(workspace.root), closing(TeamStore(workspace.root / LABELS_FILE)) as team:
        verdicts = team.decisions(episode.episode_id)
    if history.empty and verdicts.empty:
        return Words(episode.episode_id, history[_COLUMNS], pictures)
    cut = CutFaces.read(workspace, episode)
    places = places_of(history, cut)
    words = history[_COLUMNS].assign(track_id=places[:, 0], cue_id=places[:, 1])
    last = int(verdicts["id"].max()) if len(verdicts) else 0
    return Words(episode.episode_id, words, pictures, verdicts_on(verdicts, cut), last)


def verdicts_on(verdicts: pd.DataFrame, cut: CutFaces) -> pd.DataFrame:
    """What holds of a lead's verdicts, rows in order, on the faces of a cut: one row a track, others left out.

    track_id, cue_id, label, annotator, created_at.
    """
    if verdicts.empty:
        return _no_decisions()
    places = places_of(verdicts, cut)
    placed = verdicts.rename(columns={"author": "annotator"}).assign(track_id=places[:, 0], cue_id=places[:, 1])
    last = placed.drop_duplicates("track_id", keep="last")
    return last.loc[(last["label"] != WITHDRAW) & (last["track_id"] >= 0), _DECISION_COLUMNS].reset_index(drop=True)


def _on_pictures(frames: pd.DataFrame, workspace: Workspace, episode: Episode) -> pd.DataFrame:
    """Words on single pictures, by the face of the cut that lies at the same time in the same place."""
    if frames.empty:
        return _no_frames()
    faces = workspace.faces(episode)
    times, boxes = faces["frame_ms"].to_numpy(np.int64), faces[_BOX].to_numpy(np.float32)
    found: list[str] = []
    rows: Iterator[Any] = frames.itertuples(index=False)
    for pin in rows:
        near = np.flatnonzero(np.abs(times - int(pin.time_ms)) <= SAME_TIME_MS)
        shared = overlap(np.array([[pin.x1, pin.y1, pin.x2, pin.y2]], np.float32), boxes[near])[0]
        if pin.cut_key == episode.cut_key:  # two lines of two voices share a picture: the track tells them apart
            shared = np.where(faces["track_id"].to_numpy()[near] == pin.track_id, shared + 1, shared)
        best = int(shared.argmax()) if len(near) else 0
        same = len(near) > 0 and shared[best] >= MIN_OVERLAP
        found.append(str(faces["face_id"].iloc[near[best]]) if same else "")
    placed = frames.assign(face_id=found)
    return placed.loc[placed["face_id"] != "", _FRAME_COLUMNS].reset_index(drop=True)


def words_of_episodes(workspace: Workspace, episodes: Sequence[Episode]) -> dict[str, Words]:
    """{episode_id: what people said}, one reading for all that follows."""
    return {episode.episode_id: read_words(workspace, episode) for episode in episodes}


def resting_words(workspace: Workspace, episodes: Sequence[Episode], said: Mapping[str, Words]) -> Resting:
    """How many words in force the cuts of some episodes leave aside, over all of them."""
    found = (said[e.episode_id].resting(training_faces(workspace, e)) for e in episodes)
    return sum(found, Resting())


@dataclass(frozen=True, slots=True, eq=False)
class CutFaces:
    """The N faces of a cut; shot_starts_ms is empty where the cut did not look for shots.

    numbers (N, 2) track and cue, spans_ms (N, 2) of the cue, speaks (N,) bool, boxes (N, 4).
    """

    cut_key: str
    numbers: np.ndarray
    frame_ms: np.ndarray
    spans_ms: np.ndarray
    speaks: np.ndarray
    boxes: np.ndarray
    shot_starts_ms: np.ndarray

    @classmethod
    def read(cls, workspace: Workspace, episode: Episode) -> CutFaces:
        spans = workspace.cues(episode)[["cue_id", "start_ms", "end_ms"]]
        faces = workspace.faces(episode).merge(spans, on="cue_id", how="left", validate="many_to_one")
        path = workspace.cut_folder(episode) / "shots.parquet"
        starts = read_table(path)["start_ms"].to_numpy(np.int64) if path.is_file() else np.zeros(0, np.int64)
        return cls(
            episode.cut_key,
            faces[["track_id", "cue_id"]].to_numpy(np.int64),
            faces["frame_ms"].to_numpy(np.int64),
            faces[["start_ms", "end_ms"]].to_numpy(np.float64),
            (faces["role"] == "speaker").to_numpy(),
            faces[_BOX].to_numpy(np.float32),
            np.sort(starts),
        )

    def at(self, pin: Any) -> tuple[int, int] | None:
        """(track, cue) of the face where another cut's pin is; None where no face of this cut lies there.

        Of several the nearest in time, as far as that can be told, then the one that overlaps most; of one face in
        the two lines of two voices the speaker's, then the one whose line has the number that it had.
        """
        if np.isnan(pin.time_ms):
            return None
        near = self._near(int(pin.time_ms))
        apart_ms = np.abs(self.frame_ms[near] - int(pin.time_ms))
        shared = overlap(np.array([[pin.x1, pin.y1, pin.x2, pin.y2]], np.float32), self.boxes[near])[0]
        ranked = sorted(
            (
                max(0, apart - SAME_TIME_MS),
                -round(share, 3),
                not self.speaks[face],
                int(self.numbers[face, 1]) != pin.cue_id,
                apart,
                (int(self.numbers[face, 0]), int(self.numbers[face, 1])),
            )
            for face, share, apart in zip(near.tolist(), shared.tolist(), apart_ms.tolist(), strict=True)
            if share >= MIN_OVERLAP
        )
        return ranked[0][-1] if ranked else None

    def _near(self, time_ms: int) -> np.ndarray:
        """Rows of faces at a time, and of those in the lines and the shot that run then."""
        same_time = np.abs(self.frame_ms - time_ms) <= SAME_TIME_MS
        if not len(self.shot_starts_ms):
            return np.flatnonzero(same_time)
        starts, ends = self.spans_ms[:, 0] - SAME_TIME_MS, self.spans_ms[:, 1] + SAME_TIME_MS
        candidates = np.flatnonzero(same_time | ((starts <= time_ms) & (time_ms <= ends)))
        shots = np.searchsorted(self.shot_starts_ms, self.frame_ms[candidates], side="right")
        near: np.ndarray = candidates[shots == np.searchsorted(self.shot_starts_ms, time_ms, side="right")]
        return near


def places_of(pins: pd.DataFrame, cut: CutFaces) -> np.ndarray:
    """(N, 2) track and cue in the cut of rows that say a face by cut_key, track_id, cue_id and PIN_COLUMNS.

    Below 0 where the cut has no such face, one number a face.
    """
    if pins.empty:
        return np.zeros((0, 2), np.int64)
    number, different = _numbered(pins[["cut_key", "track_id", "cue_id", *PIN_COLUMNS[1:]]])
    found: np.ndarray = np.array(_places(different, cut), np.int64).reshape(-1, 2)[number]
    return found


def _numbered(pins: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """(N,) the row of each pin in the table of different pins, and that table."""
    number, _ = pd.factorize(pd.Series(list(pins.fillna(-1).itertuples(index=False, name=None))))
    return number, pins[~pd.Series(number).duplicated().to_numpy()].reset_index(drop=True)


def _places(pins: pd.DataFrame, cut: CutFaces) -> list[tuple[int, int]]:
    """(track, cue) in the cut of every pin; where it has no such face (-1, -1), (-2, -1) and so on, one a face."""
    own = {(track, cue) for track, cue in cut.numbers.tolist()}
    places: list[tuple[int, int]] = []
    lost: list[Any] = []
    rows: Iterator[Any] = pins.itertuples(index=False)
    for pin in rows:
        if pin.cut_key == cut.cut_key:
            place = (int(pin.track_id), int(pin.cue_id)) if (pin.track_id, pin.cue_id) in own else None
        else:
            place = cut.at(pin)
        places.append(place if place is not None else (-1 - _index_of(pin, lost), -1))
    return places


def _index_of(pin: Any, faces: list[Any]) -> int:
    """The number of a face that a cut does not have; one that is new is added."""
    for index, other in enumerate(faces):
        same_number = (pin.cut_key, pin.track_id, pin.cue_id) == (other.cut_key, other.track_id, other.cue_id)
        if same_number or _same_face(pin, other):
            return index
    faces.append(pin)
    return len(faces) - 1


def _same_face(a: Any, b: Any) -> bool:
    if not abs(a.time_ms - b.time_ms) <= SAME_TIME_MS:
        return False
    one, other = (np.array([[pin.x1, pin.y1, pin.x2, pin.y2]], np.float32) for pin in (a, b))
    return bool(overlap(one, other)[0, 0] >= MIN_OVERLAP)


def _counted(labels: int) -> str:
    return f"{labels:,} label{'' if labels == 1 else 's'}"
