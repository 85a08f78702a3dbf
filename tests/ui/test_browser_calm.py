"""What a page costs the computer of a labeller: frames at rest, and what a press of a key draws and asks anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.ui.browser_review import events, fresh, many_faces, review, saved
from tests.ui.conftest import OpenPage, ReloadPage, RunningApp

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["fresh", "many_faces"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT_FRAMES = """const real = window.requestAnimationFrame.bind(window);
window.mmFrames = 0;
window.requestAnimationFrame = (work) => real((at) => { window.mmFrames += 1; work(at); });"""
# A key, and what the page shows before it may draw: bars of the next face, and the parts that were there before.
PRESS = """(key) => {
  const marked = [...document.querySelectorAll('#mm-grid .mm-tile img, #mm-focus .mm-key, #mm-focus .mm-bars dd')];
  for (const one of marked) one.mmKept = true;
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key, code: `Digit${key}`, bubbles: true, cancelable: true}));
  const now = [...document.querySelectorAll('#mm-grid .mm-tile img, #mm-focus .mm-key, #mm-focus .mm-bars dd')];
  return {bars: document.querySelectorAll('#mm-focus .mm-bars').length, made: now.filter((one) => !one.mmKept).length,
    shown: document.querySelector('#mm-saved').innerText, face: document.querySelector('#mm-focus .mm-big').src};
}"""
WHOLE = "document.querySelectorAll('#mm-focus .mm-bars').length === 4"


def asked_for(page: Page) -> list[str]:
    """The functions of the server that the page calls from now on."""
    called: list[str] = []

    def note(request: Any) -> None:
        if "component_server" in request.url:
            called.append(json.loads(request.post_data or "{}")["fn_name"])

    page.on("request", note)
    return called


def frames_in(page: Page, ms: int) -> int:
    page.evaluate("window.mmFrames = 0")
    page.wait_for_timeout(ms)
    return int(page.evaluate("window.mmFrames"))


def test_a_page_at_rest_draws_no_frames(fresh: RunningApp, open_page: OpenPage, reload_page: ReloadPage):
    page = open_page(fresh)
    page.add_init_script(COUNT_FRAMES)
    reload_page(page)
    review(page)
    fewest = min(frames_in(page, 3000) for _ in range(4))  # what has just opened still moves for a moment
    assert fewest < 15, "a clock that looks at each frame would draw 180"


def test_a_press_draws_the_next_face_at_once_and_nothing_twice(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    called = asked_for(page)
    review(page)
    page.wait_for_function(WHOLE)
    page.wait_for_function("document.querySelector('#mm-retrain').textContent.includes('0')")
    called.clear()
    pictures = set()
    for key in "2643172":
        seen = page.evaluate(PRESS, key)
        pictures.add(seen.pop("face"))
        assert seen == {"bars": 4, "made": 0, "shown": "All saved"}
        saved(page)
        page.wait_for_timeout(250)
    assert len(pictures) == 7 and len(events(fresh)) == 7
    page.locator("#mm-grid .mm-tile[data-track='1']").get_by_text("you: joy").wait_for()
    assert called.count("review_save") == 7 and called.count("review_faces") <= 1
    assert called.count("review_count") <= 1


def test_a_save_that_lasts_is_told(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    review(page)
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/component_server/**", hold)
    page.keyboard.press("3")
    page.locator("#mm-saved[data-shown='unsaved']").get_by_text("1 unsaved").wait_for()
    page.unroute("**/component_server/**")
    while held:
        held.pop(0).continue_()
    page.locator("#mm-saved[data-shown='saved']").get_by_text("All saved").wait_for()
