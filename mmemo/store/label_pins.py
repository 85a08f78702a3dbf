"""Pinning words that were kept by number alone: which face of which cut they meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from mmemo.errors import StorageError
from mmemo.store.labels import FacePin, LabelStore

_BOX = ["x1", "y1", "x2", "y2"]


def pin_labels(
    store: LabelStore, episode_id: str, cut_keys: Sequence[str], faces_of: Callable[[str], pd.DataFrame]
) -> None:
    """Pin the rows of an episode that have none; a row that has a pin is left alone, and nothing is erased.

    `cut_keys` begins with the cut in use. A row's numbers are those of that cut; where it has no such track, of the
    first of the others that has. A row that fits no cut is claimed by the one in use, so that no later cut, which
    may give its number to another face, can take it. `faces_of` gives FACE_COLUMNS of a cut.
    """
    history = store.history(episode_id)
    rows = history[history["time_ms"].isna()]
    pins: dict[int, FacePin] = {}
    for cut_key in cut_keys:
        mine = rows[rows["cut_key"].isna() | (rows["cut_key"] == cut_key)]
        shown = {} if mine.empty else _shown_faces(faces_of, cut_key)
        if shown is None and cut_key == cut_keys[0]:
            rows = rows[rows["cut_key"].notna()]  # no other cut may take what this one's lost files would fit
        for number, track, cue in mine[["id", "track_id", "cue_id"]].itertuples(index=False):
            if shown and (track, cue) in shown:
                pins[number] = shown[track, cue]
        rows = rows[~rows["id"].isin(list(pins))]
    if pins:
        store.pin(pins)
    lost = history.loc[history["cut_key"].isna() & ~history["id"].isin(list(pins)), "id"].tolist()
    if lost and cut_keys:
        store.claim(dict.fromkeys(lost, cut_keys[0]))


def _shown_faces(faces_of: Callable[[str], pd.DataFrame], cut_key: str) -> dict[tuple[int, int], FacePin] | None:
    """{(track, cue): the surest of its speaker's faces that can be read}; None where the cut's files are gone.

    That is the face that people are shown; a cut whose faces were not measured has no `quality`.
    """
    try:
        faces = faces_of(cut_key)
    except StorageError:
        return None
    shown = faces["role"] == "speaker"
    if "quality" in faces:
        shown &= faces["quality"] > 0
    best = (
        faces[shown]
        .sort_values("detection_prob", ascending=False, kind="stable")
        .drop_duplicates(["track_id", "cue_id"])
    )
    columns = best[["track_id", "cue_id", "frame_ms", *_BOX]].astype({"frame_ms": int})
    return {(t, c): FacePin(cut_key, ms, *map(float, box)) for t, c, ms, *box in columns.itertuples(index=False)}
