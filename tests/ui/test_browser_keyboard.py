"""Review and Predict by the keyboard alone, in a German browser: words, names of what has the focus, and its ring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.ui.browser_review import current, events, fresh, many_faces, saved
from tests.ui.conftest import DESKTOP, PHONE, OpenPage, RunningApp

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["fresh", "many_faces"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What has the focus: a word to find it by, the name that it is read out with, whether that it has the focus is seen.
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const by = document.getElementById((one.getAttribute('aria-labelledby') || '').split(' ')[0]);
  const name = [one.ariaLabel, by?.textContent, one.labels?.[0]?.textContent, one.textContent].map((text) => (text || '').trim()).find(Boolean) || '';
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none';
  const seen = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
  const what = one.id || one.dataset.do || one.name || one.dataset.part || (one.dataset.track ? 'face' : '');
  return [what, name, ring, seen, Boolean(one.closest('#mm-review'))];
}"""
# Words that stay as they are: emotions, names, what the library reports and what the lines say.
ENGLISH = re.compile(
    r"\b(the|this|face|faces|all|any|anybody|saved|page|label it|unusable|skip|undo|hide|play|of)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the focus is after a press of Tab."""

    what: str
    name: str
    ring: bool
    seen: bool
    in_review: bool


def walk(page: Page, most: int = 80, *, until: str = "", key: str = "Tab") -> list[Stop]:
    """Press Tab, or Shift+Tab to go back, until a place or the end of the page is reached."""
    stops: list[Stop] = []
    for _ in range(most):
        page.keyboard.press(key)
        found = page.evaluate(FOCUSED)
        if found is None and not until:
            return stops
        if found is None:
            break
        stops.append(Stop(*found))
        if until and until in (stops[-1].what, stops[-1].name):
            return stops
    assert not until, f"{until!r} is not reached: {[stop.what or stop.name for stop in stops]}"
    raise AssertionError("Tab never leaves the page")


def open_by_keyboard(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).focus()
    page.keyboard.press("Enter")


def test_review_is_german_and_is_worked_by_the_keyboard_alone(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh, locale="de-DE")
    open_by_keyboard(page, "Prüfen")
    page.locator("#mm-grid .mm-tile").first.wait_for()
    page.wait_for_function("document.querySelectorAll('#mm-focus .mm-bars').length === 4")
    stops = [stop for stop in walk(page) if stop.in_review]
    assert [stop for stop in stops if not (stop.name and stop.ring and stop.seen)] == []
    order = [stop.what for stop in stops]
    places = [
        order.index(name) for name in ("use", "more", "focus", "face", "mm-page-forward", "joy", "accept", "next")
    ]
    assert places == sorted(places), "from the filters over the faces to the one that is shown"
    assert order.count("face") == 1, "arrows go from face to face"

    page.get_by_role("tab", name="Prüfen").focus()
    walk(page, until="face")
    page.keyboard.press("ArrowRight")
    assert current(page) == 2
    page.keyboard.press("r")
    page.locator(".mm-told").get_by_text("Gesicht 2: unbrauchbar").wait_for()
    walk(page, until="joy")
    page.keyboard.press("Enter")
    page.locator(".mm-told").get_by_text("Gesicht 3: joy").wait_for()
    saved(page)
    assert events(fresh)["label"].tolist() == ["reject", "joy"]
    assert page.locator("#mm-saved").inner_text() == "Alles gespeichert"
    assert page.locator("#mm-position").inner_text() == "230 von 276 Gesichtern"
    page.locator("#mm-retrain").get_by_text("2 Korrekturen seit dem letzten Training: erneut trainieren").wait_for()
    said = page.locator("#mm-filters, .mm-tools, .mm-means, .mm-bar, #mm-pager, #mm-focus .mm-asked").all_inner_texts()
    assert [found.group() for found in map(ENGLISH.search, said) if found] == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_a_key_did_stays_in_sight(fresh: RunningApp, open_page: OpenPage, size: tuple[int, int]):
    page = open_page(fresh, size)
    open_by_keyboard(page, "Review")
    page.locator("#mm-grid .mm-tile").first.wait_for()
    page.evaluate("document.activeElement.blur(); scrollTo(0, 1200)")
    page.keyboard.press("s")
    page.locator(".mm-told").get_by_text("Face 1: skipped").wait_for()
    page.wait_for_function("scrollY > 200")
    for part in (".mm-told", "#mm-saved", "#mm-position"):
        box = page.locator(part).bounding_box()
        assert box and 0 <= box["y"] < 70, part


def test_the_clip_is_hidden_with_the_line(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    open_by_keyboard(page, "Review")
    page.locator("#mm-play-line").wait_for()
    page.keyboard.press("b")
    page.locator("#mm-play-line").wait_for(state="detached")
    page.keyboard.press("p")
    page.locator(".mm-told").get_by_text("The clip is hidden").wait_for()
    assert page.locator("#mm-focus video").count() == 0
    page.keyboard.press("b")
    page.locator("#mm-play-line").wait_for()


def test_the_bars_of_a_face_fit_on_a_small_screen(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh, DESKTOP)
    open_by_keyboard(page, "Review")
    page.wait_for_function("document.querySelectorAll('#mm-focus .mm-bars').length === 4")
    page.evaluate("document.querySelector('.mm-work').scrollIntoView()")
    cut = page.locator("#mm-focus").evaluate("one => one.scrollHeight - one.clientHeight")
    assert cut <= 1, "nothing is cut at the lower edge"


def test_predict_is_german_and_is_worked_by_the_keyboard_alone(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app, locale="de-DE")
    open_by_keyboard(page, "Vorhersagen")
    page.locator("#mm-faces").get_by_text("Noch kein Bild").wait_for()
    stops = walk(page)
    assert [stop for stop in stops if not (stop.name and stop.ring)] == []
    open_by_keyboard(page, "Mehrere oder ein Clip")
    page.locator("#mm-faces").get_by_text("Mehrere Bilder auf einmal wählen").wait_for()
    open_by_keyboard(page, "Ein Bild")
    walk(page, until="sadness, surprise")
    page.keyboard.press("Enter")
    page.locator("#mm-faces [data-face='2']").wait_for(timeout=90_000)
    assert page.locator("#mm-faces").get_by_text("Baseline, nicht angepasst").count() == 2
    assert page.locator("#mm-faces").get_by_text("Schüler, angepasst").count() == 2
    walk(page, until="Zeigen, worauf die Modelle achteten")
    page.keyboard.press("Space")
    page.locator("#mm-faces .mm-look").nth(3).wait_for(timeout=90_000)
    walk(page, until="Tabelle (.csv)", key="Shift+Tab")  # what was found stands before what may be added to it
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "faces.csv"
    said = page.locator("#mm-faces").inner_text()
    reported = page.locator("#mm-faces [lang='en']").all_inner_texts()
    for words in reported:
        said = said.replace(words, "")
    assert ENGLISH.search(said) is None and reported
