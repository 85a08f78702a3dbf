from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.flow.teacher.anchor import anchor_for, votes_on
from mmemo.flow.teacher.label import LabelSettings, label_episode
from mmemo.progress import run
from mmemo.store.workspace import Workspace
from mmemo.teacher.anchors import ANCHORS_FILE, measure_anchor, save_anchor
from tests.flow.teacher.test_label import ROWS, command, make_episode
from tests.teacher.made_votes import made_votes
from tests.teacher.test_lines import cues
from tests.teacher.tiny import save_two_head


@pytest.fixture
def label(tmp_path: Path) -> LabelSettings:
    """A teacher with two anchors; on the lines of one it is sure of itself."""
    folder = save_two_head(tmp_path / "teacher")
    for number, (name, sureness) in enumerate((("meld_dev", 0.4), ("clear", 1.0))):
        probs, gold = made_votes(700, sureness=sureness, seed=number)
        save_anchor(folder / ANCHORS_FILE, measure_anchor(name, probs, gold, f"{name} lines"))
    return LabelSettings(teacher=str(folder))


def test_auto_reads_all_spoken_lines_of_all_episodes(workspace: Workspace, label: LabelSettings) -> None:
    many = [("so sad", None), ("i am happy !", "no_face"), ("la la", "music")] * 10
    episodes = [make_episode(workspace, name, cues(*many)) for name in ("one", "two")]
    for episode in episodes:
        run(label_episode(workspace, episode, label))
    assert votes_on(workspace, episodes, label).shape == (40, 7)
    anchor, told = anchor_for(workspace, episodes, label)
    assert told is not None and told.lines == 40 and set(told.shares) == {"meld_dev", "clear"}
    assert anchor.name == "auto"
    only, told = anchor_for(workspace, episodes, label, without=("meld_dev",))
    assert told is not None and set(told.shares) == {"clear"} and only.source == "100 % clear lines"


def test_the_command_says_what_the_lines_are_like(
    workspace: Workspace, label: LabelSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_episode(workspace, "one", cues(*[("so sad", None), ("i am happy !", None)] * 20))
    place = ("--workspace", workspace.root, "--teacher", label.teacher, "--json")
    assert command(monkeypatch, *place) == 0
    printed = capsys.readouterr()
    (entry,) = json.loads(printed.out.splitlines()[-1])["episodes"]
    assert sum(entry["text"]["like"].values()) == pytest.approx(1, abs=1e-3)
    assert entry["text"]["says"] in printed.err and "the lines are most like" in printed.err
    assert entry["text"]["strange"] == ("none of them" in printed.err)
    assert command(monkeypatch, "--sentiment", *place) == 0
    assert "text" not in json.loads(capsys.readouterr().out.splitlines()[-1])["episodes"][0]


def test_one_short_episode_gets_the_default(workspace: Workspace, label: LabelSettings) -> None:
    episode = make_episode(workspace, "one", cues(*ROWS))
    run(label_episode(workspace, episode, label))
    anchor, told = anchor_for(workspace, [episode], label)
    assert anchor.name == "meld_dev" and told is not None and "too few" in told.says()
    assert anchor_for(workspace, [], label)[0].name == "meld_dev"


def test_a_named_anchor_needs_no_lines_and_an_unknown_one_is_refused(
    workspace: Workspace, label: LabelSettings
) -> None:
    episode = make_episode(workspace, "one", cues(*ROWS))
    anchor, told = anchor_for(workspace, [episode], label, "clear")
    assert anchor.name == "clear" and told is None and np.allclose(anchor.confusion.sum(axis=1), 1, atol=1e-5)
    with pytest.raises(InputError, match="no anchor"):
        anchor_for(workspace, [episode], label, "unknown")
    with pytest.raises(InputError, match="no anchor"):
        anchor_for(workspace, [episode], label, "clear", without=("clear",))


def test_an_episode_that_was_not_read_is_told(workspace: Workspace, label: LabelSettings) -> None:
    episode = make_episode(workspace, "one", cues(*ROWS))
    with pytest.raises(InputError, match="has not read one yet"):
        anchor_for(workspace, [episode], label)
