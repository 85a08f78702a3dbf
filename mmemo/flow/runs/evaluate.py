"""The stage that compares a student with all its rivals and writes the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mmemo.errors import InputError
from mmemo.evaluate.comparison import Comparison, compare
from mmemo.evaluate.details import details_of, save_details
from mmemo.evaluate.gold import match_gold, read_gold
from mmemo.evaluate.rows import FUSED, GOLD_CEILING, IMAGE_ONLY, STUDENT, TEACHER
from mmemo.flow.review.human_labels import read_words
from mmemo.flow.runs.choice import save_gold
from mmemo.flow.runs.details import track_facts
from mmemo.flow.runs.faces_folder import FolderSettings, compare_on_folder, find_pictures
from mmemo.flow.runs.promotion import Promotion, promote, promotion_of
from mmemo.flow.runs.report import write_report
from mmemo.flow.teacher.label import LabelSettings
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.files import publish_file, read_table, write_json
from mmemo.store.tables import PROB_COLUMNS, probs_of
from mmemo.store.workspace import Workspace
from mmemo.student.settings import TrainSettings

if TYPE_CHECKING:
    from mmemo.flow.student.material import Material

# The systems of the table and the run's file that holds their opinion.
_SYSTEMS: Mapping[str, str] = {
    IMAGE_ONLY: "image.parquet",
    TEACHER: "teacher.parquet",
    FUSED: "targets.parquet",
    STUDENT: "predictions.parquet",
}
_TRACK_KEY = ["episode_id", "track_id"]


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """What to judge and by what.

    run_id: None takes the newest run. gold: a CSV for the run's only episode; once given it is kept with the
    episode and used again. Without any gold file, what people labelled is the gold. faces: a folder with one
    folder a class, judged by the student of all faces; group_pattern: a regular expression whose match in a
    file's name is its film, so that the interval is over films. promote: a person's word on whether the student is
    used by default; None leaves that to the comparison.
    """

    run_id: str | None = None
    gold: Path | None = None
    faces: Path | None = None
    group_pattern: str | None = None
    ceiling: bool = True
    promote: bool | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of a comparison; `comparison` is None without any gold. `on_faces` is the one on the folder."""

    run_id: str
    comparison: Comparison | None
    on_faces: Comparison | None
    report: Path
    promotion: Promotion

    def to_contract(self) -> dict[str, Any]:
        """The object that the commands print; without gold "comparison" is null."""
        main = self.comparison or self.on_faces
        both = self.comparison is not None and self.on_faces is not None
        return {
            "run": self.run_id,
            "comparison": main.to_contract() if main else None,
            **({"comparison_on_faces": self.on_faces.to_contract()} if both and self.on_faces else {}),
            "promotion": self.promotion.to_contract(),
            "report": str(self.report),
        }


def evaluate_run(workspace: Workspace, settings: EvaluateSettings) -> Stage[Evaluation]:
    """Compare the student's out-of-fold opinions with its rivals, track by track, and write the report.

    Raises InputError when there is no run, or when the gold fits none of its tracks.
    """
    run_id = settings.run_id or _newest_run(workspace)
    folder = workspace.run_folder(run_id)
    config = workspace.run_config(run_id)
    pictures = None
    if settings.faces is not None:  # a wrong folder is told now, not after minutes of work
        pictures = find_pictures(FolderSettings(settings.faces, settings.group_pattern))
    yield Progress("compare", 0, 1, "reading opinions")
    tracks = read_table(folder / "tracks.parquet")
    gold = _gold_of(workspace, config, tracks, settings.gold)
    comparison = details = None
    if gold.notna().any():
        ceiling = None
        if settings.ceiling:
            ceiling = yield from _gold_ceiling(workspace, config, tracks, gold)
        judged = _judged(folder, tracks, gold, ceiling)
        comparison = compare(*judged, "track")
        details = details_of(*judged, track_facts(workspace, config, tracks)[gold.notna().to_numpy()])
    on_faces = None
    if pictures is not None:
        on_faces = yield from compare_on_folder(workspace, run_id, pictures)
    yield Progress("report", 0, 1)
    report = write_report(workspace, run_id, config, gold, comparison, on_faces, details)
    _save_comparison(report.parent, comparison or on_faces)
    save_details(report.parent, details)
    save_gold(workspace, run_id, tracks, gold)
    yield Progress("report", 1, 1)
    promotion = promotion_of(workspace, run_id)
    if settings.promote is not None:
        promotion = promote(workspace, run_id, settings.promote)
    return Evaluation(run_id, comparison, on_faces, report, promotion)


def _newest_run(workspace: Workspace) -> str:
    runs = workspace.runs()
    if not runs:
        raise InputError(f"there is no student in {workspace.root}", hint="run python -m pipelines.train first")
    return runs[0]


def _save_comparison(folder: Path, comparison: Comparison | None) -> None:
    path = folder / "comparison.json"
    if comparison is None:
        path.unlink(missing_ok=True)
        return
    write_json(path, comparison.to_contract())


def _gold_of(workspace: Workspace, config: Mapping[str, Any], tracks: pd.DataFrame, given: Path | None) -> pd.Series:
    """Gold label of every track, null where nobody says: the given file, else the kept one, else human labels."""
    if given is not None and len(config["episodes"]) != 1:
        raise InputError(
            f"--gold belongs to one episode, but the run was trained on {len(config['episodes'])}",
            hint="evaluate a run that was trained with --episode ID",
        )
    gold = pd.Series([None] * len(tracks), dtype=object)
    for episode_id in config["episodes"]:
        rows = tracks["episode_id"] == episode_id
        kept = _kept_gold(workspace, episode_id)
        if given is not None or kept.is_file():
            cues = workspace.cues(workspace.episode_of_run(config, episode_id))
            gold[rows] = _labels_from(cues, tracks[rows], given or kept)
        else:
            said = read_words(workspace, workspace.episode_of_run(config, episode_id)).on(tracks[rows])
            gold[rows] = said.where(said.isin(EKMAN7.labels), None)
    gold = gold.where(gold.notna(), None)
    if given is not None:
        if not gold.notna().any():
            raise InputError(
                f"no row of {given} fits a usable face of {config['episodes'][0]} by its times",
                hint="is it the gold of another episode? Times are ms from the start of the video",
            )
        with publish_file(_kept_gold(workspace, config["episodes"][0])) as temporary:
            temporary.write_bytes(given.read_bytes())
    return gold


def _kept_gold(workspace: Workspace, episode_id: str) -> Path:
    return workspace.episode_folder(episode_id) / "gold.csv"


def _labels_from(cues: pd.DataFrame, tracks: pd.DataFrame, path: Path) -> pd.Series:
    match = match_gold(cues, read_gold(path))
    return tracks["cue_id"].map(match.emotions).astype(object)


def _judged(
    folder: Path, tracks: pd.DataFrame, gold: pd.Series, ceiling: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Gold classes, names of the tracks and (n, 7) opinions of every system, of the tracks that have gold."""
    rows = gold.notna().to_numpy()
    tables = {name: _in_order(read_table(folder / file), tracks) for name, file in _SYSTEMS.items()}
    predictions = {name: probs_of(table) for name, table in tables.items()}
    # Where a person spoke, the target is that very word: it is no opinion that could be judged.
    told = (tables[FUSED]["source"] == "human").to_numpy()
    predictions[FUSED] = np.where(told[:, None], np.float32(np.nan), predictions[FUSED])
    if ceiling is not None:
        predictions[GOLD_CEILING] = ceiling
    classes = np.array([EKMAN7.index(label) for label in gold[rows]])
    units = tracks.loc[rows, "episode_id"] + "/" + tracks.loc[rows, "track_id"].astype(str)
    return classes, units.to_numpy(), {k: v[rows] for k, v in predictions.items()}


def _in_order(table: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    ordered = tracks[_TRACK_KEY].merge(table, on=_TRACK_KEY, how="left", validate="one_to_one")
    assert not ordered[list(PROB_COLUMNS)].isna().any().any(), "a run's tables hold the same tracks"
    return ordered


def _gold_ceiling(
    workspace: Workspace, config: Mapping[str, Any], tracks: pd.DataFrame, gold: pd.Series
) -> Stage[np.ndarray | None]:
    """(M, 7) opinions of students that were trained on gold of the other folds; None when it cannot be trained."""
    from mmemo.flow.student.material import gather, make_fitter
    from mmemo.student.baseline import load_baseline
    from mmemo.student.crossfit import cross_fit_gold
    from mmemo.student.losses import soft_cross_entropy

    settings = TrainSettings(**config["train"])
    episodes = [workspace.episode_of_run(config, e) for e in config["episodes"]]
    material: Material = yield from gather(
        workspace, episodes, LabelSettings(**config["label"]), settings.anchor, load_baseline()
    )
    truth = tracks[_TRACK_KEY].assign(gold=gold.to_numpy())
    named = material.tracks.merge(truth, on=_TRACK_KEY, how="left")["gold"]
    classes = np.array([EKMAN7.index(g) if isinstance(g, str) else -1 for g in named])
    groups = material.tracks["group"].to_numpy()
    if len(np.unique(groups[classes >= 0])) <= settings.folds:
        return None
    fitter = yield from make_fitter(workspace, episodes, material, settings)
    fit = yield from cross_fit_gold(material.training, classes, fitter, soft_cross_entropy, settings)
    probs = material.training.mean_by_track(fit.out_of_fold)
    table = pd.DataFrame(probs, columns=list(PROB_COLUMNS)).assign(**material.tracks[_TRACK_KEY])
    ordered = tracks[_TRACK_KEY].merge(table, on=_TRACK_KEY, how="left")
    return ordered[list(PROB_COLUMNS)].to_numpy(np.float32)
