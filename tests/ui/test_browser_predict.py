"""Predict in a real browser and through the endpoint: files to save, several pictures, a line, what was looked at."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.flow.prediction.test_predict import drawn
from tests.ui.conftest import PHONE, OpenPage, RunningApp, open_tab
from tests.ui.made import RUN_IDS, tiny_video

pytestmark = [pytest.mark.browser, pytest.mark.slow]
_FIRST_MS = 90_000


@pytest.fixture(scope="module")
def two_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "two & more.png"
    Image.fromarray(np.hstack([drawn("Nora"), drawn("Felix", "anger")])).save(path)
    return path


def test_a_prediction_is_saved_as_picture_table_and_json(
    ready_app: RunningApp, open_page: OpenPage, two_faces: Path, tmp_path: Path
):
    page = open_page(ready_app)
    open_tab(page, "Predict")
    page.locator("#mm-picture input[type=file]").set_input_files(str(two_faces))
    page.locator("#mm-faces [data-face='2']").wait_for(timeout=_FIRST_MS)
    shown = page.locator("#mm-faces img.mm-shown")
    page.wait_for_function("document.querySelector('#mm-faces img.mm-shown')?.naturalWidth === 480")
    assert "2 faces" in str(shown.get_attribute("alt"))
    saved = {}
    for name in ("Picture with boxes", "Table (.csv)", "JSON"):
        with page.expect_download() as download:
            page.locator("#mm-saves").get_by_role("link", name=name).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        saved[path.suffix] = path
    assert {path.name for path in saved.values()} == {"two & more-faces.jpg", "faces.csv", "faces.json"}
    with Image.open(saved[".jpg"]) as picture:
        assert picture.size == (480, 240)
    assert len([*csv.DictReader(saved[".csv"].read_text("utf-8-sig").splitlines())]) == 2
    assert json.loads(saved[".json"].read_text())["student_run"] == RUN_IDS[0]


def test_what_the_models_looked_at_comes_when_asked_for(ready_app: RunningApp, open_page: OpenPage, two_faces: Path):
    page = open_page(ready_app)
    open_tab(page, "Predict")
    page.locator("#mm-picture input[type=file]").set_input_files(str(two_faces))
    page.locator("#mm-faces [data-face='2']").wait_for(timeout=_FIRST_MS)
    assert page.locator("#mm-faces .mm-look").count() == 0
    page.get_by_label("Show what the models looked at").check()
    page.locator("#mm-faces .mm-look").nth(3).wait_for(timeout=_FIRST_MS)
    assert page.locator("#mm-faces .mm-look img[alt*='What spoke for']").count() == 4
    page.get_by_label("Show what the models looked at").uncheck()
    page.locator("#mm-faces .mm-look").first.wait_for(state="detached")


def test_several_files_and_a_clip_fit_on_a_phone(
    ready_app: RunningApp, open_page: OpenPage, two_faces: Path, tmp_path: Path
):
    tiny_video(tmp_path / "clip.mp4", 3)
    page = open_page(ready_app, PHONE, "dark")
    open_tab(page, "Predict")
    open_tab(page, "Several, or a clip")
    page.locator("#mm-files input[type=file]").set_input_files([str(two_faces), str(tmp_path / "clip.mp4")])
    page.locator("#mm-faces details").nth(3).wait_for(timeout=_FIRST_MS)
    assert page.locator("#mm-faces details").count() == 4
    assert page.locator("#mm-faces summary").nth(2).inner_text().startswith("clip.mp4, 0:01")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    open_tab(page, "One picture")
    page.locator("#mm-faces").get_by_text("No picture yet").wait_for()


def test_a_damaged_clip_is_told_and_the_page_goes_on(
    ready_app: RunningApp, open_page: OpenPage, two_faces: Path, tmp_path: Path
):
    (tmp_path / "torn.mp4").write_bytes(b"no video")
    page = open_page(ready_app)
    open_tab(page, "Predict")
    open_tab(page, "Several, or a clip")
    page.locator("#mm-files input[type=file]").set_input_files(str(tmp_path / "torn.mp4"))
    page.locator("#mm-faces [role=alert]").get_by_text("torn.mp4 is no video").wait_for(timeout=_FIRST_MS)
    assert page.get_by_test_id("toast-body").count() == 0, "once is enough"
    page.locator("#mm-files").get_by_label("Clear").click()
    page.locator("#mm-files input[type=file]").set_input_files(str(two_faces))
    page.locator("#mm-faces [data-face='2']").wait_for(timeout=_FIRST_MS)


def test_a_damaged_picture_is_told_once_and_shows_no_broken_mark(
    ready_app: RunningApp, open_page: OpenPage, two_faces: Path, tmp_path: Path
):
    (tmp_path / "torn.png").write_bytes(b"no picture")
    page = open_page(ready_app)
    open_tab(page, "Predict")
    field = page.locator("#mm-picture")
    field.locator("input[type=file]").set_input_files(str(tmp_path / "torn.png"))
    alert = page.locator("#mm-faces [role=alert]")
    alert.get_by_text("torn.png is no picture").wait_for(timeout=_FIRST_MS)
    assert alert.inner_text().startswith("torn.png"), "by its name, not by where the server keeps it"
    field.locator("img[data-torn]").wait_for(state="attached")
    assert not field.locator("img").is_visible()
    field.get_by_label("Remove Image").click()
    field.locator("input[type=file]").set_input_files(str(two_faces))
    field.locator("img:not([data-torn])").wait_for()
    page.locator("#mm-faces [data-face='2']").wait_for(timeout=_FIRST_MS)


def test_programs_get_the_same(ready_app: RunningApp, two_faces: Path, tmp_path: Path):
    client = Client(ready_app.url, verbose=False)
    info = client.view_api(return_format="dict")["named_endpoints"]["/predict"]
    assert [p["parameter_name"] for p in info["parameters"]] == ["pictures", "line", "run"]
    assert [p["parameter_has_default"] for p in info["parameters"]] == [False, True, True]
    told = client.predict(pictures=[handle_file(two_faces)], api_name="/predict")
    (picture,) = told["pictures"]
    assert told["student_run"] == RUN_IDS[0] and told["line"] is None
    assert [face["number"] for face in picture["faces"]] == [1, 2]
    assert sum(picture["faces"][0]["student"].values()) == pytest.approx(1, abs=1e-3)
    with pytest.raises(AppError, match="(?i)no run"):
        client.predict(pictures=[handle_file(two_faces)], run="gone", api_name="/predict")
    (tmp_path / "torn.png").write_bytes(b"no picture")
    with pytest.raises(AppError, match="torn.png is no picture"):
        client.predict(pictures=[handle_file(tmp_path / "torn.png")], api_name="/predict")


def test_programs_cannot_read_files_of_the_server(ready_app: RunningApp):
    secret = str(next(ready_app.workspace.root.glob("sources/*/*.mp4")))
    for given in (secret, {"path": secret}, {"path": secret, "meta": {"_type": "gradio.FileData"}}):
        asked = httpx.post(f"{ready_app.url}/gradio_api/call/predict", json={"data": [[given], "", ""]})
        if asked.status_code == 200:
            said = httpx.get(f"{ready_app.url}/gradio_api/call/predict/{asked.json()['event_id']}", timeout=60).text
            assert "event: error" in said and "detection_prob" not in said
