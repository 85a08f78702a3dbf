from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.settings import SAMPLE
from mmemo.store.workspace import Workspace
from tests.ui.conftest import OpenPage, ReloadPage, RunningApp, StartApp, Trouble, open_tab
from tests.ui.made import RUN_IDS, ready_workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_empty_app_says_what_to_do_on_every_tab(empty_app: RunningApp, open_page: OpenPage):
    page = open_page(empty_app)
    page.get_by_text("No episode yet").wait_for()
    for name, words in (
        ("Predict", "No picture yet"),
        ("Review", "Nothing to review yet"),
        ("Compare", "Nothing to compare"),
    ):
        open_tab(page, name)
        page.get_by_text(words).wait_for()


def test_the_chosen_result_is_on_the_first_tab_and_in_full_on_compare(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    account = page.locator("#mm-account")
    assert "40 kept + 6 dropped" in account.inner_text()
    verdict = account.locator(".mm-verdict h3").inner_text()
    page.wait_for_function("document.querySelector('video')?.readyState >= 1")
    assert page.locator("video track").count() == 1
    open_tab(page, "Compare")
    assert page.locator("#mm-verdict h2").inner_text() == verdict
    names = page.locator("#mm-verdict tbody th").all_inner_texts()
    assert [name.split("\n")[0].split(",")[0].split(" (")[0] for name in names] == [
        "Majority class",
        "Image only",
        "Text teacher",
        "Student",
    ]
    assert page.locator("#mm-charts figure svg").count() == 5
    assert page.locator("#mm-charts .mm-tile img").count() == 12
    link = page.get_by_role("link", name="Open the full report")
    with page.context.expect_page() as opened:
        link.click()
    assert opened.value.locator("h1").inner_text() == "Report"


def test_errors_of_a_page_are_seen_and_those_of_leaving_it_are_not_its_own(
    ready_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage, trouble: Trouble
):
    page = open_page(ready_app)
    page.evaluate("setTimeout(() => { throw new Error('before') }, 0)")
    page.evaluate("window.addEventListener('pagehide', () => console.error('on leaving'))")
    reload_page(page)
    page.evaluate("console.error('after')")
    page.evaluate("0")
    assert [error.strip() for error in trouble.errors] == ["before", "after"]
    trouble.errors.clear()


def test_another_run_gives_another_verdict(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    open_tab(page, "Compare")
    before = page.locator("#mm-verdict h2").inner_text()
    page.get_by_label("Student run").click()
    page.get_by_role("option", name="teacher soft").click()
    page.wait_for_function("words => document.querySelector('#mm-verdict h2').innerText !== words", arg=before)
    assert "No proven gain" in page.locator("#mm-verdict h2").inner_text()


def test_the_choice_outlives_a_reload_and_is_part_of_the_address(
    ready_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage, trouble: Trouble
):
    page = open_page(ready_app)
    page.get_by_label("Student run").click()
    page.get_by_role("option", name="teacher soft").click()
    page.wait_for_function("run => new URL(location).searchParams.get('run') === run", arg=RUN_IDS[1])
    account = page.locator("#mm-account")
    account.get_by_text("No proven gain").wait_for()
    reload_page(page)
    account.get_by_text("No proven gain").wait_for()
    assert "teacher soft" in page.get_by_label("Student run").input_value()
    with trouble.while_leaving(page):
        page.goto(f"{ready_app.url}/?episode=gone&run=%22%3E%3Cb%3E")
    account.get_by_text("Proven gain").wait_for()
    page.wait_for_function("run => new URL(location).searchParams.get('run') === run", arg=RUN_IDS[0])


def test_an_example_gives_bars_of_both_models_for_every_face(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    open_tab(page, "Predict")
    page.locator(".gallery-item").nth(2).click()
    page.locator("#mm-faces [data-face='2']").wait_for(timeout=90_000)
    assert page.locator("#mm-faces [data-face]").count() == 2
    assert page.locator("#mm-faces .mm-opinion[data-top]").count() == 4
    assert page.locator("#mm-faces [data-face='1'] dd.value").count() == 14


def test_a_picture_of_the_camera_is_read(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    open_tab(page, "Predict")
    picture = page.locator("#mm-picture")
    picture.get_by_label("Capture from camera").click()
    picture.get_by_text("Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#mm-picture video')?.videoWidth > 0")
    picture.get_by_label("capture photo").click()
    page.locator("#mm-faces [data-face='1'] .mm-opinion[data-top]").first.wait_for(timeout=90_000)


def test_a_damaged_picture_is_told_in_a_sentence(ready_app: RunningApp, open_page: OpenPage, tmp_path: Path):
    page = open_page(ready_app)
    open_tab(page, "Predict")
    damaged = tmp_path / "holiday.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n but no picture")
    page.locator("#mm-picture input[type=file]").set_input_files(str(damaged))
    page.locator("#mm-faces [role=alert]").get_by_text("holiday.png is no picture or is damaged").wait_for()
    assert page.get_by_test_id("toast-body").count() == 0


def test_a_damaged_picture_is_told_after_an_example_too(ready_app: RunningApp, open_page: OpenPage, tmp_path: Path):
    page = open_page(ready_app)
    open_tab(page, "Predict")
    page.locator(".gallery-item").first.click()
    page.locator("#mm-faces [data-face='1']").wait_for(timeout=90_000)
    page.get_by_label("Remove Image").click()
    page.locator("#mm-faces").get_by_text("No picture yet").wait_for()
    damaged = tmp_path / "holiday.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n but no picture")
    page.locator("#mm-picture input[type=file]").set_input_files(str(damaged))
    page.locator("#mm-faces [role=alert]").get_by_text("holiday.png is no picture or is damaged").wait_for()
    assert page.get_by_test_id("toast-body").count() == 0


def test_an_empty_workspace_starts_with_the_bundled_result(tmp_path: Path, start_app: StartApp, open_page: OpenPage):
    if not (SAMPLE / "adapted" / "episodes").is_dir():
        pytest.skip("this checkout has no adapted sample")
    app = start_app(Workspace(tmp_path / "workspace"))
    page = open_page(app)
    open_tab(page, "Compare")
    page.locator("#mm-verdict h2").wait_for()
    assert app.workspace.episodes() != []


def test_a_run_without_gold_says_so(tmp_path: Path, start_app: StartApp, open_page: OpenPage):
    workspace = ready_workspace(tmp_path / "workspace", tracks=8)
    for run_id in RUN_IDS:
        (workspace.report_folder(run_id) / "comparison.json").unlink()
    page = open_page(start_app(workspace, "--no-sample"))
    open_tab(page, "Compare")
    page.locator("#mm-verdict").get_by_text("This run was not measured").wait_for()
    assert page.locator("#mm-charts figure svg").count() == 2
