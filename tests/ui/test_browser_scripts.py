"""Scripts of the page before the app is there: each alone in a real browser, on a page that answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mmemo.store.people import LEAD, add_person
from mmemo.ui.calm import SCRIPT
from mmemo.ui.entrance import entrance_html
from mmemo.ui.roles import FOR_ANNOTATORS, FOR_LEADS, role_head
from mmemo.ui.sign_in import People

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AT = "http://page.test/"
# Two clocks and a frame are asked for; the first clock and the frame are cancelled.
CANCEL = """async () => {
  const ran = [], clock = (name) => () => { ran.push(name); return (performance.now()-0)/1e3; };
  const first = requestAnimationFrame(clock('first clock'));
  requestAnimationFrame(clock('second clock'));
  const frame = requestAnimationFrame(() => ran.push('frame'));
  requestAnimationFrame(() => ran.push('next frame'));
  cancelAnimationFrame(first);
  cancelAnimationFrame(frame);
  await new Promise((done) => setTimeout(done, 600));
  return ran;
}"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    made = context.new_page()
    made.set_default_timeout(20_000)
    yield made
    context.close()


def answer(page: Page, path: str, *answers: dict[str, Any]) -> None:
    """Give the answers one after the other, then the last one for ever."""
    left = list(answers)
    page.route(AT + path, lambda route: route.fulfill(**(left.pop(0) if len(left) > 1 else left[0])))


def html(body: str) -> dict[str, Any]:
    return {"body": body, "content_type": "text/html"}


def test_a_clock_that_is_cancelled_stops_and_no_frame_with_it(page: Page):
    answer(page, "", html(f"<!doctype html><head>{SCRIPT}</head>"))
    page.goto(AT)
    assert page.evaluate(CANCEL) == ["next frame", "second clock"]


def test_without_an_answer_the_page_is_an_annotators_until_there_is_one(page: Page, tmp_path: Path):
    add_person(tmp_path / "people.txt", "ada", "a long enough one", LEAD)
    parts = "".join(f'<p class="{kind}">{kind}</p>' for kind in (FOR_LEADS, FOR_ANNOTATORS))
    answer(page, "", html(f"<!doctype html><head>{role_head(People(tmp_path / 'people.txt'))}</head>{parts}"))
    answer(page, "role", {"status": 500, "body": "a long error"}, {"status": 200, "body": LEAD})
    page.goto(AT)
    page.locator(f".{FOR_ANNOTATORS}").wait_for()
    assert not page.locator(f".{FOR_LEADS}").is_visible()
    page.locator(f".{FOR_LEADS}").wait_for()
    assert not page.locator(f".{FOR_ANNOTATORS}").is_visible()


def test_a_browser_that_refuses_the_cookie_is_told_why_it_is_asked_again(page: Page):
    answer(page, "", html(entrance_html("en")))
    answer(page, "login", {"status": 200, "body": "{}"})
    page.goto(AT)
    told = page.locator("#told")
    assert told.inner_text() == ""
    page.locator("[name=username]").fill("ada")
    page.locator("[name=password]").fill("a long enough one")
    page.locator("button").click()
    told.get_by_text("keeps no cookie").wait_for()
    page.reload()
    assert told.inner_text() == "", "once, for the visit that was refused"
