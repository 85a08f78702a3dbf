from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.conftest import OpenPage, ReloadPage, RunningApp, give_file, open_tab, toast
from tests.ui.made import subtitles_text, tiny_video

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_JOB_MS = 240_000
_CUES = 18


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A drawn episode of half a minute: a face and a line every two seconds."""
    folder = tmp_path_factory.mktemp("pilot")
    tiny_video(folder / "Pilot one.mp4", 2 * _CUES)
    (folder / "Pilot one.srt").write_text(subtitles_text(_CUES), encoding="utf-8")
    return folder / "Pilot one.mp4", folder / "Pilot one.srt"


@pytest.mark.timeout(600)
def test_an_upload_is_watched_to_its_end_and_then_reviewed_and_retrained(
    empty_app: RunningApp, open_page: OpenPage, pilot: tuple[Path, Path]
):
    page = open_page(empty_app)
    give_file(page, "#mm-video", pilot[0])
    give_file(page, "#mm-subtitles", pilot[1])
    page.locator("#mm-adapt").click()
    page.locator("#mm-job .mm-state.running").wait_for()
    page.locator("#mm-job [role='progressbar']").wait_for()
    page.locator("#mm-job .mm-state.done").wait_for(timeout=_JOB_MS)
    page.locator("#mm-job summary").click()
    assert "cut" in page.locator("#mm-job .mm-steps").inner_text()
    account = page.locator("#mm-account")
    account.get_by_text("= all").wait_for()
    account.get_by_text("no gold to measure against").wait_for()
    assert empty_app.workspace.episodes()[0].episode_id.startswith("pilot")
    assert len(empty_app.workspace.runs()) == 1
    page.wait_for_function("document.querySelector('video')?.readyState >= 1")

    open_tab(page, "Review")
    page.locator("#mm-grid .mm-tile").first.click()
    page.locator("#mm-focus button[data-do='joy']").click()
    page.locator("#mm-retrain").get_by_text("1 correction").wait_for()
    other = open_page(empty_app)
    other.wait_for_function("location.search.includes('run=')")
    shown = other.evaluate("location.search")
    page.locator("#mm-retrain").click()
    page.locator("#mm-job .mm-state.running").wait_for()
    page.locator("#mm-job .mm-state.done").wait_for(timeout=_JOB_MS)
    page.locator("#mm-retrain").get_by_text("0 corrections").wait_for()
    assert len(empty_app.workspace.runs()) == 2
    other.locator("#mm-jobs li[data-state=done]").get_by_text("Retrain").wait_for()
    other.get_by_test_id("toast-body").get_by_text("Done: Retrain").wait_for()  # also when it ended between two looks
    other.wait_for_timeout(1000)
    assert other.evaluate("location.search") == shown != page.evaluate("location.search"), "others stay where they are"


@pytest.mark.timeout(600)
def test_a_running_job_survives_a_reload_and_is_cancelled(
    empty_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage, pilot: tuple[Path, Path]
):
    page = open_page(empty_app)
    give_file(page, "#mm-video", pilot[0])
    give_file(page, "#mm-subtitles", pilot[1])
    page.locator("#mm-adapt").click()
    page.locator("#mm-job .mm-state.running").wait_for()
    reload_page(page)
    page.locator("#mm-job .mm-state.running").wait_for()
    page.locator("#mm-cancel").click()
    page.locator("#mm-job .mm-state.cancelled").wait_for(timeout=60_000)
    assert empty_app.workspace.runs() == []
    assert [
        path for name in ("episodes", "runs", "reports") for path in (empty_app.workspace.root / name).rglob("*.tmp")
    ] == []

    give_file(page, "#mm-video", pilot[0])
    give_file(page, "#mm-subtitles", pilot[1])
    page.locator("#mm-adapt").click()
    page.locator("#mm-job .mm-state.done").wait_for(timeout=_JOB_MS)
    assert len(empty_app.workspace.episodes()) == 1


def test_what_cannot_be_adapted_to_is_told_and_leaves_the_app_usable(
    empty_app: RunningApp, open_page: OpenPage, pilot: tuple[Path, Path], tmp_path: Path
):
    page = open_page(empty_app)
    page.locator("#mm-adapt").click()
    assert "There is no video yet. Choose an .mp4 or .mkv file first." in toast(page)

    (tmp_path / "notes.txt").write_text("no video")
    page.locator("#mm-video input[type=file]").set_input_files(str(tmp_path / "notes.txt"))
    page.get_by_test_id("toast-body").filter(has_text="notes.txt. Only .mp4, .mkv allowed").wait_for()

    for name, content, words in (
        ("nothing.mp4", b"", "nothing.mp4 is empty (0 bytes)"),
        ("letter.mp4", b"Dear all, this is no video.", "letter.mp4"),
    ):
        (tmp_path / name).write_bytes(content)
        give_file(page, "#mm-video", tmp_path / name)
        give_file(page, "#mm-subtitles", pilot[1])
        page.locator("#mm-adapt").click()
        page.get_by_test_id("toast-body").filter(has_text=words).wait_for()
        assert str(empty_app.workspace.root) not in toast(page)
    assert page.locator("#mm-jobs li").count() == 0, "what is no video is told at once, and no job of it is made"

    (tmp_path / "noise.srt").write_bytes(bytes(range(256)) * 20)
    give_file(page, "#mm-video", pilot[0])
    give_file(page, "#mm-subtitles", tmp_path / "noise.srt")
    page.locator("#mm-adapt").click()
    page.get_by_test_id("toast-body").filter(has_text="noise.srt").wait_for(timeout=_JOB_MS)
    told = page.locator("#mm-job .mm-alert").inner_text()
    assert "bug" not in told
    assert str(empty_app.workspace.root) not in told
    assert empty_app.workspace.episodes() == []
    page.locator("#mm-dismiss").click()
    page.locator("#mm-job").wait_for(state="hidden")
