"""Who is who on the page, over characters that were found before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmemo.errors import InputError
from mmemo.store.workspace import Episode, Workspace
from mmemo.ui.context import AppContext
from mmemo.ui.episode.characters import characters_html, names_of_tracks
from mmemo.ui.episode.tab import rename
from mmemo.ui.jobs.runner import JobRunner
from tests.ui.made import EPISODE_ID, ready_workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_workspace(tmp_path_factory.mktemp("made") / "workspace", tracks=9).root


@pytest.fixture
def context(made: Path, tmp_path: Path) -> Iterator[AppContext]:
    workspace = Workspace(Path(shutil.copytree(made, tmp_path / "workspace")))
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace))
    yield context
    context.jobs.close()
    context.labels.close()


@pytest.fixture
def episode(context: AppContext) -> Episode:
    return context.workspace.episode(EPISODE_ID)


def test_a_character_is_shown_with_face_and_figures(context: AppContext, episode: Episode):
    shown = characters_html(context.workspace, episode)
    assert "Characters: 3" in shown
    assert shown.count("<img") == shown.count("<input") == 3
    assert "3 lines · 3 face tracks · speaks 0:04" in shown
    assert 'placeholder="Person 1"' in shown
    names = names_of_tracks(context.workspace, episode)
    assert (names[1], names[2], names[4]) == ("Person 1", "Person 2", "Person 1")
    assert 10 not in names


def test_a_name_is_kept_and_shown_on_the_timeline(context: AppContext, episode: Episode):
    marks, shown = rename(context, EPISODE_ID, 2, "  Nora <3 ", "ana")
    assert 'value="Nora &lt;3"' in shown
    assert "named by you" in shown
    assert "Nora <3" in [lane["name"] for lane in json.loads(marks)["lanes"]]
    assert characters_html(context.workspace, episode) == shown


def test_two_characters_of_one_name_become_one(context: AppContext, episode: Episode):
    rename(context, EPISODE_ID, 1, "Nora", "ana")
    shown = rename(context, EPISODE_ID, 2, "Nora", "ana")[1]
    assert "Characters: 2" in shown
    assert "6 lines · 6 face tracks" in shown
    assert list(names_of_tracks(context.workspace, episode).values()).count("Nora") == 6


def test_a_name_that_cannot_be_kept_is_refused(context: AppContext, episode: Episode):
    before = characters_html(context.workspace, episode)
    with pytest.raises(InputError, match="too long"):
        rename(context, EPISODE_ID, 1, "x" * 100, "ana")
    with pytest.raises(InputError, match="no character 9"):
        rename(context, EPISODE_ID, 9, "Nora", "ana")
    assert characters_html(context.workspace, episode) == before


def test_without_characters_it_says_how_to_get_them(context: AppContext, episode: Episode):
    shutil.rmtree(context.workspace.stage_folder(EPISODE_ID, "characters", "made"))
    assert "adapt again" in characters_html(context.workspace, episode)
    assert names_of_tracks(context.workspace, episode) == {}
