"""What a page still knows after it was reloaded: its own jobs, the open tab; and what it shows before it knows a role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mmemo.store.people import LEAD, add_person
from mmemo.store.workspace import Workspace
from tests.ui.conftest import OpenPage, ReloadPage, RunningApp, StartApp, give_file, open_tab
from tests.ui.made import RUN_IDS, ready_workspace, subtitles_text, tiny_video

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_JOB_MS = 300_000
_PASSWORD = "a long enough one"


@pytest.mark.timeout(600)
def test_a_reloaded_page_follows_the_job_that_it_started_and_a_colleague_stays(
    tmp_path: Path, start_app: StartApp, open_page: OpenPage, reload_page: ReloadPage
):
    tiny_video(tmp_path / "Pilot one.mp4", 24)
    (tmp_path / "Pilot one.srt").write_text(subtitles_text(12), encoding="utf-8")
    app = start_app(ready_workspace(tmp_path / "workspace", tracks=14), "--no-sample")
    page, colleague = open_page(app), open_page(app)
    for one in (page, colleague):
        one.wait_for_function("location.search.includes('run=')")
    before = colleague.evaluate("location.search")
    give_file(page, "#mm-video", tmp_path / "Pilot one.mp4")
    give_file(page, "#mm-subtitles", tmp_path / "Pilot one.srt")
    page.locator("#mm-adapt").click()
    page.locator("#mm-job .mm-state.running").wait_for()
    reload_page(page)
    page.locator("#mm-job .mm-state.running").wait_for()
    assert page.evaluate("location.search") == before
    page.wait_for_function("location.search.includes('episode=pilot')", timeout=_JOB_MS)
    page.locator("#mm-account").get_by_text("12", exact=True).first.wait_for()
    colleague.locator("#mm-job .mm-state.done").wait_for()
    colleague.wait_for_timeout(1500)
    assert colleague.evaluate("location.search") == before
    page.goto(f"{app.url}/?run={RUN_IDS[0]}&episode=harbour-lights")
    page.locator("#mm-account").get_by_text("harbour-lights").wait_for()
    assert RUN_IDS[0] in page.evaluate("location.search"), "what was told once does not take hold of the page again"


def test_a_reload_keeps_the_tab_and_an_address_opens_one(
    ready_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage
):
    page = open_page(ready_app)
    open_tab(page, "Compare")
    assert page.evaluate("location.hash") == "#compare"
    page.wait_for_function("location.search.includes('run=')")
    reload_page(page)
    selected = page.locator("#mm-tabs [role=tab][data-tab-id=compare][aria-selected=true]")
    selected.wait_for()
    assert page.evaluate("location.search").count("run=") == 1 and page.evaluate("location.hash") == "#compare"
    open_tab(page, "Predict")
    open_tab(page, "Several, or a clip")
    assert page.evaluate("location.hash") == "#predict", "tabs within a tab are not for the address"
    page.evaluate("location.hash = '#review'")
    page.locator("#mm-grid .mm-tile").first.wait_for()
    page.evaluate("location.hash = '#nowhere'")
    assert page.locator("#mm-tabs [data-tab-id=review][aria-selected=true]").count() == 1


@pytest.mark.parametrize(("name", "leads"), [("ada", True), ("ben", False)])
def test_nothing_for_leads_alone_is_seen_before_the_role_is_known(
    tmp_path: Path, start_app: StartApp, open_page: OpenPage, name: str, leads: bool
):
    add_person(tmp_path / "people.txt", "ada", _PASSWORD, LEAD)
    add_person(tmp_path / "people.txt", "ben", _PASSWORD)
    app = start_app(Workspace(tmp_path / "workspace"), "--no-sample", "--people", str(tmp_path / "people.txt"))
    asked: list[Any] = []

    def enter(page: Page) -> None:
        page.route("**/role", lambda route: asked.append(route))  # not answered yet
        page.get_by_label("username").or_(page.locator("input[name=username]")).first.fill(name)
        page.locator("input[type=password]").fill(_PASSWORD)
        page.keyboard.press("Enter")

    page = open_page(app, enter=enter)
    for words in ("Adapt", "Only a lead adapts"):
        assert not page.get_by_text(words, exact=words == "Adapt").first.is_visible()
    for route in asked:
        route.continue_()
    page.locator("#mm-adapt").wait_for(state="visible" if leads else "hidden")
    page.wait_for_function(
        "role => document.documentElement.dataset.role === role", arg="lead" if leads else "annotator"
    )
