"""The whole path in one browser: upload, cut, review, retrain, compare, export, reload; and nothing leaves the machine."""

from __future__ import annotations

import csv
import io
import os
import socketserver
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mmemo.labels import EKMAN7
from mmemo.store.workspace import Workspace
from tests.serving import serving
from tests.ui.browser_review import current, saved
from tests.ui.conftest import OpenPage, ReloadPage, RunningApp, give_file, open_tab, stop_worker
from tests.ui.made import label_of, subtitles_text, tiny_video

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_JOB_MS = 280_000
_CUES, _REVIEWED = 34, 30


class _Leaving(socketserver.ThreadingTCPServer):
    """Stands where a proxy would: whatever app or worker ask of another machine comes here, and is refused."""

    daemon_threads = True
    asked: list[str]


class _Refuse(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Leaving)
        self.server.asked.append(self.rfile.readline().decode("latin-1").strip())


@pytest.fixture
def leaving() -> Iterator[_Leaving]:
    with _Leaving(("127.0.0.1", 0), _Refuse) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def lonely_app(tmp_path: Path, leaving: _Leaving) -> Iterator[RunningApp]:
    """An app over an empty workspace on a machine whose only way out is watched."""
    proxy, here = f"http://127.0.0.1:{leaving.server_address[1]}", "127.0.0.1,localhost"
    env = {**os.environ, "NO_PROXY": here, "no_proxy": here}
    env |= {
        name: proxy for scheme in ("http", "https", "all") for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    }
    workspace = Workspace(tmp_path / "workspace")
    workspace.root.mkdir()
    with serving(workspace.root, "--no-sample", log=tmp_path / "app.log", env=env) as url:
        yield RunningApp(url, workspace)
    stop_worker(workspace)


@pytest.mark.timeout(900)
def test_from_an_upload_to_an_export_and_all_is_still_there(
    lonely_app: RunningApp, leaving: _Leaving, open_page: OpenPage, reload_page: ReloadPage, tmp_path: Path
):
    workspace, page = lonely_app.workspace, open_page(lonely_app)
    _adapted(page, tmp_path)
    (episode,), (first,) = workspace.episodes(), workspace.runs()

    said = _reviewed(
        page, {int(row.track_id): label_of(row.cue_id - 1) for row in workspace.faces(episode).itertuples()}
    )
    with closing(workspace.labels()) as store:
        kept = store.current(episode.episode_id)
    assert len(said) == _REVIEWED and dict(zip(kept["track_id"], kept["label"], strict=True)) == said

    page.locator("#mm-retrain").get_by_text(f"{_REVIEWED} corrections").wait_for()
    page.locator("#mm-retrain").click()
    page.wait_for_function("run => !location.search.includes(run)", arg=first, timeout=_JOB_MS)
    page.locator("#mm-retrain").get_by_text("0 corrections").wait_for()
    (second,) = set(workspace.runs()) - {first}

    open_tab(page, "Compare")
    verdict = page.locator("#mm-verdict h2").inner_text()
    names = page.locator("#mm-verdict tbody th").all_inner_texts()
    assert {"Majority", "Image", "Text", "Student"} <= {name.replace(",", " ").split()[0] for name in names}

    _exported(page, tmp_path / "labels.zip", said)
    reload_page(page)
    page.wait_for_function("run => location.search.includes(run)", arg=second)
    open_tab(page, "Review")
    page.locator("#mm-grid .mm-tile").first.wait_for()
    assert page.locator("#mm-grid .mm-chip.human").count() == _REVIEWED
    open_tab(page, "Compare")
    page.locator("#mm-verdict h2").get_by_text(verdict).wait_for()
    open_tab(page, "Export")
    page.locator("#mm-exports li").first.wait_for()
    assert leaving.asked == []


def _adapted(page: Page, folder: Path) -> None:
    tiny_video(folder / "Pilot one.mp4", 2 * _CUES)
    (folder / "Pilot one.srt").write_text(subtitles_text(_CUES), encoding="utf-8")
    give_file(page, "#mm-video", folder / "Pilot one.mp4")
    give_file(page, "#mm-subtitles", folder / "Pilot one.srt")
    page.locator("#mm-adapt").click()
    page.locator("#mm-job .mm-state.done").wait_for(timeout=_JOB_MS)
    page.locator("#mm-account").get_by_text("= all").wait_for()


def _reviewed(page: Page, drawn: dict[int, str]) -> dict[int, str]:
    """Label the first faces with what they were drawn as, by keys alone; {track: label} as it was meant."""
    open_tab(page, "Review")
    page.locator("#mm-grid .mm-tile").first.wait_for()
    page.evaluate("document.activeElement.blur()")
    said: dict[int, str] = {}
    for _ in range(_REVIEWED):
        track = current(page)
        said[track] = drawn[track]
        page.keyboard.press(str(EKMAN7.index(drawn[track]) + 1))
        page.wait_for_function(
            "track => document.querySelector('#mm-grid .chosen')?.dataset.track !== track", arg=str(track)
        )
    saved(page)
    return said


def _exported(page: Page, path: Path, said: dict[int, str]) -> None:
    """The table of labels, which holds every word that was said."""
    open_tab(page, "Export")
    page.locator("#mm-formats [data-format=csv] button").click()
    page.locator("#mm-exports li").first.wait_for(timeout=_JOB_MS)
    with page.expect_download() as download:
        page.locator("#mm-exports").get_by_role("link").first.click()
    download.value.save_as(path)
    with zipfile.ZipFile(path) as packed:
        name = next(each for each in packed.namelist() if each.endswith("labels.csv"))
        rows = [*csv.DictReader(io.StringIO(packed.read(name).decode("utf-8-sig")))]
    told = {int(row["track_id"]): row["human_label"] for row in rows if row["human_label"]}
    assert told == said


def test_a_request_that_leaves_would_be_seen(leaving: _Leaving):
    import httpx

    with pytest.raises(httpx.HTTPError), httpx.Client(proxy=f"http://127.0.0.1:{leaving.server_address[1]}") as client:
        client.get("http://other.example/")
    assert leaving.asked == ["GET http://other.example/ HTTP/1.1"]
