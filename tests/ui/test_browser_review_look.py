"""What Review looks like in a browser: on a phone, for people without a mouse, and with its clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ui.conftest import DESKTOP, PHONE, OpenPage, RunningApp, open_tab

if TYPE_CHECKING:
    pass

from tests.ui.browser_review import current, fresh, many_faces, review, saved, words

__all__ = ["fresh", "many_faces"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_on_a_phone_the_keys_lie_beside_the_face_and_one_touch_labels(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh, PHONE)
    review(page)
    keys = page.locator("#mm-focus button[data-do='joy']")
    page.wait_for_function("document.querySelectorAll('#mm-focus .mm-bars').length === 4")
    box, first = keys.bounding_box(), current(page)
    assert box and box["y"] + box["height"] <= PHONE[1], "in sight without scrolling"
    keys.click()
    keys.click()
    saved(page)
    assert words(fresh.workspace) == {first: "joy", first + 1: "joy"}
    chosen = page.locator("#mm-grid .mm-tile.chosen").bounding_box()
    panel = page.locator("#mm-focus").bounding_box()
    assert chosen and panel and chosen["y"] + chosen["height"] <= panel["y"] + 1, "the panel does not cover the face"
    for _ in range(2):
        page.locator("#mm-focus button[data-do='undo']").click()
    saved(page)


def test_every_control_has_a_name_and_focus_can_be_seen(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    review(page)
    nameless = page.locator("#mm-review button, #mm-review select, #mm-review input").evaluate_all(
        "all => all.filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.[0]?.textContent.trim())).length"
    )
    assert nameless == 0
    page.locator("#mm-grid .mm-tile.chosen").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(
        "document.activeElement.classList.contains('chosen') && document.activeElement.matches(':focus-visible')"
    )
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    legend = page.locator("ul.mm-legend").inner_text()
    assert all(word in legend for word in ("label", "whole line", "accept", "unusable", "skip", "undo"))


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
    review(page)
    page.locator("#mm-grid [data-track]").first.click()
    page.locator("#mm-play-line").click()
    page.wait_for_function("() => { const v = document.querySelector('#mm-focus video'); return v && v.duration > 1 }")
    page.locator("#mm-grid [data-track]").nth(1).click()
    page.locator("#mm-focus video").wait_for(state="detached")
    page.locator("#mm-play-line").wait_for()
