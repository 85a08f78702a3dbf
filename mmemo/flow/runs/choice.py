"""How a run is called for people, and two runs against each other on the same gold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.errors import InputError, StorageError
from mmemo.evaluate.disagreement import disagreement
from mmemo.evaluate.metrics import Scores, score
from mmemo.evaluate.statistics import Gain, paired_gain
from mmemo.flow.runs.promotion import promotion_of
from mmemo.labels import EKMAN7
from mmemo.store.files import read_table
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Workspace

GOLD_FILE = "gold.parquet"
_KEY = ["episode_id", "track_id"]


def trained_ms(workspace: Workspace, run_id: str) -> int:
    """When a run was trained, in ms since 1970; of one that did not keep it, when its weights were written."""
    kept = workspace.run_config(run_id).get("trained_ms")
    if kept is not None:
        return int(kept)
    folder = workspace.run_folder(run_id)
    weights = folder / "weights.safetensors"  # the config is touched when the same training is asked for again
    path = weights if weights.is_file() else folder / "config.json"
    return path.stat().st_mtime_ns // 1_000_000


def recipe_name(recipe: str) -> str:
    """How a recipe is called for people: "calibrated fusion"."""
    return recipe.replace("_", " ")


def run_state(workspace: Workspace, run_id: str) -> str:
    """What is known of a run in two words: "proven", "not proven", "collapsed" (which a proven gain does not outweigh),
    "not measured", "chosen", "put aside", "damaged"."""
    try:
        promotion = promotion_of(workspace, run_id)
    except StorageError:
        return "damaged"
    if promotion.by_person:
        return "chosen" if promotion.promoted else "put aside"
    if not promotion.measured:
        return "not measured"
    if promotion.promoted:
        return "proven"
    return "collapsed" if promotion.collapsed else "not proven"


@dataclass(frozen=True, slots=True, eq=False)
class TwoRuns:
    """Two students on the faces that both judged out of fold; scores and gain are None without common gold.

    `agree` is the share of faces with the same first choice, `apart` the mean share of probability that sits elsewhere.
    """

    first: str
    second: str
    faces: int
    agree: float
    apart: float
    scores: tuple[Scores, Scores] | None
    gain: Gain | None


def compare_runs(workspace: Workspace, first: str, second: str) -> TwoRuns:
    """Put two runs against each other on the tracks of the same cut, with the gold that either was measured on.

    Raises InputError when they share no face: another episode, or another cut of it.
    """
    tables = [_predictions(workspace, run_id) for run_id in (first, second)]
    both = tables[0].merge(tables[1], on=[*_KEY, "cut"], suffixes=("_1", "_2"))
    if both.empty:
        raise InputError(
            "these two runs have no face in common", hint="choose runs that were trained on the same cut of one episode"
        )
    one, two = (
        probs_of(both[[f"{column}_{n}" for column in _columns(tables[0])]].set_axis(_columns(tables[0]), axis=1))
        for n in (1, 2)
    )
    agree = float(np.mean(one.argmax(1) == two.argmax(1)))
    gold = _gold(workspace, (first, second), both)
    rows = gold >= 0
    scores = gain = None
    if rows.any():
        units = (both["episode_id"] + "/" + both["track_id"].astype(str)).to_numpy()[rows]
        choices = [probs[rows].argmax(1) for probs in (one, two)]
        scores = score(gold[rows], choices[0]), score(gold[rows], choices[1])
        gain = paired_gain(gold[rows], choices[0], choices[1], units)
    return TwoRuns(first, second, len(both), agree, float(disagreement(one, two).mean()), scores, gain)


def save_gold(workspace: Workspace, run_id: str, tracks: pd.DataFrame, gold: pd.Series) -> None:
    """Keep the gold that a run was measured on beside its report, so that runs can be compared later.

    The same gold again writes nothing.
    """
    from mmemo.store.files import write_table

    path = workspace.report_folder(run_id) / GOLD_FILE
    table = tracks[_KEY].assign(gold=gold.to_numpy())
    table = table[table["gold"].notna()].reset_index(drop=True)
    if not _holds(path, table):
        write_table(path, table)


def _holds(path: Path, table: pd.DataFrame) -> bool:
    try:
        return path.is_file() and read_table(path).astype(str).equals(table.astype(str))
    except StorageError:  # a damaged file is written anew
        return False


def _columns(table: pd.DataFrame) -> list[str]:
    return [column for column in table.columns if column.startswith("p_")]


def _predictions(workspace: Workspace, run_id: str) -> pd.DataFrame:
    """episode_id, track_id, cut and p_* of a run; cut is what makes a track's number mean a face."""
    config: Mapping[str, Any] = workspace.run_config(run_id)
    table = read_table(workspace.run_folder(run_id) / "predictions.parquet")
    cuts = {e: workspace.episode_of_run(config, e).cut_key for e in config["episodes"]}
    return table[[*_KEY, *_columns(table)]].assign(cut=table["episode_id"].map(cuts))


def _gold(workspace: Workspace, run_ids: tuple[str, str], both: pd.DataFrame) -> np.ndarray:
    """(N,) gold classes of the common tracks, -1 where there is none: of the first run, else of the second."""
    found = pd.Series([None] * len(both), index=both.index, dtype=object)
    for run_id in run_ids:
        path = workspace.report_folder(run_id) / GOLD_FILE
        if path.is_file():
            told = both[_KEY].merge(read_table(path), on=_KEY, how="left", validate="one_to_one")["gold"]
            found = found.where(found.notna(), told.set_axis(both.index))
    known = found.notna().to_numpy()
    classes = np.full(len(both), -1, np.int64)
    classes[known] = [EKMAN7.index(str(label)) for label in found[known]]
    return classes
