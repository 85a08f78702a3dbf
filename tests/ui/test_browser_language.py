"""The browser and the server choose the same language, whatever list of languages a person asks for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mmemo.ui.text import language_of, language_script

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize(
    "asked", [["fr", "de"], ["fr-FR", "de-AT", "en"], ["fr"], ["en-GB", "de"], ["de-CH", "en"], []]
)
def test_both_sides_choose_the_same(chromium: Browser, asked: list[str]):
    page = chromium.new_page()
    try:
        page.add_init_script(f"Object.defineProperty(navigator, 'languages', {{get: () => {asked}}})")
        page.goto("about:blank")
        page.set_content(f"<!doctype html>{language_script()}")
        chosen = page.evaluate("navigator.language.toLowerCase().split('-')[0]")
    finally:
        page.close()
    request: Any = SimpleNamespace(headers={"accept-language": ", ".join(asked)})
    assert chosen == language_of(request)
