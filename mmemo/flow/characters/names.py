"""Characters as people see and correct them: the table, a name, a track that belongs to somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.episode.character_words import NOBODY, Cast, anchor_of, cast_of, track_words
from mmemo.episode.characters import NameVotes, names_of, seen_together
from mmemo.errors import InputError
from mmemo.flow.characters.identities import face_qualities
from mmemo.store.characters import CharacterStore, CharacterWord
from mmemo.store.files import read_json, read_table, storage_errors
from mmemo.store.workspace import Episode, Workspace

CHARACTERS_FILE = "characters.parquet"
SETTINGS_FILE = "settings.json"
CHARACTER_COLUMNS = (
    "character_id", "name", "name_source", "tracks", "lines", "seconds", "crop", "votes", "of",
)  # fmt: skip
TRACK_COLUMNS = ("track_id", "cue_id", "role", "character_id", "name", "distance", "text", "crop")
# A name is pinned to so many tracks in the middle of a character; the face that is shown is one of them.
_PINNED = 5


def character_table(workspace: Workspace, episode: Episode) -> pd.DataFrame:
    """One row a character of the current cut, CHARACTER_COLUMNS, by number; empty where none were looked for.

    `name` is "" where there is none; `name_source` is "person", "prefix" (of its lines with a name in front, `votes`
    of `of` say so) or "". `lines` are the cues that it speaks, `seconds` how long they last, `crop` the absolute path
    of the best face of its most typical tracks.
    """
    found = _read(workspace, episode)
    if found is None:
        return pd.DataFrame(columns=list(CHARACTER_COLUMNS))
    rows = []
    for number in sorted(set(found.tracks["character_id"].tolist()) - {NOBODY}):
        mine = found.tracks[found.tracks["character_id"] == number]
        name, source, votes = found.name_of(number)
        spoken = mine[mine["role"] == "speaker"].drop_duplicates("cue_id")
        typical = mine.sort_values(["moved", "distance"], kind="stable").head(_PINNED)
        best = typical.sort_values("quality", ascending=False, kind="stable")
        rows.append(
            {
                "character_id": number,
                "name": name,
                "name_source": source,
                "tracks": len(mine),
                "lines": len(spoken),
                "seconds": float((spoken["end_ms"] - spoken["start_ms"]).sum()) / 1000,
                "crop": best["crop"].iloc[0],
                "votes": votes.votes if votes else 0,
                "of": votes.of if votes else 0,
            }
        )
    return pd.DataFrame(rows, columns=list(CHARACTER_COLUMNS))


def track_characters(workspace: Workspace, episode: Episode) -> pd.DataFrame:
    """One row a face track of the current cut, TRACK_COLUMNS, in order; empty where no characters were looked for.

    `character_id` is 0 and `name` "" where it is not sure who it is; `distance` is that to the middle of the cluster
    that it came from; `crop` is the absolute path of its best face.
    """
    found = _read(workspace, episode)
    if found is None:
        return pd.DataFrame(columns=list(TRACK_COLUMNS))
    names = [found.name_of(number)[0] for number in found.tracks["character_id"].tolist()]
    return found.tracks.assign(name=names)[list(TRACK_COLUMNS)].sort_values("track_id", ignore_index=True)


def rename_character(
    workspace: Workspace, episode_id: str, character_id: int, name: str, annotator: str = "local"
) -> None:
    """Say who a character is; an empty name takes back what was said. Characters of one name become one."""
    rename_characters(workspace, episode_id, {character_id: name}, annotator)


def rename_characters(
    workspace: Workspace, episode_id: str, names: Mapping[int, str], annotator: str = "local"
) -> None:
    """Say who several characters are, all at once, so that two may swap their names.

    A word is pinned to the tracks in the middle of a character, of which one has the face that stands for it, and to
    those that had a name.
    """
    episode = workspace.episode(episode_id)
    words = []
    for character_id, name in names.items():
        found = _listed(workspace, episode, character_id)
        if character_id == NOBODY:
            raise InputError("0 is no character", hint="its tracks are those of which it is not sure who they show")
        mine = found.tracks[found.tracks["character_id"] == character_id]
        typical = mine[(mine["cluster"] != NOBODY) & ~mine["moved"]].sort_values("distance", kind="stable")
        pinned = set(typical.groupby("cluster").head(_PINNED)["track_id"]) | set(mine.loc[mine["named"], "track_id"])
        said = " ".join(name.split())
        faces = [anchor_of(found.faces, episode.cut_key, track) for track in sorted(pinned)]
        words += [CharacterWord(episode_id, face, said, annotator=annotator) for face in faces]
    _say(workspace, words)


def move_track(
    workspace: Workspace, episode_id: str, track_id: int, character_id: int, annotator: str = "local"
) -> None:
    """Say that a face track is the same person as another character; 0 says only that it is not the one it is with."""
    episode = workspace.episode(episode_id)
    found = _listed(workspace, episode, character_id, track_id)
    like = None
    if character_id != NOBODY:
        theirs = found.tracks[(found.tracks["character_id"] == character_id) & ~found.tracks["moved"]]
        others = theirs[theirs["track_id"] != track_id].sort_values("distance", kind="stable")
        if others.empty:
            return  # the character consists of this track
        like = anchor_of(found.faces, episode.cut_key, int(others["track_id"].iloc[0]))
    face = anchor_of(found.faces, episode.cut_key, track_id)
    _say(workspace, [CharacterWord(episode_id, face, like=like, annotator=annotator)])


def restore_track(workspace: Workspace, episode_id: str, track_id: int, annotator: str = "local") -> None:
    """Take back what people said of one face track: it is again with the tracks that look like it."""
    episode = workspace.episode(episode_id)
    found = _listed(workspace, episode, NOBODY, track_id)
    face = anchor_of(found.faces, episode.cut_key, track_id)
    _say(workspace, [CharacterWord(episode_id, face, "", annotator=annotator)])


@dataclass(frozen=True, slots=True, eq=False)
class _Characters:
    """The current characters with people's words over them, and all faces of the cut.

    tracks: TRACK_COLUMNS without name; cluster, and whether a person `named` or `moved` it; quality of the best face;
    start_ms, end_ms and speaker of the cue. given: {character: name of a person}.
    """

    tracks: pd.DataFrame
    faces: pd.DataFrame
    given: Mapping[int, str]
    votes: Mapping[int, NameVotes]

    def name_of(self, character_id: int) -> tuple[str, str, NameVotes | None]:
        """Name, source, and votes of the prefixes where these gave the name."""
        if character_id in self.given:
            return self.given[character_id], "person", None
        votes = self.votes.get(character_id)
        return (votes.name, "prefix", votes) if votes else ("", "", None)


def _read(workspace: Workspace, episode: Episode) -> _Characters | None:
    folder = _newest(workspace, episode)
    if folder is None:
        return None
    found, faces = read_table(folder / CHARACTERS_FILE), workspace.faces(episode)
    with storage_errors(workspace.root), closing(CharacterStore(workspace.root / "labels.db")) as store:
        words = track_words(store.words(episode.episode_id), faces, episode.cut_key)
    clusters = dict(zip(found["track_id"].tolist(), found["character_id"].tolist(), strict=True))
    cast = cast_of(clusters, words)
    last = {word.track_id: word for word in words}
    ids = found["track_id"].tolist()
    tracks = found.rename(columns={"character_id": "cluster"}).assign(
        character_id=np.array([cast.character_of[track] for track in ids], np.int64),
        named=np.array([track in last and bool(last[track].name) for track in ids], bool),
        moved=np.array([track in last and last[track].name is None for track in ids], bool),
    )
    tracks = tracks.merge(_best_faces(workspace, episode, faces), on="track_id", validate="one_to_one")
    cues = workspace.cues(episode)[["cue_id", "start_ms", "end_ms", "speaker", "text"]]
    tracks = tracks.merge(cues, on="cue_id", how="left", validate="many_to_one")
    return _Characters(tracks, faces, cast.names, _votes(tracks, faces, cast))


def _best_faces(workspace: Workspace, episode: Episode, faces: pd.DataFrame) -> pd.DataFrame:
    """track_id, cue_id, role, quality and crop (absolute path) of the best face of every track."""
    cut = workspace.cut_folder(episode).resolve()
    order = faces.assign(quality=face_qualities(faces), crop=[str(cut / name) for name in faces["crop"]])
    best = order.sort_values("quality", ascending=False, kind="stable").drop_duplicates("track_id")
    return best[["track_id", "cue_id", "role", "quality", "crop"]]


def _votes(tracks: pd.DataFrame, faces: pd.DataFrame, cast: Cast) -> dict[int, NameVotes]:
    together = {(cast.character_of[a], cast.character_of[b]) for a, b in tracks_together(faces).tolist()}
    return names_of(
        tracks["character_id"].tolist(), tracks["speaker"].tolist(), tracks["role"].tolist(), sorted(together)
    )


def tracks_together(faces: pd.DataFrame) -> np.ndarray:
    """(P, 2) int64 pairs of track ids that one frame shows side by side."""
    boxes = faces[["x1", "y1", "x2", "y2"]].to_numpy(np.float32)
    return seen_together(faces["track_id"].to_numpy(np.int64), faces["frame_ms"].to_numpy(np.int64), boxes)


def _listed(workspace: Workspace, episode: Episode, character_id: int, track_id: int | None = None) -> _Characters:
    """The current characters; a character (0 is always there) or a track that is not there raises InputError."""
    found = _read(workspace, episode)
    if found is None:
        raise InputError(
            f"no characters were looked for in {episode.episode_id}", hint="run python -m pipelines.characters first"
        )
    known = sorted(set(found.tracks["character_id"].tolist()) - {NOBODY})
    if character_id not in [*known, NOBODY]:
        raise InputError(
            f"there is no character {character_id}", hint=f"there are {', '.join(map(str, known)) or 'none'}"
        )
    if track_id is not None and track_id not in set(found.tracks["track_id"].tolist()):
        raise InputError(f"there is no face track {track_id} in {episode.episode_id}", hint="list a character's tracks")
    return found


def _newest(workspace: Workspace, episode: Episode) -> Path | None:
    """Folder of the characters of the current cut that were asked for last."""
    records = [
        path
        for path in workspace.episode_folder(episode.episode_id).glob(f"characters-*/{SETTINGS_FILE}")
        if (path.parent / CHARACTERS_FILE).is_file() and read_json(path).get("cut") == episode.cut_key
    ]
    return max(records, key=lambda path: (path.stat().st_mtime_ns, path.parent.name)).parent if records else None


def _say(workspace: Workspace, words: list[CharacterWord]) -> None:
    with storage_errors(workspace.root), closing(CharacterStore(workspace.root / "labels.db")) as store:
        store.add(words)
