"""The parts of the table that are episodes: a track's faces with the line that is said meanwhile, judged by gold."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.benchmark.fusion.material import FOLDS, Material, Pairing
from mmemo.benchmark.weak.episode import STILL, judged_by
from mmemo.datasets.paired import FACE, PairedSet
from mmemo.errors import InputError
from mmemo.flow.cutting.cut import CutSettings, cut_episode
from mmemo.flow.student.face_opinions import load_crop, training_faces
from mmemo.flow.student.material import scenes_of
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.settings import SAMPLE
from mmemo.store.workspace import Episode, Workspace
from mmemo.student.splits import grouped_folds
from mmemo.teacher.lines import lines_of, spoken

EPISODE_DEV = "episode_dev"


@dataclass(frozen=True, slots=True)
class Crops:
    """The crops of a track's faces, read when they are asked for."""

    paths: Sequence[Sequence[Path]]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> list[np.ndarray]:
        return [load_crop(path) for path in self.paths[row]]


def sample_part(cache: Path) -> Stage[Material]:
    """The bundled episode with its drawn faces; the unit is the scene, since a scene shows the same people."""
    yield Progress("fusion, sample", 0, 1, "copy the sample")
    workspace = Workspace(cache / "sample")
    for found in (SAMPLE / "adapted" / "episodes").iterdir():
        if not (target := workspace.episode_folder(found.name)).is_dir():
            shutil.copytree(found, target)
    episode = workspace.episodes()[0]
    return _part("sample", "the bundled episode: drawn faces, written lines", workspace, episode, SAMPLE / "gold.csv")


def episode_dev_part(data: Path, cache: Path) -> Stage[Material]:
    """Film stills with MELD dev lines of the same emotion, as an episode that is cut first; the unit is the film."""
    folder = data / EPISODE_DEV
    for name in ("episode.mp4", "episode.srt", "gold.csv"):
        if not (folder / name).is_file():
            raise InputError(f"there is no {folder / name}", hint="see docs/weak-supervision.md for the form")
    workspace = Workspace(cache / "episode")
    cut = yield from cut_episode(workspace, folder / "episode.mp4", folder / "episode.srt", CutSettings())
    says = "film stills with MELD dev lines of the same emotion, cut out of an episode"
    return _part(EPISODE_DEV, says, workspace, workspace.episode(cut.episode_id), folder / "gold.csv")


def _part(name: str, says: str, workspace: Workspace, episode: Episode, gold_csv: Path) -> Material:
    faces = training_faces(workspace, episode)
    tracks = faces.groupby("track_id", sort=True)
    table = tracks[["cue_id"]].first().reset_index()
    gold, units, unit = judged_by(gold_csv, workspace.cues(episode), table)
    cues = workspace.cues(episode)
    if STILL not in pd.read_csv(gold_csv, nrows=1, dtype=str):
        unit, units = "scene", table["cue_id"].map(scenes_of(cues)).astype(str).to_numpy()
    told = gold >= 0
    folder = workspace.cut_folder(episode)
    crops = {track: [folder / crop for crop in one["crop"]] for track, one in tracks}
    said = dict(zip(cues.loc[spoken(cues), "cue_id"], lines_of(cues), strict=True))
    lines = [said[cue] for cue in table.loc[told, "cue_id"]]
    samples = PairedSet(
        name=name,
        vocabulary=EKMAN7,
        ids=table.loc[told, "track_id"].astype(str).tolist(),
        groups=[str(one) for one in units[told]],
        labels=gold[told].astype(np.int64),
        texts=[line.text for line in lines],
        contexts=[line.context for line in lines],
        pictures={FACE: Crops([crops[track] for track in table.loc[told, "track_id"]])},
    )
    return aligned(name, says, unit, samples)


def aligned(name: str, says: str, unit: str, samples: PairedSet) -> Material:
    """Samples whose faces and lines belong together already; a seed draws the folds alone."""
    labels, groups, rows = samples.labels, np.array(samples.groups), np.arange(len(samples))
    assert labels is not None

    def draw(seed: int) -> Pairing:
        return Pairing(rows, rows, labels, groups, grouped_folds(groups, FOLDS, seed))

    return Material(name, says, unit, samples.vocabulary, samples, samples, draw)
