"""An app with many faces for the browser tests of Review, and what they do again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mmemo.store.files import read_table, write_table
from mmemo.store.labels import WITHDRAW, FacePin, HumanLabel
from mmemo.store.workspace import Workspace
from tests.ui.conftest import RunningApp, open_tab, running_app
from tests.ui.made import EPISODE_ID, ready_workspace

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Types in the page itself: the way from the test to the browser is slower than fast fingers.
TYPE = """async ([keys, pauseMs]) => {
  for (const key of keys) {
    const code = /\\d/.test(key) ? `Digit${key}` : `Key${key.toUpperCase()}`;
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key, code, bubbles: true, cancelable: true}));
    await new Promise((done) => setTimeout(done, pauseMs));
  }
}"""
SAVED = "document.querySelector('#mm-saved').dataset.state === 'saved'"


@pytest.fixture(scope="module")
def many_faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app of its own with five pages of faces."""
    workspace = ready_workspace(tmp_path_factory.mktemp("many") / "workspace", tracks=230)
    path = workspace.cut_folder(workspace.episode(EPISODE_ID)) / "faces.parquet"
    faces = read_table(path)
    again = faces[faces["track_id"] < 10]  # some have a second picture, which is not the surest
    later = {"face_id": again["face_id"] + "b", "frame_ms": again["frame_ms"] + 200, "detection_prob": 0.5}
    write_table(path, pd.concat([faces, again.assign(**later)], ignore_index=True))
    with running_app(workspace, "--no-sample") as app:
        yield app


@pytest.fixture
def fresh(many_faces: RunningApp) -> RunningApp:
    """The same app, with nothing that anybody said still standing."""
    with closing(many_faces.workspace.labels()) as store:
        for row in store.current(EPISODE_ID).itertuples():
            store.add(HumanLabel(EPISODE_ID, int(row.track_id), int(row.cue_id), WITHDRAW, pin=pin_of(row)))
        said = store.events()
    many_faces.workspace.root.joinpath("last").write_text(str(said["id"].max() if len(said) else 0))
    return many_faces


def pin_of(row: Any) -> FacePin:
    return FacePin(row.cut_key, int(row.time_ms), row.x1, row.y1, row.x2, row.y2)


def events(app: RunningApp) -> pd.DataFrame:
    """What was said since the test began."""
    since = int(app.workspace.root.joinpath("last").read_text())
    with closing(app.workspace.labels()) as store:
        return store.events(since)


def review(page: Page, **filters: str) -> None:
    """Open the tab, set filters, and wait for the faces."""
    open_tab(page, "Review")
    page.locator("#mm-grid .mm-tile").first.wait_for()
    for name, value in filters.items():
        page.locator(f"#mm-filters [name='{name}']").select_option(value)
    page.wait_for_function("!document.querySelector('#mm-grid').hasAttribute('aria-busy')")
    page.evaluate("document.activeElement.blur()")


def saved(page: Page) -> None:
    page.wait_for_function(SAVED)


def current(page: Page) -> int:
    return int(page.locator("#mm-grid .mm-tile.chosen").get_attribute("data-track") or 0)


def words(workspace: Workspace) -> dict[int, str]:
    with closing(workspace.labels()) as store:
        said = store.current(EPISODE_ID)
    return dict(zip(said["track_id"].tolist(), said["label"].tolist(), strict=True))
