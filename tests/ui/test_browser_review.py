from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from mmemo.flow.review.human_labels import read_words
from mmemo.labels import EKMAN7
from mmemo.store.labels import REJECT, SKIP
from tests.ui.conftest import OpenPage, ReloadPage, RunningApp, Trouble, open_tab
from tests.ui.made import EPISODE_ID, LINES

if TYPE_CHECKING:
    from playwright.sync_api import Response

from tests.ui.browser_review import TYPE, current, events, fresh, many_faces, review, saved, words

__all__ = ["fresh", "many_faces"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_face_is_found_corrected_kept_over_a_reload_and_undone(
    ready_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage
):
    page = open_page(ready_app)
    review(page)
    page.locator("#mm-filters [name='text']").fill("ferry leaves")
    page.wait_for_function("document.querySelectorAll('#mm-grid .mm-tile').length === 5")
    tile = page.locator("#mm-grid .mm-tile[data-track='3']")
    tile.click()
    page.locator("#mm-focus").get_by_text("The ferry leaves at nine.").first.wait_for()
    page.wait_for_function("document.querySelectorAll('#mm-focus .mm-opinion .mm-bars').length === 4")
    page.locator("#mm-focus button[data-do='surprise']").click()
    tile.get_by_text("you: surprise").wait_for()
    assert page.locator("#mm-focus").get_attribute("data-item") == f"{EPISODE_ID}/made/11", "it moves on"
    page.locator("#mm-retrain").get_by_text("1 correction since the last training").wait_for()

    reload_page(page)
    review(page)
    tile.get_by_text("you: surprise").wait_for()
    assert words(ready_app.workspace)[3] == "surprise"
    tile.click()
    page.locator("#mm-focus button[data-do='undo']").click()
    page.locator("#mm-focus button[data-do='surprise'][aria-pressed='false']").wait_for()
    saved(page)
    page.locator("#mm-retrain").get_by_text("0 corrections").wait_for()
    assert 3 not in words(ready_app.workspace)


def test_filters_narrow_the_grid_say_so_and_pages_turn(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    review(page)
    assert page.locator("#mm-position").inner_text() == "230 of 276 faces"
    page.locator("#mm-page-forward").click()
    page.get_by_text("page 2 of 5").wait_for()
    assert current(page) == 49
    page.locator("#mm-filters summary").click()
    page.locator("#mm-filters [name='target']").select_option("joy")
    page.wait_for_function("document.querySelectorAll('#mm-grid .mm-tile').length < 48")
    chips = page.locator("#mm-grid .mm-tile .chips").all_inner_texts()
    assert chips and all(re.search("joy", text) for text in chips)
    clear = page.get_by_role("button", name="Remove the filter Training target says: joy")
    assert "More filters (1 set)" in page.locator("#mm-filters").inner_text()
    clear.click()
    page.locator("#mm-position").get_by_text("230 of 276 faces").wait_for()
    page.locator("#mm-filters [name='text']").fill("no such words")
    page.locator("#mm-grid").get_by_text("Nothing matches").wait_for()


def test_lines_are_shown_as_text_never_as_markup(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app)
    review(page)
    hostile = page.locator("#mm-grid").get_by_text("<b>We won</b> the regatta").first
    hostile.wait_for()
    assert page.locator("#mm-grid .line b").count() == 0
    hostile.click()
    page.locator("#mm-focus .said").get_by_text("<b>We won</b>").wait_for()
    page.keyboard.press("j")
    page.locator("#mm-focus .said").get_by_text("</script><script>alert(2)").wait_for()
    assert page.locator("#mm-review script, #mm-focus b").count() == 0


def test_keys_label_move_reject_skip_accept_and_undo(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    review(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert current(page) == 2
    for key in ("4", "r", "s", "a"):
        page.keyboard.press(key)
    assert current(page) == 6
    page.keyboard.press("Shift+Digit6")
    saved(page)
    rows = events(fresh)
    assert rows[["track_id", "label", "scope", "way"]].to_numpy().tolist()[:3] == [
        [2, "anger", "track", "chosen"],
        [3, REJECT, "track", "chosen"],
        [4, SKIP, "track", "chosen"],
    ]
    assert rows.iloc[3][["track_id", "scope", "way"]].tolist() == [5, "track", "accepted"]
    assert rows.iloc[4][["track_id", "label", "scope"]].tolist() == [6, "fear", "cue"]
    page.locator("#mm-grid .mm-tile[data-track='4']").get_by_text("skipped").wait_for()
    for _ in range(5):
        page.keyboard.press("u")
    saved(page)
    assert current(page) == 2
    assert words(fresh.workspace) == {}


def test_typing_in_a_field_labels_nothing(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    review(page)
    page.locator("#mm-filters [name='text']").press_sequentially("1 jars 2 fur")
    page.locator("#mm-filters [name='status']").press("s")
    open_tab(page, "Compare")
    page.locator("body").press("3")
    page.wait_for_timeout(400)
    assert len(events(fresh)) == 0


def test_two_hundred_presses_at_fifteen_a_second_lose_none_and_hit_no_wrong_face(
    fresh: RunningApp, open_page: OpenPage
):
    page = open_page(fresh)
    review(page)
    wanted = [EKMAN7.labels[(3 * n + n // 7) % 7] for n in range(200)]
    page.evaluate(TYPE, [[str(EKMAN7.index(label) + 1) for label in wanted], 1000 / 15])
    saved(page)
    rows = events(fresh)
    assert rows[["track_id", "label"]].to_numpy().tolist() == [[n + 1, label] for n, label in enumerate(wanted)]
    assert rows["press"].nunique() == 200
    assert words(fresh.workspace) == {n + 1: label for n, label in enumerate(wanted)}
    page.evaluate(TYPE, [["u"] * 200, 1000 / 15])
    saved(page)
    assert words(fresh.workspace) == {} and len(events(fresh)) == 400


def test_presses_that_the_server_did_not_hear_are_sent_again_also_after_a_reload(
    fresh: RunningApp, open_page: OpenPage, trouble: Trouble, reload_page: ReloadPage
):
    page = open_page(fresh)
    review(page)
    page.route("**/component_server/**", lambda route: route.abort())
    page.keyboard.press("2")
    page.keyboard.press("6")
    page.locator("#mm-saved[data-state='trouble']").get_by_text("2 unsaved").wait_for()
    assert len(events(fresh)) == 0
    kept = json.loads(page.evaluate("sessionStorage.getItem('mm-review-unsaved')"))
    assert [press["labels"] for press in kept] == [["joy"], ["fear"]]
    page.unroute("**/component_server/**")
    page.locator("#mm-saved[data-state='saved']").wait_for()
    assert events(fresh)["label"].tolist() == ["joy", "fear"]
    trouble.errors[:] = [error for error in trouble.errors if "ERR_FAILED" not in error]

    page.evaluate("(press) => sessionStorage.setItem('mm-review-unsaved', JSON.stringify([press]))",
                  {"id": "lost-1", "items": [f"{EPISODE_ID}/made/9"], "labels": ["disgust"]})  # fmt: skip
    reload_page(page)
    review(page)
    page.locator("#mm-grid .mm-tile[data-track='9']").get_by_text("you: disgust").wait_for()
    for _ in range(3):  # back through everything, though the page is new
        page.keyboard.press("u")
    saved(page)
    assert words(fresh.workspace) == {}


def test_a_label_that_was_refused_leaves_the_page_and_says_so_until_it_is_read(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    review(page)
    tile = page.locator("#mm-grid .mm-tile[data-track='1']")
    page.route("**/component_server/**", as_somebody_else)
    page.keyboard.press("2")
    message = page.locator("#mm-saved[data-state='trouble']").get_by_text("Not saved: it was made by")
    message.wait_for()
    assert tile.get_by_text("you: joy").count() == 0
    page.unroute("**/component_server/**")
    page.keyboard.press("6")
    until = time.monotonic() + 20
    while events(fresh).empty and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert events(fresh)["label"].tolist() == ["fear"] and message.is_visible(), "it stays until it is read"
    page.get_by_role("button", name="Close this message").click()
    saved(page)


def as_somebody_else(route: Any) -> None:
    """What a page sends when somebody else signed in since."""
    route.continue_(post_data=(route.request.post_data or "").replace('"me":"local"', '"me":"ana"'))


def faces_of(answer: object) -> list[dict[str, Any]]:
    """The faces in full that an answer of the server holds, if it is about any."""
    return answer.get("faces", []) if isinstance(answer, dict) else []


def test_focus_mode_has_pictures_bars_and_lines_and_can_be_blind(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    review(page)
    page.keyboard.press("j")
    page.keyboard.press("f")
    panel = page.locator("#mm-focus")
    page.wait_for_function("document.querySelectorAll('#mm-focus .mm-bars').length === 4")
    assert not page.locator("#mm-grid").is_visible()
    assert panel.locator(".mm-lines span:not(.small)").all_inner_texts() == [*LINES[:4]]
    assert panel.locator(".mm-bars .value").first.inner_text().endswith("%")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.keyboard.press("b")
    panel.get_by_text("Line and opinions are hidden.").wait_for()
    page.wait_for_timeout(300)
    text = page.locator("#mm-review").inner_text()
    assert not any(line[:14] in text for line in LINES) and panel.locator(".mm-bars").count() == 0
    page.keyboard.press("a")
    page.locator(".mm-told").get_by_text("Nothing is proposed").wait_for()
    first = page.locator("#mm-focus").get_attribute("data-item")
    page.keyboard.press("5")
    saved(page)
    panel.locator(".mm-frames img").first.wait_for()
    hidden = [answer for answer in answers if '"blind":true' in (answer.request.post_data or "").replace(" ", "")]
    in_full = [face for answer in hidden for face in faces_of(answer.json())]
    assert in_full
    assert all(face["blind"] and face["opinions"] == {} for face in in_full), "nothing is sent that would tell"
    page.keyboard.press("b")
    page.keyboard.press("Escape")
    assert page.locator("#mm-grid").is_visible()
    row = events(fresh).iloc[0]
    assert f"{EPISODE_ID}/made/{row['track_id']}" == first
    assert (row["label"], row["blind"]) == ("surprise", True)


def test_a_key_right_after_hiding_labels_nothing_that_was_seen_with_its_opinions(
    fresh: RunningApp, open_page: OpenPage
):
    page = open_page(fresh)
    review(page)
    waiting: list[Any] = []

    def keep(route: Any) -> None:
        waiting.append(route)

    for _ in range(3):
        page.route("**/component_server/**", keep)
        page.keyboard.press("b")
        page.keyboard.press("5")
        page.keyboard.press("j")
        page.locator(".mm-told").get_by_text("Not labelled").wait_for()
        tiles = page.locator("#mm-grid .mm-tile")
        assert tiles.count() == 0 and page.locator("#mm-focus .mm-bars").count() == 0
        page.unroute("**/component_server/**")
        while waiting:
            waiting.pop(0).continue_()
        tiles.first.wait_for()
        names = tiles.evaluate_all("all => all.map((one) => one.ariaLabel)")
        hidden = page.locator("[data-part='blind']").get_attribute("aria-pressed") == "true"
        assert not any("undefined" in name for name in names) and all((":" in name) != hidden for name in names)
    assert len(events(fresh)) == 0
    page.keyboard.press("b")


def test_one_picture_of_a_face_is_rejected_and_the_face_keeps_its_label(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    review(page)
    page.keyboard.press("f")
    page.locator("#mm-focus .mm-frame").nth(1).wait_for()
    page.keyboard.press("ArrowRight")
    page.locator("#mm-focus").get_by_text("What does this one picture show?").wait_for()
    page.keyboard.press("r")
    page.locator("#mm-focus .mm-frame.rejected").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    saved(page)
    said = read_words(fresh.workspace, fresh.workspace.episode(EPISODE_ID))
    assert said.rejected_pictures() == ["f1b"] and words(fresh.workspace) == {1: "joy"}
    page.keyboard.press("u")
    page.keyboard.press("u")
    saved(page)
    assert read_words(fresh.workspace, fresh.workspace.episode(EPISODE_ID)).rejected_pictures() == []


def test_a_reload_comes_back_to_the_same_place(fresh: RunningApp, open_page: OpenPage, reload_page: ReloadPage):
    page = open_page(fresh)
    review(page, character="person 2")
    page.locator("#mm-page-forward").click()
    page.get_by_text("page 2 of 2").wait_for()
    page.keyboard.press("j")
    track = current(page)
    reload_page(page)
    review(page)
    assert current(page) == track
    assert page.locator("#mm-position").inner_text() == "77 of 276 faces"
    page.get_by_role("button", name="Remove the filter Character: person 2").wait_for()


def test_a_selection_is_labelled_rejected_accepted_and_undone_at_once(fresh: RunningApp, open_page: OpenPage):
    page = open_page(fresh)
    review(page)
    tiles = page.locator("#mm-grid .mm-tile")
    tiles.nth(2).click()
    tiles.nth(5).click(modifiers=["Shift"])
    page.get_by_text("4 faces selected").wait_for()
    page.keyboard.press("3")
    saved(page)
    assert words(fresh.workspace) == dict.fromkeys((3, 4, 5, 6), "sadness")
    page.keyboard.press("u")
    saved(page)
    assert words(fresh.workspace) == {}
    page.locator(".mm-tools [data-do='select']").click()
    page.locator(".mm-bulk [data-do='page']").click()
    page.get_by_text("48 faces selected").wait_for()
    page.locator(".mm-bulk [data-do='accept']").click()
    saved(page)
    assert len(words(fresh.workspace)) == 48 and len(set(words(fresh.workspace).values())) > 3
    page.keyboard.press("u")
    saved(page)
    assert words(fresh.workspace) == {}
    assert page.locator("#mm-grid .mm-chip.human").count() == 0
