"""Reviewing as plain values: which tracks match, which page they are on, and what a person said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from mmemo.errors import InputError
from mmemo.flow.human_labels import Words
from mmemo.store.labels import PIN_COLUMNS, REJECT, WITHDRAW, FacePin, HumanLabel, LabelStore

PAGE_TRACKS = 24
ANY = "any"
NOT_REVIEWED = "not reviewed"
# Whose label a filter looks at; the columns of the review table are named after them.
SOURCES = {
    "target": "training target",
    "teacher": "text teacher",
    "image": "image-only baseline",
    "student": "student",
    "human": "person",
}

# By time is the default: corrections of nothing but the doubtful faces were measured to teach less than any faces.
ORDERS = {"time": "as they come", "gain": "where text and face differ most"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a person wants to see; confidences are shares of 1 and mean nothing for a person's label."""

    source: str = "target"
    label: str = ANY
    confidence_from: float = 0.0
    confidence_to: float = 1.0
    only_disagreement: bool = False
    text: str = ""
    order: str = "time"
    only_issues: bool = False

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise InputError(f"unknown source {self.source!r}", hint=f"choose one of {', '.join(SOURCES)}")
        if self.order not in ORDERS:
            raise InputError(f"unknown order {self.order!r}", hint=f"choose one of {', '.join(ORDERS)}")


def matching(table: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """The rows of a review table that a filter lets through: by expected gain, the most promising first, or by time."""
    keep = pd.Series(True, index=table.index)
    labels = table[f"{filters.source}_label"]
    if filters.label == NOT_REVIEWED:
        keep &= table["human_label"].isna()
    elif filters.label == REJECT:  # only people reject a face
        keep &= table["human_label"] == REJECT
    elif filters.label != ANY:
        keep &= labels == filters.label
    if filters.source != "human" and (filters.confidence_from > 0.0 or filters.confidence_to < 1.0):
        keep &= table[f"{filters.source}_confidence"].between(filters.confidence_from, filters.confidence_to)
    if filters.only_disagreement:
        keep &= table["teacher_label"] != table["image_label"]
    if filters.text.strip():
        keep &= table["text"].fillna("").astype(str).str.contains(filters.text.strip(), case=False, regex=False)
    if filters.only_issues:
        keep &= table["label_issue"]
    found = table[keep]
    return found.sort_values("expected_gain", ascending=False, kind="stable") if filters.order == "gain" else found


def page_of(table: pd.DataFrame, number: int) -> tuple[pd.DataFrame, int, int]:
    """The rows of one page, its number brought into range, and how many pages there are (at least 1)."""
    pages = max(1, -(-len(table) // PAGE_TRACKS))
    number = min(max(number, 0), pages - 1)
    return table.iloc[number * PAGE_TRACKS : (number + 1) * PAGE_TRACKS], number, pages


def neighbour(table: pd.DataFrame, track_id: int, step: int) -> int | None:
    """The track that comes `step` rows later in a filtered table; the first row when the track is not in it."""
    ids = table["track_id"].tolist()
    if not ids:
        return None
    if track_id not in ids:
        return int(ids[0])
    return int(ids[min(max(ids.index(track_id) + step, 0), len(ids) - 1)])


def say(store: LabelStore, episode_id: str, table: pd.DataFrame, track_id: int, label: str) -> None:
    """Save a person's word on a track, pinned to the face that the table shows of it.

    Raises InputError for a track that is not there.
    """
    store.add(_label(episode_id, table, track_id, label))


def undo(store: LabelStore, said: Words, table: pd.DataFrame, track_id: int) -> None:
    """Take the last word on a track back: what was said before it holds again. Nothing is erased.

    `said` is everything said, by the numbers of the table's cut. Raises InputError when nobody has a word on the track.
    """
    back = _label(said.episode_id, table, track_id, WITHDRAW)
    words: list[str] = []
    for label in said.history.loc[said.history["track_id"] == track_id, "label"]:
        words = [] if label == WITHDRAW else [*words, str(label)]
    if not words:
        raise InputError("there is nothing to undo on this face", hint="label it first")
    store.add(back)
    if len(words) > 1 and words[-2] != words[-1]:
        store.add(replace(back, label=words[-2]))


def corrected_since(said: Words, last: int | pd.Timestamp) -> int:
    """On how many faces of a cut a person's word is another than it was; what was undone does not count.

    `last` is the number of the last word that counted then, or for want of it the moment (UTC).
    """
    history = said.history[said.history["track_id"] >= 0]
    known = history["id"] <= last if isinstance(last, int) else _until(history, last)
    now, then = _last_words(history), _last_words(history[known])
    return sum(now.get(track) != then.get(track) for track in now.keys() | then.keys())


def _until(history: pd.DataFrame, moment: pd.Timestamp) -> pd.Series:
    return pd.to_datetime(history["created_at"], utc=True) <= moment


def _last_words(history: pd.DataFrame) -> dict[int, str]:
    last = history.drop_duplicates("track_id", keep="last")
    last = last[last["label"] != WITHDRAW]
    return dict(zip(last["track_id"], last["label"], strict=True))


def words_for(label: str) -> str:
    """A person's label as the page says it."""
    return "rejected" if label == REJECT else label


def _label(episode_id: str, table: pd.DataFrame, track_id: int, label: str) -> HumanLabel:
    rows = table[table["track_id"] == track_id]
    if rows.empty:
        raise InputError(f"there is no face track {track_id} in this episode", hint="reload the page")
    row = rows.iloc[0]
    cut_key, time_ms, *box = (row[column] for column in PIN_COLUMNS)
    pin = FacePin(str(cut_key), int(time_ms), *map(float, box))
    return HumanLabel(episode_id, track_id, int(row["cue_id"]), label, pin=pin)
