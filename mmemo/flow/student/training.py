"""The stage that trains a student on what teacher, baseline and people say of an episode's faces."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mmemo.errors import InputError
from mmemo.evaluate.collapse import collapse_alarm
from mmemo.flow.review.corrections import differing, face_noise_of, with_agreement
from mmemo.flow.review.human_labels import Resting, Words, resting_words, words_of_episodes
from mmemo.flow.review.tracks import REVIEW_FILE
from mmemo.flow.student.live_curves import watched
from mmemo.flow.student.material import Material, gather, make_fitter
from mmemo.flow.teacher.label import LabelSettings, opinions_folder
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_value, publish_folder, read_json, storage_errors, write_json, write_table
from mmemo.store.jobs import clock_ms
from mmemo.store.tables import with_probs
from mmemo.store.workspace import Episode, Workspace
from mmemo.student.settings import TrainSettings
from mmemo.teacher.anchors import choose_anchor
from mmemo.teacher.loading import anchors_of, teacher_identity
from mmemo.teacher.resemblance import AUTO
from mmemo.teacher.sources import EMBEDDED as EMBEDDED_TEACHER

if TYPE_CHECKING:
    from mmemo.student.crossfit import CrossFit
    from mmemo.student.fitters import Fitter
    from mmemo.student.rereading import Verdict

# Part of every run's key: raise it when the same inputs would now give another student.
TRAIN_VERSION = 5


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A finished student run; `collapse` is the alarm in words, None when all is well; `skipped` if it was there.

    `resting`: what people said of faces that it could not learn from, because its cut does not have or use them.
    """

    run_id: str
    folder: Path
    recipe: str
    episodes: tuple[str, ...]
    faces: int
    tracks: int
    human_labels: int
    collapse: str | None
    seconds: float
    skipped: bool = False
    resting: Resting = field(default_factory=Resting)

    def to_contract(self) -> dict[str, Any]:
        """The object that the command prints."""
        return {
            "run": self.run_id,
            "folder": str(self.folder),
            "recipe": self.recipe,
            "episodes": list(self.episodes),
            "faces": self.faces,
            "tracks": self.tracks,
            "human_labels": self.human_labels,
            "labels_resting": self.resting.to_contract(),
            "collapse": self.collapse,
            "seconds": round(self.seconds, 2),
            "skipped": self.skipped,
        }


def train_student(
    workspace: Workspace, episode_ids: Sequence[str], label: LabelSettings, settings: TrainSettings
) -> Stage[RunRecord]:
    """Train one student on some episodes, or give the run again that already did exactly this.

    Raises InputError for an unknown recipe, episodes without opinions, or too few faces.
    """
    from mmemo.student.recipes import recipe_named

    recipe = recipe_named(settings.recipe)
    if not episode_ids:
        raise InputError("there is no episode to train on", hint="run pipelines.cut and pipelines.label first")
    started = time.perf_counter()
    yield Progress("train", 0, 1, "loading models")
    from mmemo.student.baseline import load_baseline
    from mmemo.student.crossfit import cross_fit
    from mmemo.student.quick import quick_for_many

    # Each once and in one order: the key knows no other.
    episodes = [workspace.episode(episode_id) for episode_id in sorted(set(episode_ids))]
    baseline = load_baseline()
    # Once for the key and for the training: what is said from now on belongs to the next run.
    said = words_of_episodes(workspace, episodes)
    inputs = {e.episode_id: _inputs(workspace, e, label, said[e.episode_id]) for e in episodes}
    resting = resting_words(workspace, episodes, said)
    parts = {"inputs": inputs, "settings": settings, "baseline": baseline.identity, "version": TRAIN_VERSION}
    foreign = _foreign(label, settings)
    key = hash_value({**parts, **foreign})
    run_id = f"{recipe.name}-{key}"
    folder = workspace.run_folder(run_id)
    if (folder / "config.json").is_file():
        with storage_errors(folder):
            folder.joinpath("config.json").touch()
        return _record(folder, resting, skipped=True)
    material = yield from gather(workspace, episodes, label, settings.anchor, baseline, said)
    material, agreed = with_agreement(said, material)
    fitter = yield from make_fitter(workspace, episodes, material, settings)
    fitting = cross_fit(material.training, quick_for_many(fitter), recipe, settings)
    fit = yield from watched(fitting, workspace, run_id, settings)
    review = _review(material, fitter, fit)
    config = {
        "run_id": run_id,
        "episodes": [e.episode_id for e in episodes],
        "label": label,
        "train": settings,
        "backbone": settings.backbone,
        "inputs": inputs,
        "models": {
            "teacher": teacher_identity(label.teacher),
            "baseline": baseline.identity,
            **({"backbone": foreign["backbone"]} if "backbone" in foreign else {}),
        },
        "anchor": _anchor(material),
        "image_opinion": _image_opinion(fit.verdict),
        **_known(material, said),
        "collapse": collapse_alarm(fit.out_of_fold, fit.targets.probs[material.training.item_of_face]),
        **_when(started),
    }
    _publish(folder, config, material, fit, review, face_noise_of(workspace, material, agreed))
    return _record(folder, resting)


def _anchor(material: Material) -> dict[str, Any]:
    """Which labelled text said how far to trust the teacher, and what was told of the lines, if that was asked."""
    like = material.resemblance
    told = {} if like is None else {"says": like.says(), "is_strange": like.is_strange, "shares": dict(like.shares)}
    measured = material.anchor.reading is not None
    return {"name": material.anchor.name, "source": material.anchor.source, "is_calibrated": measured, **told}


def _image_opinion(verdict: Verdict | None) -> dict[str, Any]:
    """Whose opinion of the faces is in the targets, and what the lines said of it, where they were asked."""
    if verdict is None:
        return {"of": "baseline", "gain": None, "standard_errors": None}
    of = "students of the lines" if verdict.second_is_better else "baseline"
    return {"of": of, "gain": verdict.gain, "standard_errors": verdict.errors}


def _when(started: float) -> dict[str, Any]:
    """How long the training took, and when it was over in ms since 1970."""
    return {"seconds": time.perf_counter() - started, "trained_ms": clock_ms()}


def _known(material: Material, said: Mapping[str, Words]) -> dict[str, Any]:
    """What a run learned from, for its config: sizes, groups, and the last word that it knew of every episode."""
    return {
        "groups": int(material.tracks["group"].nunique()),
        "faces": len(material.faces),
        "tracks": len(material.tracks),
        "human_labels": int((material.training.opinions.known >= 0).sum()),
        "last_words": {episode_id: words.last_id for episode_id, words in said.items()},
        "last_decisions": {episode_id: words.last_decision for episode_id, words in said.items()},
    }


def _inputs(workspace: Workspace, episode: Episode, label: LabelSettings, words: Words) -> dict[str, Any]:
    said = words.current()[["cue_id", "track_id", "label"]].to_numpy().tolist()
    several, pictures = differing(words), words.rejected_pictures()
    beside = [part for part in (several, pictures) if part]
    return {
        "video": episode.video_hash,
        "subtitles": episode.subtitles_hash,
        "cut": episode.cut_key,
        "opinions": opinions_folder(workspace, episode, label).name,
        "human": hash_value([sorted(said), *beside] if beside else sorted(said)),
    }


def _foreign(label: LabelSettings, settings: TrainSettings) -> dict[str, Any]:
    """What may change under its name because it does not come with this program: weights, and a teacher's anchor."""
    from mmemo.student.backbones.loading import EMBEDDED as EMBEDDED_BACKBONE
    from mmemo.student.backbones.loading import load_backbone

    parts: dict[str, Any] = {}
    if settings.backbone != EMBEDDED_BACKBONE:
        parts["backbone"] = load_backbone(settings.backbone).identity
    if label.teacher != EMBEDDED_TEACHER:
        anchors = anchors_of(label.teacher)
        parts["anchors"] = anchors if settings.anchor == AUTO else choose_anchor(anchors, settings.anchor)
    return parts


def _review(material: Material, fitter: Fitter, fit: CrossFit) -> pd.DataFrame:
    """REVIEW_HINTS of every track: what a person's word on it should change, and whether its target looks wrong."""
    from mmemo.student.fitters import HeadFitter
    from mmemo.student.label_issues import find_label_issues
    from mmemo.student.review_order import clusters_of, expected_gain

    training, opinions = material.training, material.training.opinions
    cluster = np.arange(len(material.tracks))
    if isinstance(fitter, HeadFitter):
        cluster = clusters_of(training.mean_by_track(fitter.features.mean(1)))
    hints = expected_gain(opinions.teacher, opinions.image, fit.targets.probs, cluster, opinions.known)
    labels = np.where(opinions.known >= 0, opinions.known, fit.targets.probs.argmax(1))
    issues = find_label_issues(labels, training.mean_by_track(fit.out_of_fold))
    table = material.tracks[["episode_id", "track_id"]].assign(
        expected_gain=hints.gain.astype(np.float32),
        alike=hints.size.astype(np.int32),
        label_issue=issues.issue,
        label_quality=issues.quality.astype(np.float32),
    )
    return table


def _publish(
    folder: Path,
    config: dict[str, Any],
    material: Material,
    fit: CrossFit,
    review: pd.DataFrame,
    faces: dict[str, Any] | None,
) -> None:
    from mmemo.student.model import save_weights

    training = material.training
    ids = material.tracks[["episode_id", "track_id"]]
    fold = pd.Series(fit.fold_of_face).groupby(training.item_of_face).first().to_numpy()
    human = training.opinions.known >= 0
    with publish_folder(folder) as temporary:
        save_weights(temporary, fit.student.tensors)
        write_table(temporary / "tracks.parquet", material.tracks)
        write_table(temporary / "teacher.parquet", with_probs(ids, training.opinions.teacher))
        write_table(temporary / "image.parquet", with_probs(ids, training.opinions.image))
        write_table(
            temporary / "targets.parquet",
            with_probs(ids, fit.targets.probs).assign(source=np.where(human, "human", "weak")),
        )
        write_table(
            temporary / "predictions.parquet",
            with_probs(ids, training.mean_by_track(fit.out_of_fold)).assign(fold=fold),
        )
        write_table(temporary / "curves.parquet", fit.curves)
        write_table(temporary / REVIEW_FILE, review)
        write_json(temporary / "noise.json", {**_noise(fit), "faces": faces})
        write_json(temporary / "config.json", config)


def _noise(fit: CrossFit) -> dict[str, Any]:
    noise = fit.targets.noise
    if noise is None:
        return {"labels": EKMAN7.labels, "T": None, "B": None, "pi": None}
    return {"labels": EKMAN7.labels, "T": noise.teacher, "B": noise.image, "pi": noise.prior}


def _record(folder: Path, resting: Resting, *, skipped: bool = False) -> RunRecord:
    config = read_json(folder / "config.json")
    return RunRecord(
        run_id=config["run_id"],
        folder=folder,
        recipe=config["train"]["recipe"],
        episodes=tuple(config["episodes"]),
        faces=config["faces"],
        tracks=config["tracks"],
        human_labels=config["human_labels"],
        collapse=config["collapse"],
        seconds=config["seconds"],
        skipped=skipped,
        resting=resting,
    )
