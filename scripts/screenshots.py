"""Make the pictures of the README from the sample episode: the app is started on it and photographed.

    .venv/bin/python scripts/screenshots.py [--out assets/screenshots] [--only review ...]

Needs playwright and a Chromium: requirements-dev.txt. Only the drawn sample is ever in the pictures.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from mmemo.benchmark.labelling.browsers import chromium  # noqa: E402
from mmemo.benchmark.labelling.serving import running_app  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESKTOP, PHONE = (1280, 800), (390, 844)
MAX_BYTES = 300_000
_PALETTES = (Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE, Image.Quantize.FASTOCTREE)
_WAIT_MS = 120_000
_LABELLED = 12
# The same in every picture, wherever it is taken.
_AS_EVER = {"locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce"}
_DRAWN = (
    "[...document.images].every((one) => one.complete || one.loading === 'lazy') && document.fonts.status === 'loaded'"
)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its file name, what is done before it is taken, its size in px, and light or dark."""

    name: str
    prepare: Callable[[Page], None]
    size_px: tuple[int, int] = DESKTOP
    scheme: str = "light"


def _tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    page.wait_for_timeout(300)


def _top(page: Page, selector: str, above_px: int = 12) -> None:
    """Scroll until something stands at the upper edge."""
    page.locator(selector).first.evaluate(
        "(one, above) => scrollTo(0, scrollY + one.getBoundingClientRect().top - above)", above_px
    )


def episodes(page: Page) -> None:
    """The account of cues with the verdict."""
    page.locator("#mm-account .mm-table").wait_for()
    page.evaluate("scrollTo(0, 0)")


def timeline(page: Page) -> None:
    """Cues, shots, faces, who speaks and what they show, along the episode."""
    page.locator("#mm-account .mm-table").wait_for()
    page.locator("#mm-timeline").wait_for()
    _top(page, "#mm-timeline")


def review(page: Page) -> None:
    """The grid, a face in full beside it, and some labels."""
    _tab(page, "Review")
    page.locator("#mm-grid .mm-tile.chosen").wait_for()
    page.evaluate("document.activeElement.blur()")
    page.wait_for_function("document.querySelectorAll('#mm-focus .mm-bars').length > 0")
    _top(page, "#mm-review")


def review_focus(page: Page) -> None:
    """One face large, with its line, its pictures and what each opinion says."""
    review(page)
    page.keyboard.press("f")
    page.wait_for_function("document.querySelectorAll('#mm-focus .mm-bars').length > 2")
    _top(page, "#mm-review")


def compare(page: Page) -> None:
    """The table of the rivals with its verdict."""
    _tab(page, "Compare")
    page.locator("#mm-verdict tbody").wait_for()
    _top(page, "#mm-verdict")


def predict(page: Page) -> None:
    """Both models on one of the examples, with what they looked at."""
    _tab(page, "Predict")
    page.locator(".gallery-item").nth(2).click()
    page.locator("#mm-faces [data-face='2'] .mm-opinion").first.wait_for()
    page.get_by_label("Show what the models looked at").check()
    page.locator("#mm-faces .mm-look img").nth(3).wait_for()
    _top(page, "#mm-tabs")


def train(page: Page) -> None:
    """How the student learned, all runs, and what the text says beside what people see."""
    _tab(page, "Train")
    page.locator("#mm-curves polyline").first.wait_for()
    page.locator("#mm-matrix table").wait_for()
    _top(page, "#mm-tabs")


def matrix(page: Page) -> None:
    """From what the text says to what the face shows."""
    train(page)
    _top(page, "#mm-noise")


def export(page: Page) -> None:
    """What can be taken along."""
    _tab(page, "Export")
    page.locator("#mm-formats [data-format]").first.wait_for()
    _top(page, "#mm-tabs")


SHOTS = (
    Shot("episodes", episodes),
    Shot("timeline", timeline),
    Shot("review", review),
    Shot("review-dark", review_focus, scheme="dark"),
    Shot("review-phone", review, PHONE),
    Shot("train", train),
    Shot("noise-matrix", matrix),
    Shot("compare", compare),
    Shot("compare-dark", compare, scheme="dark"),
    Shot("predict", predict),
    Shot("export", export),
    Shot("train-phone-dark", train, PHONE, "dark"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Take the pictures and write them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "screenshots", help="folder for the pictures")
    parser.add_argument("--only", nargs="+", choices=[shot.name for shot in SHOTS], help="only these pictures")
    parser.add_argument("--chromium", type=Path, help="the browser's program, where it is not found")
    given = parser.parse_args(arguments)
    wanted = [shot for shot in SHOTS if given.only is None or shot.name in given.only]
    given.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _, url = stack.enter_context(running_app(scratch / "workspace", scratch / "app.log"))
        browser = stack.enter_context(chromium(given.chromium))
        label_some(browser, url)
        for shot in wanted:
            path = given.out / f"{shot.name}.png"
            path.write_bytes(smaller(taken(browser, url, shot)))
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def label_some(browser: Browser, url: str) -> None:
    """A person has begun: some proposals are accepted, one face is unusable."""
    page = _open(browser, url, Shot("", review))
    review(page)
    for number in range(_LABELLED):
        page.keyboard.press("r" if number == _LABELLED // 2 else "a")
        page.wait_for_timeout(150)
    page.wait_for_function("document.querySelector('#mm-saved').dataset.state === 'saved'")
    page.context.close()


def taken(browser: Browser, url: str, shot: Shot) -> bytes:
    """The PNG of one page."""
    page = _open(browser, url, shot)
    shot.prepare(page)
    page.wait_for_function(_DRAWN)
    page.wait_for_timeout(700)  # what grows or fades in has done so
    picture = page.screenshot(animations="disabled", caret="hide")
    page.context.close()
    return picture


def smaller(png: bytes) -> bytes:
    """The same picture, in 256 colours where it is larger than MAX_BYTES, and in fewer where it still is.

    Of the ways to choose the colours the one is taken that changes the few small coloured marks least: a palette by
    frequency alone gives two emotions one colour.
    """
    with Image.open(io.BytesIO(png)) as picture:
        full = picture.convert("RGB")
    packed = _packed(full)
    for colours in (256, 192, 128, 96, 64):
        if len(packed) <= MAX_BYTES:
            break
        ways = [full.quantize(colours, way, dither=Image.Dither.NONE) for way in _PALETTES]
        packed = _packed(min(ways, key=lambda way: _worst(full, way)))
    return packed


def _packed(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _worst(full: Image.Image, reduced: Image.Image) -> float:
    """How far the worst thousandth of the pixels is from its colour, 0 to 255."""
    apart = np.abs(np.asarray(full, np.int16) - np.asarray(reduced.convert("RGB"), np.int16)).max(axis=2)
    return float(np.percentile(apart, 99.9))


def _open(browser: Browser, url: str, shot: Shot) -> Page:
    how: dict[str, Any] = {**_AS_EVER, "color_scheme": shot.scheme}
    context = browser.new_context(viewport={"width": shot.size_px[0], "height": shot.size_px[1]}, **how)
    page = context.new_page()
    page.set_default_timeout(_WAIT_MS)
    page.goto(url)
    page.locator("#mm-account .mm-table, #mm-account .mm-empty").first.wait_for()
    return page


if __name__ == "__main__":
    main()
