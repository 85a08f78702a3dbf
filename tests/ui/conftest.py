"""The real app in its own process, and a real headless Chromium that tolerates no error and no foreign request."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mmemo.flow.jobs.lock import last_worker, worker_runs
from mmemo.store.workspace import Workspace
from tests.conftest import CHROMIUM
from tests.serving import serving
from tests.ui.made import camera_picture, ready_workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_WAIT_MS = 20_000
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
DESKTOP = (1280, 800)
PHONE = (390, 844)


@dataclass(frozen=True, slots=True)
class RunningApp:
    """An app that answers at `url`, and its workspace."""

    url: str
    workspace: Workspace


@contextmanager
def running_app(workspace: Workspace, *flags: str) -> Iterator[RunningApp]:
    """Start the app on a free port and stop it afterwards."""
    workspace.root.mkdir(parents=True, exist_ok=True)
    log = workspace.root.parent / f"{workspace.root.name}-app.log"
    with serving(workspace.root, *flags, log=log) as url:
        yield RunningApp(url, workspace)
    stop_worker(workspace)


def stop_worker(workspace: Workspace, number: int = signal.SIGTERM) -> None:
    """End the worker of a workspace, which outlives its app, and wait until it is gone."""
    pid = last_worker(workspace.root) if worker_runs(workspace.root) else None
    if pid is not None:
        os.kill(pid, number)
    deadline = time.monotonic() + 30
    while worker_runs(workspace.root):
        assert time.monotonic() < deadline, "the worker does not end"
        time.sleep(0.05)


StartApp = Callable[..., RunningApp]


@pytest.fixture(scope="session")
def ready_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """One app over a workspace that has an adapted episode with two runs; shared, so tests use tracks of their own."""
    with running_app(ready_workspace(tmp_path_factory.mktemp("ready") / "workspace"), "--no-sample") as app:
        yield app


@pytest.fixture
def empty_app(tmp_path: Path) -> Iterator[RunningApp]:
    """An app over an empty workspace."""
    with running_app(Workspace(tmp_path / "workspace"), "--no-sample") as app:
        yield app


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's browser, headless; its camera looks at a drawn face."""
    pytest.importorskip("playwright", reason="playwright is missing: pip install -r requirements-dev.txt")
    from playwright.sync_api import sync_playwright

    camera = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    camera_picture(camera)
    with sync_playwright() as playwright:
        flags = [*_FLAGS, f"--use-file-for-fake-video-capture={camera}"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield browser
        browser.close()


@pytest.fixture
def start_app() -> Iterator[StartApp]:
    """Start apps that run until the end of the test; name it before `open_page`, so that pages close first."""
    with ExitStack() as apps:
        yield lambda workspace, *flags: apps.enter_context(running_app(workspace, *flags))


@dataclass(slots=True)
class Trouble:
    """What went wrong in a page, and whom it tried to reach."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @contextmanager
    def while_leaving(self, *pages: Page) -> Iterator[None]:
        """A page that is left breaks off its open connections and says so: no trouble of anybody's."""
        for page in pages:
            page.evaluate("0")  # what it said until now has arrived
        before = len(self.errors)
        yield
        del self.errors[before:]


OpenPage = Callable[..., "Page"]
ReloadPage = Callable[["Page"], None]


@pytest.fixture
def trouble() -> Trouble:
    """What the pages of this test ran into."""
    return Trouble()


@pytest.fixture
def reload_page(trouble: Trouble) -> ReloadPage:
    """Load a page anew, as a person does."""

    def reload(page: Page) -> None:
        with trouble.while_leaving(page):
            page.reload()

    return reload


@pytest.fixture
def open_page(chromium: Browser, trouble: Trouble) -> Iterator[OpenPage]:
    """Open a page of an app; afterwards no page may have had an error or asked another host for anything."""
    contexts = []

    def open_(
        app: RunningApp,
        size: tuple[int, int] = DESKTOP,
        scheme: Any = "light",
        locale: str = "en-US",
        enter: Callable[[Page], None] = lambda page: None,
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            permissions=["camera"],
            locale=locale,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(_WAIT_MS)
        _watch(page, trouble)
        page.goto(app.url)
        enter(page)
        page.wait_for_selector("#mm-account .mm-empty, #mm-account .mm-table")
        return page

    yield open_
    with trouble.while_leaving(*(page for context in contexts for page in context.pages)):
        for context in contexts:
            context.close()
    assert trouble.foreign == []
    assert trouble.errors == []


def _watch(page: Page, trouble: Trouble) -> None:
    def on_route(route: Any) -> None:
        address = urlsplit(route.request.url)
        if address.hostname == "127.0.0.1":
            route.continue_()
        else:
            trouble.foreign.append(route.request.url)
            route.abort()

    page.route("**/*", on_route)
    page.on("pageerror", lambda error: trouble.errors.append(str(error)))
    page.on("console", lambda said: trouble.errors.append(said.text) if said.type == "error" else None)


def open_tab(page: Page, name: str) -> None:
    """Choose a tab by its name."""
    page.get_by_role("tab", name=name).click()


def toast(page: Page) -> str:
    """The text of the toast that appears."""
    shown = page.get_by_test_id("toast-body").last
    shown.wait_for()
    return shown.inner_text()


def give_file(page: Page, field_id: str, path: Path) -> None:
    """Put a file into a field and wait until it has arrived."""
    field_ = page.locator(field_id)
    if not field_.locator("input[type=file]").count():  # a field that holds a file has no place for another
        field_.get_by_label("Clear").click()
    field_.locator("input[type=file]").set_input_files(str(path))
    field_.get_by_text(path.stem).first.wait_for()
