"""How runs are called in menus, and two of them against each other."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.flow.runs.choice import compare_runs, run_state, save_gold, trained_ms
from mmemo.flow.runs.details import FACT_COLUMNS, track_facts
from mmemo.flow.runs.promotion import promote
from mmemo.labels import EKMAN7
from mmemo.store.files import read_json, read_table, write_json
from mmemo.store.workspace import Workspace
from tests.ui.made import CHARACTERS, EPISODE_ID, RUN_IDS, label_of, ready_workspace

TRACKS = 40


@pytest.fixture
def ready(tmp_path) -> Workspace:
    return ready_workspace(tmp_path / "workspace", TRACKS)


def gold_of(tracks: pd.DataFrame) -> pd.Series:
    return tracks["track_id"].map(label_of)


def tracks_of(workspace: Workspace, run_id: str) -> pd.DataFrame:
    return read_table(workspace.run_folder(run_id) / "predictions.parquet")[["episode_id", "track_id"]]


def test_a_state_says_what_is_known_of_a_run(ready: Workspace):
    assert [run_state(ready, run_id) for run_id in RUN_IDS] == ["proven", "not proven"]
    promote(ready, RUN_IDS[1])
    assert run_state(ready, RUN_IDS[1]) == "chosen"
    promote(ready, RUN_IDS[1], False)
    assert run_state(ready, RUN_IDS[1]) == "put aside"
    (ready.report_folder(RUN_IDS[0]) / "comparison.json").unlink()
    assert run_state(ready, RUN_IDS[0]) == "not measured"


def test_two_runs_are_compared_on_the_gold_of_either(ready: Workspace):
    tracks = tracks_of(ready, RUN_IDS[1])
    save_gold(ready, RUN_IDS[1], tracks, gold_of(tracks))
    two = compare_runs(ready, *RUN_IDS)
    assert two.faces == TRACKS and two.scores is not None and two.gain is not None and two.gain.units == TRACKS
    assert two.gain.accuracy == pytest.approx(two.scores[0].accuracy - two.scores[1].accuracy) and two.gain.accuracy > 0
    assert two.gain.outcome == "gain"
    back = compare_runs(ready, *reversed(RUN_IDS))
    assert back.gain is not None and back.gain.accuracy == pytest.approx(-two.gain.accuracy)
    assert back.gain.outcome == "loss"


def test_without_gold_they_are_only_said_to_be_alike_or_not(ready: Workspace):
    two = compare_runs(ready, *RUN_IDS)
    assert two.scores is None and two.gain is None
    assert compare_runs(ready, RUN_IDS[0], RUN_IDS[0]).agree == 1


def test_few_faces_prove_nothing(ready: Workspace):
    tracks = tracks_of(ready, RUN_IDS[0])
    gold = gold_of(tracks).where(tracks["track_id"] < 5, None)
    save_gold(ready, RUN_IDS[0], tracks, gold)
    gain = compare_runs(ready, *RUN_IDS).gain
    assert gain is not None and gain.outcome == "unknown"


def test_a_run_keeps_when_it_was_trained_and_one_that_does_not_is_as_old_as_its_weights(ready: Workspace):
    folder = ready.run_folder(RUN_IDS[0])
    os.utime(folder / "weights.safetensors", (1_000, 1_000))
    assert trained_ms(ready, RUN_IDS[0]) == 1_000_000
    write_json(folder / "config.json", {**read_json(folder / "config.json"), "trained_ms": 5_000})
    assert trained_ms(ready, RUN_IDS[0]) == 5_000


def test_runs_of_different_cuts_have_no_face_in_common(ready: Workspace):
    path = ready.run_folder(RUN_IDS[1]) / "config.json"
    write_json(path, {**read_json(path), "inputs": {EPISODE_ID: {"cut": "another"}}})
    with pytest.raises(InputError, match="no face in common"):
        compare_runs(ready, *RUN_IDS)


def test_facts_of_tracks_are_medians_and_names(ready: Workspace):
    tracks = tracks_of(ready, RUN_IDS[0])
    config = {"episodes": [EPISODE_ID], "inputs": {}}
    found = track_facts(ready, config, tracks)
    assert list(found) == list(FACT_COLUMNS) and len(found) == TRACKS
    assert (found["size_px"] == 84).all() and found["turned_deg"].isna().all(), "an old cut did not measure the pose"
    assert found["character"].nunique() == CHARACTERS and found["character"].str.startswith("Person ").all()
    turned = track_facts(ready, config, tracks.iloc[::-1])
    assert turned["character"].tolist() == found["character"].tolist()[::-1]
    assert EKMAN7.index(label_of(1)) >= 0 and np.isfinite(found["size_px"]).all()
