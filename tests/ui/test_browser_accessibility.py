"""axe-core looks at every tab, light and dark, on a desktop and a phone, full and empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from mmemo.store.workspace import Workspace
from tests.ui.conftest import DESKTOP, PHONE, RunningApp, running_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_WAIT_MS = 30_000
_GRAVE = ("serious", "critical")
# What Gradio draws and we cannot change: rule, where (an element or what it lies in), and why it stands.
# Each must still be found somewhere, so that the list cannot outlive its reasons.
_GRADIOS: tuple[tuple[str, str, str], ...] = (
    (
        "aria-prohibited-attr",
        "div.empty[aria-label='Empty value']",
        "the sign in a media field that holds nothing has a label, but no role to go with it",
    ),
)
_LOOK = """async (excuses) => {
  const found = await axe.run(document, {resultTypes: ['violations'], elementRef: true, iframes: false});
  return found.violations.flatMap((rule) => rule.nodes.map((node) => ({
    rule: rule.id, impact: node.impact, html: node.html.slice(0, 240), where: node.target.join(' '),
    why: (node.any.concat(node.all, node.none)[0] || {}).message || rule.help,
    excuses: excuses.flatMap(([id, place], i) => (id === rule.id && node.element.closest(place) ? [i] : [])),
  })));
}"""
STATES = [
    pytest.param(size, scheme, full, id=f"{'full' if full else 'empty'}-{'phone' if size == PHONE else 'desktop'}-{scheme}")
    for full in (True, False)
    for size in (DESKTOP, PHONE)
    for scheme in ("light", "dark")
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One element that a rule finds fault with, where it was seen, and the excuses that cover it."""

    rule: str
    impact: str
    html: str
    where: str
    why: str
    excuses: list[int]
    seen: str

    def told(self) -> str:
        return f"{self.seen}: {self.rule} ({self.impact}) {self.where}\n    {self.html}\n    {self.why}"


State = tuple[tuple[int, int], str, bool]


@pytest.fixture(scope="module")
def findings(
    chromium: Browser, ready_app: RunningApp, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[State, list[Finding]]]:
    """Everything grave that axe finds, by state of the app."""
    axe = pytest.importorskip("axe_playwright_python.base", reason="pip install -r requirements-dev.txt")
    empty = Workspace(tmp_path_factory.mktemp("empty") / "workspace")
    with running_app(empty, "--no-sample") as empty_app:
        found: dict[State, list[Finding]] = {}
        for size, scheme, full in (param.values for param in STATES):
            view: Any = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme}
            context = chromium.new_context(**view)
            page = context.new_page()
            page.set_default_timeout(_WAIT_MS)
            page.goto((ready_app if full else empty_app).url)
            page.wait_for_selector("#mm-account .mm-empty, #mm-account .mm-table")
            page.evaluate(axe.AXE_SCRIPT)
            found[size, scheme, full] = [*_visited(page, full)]
            context.close()
        yield found


def _visited(page: Page, full: bool) -> Iterator[Finding]:
    """Go through all tabs, and through what opens in them."""
    tabs = page.locator("#mm-tabs").get_by_role("tablist").first.get_by_role("tab")
    names = [name.strip() for name in tabs.all_inner_texts()]
    assert len(names) >= 4 and len(set(names)) == len(names)
    for name in names:
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(600)
        yield from _looked(page, name)
        if full and name == "Review":
            yield from _review(page)
        if full and name == "Predict":
            yield from _predict(page)


def _review(page: Page) -> Iterator[Finding]:
    page.locator("#mm-grid .mm-tile").first.wait_for()
    if page.locator(".mm-open-filters").is_visible():
        page.locator(".mm-open-filters").click()
    page.locator("#mm-filters summary").click()
    yield from _looked(page, "Review, all filters")
    page.locator("#mm-grid .mm-tile").first.click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("f")
    page.wait_for_function("document.querySelectorAll('#mm-focus .mm-bars').length > 2")
    yield from _looked(page, "Review, one face large")
    page.keyboard.press("Escape")


def _predict(page: Page) -> Iterator[Finding]:
    page.locator(".gallery-item").nth(2).click()
    page.locator("#mm-faces [data-face='2'] .mm-opinion").first.wait_for(timeout=90_000)
    yield from _looked(page, "Predict, two faces")


def _looked(page: Page, where: str) -> Iterator[Finding]:
    for one in page.evaluate(_LOOK, [[rule, place] for rule, place, _ in _GRADIOS]):
        if one["impact"] in _GRAVE:
            yield Finding(seen=where, **one)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("size", "scheme", "full"), STATES)
def test_nothing_of_our_own_is_a_grave_hindrance(
    findings: dict[State, list[Finding]], size: tuple[int, int], scheme: str, full: bool
):
    ours = [finding.told() for finding in findings[size, scheme, full] if not finding.excuses]
    assert not ours, "\n".join(ours)


def test_every_excuse_still_has_its_reason(findings: dict[State, list[Finding]]):
    used = {number for found in findings.values() for finding in found for number in finding.excuses}
    assert [_GRADIOS[number] for number in range(len(_GRADIOS)) if number not in used] == []


def test_the_look_finds_what_is_wrong(chromium: Browser):
    """A page with known faults: the tests above cannot pass for want of looking."""
    axe = pytest.importorskip("axe_playwright_python.base", reason="pip install -r requirements-dev.txt")
    context = chromium.new_context()
    page = context.new_page()
    page.set_content("<html lang='en'><title>t</title><main><button></button><img src='data:,'></main></html>")
    page.evaluate(axe.AXE_SCRIPT)
    assert {finding.rule for finding in _looked(page, "here")} >= {"button-name", "image-alt"}
    context.close()
