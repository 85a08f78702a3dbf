"""Export in a real browser and from a program: a format, a file, its data sheet; terms before anything is published."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mmemo.settings import REPOSITORY
from tests.serving import serving
from tests.ui.conftest import PHONE, OpenPage, ReloadPage, RunningApp, open_tab, stop_worker, toast
from tests.ui.made import EPISODE_ID, RUN_IDS, subtitles_text, tiny_video

pytestmark = [pytest.mark.browser, pytest.mark.slow]
_JOB_MS = 200_000


@pytest.mark.timeout(600)
def test_a_table_is_exported_downloaded_and_still_there_after_a_reload(
    ready_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage, tmp_path: Path
):
    page = open_page(ready_app)
    open_tab(page, "Export")
    page.locator("#mm-formats [data-format=csv] button").focus()
    page.keyboard.press("Enter")
    page.locator("#mm-exports li").first.wait_for(timeout=_JOB_MS)
    with page.expect_download() as download:
        page.locator("#mm-exports").get_by_role("link").first.click()
    path = tmp_path / "labels.zip"
    download.value.save_as(path)
    packed = zipfile.ZipFile(path)
    name = next(each for each in packed.namelist() if each.endswith("labels.csv"))
    rows = [*csv.DictReader(io.StringIO(packed.read(name).decode("utf-8-sig")))]
    assert len(rows) == 48
    assert {row["run"] for row in rows} == {RUN_IDS[0]}
    page.locator("#mm-sheet").get_by_text("Not for publication.").wait_for()
    reload_page(page)
    open_tab(page, "Export")
    page.locator("#mm-exports li").first.wait_for()
    page.locator("#mm-exports li button").first.click()
    page.locator("#mm-sheet").get_by_role("heading", name=f"Data sheet: csv of {EPISODE_ID}").wait_for()


@pytest.mark.timeout(600)
def test_terms_are_asked_for_on_a_phone(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app, PHONE, "dark")
    open_tab(page, "Export")
    page.locator("#mm-publish input").check()
    page.locator("#mm-consent textarea").wait_for()
    page.locator("#mm-formats [data-format=jsonl] button").click()
    assert "must be filled in" in toast(page)
    assert page.locator("#mm-exports [data-export^=jsonl]").count() == 0
    page.locator("#mm-consent textarea").fill("They are drawn.")
    page.locator("#mm-licence textarea").fill("CC0")
    page.locator("#mm-formats [data-format=jsonl] button").click()
    page.locator("#mm-exports [data-export^=jsonl]").first.wait_for(timeout=_JOB_MS)
    page.locator("#mm-sheet").get_by_text("Marked to be published.").wait_for()


def test_an_empty_workspace_says_what_to_do(empty_app: RunningApp, open_page: OpenPage):
    page = open_page(empty_app)
    open_tab(page, "Export")
    page.get_by_text("Nothing to export yet").wait_for()


@pytest.mark.timeout(900)
def test_the_example_adapts_predicts_and_exports(tmp_path: Path):
    """The example of the README, on a short drawn episode."""
    from mmemo.store.workspace import Workspace

    video, subtitles = tmp_path / "Pilot.mp4", tmp_path / "Pilot.srt"
    tiny_video(video, 18)
    subtitles.write_text(subtitles_text(9), encoding="utf-8")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with serving(workspace, "--no-sample", log=tmp_path / "app.log") as url:
        done = subprocess.run(
            [sys.executable, REPOSITORY / "scripts" / "api_example.py", video, subtitles, "--url", url,
             "--out", tmp_path / "out", "--every", "0.3", "--export", "imagefolder"],
            cwd=tmp_path, capture_output=True, text=True, timeout=800,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        from gradio_client import Client

        info = Client(url, verbose=False).view_api(print_info=False, return_format="dict")["named_endpoints"]
    stop_worker(Workspace(workspace))
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["faces"]
    assert set(told["faces"][0]) >= {"box_xyxy_px", "image_only", "student"}
    assert any(name.endswith("metadata.parquet") for name in zipfile.ZipFile(told["export"]).namelist())
    assert {"/adapt", "/predict", "/job", "/cancel", "/export", "/exported"} <= set(info)
    for name in ("/adapt", "/job", "/cancel", "/export", "/exported"):
        for parameter in info[name]["parameters"]:
            assert 0 < len(parameter["python_type"]["description"]) < 120, (name, parameter["parameter_name"])
        assert info[name]["description"]
    needed = [p["parameter_name"] for p in info["/adapt"]["parameters"] if not p["parameter_has_default"]]
    assert needed == ["video"]
