"""What a student learns from: the training faces of some episodes with everybody's opinion on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mmemo.errors import InputError, StorageError
from mmemo.flow.review.human_labels import Words, words_of_episodes
from mmemo.flow.student.face_opinions import face_features, load_crop, training_faces
from mmemo.flow.teacher.anchor import anchor_for
from mmemo.flow.teacher.label import OPINIONS_FILE, LabelSettings, opinions_folder
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.store.files import read_table
from mmemo.store.labels import REJECT
from mmemo.store.tables import aligned_probs
from mmemo.store.workspace import Episode, Workspace
from mmemo.teacher.anchors import TeacherAnchor
from mmemo.teacher.resemblance import Resemblance

if TYPE_CHECKING:
    from mmemo.student.backbones import Backbone
    from mmemo.student.baseline import ImageBaseline
    from mmemo.student.crossfit import TrainingSet
    from mmemo.student.fitters import Fitter
    from mmemo.student.heads import LinearHead
    from mmemo.student.settings import TrainSettings

# Neighbouring lines show the same people in the same mood: they stay on one side of every split. A scene is
# guessed to end at a long silence, and at the latest after so many lines.
SCENE_SILENCE_MS = 3_000
SCENE_LINES = 8
# A clip with fewer scenes is split by track instead: less strict, but there is something to train on.
MIN_SCENES = 10
# Looks at each face for --upper-blocks: a step seldom comes back to one of many faces, and each costs memory.
_LOOKS, _FEW_LOOKS, _MANY_FACES = 6, 3, 5_000
_READ_AT_ONCE = 32
_NO_FACE_HINT = "the account of cues says what was dropped and why; faces that people rejected teach nothing"


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """tracks: episode_id, track_id, cue_id, group, human (label or null), one row an item of `training`;
    faces: episode_id, face_id, crop (path), one row a face of `training`. Tracks of a group are never on both
    sides of a split: a group is a scene, or a single track where there are under ten scenes.
    resemblance: which labelled text the lines are like, where the anchor was told from them."""

    tracks: pd.DataFrame
    faces: pd.DataFrame
    training: TrainingSet
    anchor: TeacherAnchor
    resemblance: Resemblance | None = None


def gather(
    workspace: Workspace,
    episodes: Sequence[Episode],
    label: LabelSettings,
    anchor_name: str,
    baseline: ImageBaseline,
    said: Mapping[str, Words] | None = None,
) -> Stage[Material]:
    """Collect faces, opinions and human labels of labelled episodes; rejected tracks are left out.

    `said` is what people said of each episode, as it was read before; without it, it is read now. Raises InputError
    when an episode has no opinions of this teacher yet, or when no face is left.
    """
    from mmemo.student.crossfit import TrainingSet, mean_by_item
    from mmemo.student.targets import Opinions

    said = words_of_episodes(workspace, episodes) if said is None else said
    tables, teacher, image = [], [], []
    for episode in episodes:
        faces = _usable_faces(workspace, episode, said[episode.episode_id])
        features = yield from face_features(workspace, episode, baseline.backbone)
        votes = pd.DataFrame(baseline.probs_from_features(features.features), index=pd.Index(features.face_ids))
        image.append(votes.loc[faces["face_id"]].to_numpy(np.float32))
        teacher.append(_teacher_probs(workspace, episode, label, faces))
        tables.append(faces)
    faces = pd.concat(tables, ignore_index=True)
    if faces.empty:
        raise InputError("there is no face to learn from", hint=_NO_FACE_HINT)
    item, tracks = _tracks(faces)
    quality = faces["quality"].to_numpy(np.float64)
    anchor, resemblance = anchor_for(workspace, episodes, label, anchor_name)
    of_lines = mean_by_item(np.concatenate(teacher), item)
    opinions = Opinions(
        teacher=of_lines,
        image=mean_by_item(np.concatenate(image), item, quality),
        known=np.array([-1 if pd.isna(h) else EKMAN7.index(h) for h in tracks["human"]], np.int64),
        teacher_confusion=anchor.confusion,
        image_confusion=baseline.confusion,
        teacher_prior=anchor.prior,
        evidence=anchor.evidence(of_lines),
    )
    training = TrainingSet(item, tracks["group"].to_numpy(np.int64), opinions, quality)
    return Material(tracks, faces[["episode_id", "face_id", "crop"]], training, anchor, resemblance)


def make_fitter(
    workspace: Workspace, episodes: Sequence[Episode], material: Material, settings: TrainSettings
) -> Stage[Fitter]:
    """The fitter that the settings ask for, with features or images of the material's faces in their order."""
    from mmemo.student.backbones import load_backbone
    from mmemo.student.baseline import own_head
    from mmemo.student.fitters import HeadFitter, NetworkFitter, stacked_images

    backbone = load_backbone(settings.backbone)
    start = own_head(backbone) if backbone.head is not None else None
    if settings.finetune:
        from pathlib import Path

        return NetworkFitter(
            stacked_images(backbone, [load_crop(Path(p)) for p in material.faces["crop"]]), backbone, start
        )
    if settings.upper_blocks:
        fitter = yield from _upper_blocks_fitter(backbone, start, material.faces["crop"].tolist(), settings)
        return fitter
    parts = []
    for episode in episodes:
        found = yield from face_features(workspace, episode, backbone)
        row_of = {face_id: row for row, face_id in enumerate(found.face_ids)}
        wanted = material.faces.loc[material.faces["episode_id"] == episode.episode_id, "face_id"]
        parts.append(found.features[[row_of[face_id] for face_id in wanted]])
    return HeadFitter(np.concatenate(parts), start)


def _upper_blocks_fitter(
    backbone: Backbone, start: LinearHead | None, crops: Sequence[str], settings: TrainSettings
) -> Stage[Fitter]:
    from pathlib import Path

    from mmemo.student.looks import prepared_looks
    from mmemo.student.top_blocks import TopBlocks, TopBlocksFitter, activations_of, lower_blocks

    lower = lower_blocks(backbone, settings.upper_blocks)
    count = _LOOKS if len(crops) <= _MANY_FACES else _FEW_LOOKS
    parts = (crops[first : first + _READ_AT_ONCE] for first in range(0, len(crops), _READ_AT_ONCE))
    batches = ([load_crop(Path(name)) for name in part] for part in parts)
    activations = yield from activations_of(lower, prepared_looks(backbone, batches, count), len(crops))
    return TopBlocksFitter(activations, backbone, start, TopBlocks(blocks=settings.upper_blocks))


def _usable_faces(workspace: Workspace, episode: Episode, said: Words) -> pd.DataFrame:
    """episode_id, face_id, cue_id, track_id, quality, crop, human, scene of training faces that nobody rejected."""
    faces = training_faces(workspace, episode)
    cut = workspace.cut_folder(episode)
    table = pd.DataFrame(
        {
            "episode_id": episode.episode_id,
            "face_id": faces["face_id"],
            "cue_id": faces["cue_id"],
            "track_id": faces["track_id"],
            "quality": faces["quality"],
            "crop": [str(cut / name) for name in faces["crop"]],
            "human": said.on(faces),
            "scene": faces["cue_id"].map(scenes_of(workspace.cues(episode))),
        }
    )
    rejected = (table["human"] == REJECT) | table["face_id"].isin(said.rejected_pictures())
    return table[~rejected].reset_index(drop=True)


def scenes_of(cues: pd.DataFrame) -> dict[int, int]:
    """A scene number for every cue_id: neighbours share one until a long silence or eight lines (a guess)."""
    scene, lines, last_end = 0, 0, 0
    out: dict[int, int] = {}
    for cue_id, start, end in cues[["cue_id", "start_ms", "end_ms"]].sort_values("start_ms").itertuples(index=False):
        if lines >= SCENE_LINES or (lines and start - last_end >= SCENE_SILENCE_MS):
            scene, lines = scene + 1, 0
        out[int(cue_id)] = scene
        lines, last_end = lines + 1, max(last_end, end)
    return out


def _teacher_probs(workspace: Workspace, episode: Episode, label: LabelSettings, faces: pd.DataFrame) -> np.ndarray:
    path = opinions_folder(workspace, episode, label) / OPINIONS_FILE
    if not path.is_file():
        raise InputError(
            f"the teacher {label.teacher!r} has not read {episode.episode_id} yet",
            hint="run python -m pipelines.label with the same --teacher and --context-lines first",
        )
    try:
        return aligned_probs(read_table(path), "cue_id", faces["cue_id"])
    except KeyError as error:
        raise StorageError(f"{path} does not fit the cut", hint="delete its folder and label again") from error


def _tracks(faces: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """(N,) row of each face's track, and the tracks in order."""
    item, keys = pd.factorize(pd.MultiIndex.from_frame(faces[["episode_id", "track_id"]]))
    first = faces.groupby(item, sort=True).first()
    scenes, _ = pd.factorize(pd.MultiIndex.from_frame(first[["episode_id", "scene"]]))
    group = scenes if scenes.max() + 1 >= MIN_SCENES else np.arange(len(first))
    tracks = first[["episode_id", "track_id", "cue_id"]].assign(
        group=group, human=faces.loc[~pd.Series(item).duplicated().to_numpy(), "human"].to_numpy()
    )
    assert len(tracks) == len(keys)
    return np.asarray(item, np.int64), tracks.reset_index(drop=True)
