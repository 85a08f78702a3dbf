"""Where people differ, in the page: keys that follow each other at once, and pages of a list that gets shorter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mmemo.flow.team.assignment import open_team
from mmemo.store.workspace import Workspace
from mmemo.ui.review.desk import ReviewDesk
from mmemo.ui.review.save import save_presses
from tests.ui.conftest import OpenPage, RunningApp, open_tab, running_app
from tests.ui.made import EPISODE_ID, ready_workspace
from tests.ui.review_made import item

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TRACKS, PAGE = 60, 48


@pytest.fixture
def torn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app in which two people differ on every face."""
    workspace = ready_workspace(tmp_path_factory.mktemp("torn") / "workspace", tracks=TRACKS)
    with closing(workspace.labels()) as store:
        desk = ReviewDesk(workspace, store)
        items = [item(track) for track in range(1, TRACKS + 1)]
        for who, word in (("ben", "joy"), ("cy", "fear")):
            assert save_presses(desk, {"presses": [{"id": who, "items": items, "label": word}]}, who)["refused"] == []
    with running_app(workspace, "--no-sample") as app:
        yield app


def decisions(workspace: Workspace) -> list[tuple[int, str]]:
    """What is kept, in the order in which it was said."""
    with closing(open_team(workspace)) as store:
        said = store.decisions(EPISODE_ID)
    return [*said[["track_id", "label"]].itertuples(index=False, name=None)]


def shown(page: Page) -> list[str]:
    """The faces of the page, in order; a decided one is marked."""
    return page.locator("#mm-team .mm-case").evaluate_all(
        "all => all.map((one) => one.getAttribute('aria-label') + (one.classList.contains('decided') ? ' decided' : ''))"
    )


def told(page: Page, words: str) -> None:
    page.locator("#mm-team [data-part='told']", has_text=words).wait_for()


@pytest.mark.timeout(300)
def test_keys_are_kept_in_their_order_and_no_face_is_passed_over(torn: RunningApp, open_page: OpenPage):
    page = open_page(torn)
    open_tab(page, "Team")
    page.locator("#mm-team [role='tablist']").wait_for()
    page.locator("#mm-team-tab-conflicts").click()
    page.locator("#mm-team .mm-casecard").wait_for()
    place = page.locator("#mm-team [data-part='place']")
    assert place.inner_text() == f"Face 1 of {TRACKS}" and len(shown(page)) == PAGE

    page.keyboard.press("3")  # and taken back before the first is saved
    page.keyboard.press("u")
    told(page, "Taken back")
    assert page.locator("#mm-decision").inner_text() == "Not decided"
    assert [label for _, label in decisions(torn.workspace)] == ["sadness", "withdraw"]
    assert len({track for track, _ in decisions(torn.workspace)}) == 1 and place.inner_text() == f"Face 1 of {TRACKS}"

    first = shown(page)
    page.keyboard.press("2")
    page.keyboard.press("4")
    told(page, "Saved: anger")
    assert [label for _, label in decisions(torn.workspace)[2:]] == ["joy", "anger"]
    left = [one for one in shown(page) if not one.endswith("decided")]
    assert left == first[2:]
    pager = page.locator("#mm-team .mm-pages button")
    pager.nth(1).click()
    page.wait_for_function("n => document.querySelectorAll('#mm-team .mm-case').length === n", arg=TRACKS - PAGE)
    assert place.inner_text() == f"Face {PAGE - 1} of {TRACKS - 2}"
    assert not set(left) & set(shown(page)) and len(left) + len(shown(page)) == TRACKS - 2, (
        "each open face is on one page"
    )
    pager.nth(0).click()
    page.wait_for_function("n => document.querySelectorAll('#mm-team .mm-case').length === n", arg=PAGE)
    assert shown(page)[: len(left)] == left
    page.locator("#mm-team-tab-rounds").click()
    assert page.locator("#mm-team [data-part='told']").inner_text() == "", "what was done there is no news here"
    gold = page.locator("#mm-round [name='gold']")
    gold.wait_for()
    assert not gold.is_checked() and gold.is_disabled(), "there is no gold question to mix in"
