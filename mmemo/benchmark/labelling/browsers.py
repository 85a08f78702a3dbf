"""Sessions in a real Chromium: the real page, and a script in it that presses keys as a person does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmemo.benchmark.labelling.notes import Notes, Press
from mmemo.errors import InputError, ModelUnavailable
from mmemo.labels import EKMAN7
from mmemo.store.files import to_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
)
_OPEN_MS = 120_000

# Notes when a press was acknowledged, by the requests that the page itself makes; begins at another face in each session.
_WATCH = """(() => {
  sessionStorage.setItem('mm-review-place', JSON.stringify(PLACE));
  const seen = window.mmSeen = {presses: [], acks: {}, requests: [], refused: 0, untaken: 0};
  const real = window.fetch;
  window.fetch = async (input, init) => {
    const body = init && typeof init.body === 'string' ? init.body : '';
    if (!body.includes('"review_save"')) return real(input, init);
    const start = performance.now(), answer = await real(input, init), copy = answer.clone();
    copy.json().then((said) => {
      const now = performance.now();
      seen.requests.push(now - start);
      seen.refused += (said.refused || []).length;
      for (const id of said.acks || []) if (!(id in seen.acks)) seen.acks[id] = now;
    }).catch(() => {});
    return answer;
  };
})()"""

# Presses a key of 1 to 7 again and again, on whatever face is shown then.
_LABEL = """([seconds, everyMs, seed]) => {
  const random = () => { seed = (seed * 1664525 + 1013904223) % 4294967296; return seed / 4294967296; };
  const later = (ms) => new Promise((done) => setTimeout(done, ms));
  const newest = () => JSON.parse(sessionStorage.getItem('mm-review-unsaved') || '[]').at(-1)?.id;
  const seen = window.mmSeen;
  (async () => {
    const end = performance.now() + 1000 * seconds;
    await later(random() * everyMs);
    for (let last = null; performance.now() < end; await later(everyMs * (0.5 + random()))) {
      const shown = document.querySelector('#mm-grid .mm-tile.chosen')?.dataset.item, key = 1 + Math.floor(7 * random());
      const at = performance.now(), how = {key: String(key), code: `Digit${key}`, bubbles: true, cancelable: true};
      document.body.dispatchEvent(new KeyboardEvent('keydown', how));
      const id = newest();
      if (id && id !== last) seen.presses.push({id, item: shown, key, at}); else seen.untaken += 1;
      last = id || last;
    }
    seen.done = true;
  })();
}"""
_SETTLED = "mmSeen.done && document.querySelector('#mm-saved').dataset.state === 'saved'"


@contextmanager
def chromium(program: Path | None) -> Iterator[Browser]:
    """A headless browser. Raises ModelUnavailable where playwright or Chromium is missing."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise ModelUnavailable("playwright is missing", hint="pip install -r requirements-dev.txt") from None
    chosen = program or (_SYSTEM_CHROMIUM if _SYSTEM_CHROMIUM.exists() else None)
    with sync_playwright() as playwright:
        try:
            path = None if chosen is None else str(chosen)
            browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        except Error as error:
            reason = str(error).splitlines()[0]
            raise ModelUnavailable(f"no Chromium starts: {reason}", hint="name one with --chromium") from None
        yield browser
        browser.close()


class BrowserSession:
    """One person at the real page, in a context of its own."""

    def __init__(self, browser: Browser, person: str, place: dict[str, Any]) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
        self._person = person
        self._page: Page = context.new_page()
        self._page.set_default_timeout(_OPEN_MS)
        self._page.add_init_script(_WATCH.replace("PLACE", to_json(place)))

    def open(self, url: str, password: str) -> None:
        """Sign in, and go to the faces."""
        page = self._page
        who: dict[str, str | float | bool] = {"username": self._person, "password": password}
        if not page.context.request.post(f"{url}/login", form=who).ok:
            raise InputError(f"{self._person} cannot sign in", hint="does the app start by itself with --people?")
        page.goto(url)
        page.locator("#mm-tabs [role='tab']").filter(has_text="Review").first.click()
        page.locator("#mm-grid .mm-tile.chosen").wait_for()
        page.evaluate("document.activeElement.blur()")

    def label(self, seconds: float, every_s: float, seed: int) -> None:
        """Begin to press keys; returns at once."""
        self._page.evaluate(_LABEL, [seconds, 1000 * every_s, seed])

    def settled(self) -> bool:
        """Whether the last key is pressed and everything is saved."""
        return bool(self._page.evaluate(_SETTLED))

    def notes(self) -> Notes:
        """What the page noted."""
        return notes_of(self._page.evaluate("mmSeen"), self._person)


def notes_of(seen: dict[str, Any], person: str) -> Notes:
    """The notes of a page: presses {id, item, key, at}, acks {id: ms}, requests in ms, refused, untaken."""
    found = Notes(request_ms=list(seen["requests"]), refused=seen["refused"], untaken=seen["untaken"])
    for press in seen["presses"]:
        found.presses.append(Press(press["id"], press["item"], EKMAN7.labels[press["key"] - 1], person))
        if press["id"] in seen["acks"]:
            found.save_ms.append(seen["acks"][press["id"]] - press["at"])
        else:
            found.unanswered += 1
    return found


def open_sessions(sessions: Sequence[BrowserSession], url: str, password: str) -> Iterator[int]:
    """Open one after the other; yields how many are open."""
    for number, session in enumerate(sessions, 1):
        session.open(url, password)
        yield number
