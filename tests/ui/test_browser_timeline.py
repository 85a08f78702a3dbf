"""The timeline, the account and the list of suspicious places in a real browser."""

from __future__ import annotations

import pytest

from mmemo.ui.episode.characters import CHARACTERS_SCRIPT
from tests.ui.conftest import DESKTOP, PHONE, OpenPage, ReloadPage, RunningApp
from tests.ui.made import EPISODE_ID, LINES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_MIDDLE_OF_A_LANE_PX = 8
STAGE = ".mm-tl-stage"


def point_of(page, app: RunningApp, lane: str, ms: int) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Where a moment of a lane lies in the timeline that shows the whole episode, from its upper left corner."""
    stage = page.locator(STAGE).bounding_box()
    label = page.locator(f".mm-tl-names [data-lane='{lane}']").first.bounding_box()
    share = ms / app.workspace.episode(EPISODE_ID).duration_ms
    return {"x": share * stage["width"], "y": label["y"] + label["height"] / 2 - stage["y"]}


def opened(open_page: OpenPage, app: RunningApp, *more):  # type: ignore[no-untyped-def]
    page = open_page(app, *more)
    page.wait_for_function("document.querySelector('video')?.readyState >= 1")
    page.locator(f"{STAGE}[aria-valuemax='46']").wait_for()
    return page


def wait_until_it_plays_from(page, second: float) -> None:  # type: ignore[no-untyped-def]
    page.wait_for_function(
        "from => { const v = document.querySelector('#mm-player video');"
        " return !v.paused && v.currentTime >= from && v.currentTime < from + 3 }",
        arg=second,
    )


def test_a_click_on_a_line_plays_it_and_the_playhead_follows(ready_app: RunningApp, open_page: OpenPage):
    page = opened(open_page, ready_app)
    before = page.locator(".mm-tl-head").bounding_box()
    page.locator(STAGE).click(position=point_of(page, ready_app, "cues", 6900))
    wait_until_it_plays_from(page, 6.0)
    told = page.locator(STAGE).get_attribute("aria-valuetext")
    assert told.startswith("Line 4 of 46, 0:06, ")
    assert LINES[3] in told
    assert page.locator(".mm-tl-head").bounding_box()["x"] > before["x"]


def test_a_click_beside_all_marks_plays_that_moment(ready_app: RunningApp, open_page: OpenPage):
    page = opened(open_page, ready_app)
    page.locator(STAGE).click(position=point_of(page, ready_app, "shots", 13_000))
    wait_until_it_plays_from(page, 12.5)


def test_the_hovered_mark_is_told_as_text(ready_app: RunningApp, open_page: OpenPage):
    page = opened(open_page, ready_app)
    tip = page.locator(".mm-tl-tip")
    page.locator(STAGE).hover(position=point_of(page, ready_app, "cues", 12_500))
    tip.get_by_text(LINES[6]).wait_for()
    assert "<b>We won</b>" in tip.inner_text()
    assert "kept: gives training faces" in tip.inner_text()
    assert tip.locator(".said b").count() == 0
    page.locator(STAGE).hover(position=point_of(page, ready_app, "cues", 14_500))
    tip.get_by_text(LINES[7]).wait_for()
    assert page.locator("#mm-timeline script, #mm-account script").count() == 0
    page.locator(STAGE).hover(position=point_of(page, ready_app, "cues", 80_500))
    tip.get_by_text("dropped, no face: no face was found").wait_for()
    page.locator(STAGE).hover(position=point_of(page, ready_app, "tracks", 900))
    tip.get_by_text("speaks the line").wait_for()
    page.wait_for_function("document.querySelector('.mm-tl-tip img').naturalWidth > 0")
    page.locator(STAGE).hover(position=point_of(page, ready_app, "checks", 15_700))
    tip.get_by_text("<i>no</i> cue").wait_for()
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")


def test_lines_are_reached_and_played_by_keys(ready_app: RunningApp, open_page: OpenPage):
    page = opened(open_page, ready_app)
    stage = page.locator(STAGE)
    stage.focus()
    for _ in range(4):  # the first press takes the line at the playhead
        page.keyboard.press("ArrowRight")
    assert stage.get_attribute("aria-valuenow") == "4"
    page.keyboard.press("ArrowLeft")
    assert stage.get_attribute("aria-valuenow") == "3"
    assert LINES[2] in stage.get_attribute("aria-valuetext")
    page.keyboard.press("Enter")
    wait_until_it_plays_from(page, 4.0)
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('#mm-player video').paused")
    page.keyboard.press("End")
    assert stage.get_attribute("aria-valuenow") == "46"
    assert "dropped, out of video" in stage.get_attribute("aria-valuetext")


def test_zooming_shows_less_and_scrolling_reaches_the_rest(ready_app: RunningApp, open_page: OpenPage):
    page = opened(open_page, ready_app)
    shows, wide = page.locator(".mm-tl-shows"), "e => e.scrollWidth / e.clientWidth"
    scroller = page.locator(".mm-tl-scroll")
    assert shows.inner_text() == "whole episode"
    assert scroller.evaluate(wide) == pytest.approx(1, abs=0.01)
    page.get_by_label("Zoom in").click()
    assert shows.inner_text() == "46 s across"
    assert scroller.evaluate(wide) == pytest.approx(2, abs=0.02)
    page.get_by_label("Zoom in").click()
    assert shows.inner_text() == "30 s across"
    assert page.get_by_label("Zoom in").is_disabled()
    page.locator(STAGE).focus()
    page.keyboard.press("End")
    assert scroller.evaluate("e => e.scrollLeft") > 0
    page.get_by_label("Show the whole episode").click()
    assert shows.inner_text() == "whole episode"
    assert scroller.evaluate("e => e.scrollLeft") == 0


def test_suspicious_places_and_dropped_lines_are_listed_and_played(ready_app: RunningApp, open_page: OpenPage):
    page = opened(open_page, ready_app)
    checks = page.locator("#mm-checks")
    checks.locator("summary").filter(has_text="short cue").click()
    assert checks.locator("details[data-kind='short_cue'] .mm-lineplay").count() == 2
    checks.get_by_text("<b>We won</b>").first.click()
    wait_until_it_plays_from(page, 12.0)

    account = page.locator("#mm-account")
    opener = account.get_by_role("button", name="no face")
    assert opener.get_attribute("aria-expanded") == "false"
    opener.click()
    assert opener.get_attribute("aria-expanded") == "true"
    page.evaluate("document.querySelector('#mm-player video').pause()")
    account.get_by_role("button", name="gives training faces").click()
    page.wait_for_function("document.querySelector('#mm-lines-gives-training-faces img').naturalWidth > 0")
    account.locator("#mm-lines-gives-training-faces [data-play='2000']").click()
    wait_until_it_plays_from(page, 2.0)


def test_a_name_is_kept_over_a_reload_and_merges_characters(
    ready_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage
):
    page = opened(open_page, ready_app)
    names, lanes = page.locator("#mm-characters input"), page.locator(".mm-tl-names [data-lane='tracks']")
    page.get_by_label("Zoom in").click()
    names.nth(0).fill("Nora <b>")
    names.nth(0).press("Enter")
    lanes.get_by_text("Nora <b>").wait_for()
    assert page.locator(".mm-tl-shows").inner_text() == "46 s across"
    reload_page(page)
    page.locator("#mm-characters").get_by_text("named by you").wait_for()
    assert names.nth(0).input_value() == "Nora <b>"

    names.nth(1).fill("Nora <b>")
    names.nth(1).press("Enter")
    page.locator("#mm-characters").get_by_text("Characters: 2").wait_for()
    assert [field.input_value() for field in names.all()] == ["Nora <b>", ""]
    names.nth(0).fill("")
    names.nth(0).press("Tab")
    page.locator("#mm-characters").get_by_text("Characters: 3").wait_for()
    assert [field.input_value() for field in names.all()] == ["", "", ""]
    names.nth(0).fill("x" * 200)
    assert len(names.nth(0).input_value()) == 80


def test_what_is_typed_for_one_episode_is_no_name_in_another(ready_app: RunningApp, open_page: OpenPage):
    page = opened(open_page, ready_app)
    page.set_content('<div><input data-episode="first" data-character="1" value="Nora"></div>')
    page.evaluate(
        """(script) => {
            window.sent = [];
            const run = new Function('element', 'trigger', 'watch', script);
            run(document.querySelector('div'), (_, what) => sent.push(what), (_, then) => { window.patched = then; });
        }""",
        CHARACTERS_SCRIPT,
    )
    field = page.locator("input")
    field.press("End")
    field.press_sequentially("h")
    page.evaluate("patched()")
    assert field.input_value() == "Norah"
    page.evaluate("Object.assign(document.querySelector('input').dataset, {episode: 'second'})")
    page.evaluate("document.querySelector('input').setAttribute('value', 'Max'); patched()")
    assert field.input_value() == "Max"
    field.blur()
    assert page.evaluate("sent") == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_timeline_fits_the_screen_also_when_zoomed(
    ready_app: RunningApp, open_page: OpenPage, size: tuple[int, int]
):
    page = opened(open_page, ready_app, size)
    page.get_by_label("Zoom in").click()
    page.locator(STAGE).click(position={"x": 120, "y": 50})
    page.locator(".mm-tl-tip").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    stage = page.locator(STAGE).bounding_box()
    assert stage["x"] >= 0
    assert stage["x"] + stage["width"] <= size[0]
