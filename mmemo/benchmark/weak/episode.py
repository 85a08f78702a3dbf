"""`episode` and `sample`: the whole pipeline on an episode with gold, judged track by track.

Both episodes are synthetic: in episode_dev real film stills meet real lines of the same emotion, the sample is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.benchmark.outcome import Check, Outcome
from mmemo.benchmark.weak.data import film_of
from mmemo.benchmark.weak.protocol import Trial, judged
from mmemo.benchmark.weak.table import DEFAULT_RECIPE, rows_of
from mmemo.errors import InputError
from mmemo.evaluate.gold import match_gold, read_gold
from mmemo.evaluate.rows import GOLD_CEILING
from mmemo.flow.cutting.cut import CutSettings, cut_episode
from mmemo.flow.student.material import Material, gather, make_fitter
from mmemo.flow.teacher.anchor import anchor_for
from mmemo.flow.teacher.label import LabelSettings, label_episode
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.store.workspace import Episode, Workspace
from mmemo.student.baseline import load_baseline
from mmemo.student.recipes import RECIPES, recipe_named
from mmemo.student.settings import TrainSettings
from mmemo.teacher.anchors import TeacherAnchor
from mmemo.teacher.resemblance import AUTO

STILL = "still"


@dataclass(frozen=True, slots=True)
class EpisodeBenchmark:
    """`folder` holds episode.mp4, episode.srt and gold.csv; `cache` keeps a workspace with what is computed of them.

    anchors: every recipe is run with each; "auto" is told from the votes on all lines, without those named in
    `not_anchors`, whose lines are in the episode. Where gold.csv has a column `still` that names film, clip and
    frame, the film is the unit of the intervals, else the track.
    """

    name: str
    folder: Path
    cache: Path
    anchors: Sequence[str]
    seeds: Sequence[int] = (0, 1, 2)
    recipes: Sequence[str] = ()
    not_anchors: Sequence[str] = ()


def benchmark_episode(settings: EpisodeBenchmark) -> Stage[Outcome]:
    """Cut and label once, then judge every recipe with every anchor and seed."""
    recipes = [recipe_named(name).name for name in settings.recipes or RECIPES]
    for name in ("episode.mp4", "episode.srt", "gold.csv"):
        if not (settings.folder / name).is_file():
            raise InputError(f"there is no {settings.folder / name}", hint="see docs/weak-supervision.md for the form")
    workspace = Workspace(settings.cache / settings.name)
    cut = yield from cut_episode(
        workspace, settings.folder / "episode.mp4", settings.folder / "episode.srt", CutSettings()
    )
    episode = workspace.episode(cut.episode_id)
    yield from label_episode(workspace, episode, LabelSettings())
    rows: list[dict[str, Any]] = []
    units_are, resembles = "", {}
    for anchor in settings.anchors:
        measured, resemblance = anchor_for(
            workspace, [episode], LabelSettings(), anchor, without=settings.not_anchors if anchor == AUTO else ()
        )
        if resemblance is not None:
            resembles = {"auto": measured.source, "says": resemblance.says(), "misfit": resemblance.misfit}
        trials, units, units_are = yield from _trials(workspace, episode, settings, measured)
        systems = yield from judged(trials, recipes, stage=f"{settings.name}, {anchor}")
        rows += [{**row, "anchor": anchor} for row in rows_of(trials[0].gold, units, systems)]
    told = _told(settings, recipes, units_are) | {"resemblance": resembles}
    return Outcome(settings.name, rows, told, _checks(rows, settings))


def _trials(
    workspace: Workspace, episode: Episode, settings: EpisodeBenchmark, anchor: TeacherAnchor
) -> Stage[tuple[list[Trial], np.ndarray, str]]:
    """One trial a seed, the unit of every track, and what a unit is."""
    base = TrainSettings()
    gathered = yield from gather(workspace, [episode], LabelSettings(), base.anchor, load_baseline())
    material = _with_anchor(gathered, anchor)
    fitter = yield from make_fitter(workspace, [episode], material, base)
    gold, units, units_are = judged_by(settings.folder / "gold.csv", workspace.cues(episode), material.tracks)
    trials = [Trial(material.training, fitter, gold, replace(base, seed=seed)) for seed in settings.seeds]
    return trials, units, units_are


def _with_anchor(material: Material, anchor: TeacherAnchor) -> Material:
    """The same material, with another word on how far to trust the teacher."""
    before = material.training.opinions
    opinions = replace(
        before,
        teacher_confusion=anchor.confusion,
        teacher_prior=anchor.prior,
        evidence=anchor.evidence(before.teacher),
    )
    return replace(material, training=replace(material.training, opinions=opinions), anchor=anchor)


def judged_by(gold_csv: Path, cues: pd.DataFrame, tracks: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, str]:
    """Gold (M,) column of every track, -1 where there is none, its unit (M,), and what a unit is: film or track."""
    gold = read_gold(gold_csv)
    emotion_of = match_gold(cues, gold).emotions
    emotions = tracks["cue_id"].map(emotion_of)
    columns = np.array([EKMAN7.index(label) if isinstance(label, str) else -1 for label in emotions])
    if not (columns >= 0).any():
        raise InputError(f"no row of {gold_csv} fits a usable face", hint="is it the gold of another episode?")
    stills = pd.read_csv(gold_csv, dtype=str).sort_values("start_ms", key=pd.to_numeric, kind="stable")
    if STILL not in stills:
        return columns, tracks["track_id"].astype(str).to_numpy(), "track"
    films = gold.assign(emotion=[film_of(str(name)) for name in stills[STILL]])
    film_of_cue = match_gold(cues, films).emotions
    return columns, tracks["cue_id"].map(film_of_cue).fillna("").astype(str).to_numpy(), "film"


def _told(settings: EpisodeBenchmark, recipes: Sequence[str], units_are: str) -> dict[str, Any]:
    return {
        "material": "synthetic: see the README beside the episode, or docs/weak-supervision.md",
        "seeds": list(settings.seeds),
        "a_seed_draws": "folds by scene, order of faces, dropout",
        "recipes": list(recipes),
        "anchors": list(settings.anchors),
        "unit": units_are,
        "train": TrainSettings(),
        "label": LabelSettings(),
        "interval": f"2000 bootstrap draws of every {units_are} with what all seeds say of it, seed 0",
    }


def _checks(rows: Sequence[Mapping[str, Any]], settings: EpisodeBenchmark) -> list[Check]:
    """What is asked of the default recipe, in points of accuracy, with the first anchor."""
    mine = {row["name"]: row for row in rows if row["anchor"] == settings.anchors[0]}
    if DEFAULT_RECIPE not in mine:
        return []
    gain = 100 * mine[DEFAULT_RECIPE]["gain_accuracy"]
    what = f"{DEFAULT_RECIPE}, {settings.anchors[0]}: points of accuracy over image only"
    if settings.name != "sample":
        return [Check(what, -1.0, gain)]
    share = mine[DEFAULT_RECIPE]["accuracy"] / mine[GOLD_CEILING]["accuracy"]
    return [Check(what, 30.0, gain), Check(f"{DEFAULT_RECIPE}: share of the ceiling (an aim)", 90.0, 100 * share)]
