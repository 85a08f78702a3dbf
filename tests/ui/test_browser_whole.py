"""Nothing that is meant to be read is cut off, on a desk or on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.conftest import DESKTOP, PHONE, OpenPage, RunningApp, give_file, open_tab
from tests.ui.made import subtitles_text

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
_CUT_OFF = """elements => elements.filter(element => {
    const [box, clip] = [element.getBoundingClientRect(), element.closest('.block, figure').getBoundingClientRect()];
    return !box.width || box.left < clip.left || box.right > clip.right || element.scrollWidth > element.clientWidth + 1
        && getComputedStyle(element).display !== 'inline';
}).length"""


@SIZES
def test_both_confusion_matrices_are_seen(ready_app: RunningApp, open_page: OpenPage, size: tuple[int, int]):
    page = open_page(ready_app, size)
    open_tab(page, "Compare")
    drawings = page.locator(".mm-pair svg")
    drawings.nth(1).wait_for()
    assert drawings.count() == 2
    assert drawings.evaluate_all(_CUT_OFF) == 0
    first, second = (drawings.nth(i).bounding_box() for i in (0, 1))
    assert first and second and first["width"] > 250
    stacked = second["y"] >= first["y"] + first["height"]
    assert stacked == (size == PHONE)


@SIZES
def test_the_words_of_every_filter_are_read_whole(ready_app: RunningApp, open_page: OpenPage, size: tuple[int, int]):
    page = open_page(ready_app, size)
    open_tab(page, "Review")
    page.locator("#mm-grid .mm-tile").first.wait_for()
    if size == PHONE:
        page.locator(".mm-open-filters").click()
    page.locator("#mm-filters summary").click()
    words = page.locator("#mm-filters label:not([hidden]) span")
    assert words.count() >= 15
    assert words.evaluate_all(_CUT_OFF) == 0


@SIZES
def test_a_long_file_name_is_read_whole(
    ready_app: RunningApp, open_page: OpenPage, tmp_path: Path, size: tuple[int, int]
):
    page = open_page(ready_app, size)
    path = tmp_path / "a.long.name.of.an.episode.S01E02.The.One.With.The.Harbour.Lights.1080p.srt"
    path.write_text(subtitles_text(2), encoding="utf-8")
    give_file(page, "#mm-subtitles", path)
    name = page.locator("#mm-subtitles td.filename span")
    name.first.wait_for()
    assert "".join(name.all_inner_texts()) == path.name
    assert name.evaluate_all(_CUT_OFF) == 0
