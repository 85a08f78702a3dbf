"""What several people said of the faces of one cut, told apart by who spoke before whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from mmemo.flow.review.human_labels import CutFaces, places_of
from mmemo.labels import EKMAN7
from mmemo.store.labels import FRAME, REJECT, SKIP, WITHDRAW

# What people may say of a face as a whole: an emotion, or that it cannot be used.
ANSWERS = (*EKMAN7.labels, REJECT)
_CODE = {label: code for code, label in enumerate(ANSWERS)}
# {(person, track): since and until when others' words on it are hidden from the person in Review}.
Hidden: TypeAlias = Mapping[tuple[str, int], Sequence[tuple[pd.Timestamp, pd.Timestamp | None]]]
_COLUMNS = ("id", "track_id", "label", "annotator", "created_at", "blind", "press")


@dataclass(frozen=True, slots=True, eq=False)
class TeamWords:
    """The words on the faces of a cut that were not taken back, in order.

    words: id, track_id (of the cut), label (also skip and withdraw), annotator, created_at (UTC), blind, press.
    ever: the same of all answers, also of those that were taken back: somebody may have seen them meanwhile.
    """

    words: pd.DataFrame
    ever: pd.DataFrame

    @classmethod
    def of(cls, events: Sequence[Any], cut: CutFaces) -> TeamWords:
        """From rows of EVENT_COLUMNS of one episode; words on single pictures and on faces that are not there are left
        out."""
        table = pd.DataFrame(events)
        if table.empty:
            empty = pd.DataFrame(columns=_COLUMNS).astype({"id": np.int64, "track_id": np.int64})
            return cls(empty, empty)
        table = table[(table["scope"] != FRAME) & table["cut_key"].notna()]
        back = table["undoes"].notna()
        undone = table.loc[back, "undoes"]
        table = table[~back]
        table = table.assign(track_id=places_of(table, cut)[:, 0])
        moments = pd.to_datetime(table["created_at"], utc=True)
        kept = table.assign(created_at=moments).loc[table["track_id"] >= 0, list(_COLUMNS)]
        words = kept[~kept["press"].isin(undone)].reset_index(drop=True)
        return cls(words, kept[kept["label"].isin(ANSWERS)].reset_index(drop=True))

    @property
    def people(self) -> list[str]:
        """Everybody who said anything, in the order of names."""
        return sorted(self.words["annotator"].unique().tolist())

    def last(self) -> pd.DataFrame:
        """The answer of each person that stands on each face: the columns of `words`."""
        said = self.words[self.words["label"] != SKIP]
        last = said.drop_duplicates(["track_id", "annotator"], keep="last")
        return last[last["label"] != WITHDRAW]

    def first(self) -> pd.DataFrame:
        """The first answer of each person on each face."""
        said = self.words[self.words["label"].isin(ANSWERS)]
        return said.drop_duplicates(["track_id", "annotator"])

    def independent(self, hidden: Hidden | None = None) -> pd.DataFrame:
        """First answers that were given without sight of another person's: only these tell how far people agree.

        Who labels second can see in Review what the first one said, and a later word of the same person may follow a
        talk about it; counted in, both would praise people for copying. An answer is independent when nobody else had
        spoken of the face, when it was given blind, or while others' words were hidden from the person and nobody
        else had spoken before that. A word that was taken back was there to be seen all the same.
        """
        first, times = self.first(), hidden or {}
        opened: dict[int, list[tuple[str, int, pd.Timestamp]]] = {}
        columns = ["track_id", "annotator", "id", "created_at"]
        ever = self.ever.drop_duplicates(["track_id", "annotator"])
        for track, who, number, moment in ever[columns].itertuples(index=False):
            opened.setdefault(track, []).append((who, number, moment))
        unseen = []
        for track, who, number, moment in first[columns].itertuples(index=False):
            before = [there for other, earlier, there in opened[track] if other != who and earlier < number]
            windows = times.get((who, track), ())
            unseen.append(
                not before
                or any(
                    since <= min(before) and moment >= since and (until is None or moment < until)
                    for since, until in windows
                )
            )
        blind = first["blind"].eq(True).to_numpy(bool)
        found: pd.DataFrame = first[blind | np.array(unseen, bool)]
        return found

    def conflicts(self) -> list[int]:
        """Tracks on which the answers that stand differ, in order."""
        last = self.last()
        different = last.groupby("track_id")["label"].nunique()
        return sorted(int(track) for track in different.index[different > 1])


def columns_of(answers: pd.DataFrame, tracks: Sequence[int]) -> dict[str, np.ndarray]:
    """{person: (N,) code of ANSWERS for each of N tracks, -1 where silent}."""
    row_of = {track: row for row, track in enumerate(tracks)}
    found: dict[str, np.ndarray] = {}
    for who, track, label in answers[["annotator", "track_id", "label"]].itertuples(index=False):
        if int(track) in row_of:
            found.setdefault(str(who), np.full(len(tracks), -1, np.int64))[row_of[int(track)]] = _CODE[label]
    return dict(sorted(found.items()))
