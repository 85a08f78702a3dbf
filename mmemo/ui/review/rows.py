"""Faces as the page of Review gets them: plain values, without anything that a blind reader must not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timezone
from typing import Any

import numpy as np
import pandas as pd

from mmemo.flow.review.faces import SPEAKER, EpisodeFaces
from mmemo.flow.review.tracks import SOURCES
from mmemo.flow.review.words import SKIPPED, WORDS, Standing
from mmemo.labels import EKMAN7
from mmemo.store.labels import FRAME, TRACK, standing
from mmemo.ui.html import file_url
from mmemo.ui.review.shown import Shown

_NEIGHBOUR_LINES = 2
# Whose label is proposed first: what a training would use, else the student, else the network that was not adapted.
_TARGET = "target"
_PROPOSERS = (_TARGET, "student", "image")


def row_json(
    shown: Shown, row: int, said: Standing, people: Sequence[str], blind: bool, asked: bool = False
) -> dict[str, Any]:
    """One tile: where the face is, its best picture, what was said, and unless `blind` its line and opinions.

    Of `said` a blind reader must be given the own words alone, as one who is `asked` to label the face: such a reader
    gets no target either, which is what others said of the face once a training knew it.
    """
    columns = shown.search.columns
    part = next(p for p in shown.parts if p.episode.episode_id == columns["episode_id"][row])
    item = f"{columns['episode_id'][row]}/{columns['cut_key'][row]}/{columns['track_id'][row]}"
    line = (columns["episode_id"][row], columns["cut_key"][row], "line", columns["cue_id"][row])
    who = int(said.who[row])
    found: dict[str, Any] = {
        "item": item,
        "track": int(columns["track_id"][row]),
        "line": item if columns["role"][row] != SPEAKER else "/".join(map(str, line)),
        "url": file_url(part.folder / str(columns["crop"][row])),
        "ms": int(columns["start_ms"][row]),
        "pictures": int(columns["pictures"][row]),
        "use": str(columns["use"][row]),
        "why": str(columns["drop_reason"][row]),
        "said": None if who < 0 else WORDS[int(said.label[row])],
        "who": None if who < 0 else people[who],
        "skipped": bool(said.status[row] == SKIPPED),
    }
    if blind:
        return found
    tops = {source: None if asked and source == _TARGET else _top(columns, source, row) for source in SOURCES}
    proposal = next((tops[source][0] for source in _PROPOSERS if tops[source]), None)  # type: ignore[index]
    text, character = str(columns["text"][row]), str(columns["character"][row])
    return {**found, "text": text, "character": character, "tops": tops, "proposal": proposal}


def _top(columns: Any, source: str, row: int) -> tuple[str, float] | None:
    label = int(columns[f"{source}_label"][row])
    return None if label < 0 else (EKMAN7.labels[label], round(float(columns[f"{source}_confidence"][row]), 4))


def face_json(
    part: EpisodeFaces, track_id: int, words: Sequence[Any], blind: bool, me: str, asked: bool = False
) -> dict[str, Any]:
    """One track in full; `words` are the rows that were said of it, in order; of those, `blind` readers and those who
    are `asked` to label it get only their own, and the latter no target."""
    row = part.row_of[track_id]
    track = part.tracks.iloc[row]
    if blind or asked:
        words = [event for event in words if event.annotator == me]
    faces: Iterator[Any] = part.pictures(track_id).itertuples()
    pictures = [
        {"face": str(face.face_id), "url": file_url(part.folder / str(face.crop)), "ms": int(face.frame_ms)}
        for face in faces
    ]
    frames = {str(one["face"]): int(str(one["ms"])) for one in pictures}
    found: dict[str, Any] = {
        "item": f"{part.episode.episode_id}/{part.episode.cut_key}/{track_id}",
        "pictures": pictures,
        "shown": next((p["face"] for p in pictures if p["ms"] == int(track["time_ms"])), pictures[0]["face"]),
        "frames": _frame_words(words, frames),
        "words": [_word(event, me) for event in words],
        "blind": blind,
        "lines": [],
        "opinions": {},
    }
    if blind:
        return found
    opinions = {
        source: None if asked and source == _TARGET else _probs(part.opinions[source][row]) for source in SOURCES
    }
    return {**found, "lines": _lines(part, int(track["cue_id"])), "opinions": opinions}


def _probs(probs: np.ndarray) -> dict[str, float] | None:
    if np.isnan(probs[0]):
        return None
    return {label: round(float(p), 4) for label, p in zip(EKMAN7.labels, probs, strict=True)}


def _lines(part: EpisodeFaces, cue_id: int) -> list[dict[str, Any]]:
    """The line and its spoken neighbours."""
    cues = part.cues[(part.cues["text"].fillna("") != "") | (part.cues["cue_id"] == cue_id)].reset_index(drop=True)
    at = int(np.flatnonzero(cues["cue_id"] == cue_id)[0])
    near: Iterator[Any] = cues.iloc[max(0, at - _NEIGHBOUR_LINES) : at + 1 + _NEIGHBOUR_LINES].itertuples()
    return [
        {
            "text": " ".join(str(line.text or line.raw_text).split()),
            "ms": int(line.start_ms),
            "here": bool(line.cue_id == cue_id),
        }
        for line in near
    ]


def _frame_words(words: Sequence[Any], frames: dict[str, int]) -> dict[str, str]:
    """{face_id: what holds of this one picture}, found as a training finds it."""
    said = pd.DataFrame([event for event in words if event.scope == FRAME])
    if said.empty:
        return {}
    last = standing(said, ["time_ms"])
    holds = dict(zip(last["time_ms"].astype(int).tolist(), last["label"].astype(str).tolist(), strict=True))
    return {face: holds[ms] for face, ms in frames.items() if ms in holds}


def _word(event: Any, me: str) -> dict[str, Any]:
    """Who said what, how and when."""
    said_at = event.created_at
    moment = said_at.replace(tzinfo=timezone.utc) if said_at.tzinfo is None else said_at
    return {
        "label": str(event.label),
        "who": str(event.annotator),
        "mine": bool(event.annotator == me),
        "at": moment.isoformat(timespec="seconds"),
        "scope": str(event.scope or TRACK),
        "way": str(event.way or ""),
        "blind": None if event.blind is None else bool(event.blind),
    }
