"""How far to trust a teacher on these episodes: an anchor by name, or told from what it says of their lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from mmemo.errors import InputError
from mmemo.flow.teacher.label import OPINIONS_FILE, LabelSettings, opinions_folder
from mmemo.store.files import read_table
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Episode, Workspace
from mmemo.teacher.anchors import TeacherAnchor, choose_anchor
from mmemo.teacher.loading import anchors_of
from mmemo.teacher.resemblance import AUTO, Resemblance, resembling_anchor


def anchor_for(
    workspace: Workspace,
    episodes: Sequence[Episode],
    label: LabelSettings,
    name: str = AUTO,
    *,
    without: Collection[str] = (),
) -> tuple[TeacherAnchor, Resemblance | None]:
    """The anchor of that name; for "auto", the measured ones mixed as far as all spoken lines of the episodes ask.

    `without` names anchors that share lines with the gold of an evaluation and may not be used. Resemblance is None
    for a named anchor, and where no anchor keeps the spread of its votes. Raises InputError for an unknown anchor, and
    for an episode that the teacher has not read.
    """
    anchors = {key: anchor for key, anchor in anchors_of(label.teacher).items() if key not in without}
    if name != AUTO:
        return choose_anchor(anchors, name), None
    return resembling_anchor(anchors, votes_on(workspace, episodes, label))


def votes_on(workspace: Workspace, episodes: Sequence[Episode], label: LabelSettings) -> np.ndarray:
    """(N, 7) what the teacher said of every spoken line of the episodes, whether its face was found or not."""
    votes = [np.zeros((0, 7), np.float32)]
    for episode in episodes:
        path = opinions_folder(workspace, episode, label) / OPINIONS_FILE
        if not path.is_file():
            raise InputError(
                f"the teacher {label.teacher!r} has not read {episode.episode_id} yet",
                hint="run python -m pipelines.label with the same --teacher and --context-lines first",
            )
        votes.append(probs_of(read_table(path)))
    return np.concatenate(votes)
