"""The handlers behind the tabs, called as plain functions; no browser, no server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from mmemo.errors import InputError
from mmemo.flow.jobs.worker import open_jobs
from mmemo.store.workspace import SYNTHETIC_FILE, Workspace
from mmemo.ui import context as context_module
from mmemo.ui import page
from mmemo.ui.compare.tab import show_comparison
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.episode.preview import playable, subtitle_track
from mmemo.ui.episode.tab import show_episode
from mmemo.ui.header import choose
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.predict.examples import draw_examples
from mmemo.ui.review.tab import start_retraining
from mmemo.ui.sample import install_sample
from mmemo.ui.work import runs_of
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace

CHOSEN = Selection(EPISODE_ID, RUN_IDS[0], 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_workspace(tmp_path_factory.mktemp("made") / "workspace", tracks=26).root


@pytest.fixture
def ready(made: Path, tmp_path: Path) -> Iterator[AppContext]:
    shutil.copytree(made, tmp_path / "ready")
    yield from _context(Workspace(tmp_path / "ready"))


@pytest.fixture
def bare(workspace: Workspace) -> Iterator[AppContext]:
    yield from _context(workspace)


def _context(workspace: Workspace) -> Iterator[AppContext]:
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace, lambda _: None))
    yield context
    context.jobs.close()
    context.labels.close()


@pytest.fixture
def toasts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    for kind in ("Warning", "Success", "Info"):
        monkeypatch.setattr(context_module.gr, kind, lambda message, **_: shown.append(message))
    return shown


def test_the_choice_falls_back_to_the_newest(ready: AppContext):
    episode, run, selection = choose(ready.workspace, Selection(), "gone", "gone")
    assert (selection.episode_id, selection.run_id, selection.revision) == (EPISODE_ID, RUN_IDS[0], 1)
    assert episode.value == EPISODE_ID
    assert [value for _, value in run.choices] == list(RUN_IDS)


def test_an_empty_workspace_has_nothing_to_choose(bare: AppContext):
    assert choose(bare.workspace, Selection(), None, None)[2] == Selection(None, None, 1)


def test_a_damaged_run_is_left_out(ready: AppContext):
    (ready.workspace.run_folder(RUN_IDS[0]) / "config.json").write_text("{")
    assert runs_of(ready.workspace, EPISODE_ID) == [RUN_IDS[1]]


def test_wrong_input_becomes_a_toast_and_a_bug_names_itself(toasts: list[str], caplog: pytest.LogCaptureFixture):
    @told
    def wrong() -> None:
        raise InputError("<b> is no video", hint="choose another")

    @told
    def broken() -> None:
        raise ZeroDivisionError("secret")

    assert wrong() == {"__type__": "update"}
    assert broken() == {"__type__": "update"}
    assert toasts[0] == "&lt;b&gt; is no video. Choose another."
    assert "bug" in toasts[1]
    assert "secret" not in toasts[1]
    assert "secret" in caplog.text


def test_the_episode_is_shown_with_its_account_and_lines(ready: AppContext):
    player, marks, account, checks, characters = show_episode(ready, CHOSEN)
    assert "26 kept + 6 dropped" in account
    names = [lane["name"] for lane in json.loads(marks)["lanes"] if lane["kind"] != "mood"]
    assert names == ["heard", "lines", "shots", "Person 1", "Person 2", "Person 3", "others", "look at"]
    moods = [lane["name"] for lane in json.loads(marks)["lanes"] if lane["kind"] == "mood"]
    assert moods == ["Person 1", "Person 2", "Person 3"], "emotion over time for each character"
    assert characters.count("<input") == 3
    assert "Worth a look: 3" in checks
    assert "mm-verdict" in account
    assert f"{EPISODE_ID}.mp4" in str(player.value)
    assert show_episode(ready, Selection())[1:] == ("", *show_episode(ready, Selection(None, None, 9))[2:4], "")


def test_an_episode_whose_video_is_gone_says_so(ready: AppContext):
    episode = ready.workspace.episode(EPISODE_ID)
    Path(episode.video).unlink()
    assert playable(ready.workspace, episode) is None
    assert "cannot be played" in show_episode(ready, CHOSEN)[2]


def test_the_player_gets_every_line_in_its_own_format(ready: AppContext):
    episode = ready.workspace.episode(EPISODE_ID)
    path = subtitle_track(ready.workspace, episode)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.600 line:-3\n")
    assert text.count(" --> ") == 32
    assert "&lt;b&gt;We won&lt;/b&gt;" in text
    shutil.rmtree(ready.workspace.scratch)
    assert subtitle_track(ready.workspace, episode) == path


def test_retraining_needs_a_student(bare: AppContext):
    with pytest.raises(InputError, match="no student"):
        start_retraining(bare, Selection())


def test_the_comparison_is_shown_with_its_charts(ready: AppContext):
    verdict, charts = show_comparison(ready.workspace, CHOSEN)
    assert "Student, adapted" in verdict
    assert "report.html" in verdict
    assert charts.count("<svg") == 5
    assert charts.count('class="mm-tile"') == 12


def test_numbers_of_synthetic_material_are_called_so(ready: AppContext):
    selection = choose(ready.workspace, Selection(), None, None)[2]
    assert "Synthetic" not in show_comparison(ready.workspace, selection)[0]
    assert selection.episode_id is not None
    path = ready.workspace.episode_folder(selection.episode_id) / SYNTHETIC_FILE
    path.write_text("Drawn by a <program>.", encoding="utf-8")
    for shown in (show_comparison(ready.workspace, selection)[0], show_episode(ready, selection)[2]):
        assert "Synthetic" in shown and "Drawn by a &lt;program&gt;." in shown


def test_a_run_that_was_never_measured_says_so(ready: AppContext):
    (ready.workspace.report_folder(RUN_IDS[0]) / "comparison.json").unlink()
    verdict, charts = show_comparison(ready.workspace, CHOSEN)
    assert "no gold" in verdict
    assert charts.count("<svg") == 2


def test_nothing_is_compared_without_a_run(bare: AppContext):
    assert "Adapt to an episode" in show_comparison(bare.workspace, Selection())[0]


def test_examples_are_drawn_once(bare: AppContext):
    paths = draw_examples(bare.workspace)
    before = [path.stat().st_mtime_ns for path in paths]
    assert [path.stat().st_mtime_ns for path in draw_examples(bare.workspace)] == before
    for path in paths:
        with Image.open(path) as picture:
            assert picture.height == 320


def test_the_sample_fills_an_empty_workspace_only(ready: AppContext, bare: AppContext, tmp_path: Path):
    assert install_sample(bare.workspace, ready.workspace.root)
    assert bare.workspace.runs() == ready.workspace.runs()
    assert Path(bare.workspace.episode(EPISODE_ID).video) == ready.workspace.root.parent / f"{EPISODE_ID}.mp4"
    assert not install_sample(bare.workspace, ready.workspace.root)
    assert not install_sample(Workspace(tmp_path / "new"), tmp_path / "no-such-folder")


def test_after_a_job_its_outcome_is_chosen(ready: AppContext):
    with closing(open_jobs(ready.workspace)) as store:
        job = store.add("adapt", "Adapt", {})
        store.claim(1)
        store.finish(job, 1, "done", {"episode": EPISODE_ID, "run": RUN_IDS[1]})
        failed = store.add("adapt", "Adapt", {})
        store.claim(1)
        store.finish(failed, 1, "failed", error="no")
    assert page.show_outcome(ready, Selection(), job, (job,))[2].run_id == RUN_IDS[1]
    assert page.show_outcome(ready, CHOSEN, failed, (job, failed))[2] == CHOSEN.moved(EPISODE_ID, RUN_IDS[0])


def test_a_job_that_another_page_started_moves_nobody(ready: AppContext):
    with closing(open_jobs(ready.workspace)) as store:
        job = store.add("adapt", "Adapt", {})
        store.claim(1)
        store.finish(job, 1, "done", {"episode": EPISODE_ID, "run": RUN_IDS[1]})
    episode, run, chosen = page.show_outcome(ready, CHOSEN, job, (job + 1,))
    assert not isinstance(chosen, Selection), "what is shown is not even drawn anew"
    assert (episode.value, run.value) == (CHOSEN.episode_id, CHOSEN.run_id)
    assert [value for _, value in run.choices] == list(RUN_IDS), "the lists are"
    assert page.show_outcome(ready, Selection(), job, ())[2].episode_id == EPISODE_ID, "an empty page shows the newest"


def test_the_end_of_an_export_leaves_the_choice(ready: AppContext):
    with closing(open_jobs(ready.workspace)) as store:
        job = store.add("export", "Export", {})
        store.claim(1)
        store.finish(job, 1, "done", {"episode": EPISODE_ID, "run": RUN_IDS[1], "export": "csv-1"})
    _, run, chosen = page.show_outcome(ready, CHOSEN, job, (job,))
    assert run.value == CHOSEN.run_id and not isinstance(chosen, Selection)


def test_a_page_that_comes_back_shows_what_its_own_job_made_meanwhile(ready: AppContext):
    with closing(open_jobs(ready.workspace)) as store:
        job = store.add("retrain", "Retrain", {})
        store.claim(1)
        store.finish(job, 1, "done", {"episode": EPISODE_ID, "run": RUN_IDS[1]})
    asked = (EPISODE_ID, RUN_IDS[0])
    assert page.first_choice(ready, Selection(), *asked, (job,))[2].run_id == RUN_IDS[1]
    assert page.first_choice(ready, Selection(), *asked, ())[2].run_id == RUN_IDS[0], "a colleague stays"


def test_only_pictures_reports_and_previews_are_served(ready: AppContext):
    folders = page.served_folders(ready)
    assert all(not (ready.workspace.root / "labels.db").is_relative_to(folder) for folder in folders)
    for private in ("sources", "exports"):
        assert all(not (ready.workspace.root / private).is_relative_to(folder) for folder in folders)
