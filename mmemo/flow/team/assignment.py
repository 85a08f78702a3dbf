"""Which faces of a cut somebody is asked to label, wherever another cut has put them since."""

from __future__ import annotations

from contextlib import closing

import pandas as pd

from mmemo.flow.review.human_labels import CutFaces, places_of
from mmemo.store.files import storage_errors
from mmemo.store.team import TeamStore
from mmemo.store.workspace import LABELS_FILE, Episode, Workspace


def open_team(workspace: Workspace) -> TeamStore:
    """The rounds, decisions and gold questions of a workspace."""
    with storage_errors(workspace.root):
        return TeamStore(workspace.root / LABELS_FILE)


def assigned_tracks(
    workspace: Workspace, episode: Episode, person: str | None, team: TeamStore | None = None
) -> set[int]:
    """Numbers of the tracks that a person, or with None anybody, is asked for in open rounds, in the record's cut.

    An assignment is pinned to its face as a word is, so a new cut loses none whose face it has.
    """
    if team is None:
        with closing(open_team(workspace)) as own:
            return assigned_tracks(workspace, episode, person, own)
    given = team.assignments(episode.episode_id, person)
    if given.empty:
        return set()
    if (given["cut_key"] == episode.cut_key).all():  # the usual case needs no tables
        return set(map(int, given["track_id"]))
    return set(map(int, on_cut(given, CutFaces.read(workspace, episode))["track_id"]))


def on_cut(given: pd.DataFrame, cut: CutFaces) -> pd.DataFrame:
    """Rows of ASSIGNMENT_COLUMNS with the numbers of a cut; faces that it does not have are left out."""
    placed = given.assign(track_id=places_of(given, cut)[:, 0])
    return placed[placed["track_id"] >= 0]
