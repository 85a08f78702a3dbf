"""Jobs as people meet them: they outlive the page and the app, are cancelled, and go on after their worker was killed."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mmemo.flow.jobs.lock import worker_runs
from mmemo.flow.jobs.worker import open_jobs
from mmemo.store.workspace import Workspace
from tests.made_jobs import ended, wait_for
from tests.serving import serving
from tests.ui.conftest import DESKTOP, PHONE, OpenPage, RunningApp, StartApp, Trouble, give_file, stop_worker
from tests.ui.made import subtitles_text, tiny_video

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_JOB_MS = 400_000
_CUES = 9


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the server with a short drawn episode and its subtitles."""
    folder = tmp_path_factory.mktemp("media")
    (folder / "Show").mkdir()
    tiny_video(folder / "Show" / "Pilot one.mp4", 2 * _CUES)
    (folder / "Show" / "Pilot one.srt").write_text(subtitles_text(_CUES), encoding="utf-8")
    return folder


def start_job(page: Page, media: Path) -> None:
    give_file(page, "#mm-video", media / "Show" / "Pilot one.mp4")
    give_file(page, "#mm-subtitles", media / "Show" / "Pilot one.srt")
    page.locator("#mm-adapt").click()
    page.locator("#mm-job .mm-steps").wait_for(state="attached", timeout=_JOB_MS)


@pytest.mark.timeout(900)
def test_a_job_goes_on_without_page_and_app_and_is_there_again(
    tmp_path: Path, media: Path, open_page: OpenPage, trouble: Trouble
):
    workspace = Workspace(tmp_path / "workspace")
    workspace.root.mkdir()
    with serving(workspace.root, "--no-sample", log=tmp_path / "first.log") as url:
        page = open_page(RunningApp(url, workspace))
        start_job(page, media)
        with trouble.while_leaving(page):
            page.close()
    assert worker_runs(workspace.root), "the app is gone, the work goes on"
    with serving(workspace.root, "--no-sample", log=tmp_path / "second.log") as url:
        page = open_page(RunningApp(url, workspace))
        page.locator("#mm-job .mm-state.done").wait_for(timeout=_JOB_MS)
        other = open_page(RunningApp(url, workspace), PHONE)
        other.locator("#mm-jobs li[data-state=done]").wait_for()
        page.locator("#mm-dismiss").click()
        page.locator("#mm-job").wait_for(state="hidden")
        other.locator("#mm-job").wait_for(state="hidden")
        with trouble.while_leaving(other):
            other.locator("#mm-jobs a").click()
        other.locator("#mm-account").get_by_text("= all").wait_for()
        assert len(workspace.runs()) == 1
        with trouble.while_leaving(page, other):
            page.close()
            other.close()
    stop_worker(workspace)


@pytest.mark.timeout(900)
def test_a_killed_worker_is_told_and_resume_goes_on(empty_app: RunningApp, open_page: OpenPage, media: Path):
    page = open_page(empty_app)
    start_job(page, media)
    stop_worker(empty_app.workspace, signal.SIGKILL)
    page.locator("#mm-job .mm-state.interrupted").wait_for()
    page.get_by_test_id("toast-body").filter(has_text="Resume goes on from there").wait_for()
    page.locator("#mm-resume").click()
    page.locator("#mm-job .mm-state.running").wait_for()
    page.locator("#mm-job .mm-state.done").wait_for(timeout=_JOB_MS)
    page.locator("#mm-jobs li[data-state=done]").wait_for()
    assert page.locator("#mm-jobs li").count() == 1
    assert len(empty_app.workspace.runs()) == 1
    assert list((empty_app.workspace.root / "episodes").rglob("*.tmp")) == []


@pytest.mark.timeout(900)
def test_the_list_cancels_and_removes_and_files_of_the_server_are_offered(
    tmp_path: Path, media: Path, start_app: StartApp, open_page: OpenPage
):
    page = open_page(start_app(Workspace(tmp_path / "workspace"), "--no-sample", "--media", str(media)))
    page.locator("#mm-settings > button").click()
    page.locator("#mm-min-face input").wait_for()
    page.locator("#mm-server-video input").click()
    page.get_by_role("option", name="Show/Pilot one.mp4").click()
    page.wait_for_function("document.querySelector('#mm-server-subtitles input').value === 'Show/Pilot one.srt'")
    page.locator("#mm-adapt").click()
    rows = page.locator("#mm-jobs li")
    rows.nth(0).wait_for()
    page.locator("#mm-min-face input").wait_for(state="hidden")
    page.locator("#mm-adapt").click()
    waiting = page.locator("#mm-jobs li[data-state=queued]")
    page.wait_for_function("document.querySelectorAll('#mm-jobs li').length === 2")
    waiting.first.locator("[data-act=cancel]").focus()
    page.keyboard.press("Enter")
    page.locator("#mm-jobs li[data-state=cancelled]").wait_for()
    page.locator("#mm-jobs li:not([data-state=cancelled]) [data-act=cancel]").click()
    page.wait_for_function(
        "document.querySelectorAll('#mm-jobs li[data-state=cancelled]').length === 2", timeout=_JOB_MS
    )
    for left in (1, 0):
        page.locator("#mm-jobs [data-act=remove]").first.click()
        page.wait_for_function("n => document.querySelectorAll('#mm-jobs li').length === n", arg=left)
    page.locator("#mm-job").wait_for(state="hidden")


@pytest.mark.timeout(900)
def test_a_program_adapts_watches_and_cancels(empty_app: RunningApp, media: Path, tmp_path: Path):
    from gradio_client import Client, handle_file
    from gradio_client.exceptions import AppError

    client = Client(empty_app.url, verbose=False)
    video, subtitles = (handle_file(str(media / "Show" / f"Pilot one.{ending}")) for ending in ("mp4", "srt"))
    (tmp_path / "letter.mp4").write_bytes(b"Dear all, this is no video.")
    for call in (
        lambda: client.predict(handle_file(str(tmp_path / "letter.mp4")), subtitles, None, api_name="/adapt"),
        lambda: client.predict(99, api_name="/job"),
    ):
        with pytest.raises(AppError, match="letter.mp4|There is no job 99"):
            call()
    job = client.predict(video, subtitles, None, api_name="/adapt")
    assert (job["kind"], job["title"], job["episode"]) == ("adapt", "Adapt to Pilot one.mp4", None)
    with closing(open_jobs(empty_app.workspace)) as store:
        wait_for(store, job["job"], lambda job: job.step is not None, 400)
        assert client.predict(job["job"], api_name="/job")["stage"] == "cut"
        client.predict(job["job"], api_name="/cancel")
        wait_for(store, job["job"], ended, 400)
    assert client.predict(job["job"], api_name="/job")["state"] == "cancelled"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_open_settings_do_not_push_the_timeline_away(ready_app: RunningApp, open_page: OpenPage, size: tuple[int, int]):
    page = open_page(ready_app, size)
    timeline = page.locator("#mm-timeline .mm-tl")
    timeline.wait_for()
    page.wait_for_function("!document.querySelector('video') || document.querySelector('video').readyState >= 1")
    page.wait_for_timeout(1000)  # the player takes its height when it knows its picture
    before = timeline.bounding_box()
    page.locator("#mm-settings > button").click()
    page.locator("#mm-seed input").wait_for()
    after = timeline.bounding_box()
    assert before is not None and after is not None
    assert (after["y"] == before["y"]) == (size == DESKTOP)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
