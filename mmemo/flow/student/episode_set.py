"""Episodes of a workspace as a dataset whose labels are what people said and decided of the faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mmemo.datasets.catalog import Found, find_dataset
from mmemo.datasets.cut_episodes import workspace_set
from mmemo.datasets.paired import PairedSet
from mmemo.flow.review.human_labels import read_words
from mmemo.flow.student.material import scenes_of
from mmemo.store.workspace import Workspace


def episode_set(root: Path, episode_id: str) -> PairedSet:
    """The tracks of the speakers with what holds of each: a lead's decision, else the last word.

    Rejected tracks and rejected single pictures are left out. A scene is a group, since it shows the same people; it
    is guessed as for training. Errors as in `workspace_set`.
    """
    workspace = Workspace(root)
    episode = workspace.episode(episode_id)
    words = read_words(workspace, episode)
    current = words.current()
    labels = dict(zip(current["track_id"].tolist(), current["label"].tolist(), strict=True))
    return workspace_set(root, episode_id, labels, scenes_of(workspace.cues(episode)), words.rejected_pictures())


def find_material(path: Path) -> Found:
    """What a path is, as `find_dataset` tells it; of a workspace with the labels of its people."""
    found = find_dataset(path)
    if found.form.name != "workspace":
        return found
    return replace(found, form=replace(found.form, read=episode_set))
