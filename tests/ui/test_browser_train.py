"""Train in a real browser: the last layer anew, curves and matrix, a note, and which run is used; a reload keeps it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mmemo.flow.runs.evaluate import EvaluateSettings, evaluate_run
from mmemo.flow.runs.notes import notes_of
from mmemo.flow.runs.promotion import promoted_run
from mmemo.flow.student.training import train_student
from mmemo.flow.teacher.label import LabelSettings, label_episode
from mmemo.progress import run
from mmemo.store.labels import HumanLabel
from mmemo.store.workspace import Workspace
from mmemo.student.settings import TrainSettings
from tests.ui.conftest import OpenPage, ReloadPage, StartApp, open_tab
from tests.ui.made import EPISODE_ID, label_of, ready_workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_JOB_MS = 240_000
# So many rounds take long enough for a page to see the curve grow.
_SETTINGS = TrainSettings(recipe="calibrated_fusion", epochs=150, patience=150, folds=2)
_CORRECTED = range(1, 25)


def correct(workspace: Workspace, *tracks: int) -> None:
    store = workspace.labels()
    for track in tracks:
        store.add(HumanLabel(EPISODE_ID, track, track, label_of(track)))
    store.close()


@pytest.fixture(scope="module")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = ready_workspace(tmp_path_factory.mktemp("train") / "workspace")
    for name in ("runs", "reports"):
        shutil.rmtree(workspace.root / name)
    run(label_episode(workspace, workspace.episode(EPISODE_ID), LabelSettings()))
    correct(workspace, *_CORRECTED)
    made = run(train_student(workspace, [EPISODE_ID], LabelSettings(), _SETTINGS))
    run(evaluate_run(workspace, EvaluateSettings(run_id=made.run_id, ceiling=False)))
    return workspace.root


@pytest.fixture
def trained(_trained: Path, tmp_path: Path) -> Workspace:
    """An episode with one student that learned from 24 corrections and was measured on them."""
    shutil.copytree(_trained, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


@pytest.mark.timeout(600)
def test_the_head_is_retrained_and_the_page_shows_how_and_keeps_what_was_said(
    trained: Workspace, start_app: StartApp, open_page: OpenPage, reload_page: ReloadPage
):
    (old,) = trained.runs()
    page = open_page(start_app(trained, "--no-sample"))
    open_tab(page, "Train")
    about = page.locator("#mm-train-about")
    about.get_by_text("No corrections since the newest training").wait_for()
    matrix = page.locator("#mm-matrix")
    matrix.get_by_text("24 corrections").wait_for()
    assert matrix.locator("tbody tr").count() == 8 and matrix.locator("td.agrees").count() == 7
    page.locator("#mm-curves polyline.held.all").wait_for()

    correct(trained, 30, 31, 32)
    page.locator("#mm-matrix-refresh").click()
    matrix.get_by_text("27 corrections").wait_for()
    open_tab(page, "Compare")
    open_tab(page, "Train")
    about.get_by_text("3 corrections since the newest training").wait_for()

    page.locator("#mm-train-head").click()
    page.locator("#mm-curves .mm-live").wait_for(timeout=60_000)
    page.locator("#mm-job .mm-state.done").wait_for(timeout=_JOB_MS)
    page.locator("#mm-runs li").nth(1).wait_for()
    new = next(run_id for run_id in trained.runs() if run_id != old)
    about.get_by_text("It learned from 27 faces").wait_for()
    page.wait_for_function("run => new URL(location).searchParams.get('run') === run", arg=new)
    page.locator("#mm-curves polyline.held").first.wait_for()

    note = page.locator(f"#mm-runs input[data-run='{old}']")
    note.fill("before the <b>ferry</b> & its 'faces'")
    note.press("Enter")
    page.locator("#mm-runs").get_by_text("written by local").wait_for()
    page.locator(f"#mm-runs button[data-run='{old}'][data-act='against']").click()
    page.locator("#mm-two-said table").wait_for()
    page.locator(f"#mm-runs button[data-run='{old}'][data-act='show']").click()
    page.wait_for_function("run => new URL(location).searchParams.get('run') === run", arg=old)
    page.locator(f"#mm-runs li[aria-current] button[data-run='{old}']").first.wait_for()
    other = page.locator(f"#mm-runs button[data-run='{new}'][data-act='use']")
    if other.count():
        other.click()
        page.locator(f"#mm-runs button[data-run='{new}'][data-act='stop']").wait_for()
    assert promoted_run(trained, EPISODE_ID) == new

    reload_page(page)
    open_tab(page, "Train")
    note.wait_for()
    assert note.input_value() == "before the <b>ferry</b> & its 'faces'" == notes_of(trained)[old].note
    page.locator("#mm-train-back").click()
    page.wait_for_function("run => new URL(location).searchParams.get('run') === run", arg=new)
