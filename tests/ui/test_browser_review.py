from __future__ import annotations

import re

import pytest

from tests.ui.conftest import DESKTOP, PHONE, OpenPage, ReloadPage, RunningApp, open_tab
from tests.ui.made import EPISODE_ID, LINES

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_face_is_found_corrected_kept_over_a_reload_and_undone(
    ready_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage
):
    page = open_page(ready_app)
    open_tab(page, "Review")
    page.locator("#mm-search textarea, #mm-search input").fill("ferry leaves")
    page.wait_for_function("document.querySelectorAll('#mm-grid .mm-tile').length === 5")
    tile = page.locator("#mm-grid .mm-tile[data-track='3']")
    tile.click()
    page.locator("#mm-focus").get_by_text("The ferry leaves at nine.").first.wait_for()
    assert page.locator("#mm-focus .mm-opinion").count() == 4
    page.locator("#mm-focus button[data-do='surprise']").click()
    page.locator("#mm-focus button[data-do='surprise'][aria-pressed='true']").wait_for()
    assert "you: surprise" in tile.inner_text()
    assert "1 correction since the last training" in page.locator("#mm-retrain").inner_text()

    reload_page(page)
    page.wait_for_selector("#mm-account .mm-table")
    open_tab(page, "Review")
    page.locator("#mm-search textarea, #mm-search input").fill("ferry leaves")
    tile.click()
    page.locator("#mm-focus button[data-do='surprise'][aria-pressed='true']").wait_for()
    labels = ready_app.workspace.labels()
    assert labels.current(EPISODE_ID).set_index("track_id")["label"][3] == "surprise"
    page.locator("#mm-focus button[data-do='undo']").click()
    page.locator("#mm-focus button[data-do='surprise'][aria-pressed='false']").wait_for()
    assert 3 not in labels.current(EPISODE_ID)["track_id"].tolist()
    labels.close()


def test_filters_narrow_the_grid_and_pages_turn(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    open_tab(page, "Review")
    page.locator("#mm-position").get_by_text("40 of 40 faces, page 1 of 2").wait_for()
    page.locator("#mm-page-forward").click()
    page.locator("#mm-position").get_by_text("page 2 of 2").wait_for()
    assert page.locator("#mm-grid .mm-tile").count() == 16
    page.get_by_label("Label", exact=True).click()
    page.get_by_role("option", name="joy").click()
    page.wait_for_function("document.querySelectorAll('#mm-grid .mm-tile').length < 16")
    shown = page.locator("#mm-grid .mm-tile .chips")
    assert shown.count() > 0
    assert all(re.search("joy", text) for text in shown.all_inner_texts())
    page.locator("#mm-search textarea, #mm-search input").fill("no such words")
    page.locator("#mm-grid").get_by_text("Nothing matches").wait_for()


def test_lines_are_shown_as_text_never_as_markup(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    open_tab(page, "Review")
    page.locator("#mm-grid").get_by_text("<b>We won</b> the regatta").first.wait_for()
    assert page.locator("#mm-grid .line b").count() == 0


def test_next_moves_the_focus_along_the_grid(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    open_tab(page, "Review")
    tiles = page.locator("#mm-grid .mm-tile")
    first, second = (tiles.nth(i).get_attribute("data-track") for i in (0, 1))
    page.locator(f"#mm-grid .mm-tile[data-track='{first}']").click()
    page.locator("#mm-focus").get_by_text(f"face {first} at").wait_for()
    page.locator("#mm-focus button[data-do='next']").click()
    page.locator("#mm-focus").get_by_text(f"face {second} at").wait_for()
    assert page.locator("#mm-grid .mm-tile.chosen").get_attribute("data-track") == second
    assert LINES[(int(second or 0) - 1) % len(LINES)] in page.locator("#mm-focus .said").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_tab_is_wider_than_the_screen(
    ready_app: RunningApp, open_page: OpenPage, size: tuple[int, int], scheme: str
):
    page = open_page(ready_app, size, scheme)
    for name in ("Episode", "Predict", "Review", "Compare"):
        open_tab(page, name)
        page.wait_for_timeout(400)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, name


def test_the_line_of_the_chosen_face_can_be_played(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    open_tab(page, "Review")
    assert not page.locator("#mm-play-line").is_visible()
    page.locator("#mm-grid [data-track]").first.click()
    page.locator("#mm-play-line").click()
    page.wait_for_function(
        "() => { const v = document.querySelector('#mm-line-clip video'); return v && v.duration > 1 }"
    )
    page.locator("#mm-grid [data-track]").nth(1).click()
    page.locator("#mm-line-clip").wait_for(state="hidden")
