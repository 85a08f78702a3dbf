"""What people said of characters, put over what the clustering found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmemo.episode.tracks import overlap
from mmemo.store.characters import CharacterWord, FaceAnchor

NOBODY = 0
_MAX_APART_MS = 500
_MIN_OVERLAP = 0.3
_BOX = ["x1", "y1", "x2", "y2"]


@dataclass(frozen=True, slots=True)
class TrackWord:
    """A word on a track of the current cut: a name ("" takes it back), or the track of the same person, or NOBODY."""

    track_id: int
    name: str | None = None
    like: int = NOBODY


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is who: {track: character} for every track, 0 for nobody, and {character: name that a person gave}."""

    character_of: Mapping[int, int]
    names: Mapping[int, str]


def cast_of(clusters: Mapping[int, int], words: Sequence[TrackWord]) -> Cast:
    """Put people's words, in the order in which they were said, over {track: number of its cluster, 0 for none}.

    The last word on a track stays with that track, whatever a clustering does with it. A cluster takes the name that
    most of its named tracks have, of equals the one said last, and gives it to the tracks that nobody spoke of.
    Clusters and tracks of one name are one character, under the smallest number of its clusters; a name that no
    cluster has gets a number of its own. A track that is like another follows that one.
    """
    last: dict[int, TrackWord] = {}
    for word in words:
        last.pop(word.track_id, None)  # so that the order is that of the last words
        if word.track_id in clusters:
            last[word.track_id] = word
    spelling = {word.name.casefold(): word.name for word in last.values() if word.name}
    name_of = _cluster_names(clusters, last)
    number_of: dict[str, int] = {}
    for cluster in sorted(name_of):
        number_of.setdefault(name_of[cluster], cluster)
    free = max(clusters.values(), default=0) + 1
    for key in spelling:
        if key not in number_of:
            number_of[key], free = free, free + 1

    def character(track: int) -> int:
        word = last.get(track)
        if word is not None and word.name:
            return number_of[word.name.casefold()]
        cluster = clusters[track]
        return number_of[name_of[cluster]] if cluster in name_of else cluster

    ends = {track: _followed(track, last) for track in clusters}
    character_of = {track: NOBODY if end is None else character(end) for track, end in ends.items()}
    return Cast(character_of, {number_of[key]: name for key, name in spelling.items()})


def anchor_of(faces: pd.DataFrame, cut_key: str, track_id: int) -> FaceAnchor:
    """The surest face of a track of a cut, to pin a word to; `faces` are FACE_COLUMNS of that cut."""
    of_track = faces[faces["track_id"] == track_id]
    assert len(of_track), "a track of this cut"
    face = of_track.sort_values("detection_prob", ascending=False, kind="stable").to_dict("records")[0]
    box = [float(face[key]) for key in _BOX]
    return FaceAnchor(cut_key, int(track_id), int(face["cue_id"]), int(face["frame_ms"]), *box)


def track_words(words: Sequence[CharacterWord], faces: pd.DataFrame, cut_key: str) -> list[TrackWord]:
    """The words whose faces are in a cut, on its tracks; a word whose face is not found again is left out."""
    frame_ms = faces["frame_ms"].to_numpy(np.int64)
    order = np.argsort(frame_ms, kind="stable")
    sorted_faces, sorted_ms = faces.iloc[order], frame_ms[order]
    tracks = set(faces["track_id"].tolist())
    found = []
    for word in words:
        track = _track_at(word.face, sorted_faces, sorted_ms, tracks, cut_key)
        like = NOBODY if word.like is None else _track_at(word.like, sorted_faces, sorted_ms, tracks, cut_key)
        if track is not None and like is not None:
            found.append(TrackWord(track, word.name, like))
    return found


def _track_at(
    anchor: FaceAnchor, faces: pd.DataFrame, frame_ms: np.ndarray, tracks: set[int], cut_key: str
) -> int | None:
    """The track of a face: its own number in its own cut, in another the face that lies where it was, soon or before.

    Of several the one that overlaps most and is nearest in time; of equals the one in the cue of the same number.
    """
    if anchor.cut_key == cut_key:
        return anchor.track_id if anchor.track_id in tracks else None
    first, end = np.searchsorted(frame_ms, [anchor.frame_ms - _MAX_APART_MS, anchor.frame_ms + _MAX_APART_MS + 1])
    near = faces.iloc[int(first) : int(end)]
    box = np.array([[anchor.x1, anchor.y1, anchor.x2, anchor.y2]], np.float32)
    shared = overlap(box, near[_BOX].to_numpy(np.float32))[0]
    apart = np.abs(near["frame_ms"].to_numpy(np.int64) - anchor.frame_ms) / _MAX_APART_MS
    score = np.round(shared - 0.5 * apart, 3)
    ranked = sorted(
        (-score[i], cue != anchor.cue_id, int(track))
        for i, (cue, track) in enumerate(zip(near["cue_id"].tolist(), near["track_id"].tolist(), strict=True))
        if shared[i] >= _MIN_OVERLAP
    )
    return ranked[0][2] if ranked else None


def _cluster_names(clusters: Mapping[int, int], last: Mapping[int, TrackWord]) -> dict[int, str]:
    """{cluster: folded name} by the most of its named tracks, of equals the one that was said last."""
    votes: dict[int, dict[str, tuple[int, int]]] = {}
    for when, word in enumerate(last.values()):
        if word.name and clusters[word.track_id] != NOBODY:
            counted = votes.setdefault(clusters[word.track_id], {})
            key = word.name.casefold()
            counted[key] = (counted.get(key, (0, 0))[0] + 1, when)
    return {cluster: max(counted, key=lambda key: counted[key]) for cluster, counted in votes.items()}


def _followed(track: int, last: Mapping[int, TrackWord]) -> int | None:
    """The track at the end of "the same person as"; None for nobody. Words that lead in a circle count for nothing."""
    seen = {track}
    at = track
    while (word := last.get(at)) is not None and word.name is None:
        if word.like == NOBODY:
            return None
        if word.like in seen:
            return track
        seen.add(word.like)
        at = word.like
    return at
