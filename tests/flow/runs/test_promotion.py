"""Which student is used by default: proven and not collapsed, or a person's word; never an unproven one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.evaluate.comparison import compare
from mmemo.evaluate.details import Details, save_details
from mmemo.flow.runs.promotion import chosen_run, in_use, promote, promoted_run, promotion_of
from mmemo.store.files import write_json
from mmemo.store.workspace import Workspace

_GOLD = np.arange(70) % 7


def save_run(workspace: Workspace, run_id: str, student: np.ndarray | None, collapse: str | None = None) -> None:
    """A run whose student gave these classes on 70 tracks; None: it was never compared."""
    workspace.run_folder(run_id).mkdir(parents=True)
    config = {"episodes": ["pilot"], "train": {"backbone": "embedded"}, "collapse": collapse}
    (workspace.run_folder(run_id) / "config.json").write_text(json.dumps(config))
    if student is not None:
        guess = np.eye(7)[np.random.default_rng(1).integers(0, 7, 70)]
        predictions = {"image_only": guess, "student": np.eye(7)[student]}
        comparison = compare(_GOLD, np.arange(70), predictions, "track")
        write_json(workspace.report_folder(run_id) / "comparison.json", comparison.to_contract())


def test_a_proven_gain_promotes(workspace: Workspace):
    save_run(workspace, "good", _GOLD)
    said = promotion_of(workspace, "good")
    assert said.promoted and not said.by_person and said.why.startswith("proven gain")
    assert promoted_run(workspace) == promoted_run(workspace, "pilot") == "good"
    assert promoted_run(workspace, "another") is None


def test_no_proven_gain_does_not(workspace: Workspace):
    save_run(workspace, "none", np.random.default_rng(0).integers(0, 7, 70))
    said = promotion_of(workspace, "none")
    assert not said.promoted and "no proven gain" in said.why
    assert promoted_run(workspace) is None


def test_without_a_comparison_nothing_is_known_and_it_is_used_while_none_is_proven(workspace: Workspace):
    save_run(workspace, "alarmed", None, collapse="collapse: 90% of the predictions are joy")
    assert promoted_run(workspace) is None
    save_run(workspace, "new", None)
    assert "never compared" in promotion_of(workspace, "new").why
    assert promoted_run(workspace) == "new"
    save_run(workspace, "good", _GOLD)
    assert promoted_run(workspace) == "good"


def test_a_collapse_stops_a_proven_gain(workspace: Workspace):
    save_run(workspace, "alarmed", _GOLD, collapse="collapse: 90% of the predictions are joy")
    said = promotion_of(workspace, "alarmed")
    assert not said.promoted and said.why == "in training, collapse: 90% of the predictions are joy"
    save_run(workspace, "on-gold", np.where(_GOLD == 6, 5, _GOLD))
    said = promotion_of(workspace, "on-gold")
    assert not said.promoted and said.why.startswith("on this gold, ")
    assert "never predicted" in said.why and "disgust" in said.why


def test_the_newest_promoted_run_is_used_not_the_newest(workspace: Workspace):
    for age, (run_id, student) in enumerate({"old": _GOLD, "better": _GOLD, "newest": None}.items(), 1):
        save_run(workspace, run_id, student)
        os.utime(workspace.run_folder(run_id) / "config.json", (age, age))
    assert promoted_run(workspace) == "better"


def _measured(workspace: Workspace, gold_keys: dict[str, str]) -> None:
    """What else an evaluation leaves: on which gold each run was measured; the runs come the oldest first."""
    for age, (run_id, key) in enumerate(gold_keys.items(), 1):
        os.utime(workspace.run_folder(run_id) / "config.json", (age, age))
        save_details(workspace.report_folder(run_id), Details((), (), key))


def test_of_students_on_the_same_gold_the_one_that_gains_most_is_used(workspace: Workspace):
    half = np.where(np.arange(70) % 3 == 0, (_GOLD + 1) % 7, _GOLD)
    save_run(workspace, "best", _GOLD)
    save_run(workspace, "newer", half)
    save_run(workspace, "unproven", np.random.default_rng(0).integers(0, 7, 70))
    _measured(workspace, {"best": "gold", "newer": "gold", "unproven": "gold"})
    chosen = chosen_run(workspace)
    assert chosen is not None and chosen.run_id == "best" and "of 2 proven students on the same gold" in chosen.why
    assert "best of 2 chosen after the fact" in chosen.why and "flattering" in chosen.why
    _measured(workspace, {"best": "other gold", "newer": "gold", "unproven": "gold"})
    chosen = chosen_run(workspace)
    assert chosen is not None and chosen.run_id == "newer" and "measured on other gold" in chosen.why
    assert "flattering" not in chosen.why
    (workspace.report_folder("best") / "details.json").unlink()
    assert promoted_run(workspace) == "newer", "an old report does not say on which gold"
    _measured(workspace, {"best": "gold", "newer": "gold"})
    promote(workspace, "newer")
    chosen = chosen_run(workspace)
    assert chosen is not None and chosen.run_id == "newer" and "a person" in chosen.why


def test_one_that_stands_behind_a_better_one_does_not_say_that_it_is_used(workspace: Workspace):
    save_run(workspace, "best", _GOLD)
    save_run(workspace, "newer", np.where(np.arange(70) % 3 == 0, (_GOLD + 1) % 7, _GOLD))
    _measured(workspace, {"best": "gold", "newer": "gold"})
    state, why = in_use(workspace, "newer")
    assert state == "promoted, but best answers by default" and "it gains most" in why
    assert in_use(workspace, "best")[0] == "promoted, so it is used by default"
    promote(workspace, "best", False)
    assert in_use(workspace, "newer")[0] == "promoted, so it is used by default"
    assert in_use(workspace, "best") == ("not promoted; newer answers by default", "a person took it back")
    promote(workspace, "newer", False)
    assert in_use(workspace, "best")[0] == "not promoted, so the baseline stays the default"


def test_of_equals_the_newest_is_used(workspace: Workspace):
    save_run(workspace, "old", _GOLD)
    save_run(workspace, "new", _GOLD)
    _measured(workspace, {"old": "gold", "new": "gold"})
    assert promoted_run(workspace) == "new"
    assert chosen_run(workspace, "another") is None


def test_a_persons_word_stands_over_the_comparison(workspace: Workspace):
    save_run(workspace, "good", _GOLD)
    save_run(workspace, "new", np.random.default_rng(0).integers(0, 7, 70))
    assert not promote(workspace, "good", False).promoted
    assert promoted_run(workspace) is None
    said = promote(workspace, "new")
    assert said.promoted and said.by_person
    assert promoted_run(workspace) == "new"
    assert said.to_contract() == {"promoted": True, "by": "person", "why": "a person promoted it"}


def test_an_unknown_run_is_told_and_a_damaged_one_left_out(workspace: Workspace):
    with pytest.raises(InputError, match="no run"):
        promote(workspace, "nowhere")
    assert promoted_run(workspace) is None and not (workspace.root / "labels.db").exists()
    save_run(workspace, "good", _GOLD)
    (workspace.root / "runs" / "bad").mkdir()
    Path(workspace.root / "runs" / "bad" / "config.json").write_text("{")
    assert promoted_run(workspace) == "good"
