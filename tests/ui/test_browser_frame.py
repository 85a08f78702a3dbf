"""The frame around the tabs, in two languages: names, form, timeline with emotions, and the box of a job."""

from __future__ import annotations

import os
import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mmemo.flow.jobs.lock import worker_lock
from mmemo.flow.jobs.worker import open_jobs
from mmemo.store.jobs import JobProgress, JobStep
from mmemo.ui.text import words
from tests.ui.conftest import DESKTOP, PHONE, OpenPage, RunningApp
from tests.ui.made import EPISODE_ID

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_TABS = ["Folgen", "Prüfen", "Team", "Trainieren", "Vergleichen", "Vorhersagen", "Exportieren"]
# Parts whose words stand in the frame and on the Episodes tab.
_PARTS = ("page", "episode", "jobs", "timeline")


def english_left(text: str) -> set[str]:
    """English sentences of the app that are seen on a German page."""
    mine = {key: said for key, said in words().items() if key.partition(".")[0] in _PARTS}
    texts = [said["en"] for said in mine.values() if said["en"] != said["de"] and "{" not in said["en"]]
    told = {text for text in texts if len(text.split()) > 2}
    return {sentence for sentence in told if sentence in text}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_frame_and_the_form_are_german_for_a_german_browser(
    ready_app: RunningApp, open_page: OpenPage, size: tuple[int, int]
):
    page = open_page(ready_app, size, locale="de-DE")
    page.locator("#mm-account").get_by_text("40 behalten + 6 weggefallen").wait_for()
    page.wait_for_function("document.documentElement.lang === 'de'")
    assert [name for name in page.get_by_role("tab").all_inner_texts() if name in _TABS] == [
        name for name in _TABS if page.get_by_role("tab", name=name).count()
    ]
    page.get_by_label("Trainingslauf des Schülers").wait_for()
    page.get_by_role("button", name="Anpassen", exact=True).wait_for()
    page.locator("#mm-settings > button").click()
    page.locator("#mm-seed").get_by_text("Dieselbe Zahl gibt denselben Schüler").wait_for()
    page.locator("#mm-timeline").get_by_text("Zeile, die Gesichter liefert").wait_for()
    assert page.get_by_label("Größer").get_attribute("title") == "Größer"
    page.get_by_label("Größer").click()
    assert page.locator(".mm-tl-shows").inner_text() == "46 s breit"
    assert page.locator("#mm-timeline .mm-tl-stage").get_attribute("aria-valuetext") == "keine Zeile gewählt"
    seen = page.locator("body").inner_text()
    assert english_left(seen) == set()


def test_another_language_is_served_in_english_and_says_so(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app, locale="fr-FR")
    page.get_by_role("tab", name="Episodes").wait_for()
    page.wait_for_function("document.documentElement.lang === 'en'")
    page.locator("#mm-timeline").get_by_text("line that gives faces").wait_for()


def test_emotions_over_time_stand_below_each_character(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    stage, tip = page.locator(".mm-tl-stage"), page.locator(".mm-tl-tip")
    page.locator(".mm-tl-legend").get_by_text("emotion that the student sees").wait_for()
    moods = page.locator(".mm-tl-names [data-lane='mood']")
    assert moods.count() == 3
    lane, box = moods.nth(1).bounding_box(), stage.bounding_box()
    assert lane is not None and box is not None
    at = {"x": box["width"] * 0.1, "y": lane["y"] + lane["height"] / 2 - box["y"]}
    stage.hover(position=at)
    tip.get_by_text(re.compile(r"^(mean of \d+ face tracks|one face track); emotion that the student sees$")).wait_for()
    assert re.search(r"(neutral|joy|sadness|anger|surprise|fear|disgust) \d+ %", tip.inner_text())
    assert re.match(r".+, 0:\d\d to 0:\d\d", tip.locator("b").inner_text())
    stage.click(position=at)
    second = 0.1 * ready_app.workspace.episode(EPISODE_ID).duration_ms / 1000
    page.wait_for_function(
        "from => Math.abs(document.querySelector('#mm-player video').currentTime - from) < 3", arg=second
    )


def test_a_job_that_ended_is_one_line_above_the_tabs_and_opens(empty_app: RunningApp, open_page: OpenPage):
    page = open_page(empty_app, PHONE)
    with closing(open_jobs(empty_app.workspace)) as store:  # it begins and ends between two looks of the page
        number = store.add("pages", "Retrain", {})
        store.claim(1)
        store.report(number, 1, JobProgress((JobStep("characters", 0, 0, 0.1), JobStep("train", 3, 3, 1.0))))
        store.finish(number, 1, "done")
    page.get_by_test_id("toast-body").get_by_text("Done: Retrain").wait_for()
    box = page.locator("#mm-job")
    box.locator("summary").wait_for()
    folded = box.bounding_box()
    assert folded is not None and folded["height"] <= 64
    assert page.locator("#mm-job-log").is_hidden()
    box.locator("summary").focus()
    page.keyboard.press("Enter")
    box.get_by_text("characters: nothing to do").wait_for()
    page.locator("#mm-job-log").wait_for()
    page.locator("#mm-dismiss").click()
    box.wait_for(state="hidden")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_job_at_work_is_one_line_that_stays_open_and_does_not_jump_when_it_ends(
    empty_app: RunningApp, open_page: OpenPage, size: tuple[int, int]
):
    page = open_page(empty_app, size)
    box, heights = page.locator("#mm-job"), list[float]()
    # The app starts no worker of its own while this process is it.
    with worker_lock(empty_app.workspace.root), closing(open_jobs(empty_app.workspace)) as store:
        number = store.add("pages", "Adapt to A rather long name of a pilot episode, part one.mp4", {})
        store.claim(os.getpid())
        for done, left in ((0, None), (40, 12.5)):
            step = JobStep("train", done, 90, 1.0, "fold 2")
            store.report(number, os.getpid(), JobProgress((step,), "rounds", 4.0 if left else None, left))
            box.locator(".mm-stats").get_by_text(f"train: {done} of 90").first.wait_for()
            heights.append(height_of(box))
        box.locator("summary").click()
        page.wait_for_timeout(3000)  # it is drawn anew every second
        box.get_by_text("fold 2").wait_for()
        box.locator("summary").click()
        store.finish(number, os.getpid(), "done")
    box.locator(".mm-state.done").wait_for()
    heights.append(height_of(box))
    assert len({round(height) for height in heights}) == 1 and heights[0] <= (50 if size == DESKTOP else 64)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def height_of(box: Locator) -> float:
    found = box.bounding_box()
    assert found is not None
    return found["height"]
