from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmemo.errors import InputError, ModelUnavailable
from mmemo.flow.teacher.label import LabelReport, LabelSettings, _lines, label_episode, label_episodes, opinions_folder
from mmemo.labels import SENTIMENT3, TIER4
from mmemo.progress import Progress, run
from mmemo.store.files import read_json, read_table, write_table
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Episode, Workspace
from mmemo.teacher import Line
from pipelines._command import main
from pipelines.label import label
from tests.teacher.test_lines import cues
from tests.teacher.tiny import assert_probs, save_classifier, save_two_head

ROWS = [("i am happy", None), ("thunder", "not_speech"), ("why ?", "no_face"), ("la la", "music"), ("so sad", None)]


@pytest.fixture
def settings(tmp_path: Path) -> LabelSettings:
    return LabelSettings(teacher=str(save_two_head(tmp_path / "teacher")))


def make_episode(workspace: Workspace, name: str, table: pd.DataFrame) -> Episode:
    episode = Episode(name, "v.mp4", "s.srt", "hash", "hash", 60_000, "abc")
    write_table(workspace.cut_folder(episode) / "cues.parquet", table)
    workspace.save_episode(episode)
    return episode


def test_every_spoken_cue_gets_one_opinion_and_all_cues_are_accounted_for(
    workspace: Workspace, settings: LabelSettings
) -> None:
    episode = make_episode(workspace, "one", cues(*ROWS))
    report = run(label_episode(workspace, episode, settings))
    assert (report.read, report.skipped, report.unspoken) == (3, 0, 2)
    folder = opinions_folder(workspace, episode, settings)
    assert folder.name == f"opinions-{report.key}"
    opinions = read_table(folder / "opinions.parquet")
    assert opinions["cue_id"].tolist() == [1, 3, 5]
    assert_probs(probs_of(opinions), 3)
    record = read_json(folder / "settings.json")
    assert record["teacher"] == report.teacher
    expected = {"teacher": settings.teacher, "context_lines": 2, "whole_sentences": False, "next_lines": 0}
    assert record["settings"] == expected


def test_the_second_time_nothing_is_read(
    workspace: Workspace, settings: LabelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = make_episode(workspace, "one", cues(*ROWS))
    first = run(label_episode(workspace, episode, settings))
    monkeypatch.setattr("mmemo.flow.teacher.label.load_teacher", lambda _: pytest.fail("the teacher was loaded again"))
    second = run(label_episode(workspace, episode, settings))
    assert (second.read, second.skipped, second.key) == (0, 3, first.key)


def test_another_context_teacher_or_text_gets_a_folder_of_its_own(
    workspace: Workspace, settings: LabelSettings, tmp_path: Path
) -> None:
    episode = make_episode(workspace, "one", cues(*ROWS))
    other = LabelSettings(teacher=str(save_classifier(tmp_path / "other", ["joy", "sadness"])))
    folders = {
        opinions_folder(workspace, episode, settings),
        opinions_folder(workspace, episode, LabelSettings(settings.teacher, context_lines=0)),
        opinions_folder(workspace, episode, other),
    }
    write_table(workspace.cut_folder(episode) / "cues.parquet", cues(("i am glad", None), *ROWS[1:]))
    folders.add(opinions_folder(workspace, episode, settings))
    assert len(folders) == 4


def test_an_episode_in_which_nobody_speaks(workspace: Workspace, settings: LabelSettings) -> None:
    episode = make_episode(workspace, "silent", cues(("thunder", "not_speech")))
    report = run(label_episode(workspace, episode, settings))
    assert (report.read, report.unspoken) == (0, 1)
    opinions = read_table(opinions_folder(workspace, episode, settings) / "opinions.parquet")
    assert_probs(probs_of(opinions), 0)


def test_one_cue_and_progress_up_to_the_end(workspace: Workspace, settings: LabelSettings) -> None:
    episode = make_episode(workspace, "one", cues(("why ?", None)))
    told: list[Progress] = []
    report = run(label_episode(workspace, episode, settings), told.append)
    assert report.read == 1
    assert (told[0].done, told[-1].done, told[-1].total) == (0, 1, 1)


def test_a_cancel_leaves_nothing_behind(workspace: Workspace, settings: LabelSettings) -> None:
    episode = make_episode(workspace, "one", cues(*[("i am sad", None)] * 200))
    stage = label_episode(workspace, episode, settings)
    next(stage)
    next(stage)
    stage.close()
    assert sorted(path.name for path in workspace.episode_folder("one").iterdir()) == ["cut-abc", "episode.json"]
    assert run(label_episode(workspace, episode, settings)).read == 200


def test_bad_settings_and_missing_teachers(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="name"):
        LabelSettings(teacher="")
    with pytest.raises(InputError, match="context"):
        LabelSettings(context_lines=-1)
    with pytest.raises(InputError, match="context"):
        LabelSettings(next_lines=-1)
    episode = make_episode(workspace, "one", cues(*ROWS))
    with pytest.raises(ModelUnavailable):
        run(label_episode(workspace, episode, LabelSettings(teacher="someone/missing")))
    with pytest.raises(ModelUnavailable):
        opinions_folder(workspace, episode, LabelSettings(teacher="someone/missing"))


def test_several_episodes_in_one_go(workspace: Workspace, settings: LabelSettings) -> None:
    episodes = [make_episode(workspace, name, cues(*ROWS)) for name in ("one", "two")]
    reports: list[LabelReport] = run(label_episodes(workspace, episodes, settings))
    assert [report.episode_id for report in reports] == ["one", "two"]
    assert run(label_episodes(workspace, [], settings)) == []


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Exit code of `python -m pipelines.label` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["label", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main(label)
    return int(caught.value.code or 0)


def test_the_command_prints_the_contract(
    workspace: Workspace, settings: LabelSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        make_episode(workspace, name, cues(*ROWS))
    place = ("--workspace", workspace.root, "--teacher", settings.teacher, "--json")
    assert command(monkeypatch, "--episode", "two", *place) == 0
    (entry,) = json.loads(capsys.readouterr().out.splitlines()[-1])["episodes"]
    assert (entry["episode"], entry["read"], entry["skipped"]) == ("two", 3, 0)
    assert entry["teacher"].startswith("folder:teacher@")
    assert entry["seconds"] >= 0
    assert command(monkeypatch, *place) == 0
    entries = json.loads(capsys.readouterr().out.splitlines()[-1])["episodes"]
    assert {entry["episode"]: entry["skipped"] for entry in entries} == {"one": 0, "two": 3}


def test_the_command_refuses_wrong_input_with_code_2(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "--workspace", workspace.root) == 2
    assert "pipelines.cut" in capsys.readouterr().err
    make_episode(workspace, "one", cues(*ROWS))
    assert command(monkeypatch, "--workspace", workspace.root, "--episode", "three") == 2
    assert "one" in capsys.readouterr().err
    assert command(monkeypatch, "--workspace", workspace.root, "--teacher", "someone/missing") == 2
    assert "hf download" in capsys.readouterr().err


def test_the_embedded_teacher_is_the_default(workspace: Workspace) -> None:
    table = cues(("I love it, this is great!", None), ("I hate you, get lost!", None))
    episode = make_episode(workspace, "one", table)
    report = run(label_episode(workspace, episode, LabelSettings()))
    assert report.teacher.startswith("embedded:")
    opinions = read_table(opinions_folder(workspace, episode, LabelSettings()) / "opinions.parquet")
    assert np.array_equal(probs_of(opinions).argmax(axis=1), [1, 3])


def test_a_sentence_over_two_cues_is_read_whole_when_asked(workspace: Workspace, settings: LabelSettings) -> None:
    table = cues(("why ?", None), ("i am", None), ("so sad", "no_face"))
    table["start_ms"], table["end_ms"] = [0, 2000, 3100], [900, 3000, 4000]
    episode = make_episode(workspace, "one", table)
    apart = run(label_episode(workspace, episode, settings))
    whole_settings = LabelSettings(settings.teacher, whole_sentences=True)
    whole = run(label_episode(workspace, episode, whole_settings))
    assert (whole.read, whole.key != apart.key) == (3, True)
    probs = probs_of(read_table(opinions_folder(workspace, episode, whole_settings) / "opinions.parquet"))
    assert_probs(probs, 3)
    assert np.allclose(probs[1], probs[2])
    assert run(label_episode(workspace, episode, settings)).key == apart.key
    beyond = LabelSettings(settings.teacher, context_lines=0, whole_sentences=True, next_lines=1)
    table = read_table(workspace.cut_folder(episode) / "cues.parquet")
    assert _lines(table, beyond) == [Line("why ?", "i am"), Line("i am so sad"), Line("i am so sad")]


def test_sentiments_are_kept_apart_from_emotions(
    workspace: Workspace, settings: LabelSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    episode = make_episode(workspace, "one", cues(*ROWS))
    place = ("--workspace", workspace.root, "--teacher", settings.teacher, "--json")
    assert command(monkeypatch, "--sentiment", *place) == 0
    (entry,) = json.loads(capsys.readouterr().out.splitlines()[-1])["episodes"]
    assert (entry["vocabulary"], entry["read"]) == ("sentiment-3", 3)
    folder = opinions_folder(workspace, episode, settings, SENTIMENT3)
    assert folder.name.startswith("sentiments-")
    table = read_table(folder / "opinions.parquet")
    assert table.columns.tolist() == ["cue_id", "p_neutral", "p_negative", "p_positive"]
    assert_probs(table.iloc[:, 1:].to_numpy(np.float32), 3, 3)
    assert not opinions_folder(workspace, episode, settings).exists()
    silent = make_episode(workspace, "silent", cues(("thunder", "not_speech")))
    assert run(label_episode(workspace, silent, settings, SENTIMENT3)).read == 0
    with pytest.raises(InputError, match="tier-4"):
        run(label_episode(workspace, episode, settings, TIER4))


def test_several_teachers_vote(
    workspace: Workspace, settings: LabelSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = make_episode(workspace, "one", cues(*ROWS))
    other = str(save_classifier(tmp_path / "other", ["joy", "sadness", "neutral"]))
    given = ("--teacher", settings.teacher, "--teacher", other)
    assert command(monkeypatch, "--workspace", workspace.root, *given, "--next-lines", 1) == 0
    both = LabelSettings(f"{settings.teacher},{other}", next_lines=1)
    probs = probs_of(read_table(opinions_folder(workspace, episode, both) / "opinions.parquet"))
    each = []
    for name in (settings.teacher, other):
        alone = LabelSettings(name, next_lines=1)
        run(label_episode(workspace, episode, alone))
        each.append(probs_of(read_table(opinions_folder(workspace, episode, alone) / "opinions.parquet")))
    assert np.allclose(probs, (each[0] + each[1]) / 2, atol=1e-5)
