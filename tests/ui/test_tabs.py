"""The handlers behind the tabs, called as plain functions; no browser, no server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmemo.errors import InputError
from mmemo.progress import Progress, Stage
from mmemo.store.labels import FacePin, HumanLabel
from mmemo.store.workspace import SYNTHETIC_FILE, Workspace
from mmemo.ui import context as context_module
from mmemo.ui import episode_form, job_panel, page
from mmemo.ui.compare_tab import show_comparison
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.episode_form import start_adaptation
from mmemo.ui.episode_tab import show_episode
from mmemo.ui.examples import draw_examples
from mmemo.ui.header import choose
from mmemo.ui.jobs import JobRunner, JobView
from mmemo.ui.preview import playable, subtitle_track
from mmemo.ui.review_tab import press, show, start_retraining
from mmemo.ui.sample import install_sample
from mmemo.ui.work import SMALLEST_FACE_PX, Adaptation, adapt_stage, runs_of
from tests.subtitled import Stream, with_subtitles
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace, tiny_video
from tests.ui.test_jobs import ended, wait_for

CHOSEN = Selection(EPISODE_ID, RUN_IDS[0], 1)
FILTERS = ("target", "any", 0, 100, False, None)


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
    context = AppContext(workspace, workspace.labels(), JobRunner())
    yield context
    context.jobs.close()
    context.labels.close()


@pytest.fixture
def toasts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    for module in (context_module.gr, job_panel.gr):
        for kind in ("Warning", "Success", "Info"):
            monkeypatch.setattr(module, kind, lambda message, **_: shown.append(message))
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
    names = [lane["name"] for lane in json.loads(marks)["lanes"]]
    assert names == ["heard", "lines", "shots", "Person 1", "Person 2", "Person 3", "others", "look at"]
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


def test_adaptation_needs_a_video_and_subtitles_somewhere(bare: AppContext, tmp_path: Path):
    with pytest.raises(InputError, match="there is no video"):
        start_adaptation(bare, None, "a.srt", None, "anchored_em", "", "", False)
    tiny_video(tmp_path / "silent.mp4", 2)
    with pytest.raises(InputError, match="the video holds none"):
        start_adaptation(bare, str(tmp_path / "silent.mp4"), None, None, "anchored_em", "", "", False)
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    with pytest.raises(InputError, match=r"a\.mp4") as caught:
        start_adaptation(bare, str(tmp_path / "a.mp4"), None, None, "anchored_em", "", "", False)
    assert str(bare.workspace.root) not in str(caught.value)
    assert bare.jobs.latest() is None


def test_a_video_with_its_own_subtitles_needs_no_file(
    bare: AppContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wishes: list[Adaptation] = []
    monkeypatch.setattr(episode_form, "adapt_stage", lambda workspace, wish: wishes.append(wish) or _two())
    video = with_subtitles(tmp_path / "pilot.mkv", [Stream("Hello.", "eng")])
    job = start_adaptation(bare, str(video), None, None, "anchored_em", "", "", False, True, " eng ", True, 64)
    wait_for(bare.jobs, job, ended)
    assert wishes[0].subtitles is None
    assert (wishes[0].language, wishes[0].split_voices, wishes[0].min_face_px) == ("eng", True, 64)
    assert (wishes[0].transcribe, wishes[0].characters) == (None, "auto")
    untouched = [None] * 3
    wait_for(bare.jobs, start_adaptation(bare, str(video), None, None, "x", None, None, False, True, *untouched), ended)
    assert (wishes[1].teacher, wishes[1].backbone, wishes[1].language) == ("embedded", "embedded", None)


def test_a_video_that_is_written_down_needs_no_subtitles(
    bare: AppContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wishes: list[Adaptation] = []
    monkeypatch.setattr(episode_form, "adapt_stage", lambda workspace, wish: wishes.append(wish) or _two())
    tiny_video(tmp_path / "silent.mp4", 2)
    rest = (True, "", False, None, " small ", "off")
    job = start_adaptation(bare, str(tmp_path / "silent.mp4"), None, None, "anchored_em", "", "", False, *rest)
    wait_for(bare.jobs, job, ended)
    assert (wishes[0].transcribe, wishes[0].characters, wishes[0].min_face_px) == ("small", "off", SMALLEST_FACE_PX)


def test_what_is_asked_for_reaches_the_main_job(bare: AppContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from mmemo.flow import adapt as main_job

    asked: list[main_job.AdaptSettings] = []
    monkeypatch.setattr(main_job, "adapt", lambda workspace, settings: asked.append(settings) or iter(()))
    wish = Adaptation(
        tmp_path / "a.mp4", language="en", split_voices=True, min_face_px=64, transcribe="small", characters="off"
    )
    with pytest.raises(AttributeError):  # a stage that reports nothing
        list(adapt_stage(bare.workspace, wish))
    assert (asked[0].language, asked[0].split_voices, asked[0].transcribe) == ("en", True, "small")
    assert asked[0].cut.detector.min_face_px == 64
    assert asked[0].characters.weights == "off"


def test_adaptation_to_no_video_fails_in_a_sentence_and_frees_the_runner(bare: AppContext, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHi.\n")
    files = (str(tmp_path / "a.mp4"), str(tmp_path / "a.srt"))
    job = start_adaptation(bare, *files, None, "anchored_em", " ", " ", False)
    view = wait_for(bare.jobs, job, ended, timeout_s=60)
    assert view.state == "failed"
    assert "a.mp4" in view.message
    assert str(bare.workspace.root) not in view.message
    assert bare.workspace.episodes() == []


def test_review_shows_a_page_and_the_chosen_face(ready: AppContext):
    grid, focus, position, number, track, _ = show(ready, CHOSEN, 0, 3, *FILTERS)
    assert grid.count("mm-tile") == 24
    assert 'data-track="3"' in focus
    assert "26 of 26 faces, page 1 of 2" in position
    assert (number, track) == (0, 3)


def test_review_forgets_a_face_that_is_not_there(ready: AppContext):
    assert show(ready, CHOSEN, 0, 99, *FILTERS)[4] is None


def test_review_without_an_episode_says_what_to_do(bare: AppContext):
    assert "Adapt to an episode" in show(bare, Selection(), 0, None, *FILTERS)[0]
    with pytest.raises(InputError, match="no episode"):
        press(bare, Selection(), 0, 1, "joy", *FILTERS)


def test_keys_label_move_and_undo_the_track_that_they_name(ready: AppContext):
    values = press(ready, CHOSEN, 0, 5, "disgust", *FILTERS)
    assert "You said: disgust" in values[1]
    assert "1 correction since the last training" in values[5].value
    assert press(ready, CHOSEN, 0, 24, "next", *FILTERS)[3:5] == (1, 25)
    assert press(ready, CHOSEN, 1, 25, "previous", *FILTERS)[3:5] == (0, 24)
    assert "What does this face show?" in press(ready, CHOSEN, 0, 5, "undo", *FILTERS)[1]


def test_words_on_faces_that_the_cut_does_not_have_are_counted(ready: AppContext):
    assert "mm-resting" not in show(ready, CHOSEN, 0, None, *FILTERS)[0]
    ready.labels.add(HumanLabel(EPISODE_ID, 5, 5, "joy", pin=FacePin("another", 800, 0, 0, 10, 10)))
    grid, focus, *_, retrain = show(ready, CHOSEN, 0, 5, *FILTERS)
    assert "1 label not in this cut" in grid
    assert "What does this face show?" in focus, "the number is the same, the face is not"
    assert "0 corrections" in retrain.value
    same = FacePin("another", 8800, 38.0, 20.0, 122.0, 104.0)
    ready.labels.add(HumanLabel(EPISODE_ID, 99, 70, "joy", pin=same))
    assert "You said: joy" in show(ready, CHOSEN, 0, 5, *FILTERS)[1]


def test_a_key_labels_the_face_that_is_shown(ready: AppContext):
    with pytest.raises(InputError, match="cut again"):
        press(ready, CHOSEN, 0, 5, "joy", *FILTERS, cut="another")
    press(ready, CHOSEN, 0, 5, "disgust", *FILTERS, cut="made")
    row = ready.labels.history(EPISODE_ID).iloc[0]
    assert row[["cut_key", "time_ms", "x1", "y1", "x2", "y2"]].tolist() == ["made", 8800, 38, 20, 122, 104]


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


def _two() -> Stage[str]:
    yield Progress("cut", 1, 2, "half")
    return "made"


def test_the_end_of_a_watched_job_is_told_once(toasts: list[str]):
    runner = JobRunner()
    job = runner.submit("Adapt to <pilot>", _two)
    wait_for(runner, job, ended)
    values = job_panel.watch(runner, job)
    assert toasts == ["Done: Adapt to &lt;pilot&gt;"]
    assert values[6] is None
    assert values[7] == job
    job_panel.watch(runner, values[6])
    assert len(toasts) == 1
    runner.dismiss()
    assert job_panel.watch(runner, None)[1] == ""
    runner.close()


def view(**changes: Any) -> JobView:
    values: dict[str, Any] = {
        "job_id": 1, "title": "Adapt", "state": "running", "progress": Progress("train", 30, 120, "fold 2"), "steps": ("cut", "train"),
        "log": (), "elapsed_s": 61.0, "rate": 4.0, "remaining_s": 22.5, "cancelling": False, "message": "", "result": None,
    }  # fmt: skip
    return JobView(**values | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ("train: 30 of 120 (25 %)", "4.0 a second", "about 22 s left in this step", "1 min 1 s so far", "fold 2")),
        ({"rate": 0.25, "remaining_s": None}, ("one every 4.0 s",)),
        ({"progress": Progress("cut", 3, 0), "rate": None, "remaining_s": None}, ("unknown", "cut: 3")),
        ({"progress": None, "steps": (), "state": "queued"}, ("waiting",)),
        (
            {"steps": ("cut", "train: fold 1", "train: fold 2")},
            ('<li class="">cut</li><li class="now">train</li></ol>',),
        ),
        ({"cancelling": True}, ("stopping after this step",)),
        ({"state": "failed", "message": "<x> is no video."}, ("&lt;x&gt; is no video.", "1 min 1 s in all", "halt")),
    ],
)
def test_the_panel_says_where_a_job_is(changes: dict[str, Any], words: tuple[str, ...]):
    made = job_panel.status_html(view(**changes))
    assert all(word in made for word in words)


def test_after_a_job_its_outcome_is_chosen(ready: AppContext):
    from mmemo.ui.work import Outcome

    def stage() -> Stage[Outcome]:
        yield Progress("cut", 1, 1)
        return Outcome(EPISODE_ID, RUN_IDS[1])

    job = ready.jobs.submit("adapt", stage)
    wait_for(ready.jobs, job, ended)
    assert page.show_outcome(ready, Selection(), job)[2].run_id == RUN_IDS[1]
    assert page.show_outcome(ready, CHOSEN, None)[2] == CHOSEN.moved(EPISODE_ID, RUN_IDS[0])


def test_only_pictures_reports_and_previews_are_served(ready: AppContext):
    folders = page.served_folders(ready)
    assert all(not (ready.workspace.root / "labels.db").is_relative_to(folder) for folder in folders)
    assert all(not (ready.workspace.root / "sources").is_relative_to(folder) for folder in folders)
