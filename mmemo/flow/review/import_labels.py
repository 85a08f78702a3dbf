"""Labels that come back from another program: added under names of their own, never twice, overwriting nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmemo.errors import InputError
from mmemo.flow.review.faces import EpisodeFaces, episode_faces
from mmemo.store.export.label_studio import Annotation, read_annotations
from mmemo.store.files import hash_value
from mmemo.store.labels import FacePin, HumanLabel
from mmemo.store.workspace import Workspace

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Imported:
    """How many labels are new, were there already, and how many tasks had no answer; and who gave them."""

    added: int
    known: int
    unanswered: int
    people: Sequence[str]

    def to_contract(self) -> dict[str, Any]:
        """The object that the command prints with --json."""
        return {"added": self.added, "known": self.known, "unanswered": self.unanswered, "people": list(self.people)}


def import_labels(workspace: Workspace, path: Path, annotator: str | None = None) -> Imported:
    """Add the annotations of a Label Studio export as human labels, all or none; the same file again adds nothing.

    They are kept under `annotator`, without one under `label-studio:NAME` of whoever gave them. An answer that was
    changed there since is a new word that supersedes the old one. Raises InputError for a file that is none, and for a
    face that is in no cut of this workspace.
    """
    if annotator is not None and not 0 < len(annotator.strip()) <= _LONGEST_NAME:
        raise InputError("a name has 1 to 64 characters", hint="give another --annotator")
    answers, unanswered = read_annotations(path)
    faces = lru_cache(maxsize=None)(lambda episode_id, cut_key: _faces(workspace, episode_id, cut_key))
    labels = [_label(answer, faces(answer.episode_id, answer.cut_key), annotator) for answer in answers]
    with closing(workspace.labels()) as store:
        there = set(store.events()["press"])
        new = [label for label in labels if label.press not in there]
        store.add_once(new)
    return Imported(len(new), len(labels) - len(new), unanswered, sorted({label.annotator for label in labels}))


def _label(answer: Annotation, faces: EpisodeFaces, annotator: str | None) -> HumanLabel:
    row = faces.row_of.get(answer.track_id)
    if row is None:
        raise InputError(
            f"{answer.episode_id} has no face track {answer.track_id} in the cut {answer.cut_key}",
            hint="import into the workspace that the tasks came from",
        )
    track = faces.tracks.iloc[row]
    pin = FacePin(answer.cut_key, int(track["time_ms"]), *(float(track[name]) for name in ("x1", "y1", "x2", "y2")))
    who = annotator.strip() if annotator is not None else answer.who
    # Said again after a change it is another press; the same answer is the same one, however often it is given.
    press = f"import-{hash_value([answer.number, answer.who, answer.track_id, answer.label, answer.said_at, who])}"
    return HumanLabel(
        answer.episode_id, answer.track_id, int(track["cue_id"]), answer.label, who, pin, blind=False, press=press
    )


def _faces(workspace: Workspace, episode_id: str, cut_key: str) -> EpisodeFaces:
    episode = workspace.episode(episode_id)
    if not cut_key.isalnum() or not (workspace.stage_folder(episode_id, "cut", cut_key) / "faces.parquet").is_file():
        raise InputError(
            f"{episode_id} has no cut {cut_key[:40]!r}", hint="import into the workspace that the tasks came from"
        )
    return episode_faces(workspace, replace(episode, cut_key=cut_key), None)
