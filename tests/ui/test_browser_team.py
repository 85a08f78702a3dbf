"""Several people in browsers of their own: sign in, get faces, differ, and a lead decides; a reload keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mmemo.flow.review.human_labels import read_words
from mmemo.flow.team.assignment import assigned_tracks, open_team
from mmemo.store.people import LEAD, add_person
from mmemo.store.workspace import Workspace
from mmemo.ui.roles import FOR_ANNOTATORS, FOR_LEADS
from tests.ui.browser_review import current, saved
from tests.ui.conftest import PHONE, OpenPage, ReloadPage, RunningApp, Trouble, open_tab, running_app
from tests.ui.made import EPISODE_ID, ready_workspace

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "a long enough one"


@pytest.fixture(scope="module")
def team_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    workspace = ready_workspace(tmp_path_factory.mktemp("team") / "workspace")
    people = workspace.root / "people.txt"
    add_person(people, "ada", PASSWORD, LEAD)
    for name in ("ben", "cy"):
        add_person(people, name, PASSWORD)
    with running_app(workspace, "--no-sample", "--people", str(people)) as app:
        yield app


def as_(name: str, password: str = PASSWORD) -> Callable[[Page], None]:
    """Fills in the form of the page that asks who it is."""

    def enter(page: Page) -> None:
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()

    return enter


def part(page: Page, name: str) -> None:
    page.locator("#mm-team").get_by_role("tab", name=name).click()


def team(page: Page) -> None:
    open_tab(page, "Team")
    page.locator("#mm-team [role='tablist']").wait_for()


def tell(page: Page, words: str) -> None:
    page.locator("#mm-team [data-part='told']", has_text=words).wait_for()


def labels_of(workspace: Workspace) -> list[tuple[int, str, str]]:
    with closing(workspace.labels()) as store:
        said = store.history(EPISODE_ID)
    return [*said[["track_id", "annotator", "label"]].itertuples(index=False, name=None)]


def test_a_wrong_password_lets_nobody_in(team_app: RunningApp, open_page: OpenPage, trouble: Trouble):
    def enter(page: Page) -> None:
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").get_by_text("both needed").wait_for()
        as_("ada", "a wrong one")(page)
        page.get_by_role("alert").get_by_text("Name or password is wrong").wait_for()
        assert not page.locator("#mm-tabs").count()
        page.wait_for_timeout(300)
        trouble.errors.clear()  # the browser tells of every refused request
        as_("ada")(page)

    page = open_page(team_app, enter=enter)
    team(page)
    assert "ada" in page.locator("#mm-team [data-part='top']").inner_text()


def test_who_labels_sees_no_buttons_that_only_a_lead_may_press(team_app: RunningApp, open_page: OpenPage):
    for name, leads in (("ben", False), ("ada", True)):
        page = open_page(team_app, enter=as_(name))
        page.locator("#mm-account .mm-facts").wait_for()
        page.locator(f"#mm-tabs .{FOR_LEADS if leads else FOR_ANNOTATORS}").first.wait_for(state="visible")
        assert page.locator("#mm-adapt").is_visible() == leads
        assert page.get_by_text("Only a lead adapts").is_visible() != leads
        open_tab(page, "Review")
        page.locator("#mm-grid figure, #mm-grid button").first.wait_for()
        assert page.locator("#mm-retrain").is_visible() == leads
        open_tab(page, "Compare")
        page.locator("#mm-promotion-state strong").wait_for()
        assert page.locator("#mm-promote").is_visible() == leads
        open_tab(page, "Train")
        page.locator("#mm-runs [data-act='show'], #mm-runs [data-act='against']").first.wait_for()
        for selector in ("#mm-train-head", "#mm-runs input", "#mm-runs [data-act='use'], #mm-runs [data-act='stop']"):
            assert page.locator(selector).first.is_visible() == leads, selector
        assert page.get_by_text("Only a lead trains").is_visible() != leads


def test_faces_are_handed_out_people_differ_and_a_lead_decides(
    team_app: RunningApp, open_page: OpenPage, reload_page: ReloadPage
):
    workspace = team_app.workspace
    lead = open_page(team_app, enter=as_("ada"))
    team(lead)
    assert "Nobody has labelled" in lead.locator("#mm-team-progress").inner_text()
    both = hand_out(lead, workspace)
    for name, key in (("ben", "2"), ("cy", "3")):
        page = open_page(team_app, enter=as_(name))
        team(page)
        shown = page.locator("#mm-team-progress tbody tr")
        assert shown.count() == 1 and name in shown.inner_text(), "the own row alone"
        assert not page.locator("#mm-team-tab-conflicts").is_visible()
        label_assigned(page, workspace, name, {both[0]: "2", both[1]: key})
    assert set(labels_of(workspace)) == {
        (both[0], "ben", "joy"), (both[1], "ben", "joy"), (both[0], "cy", "joy"), (both[1], "cy", "sadness"),
    }  # fmt: skip

    reload_page(lead)
    team(lead)
    part(lead, "Where people differ")
    decide(lead, workspace, both[1])
    reload_page(lead)
    team(lead)
    part(lead, "Agreement")
    lead.locator("#mm-team-few", has_text="2").wait_for()
    part(lead, "Gold questions")
    lead.locator("#mm-team-questions figure").wait_for()
    part(lead, "Where people differ")
    lead.get_by_text("Nobody differs").wait_for()
    lead.locator("#mm-team-which").select_option("yes")
    lead.locator("#mm-decision", has_text="surprise").wait_for()


def hand_out(lead: Page, workspace: Workspace) -> list[int]:
    """All faces to ben and cy, half of them to both; gives those, in order."""
    part(lead, "Rounds")
    lead.get_by_text("40 faces").wait_for()
    lead.locator("#mm-round input[value='ada']").uncheck()
    lead.locator("#mm-round [name='overlap']").fill("50")
    lead.locator("#mm-hand-out").click()
    tell(lead, "40 faces, 20 of them to several")
    episode = workspace.episode(EPISODE_ID)
    mine, theirs = (assigned_tracks(workspace, episode, name) for name in ("ben", "cy"))
    assert len(mine & theirs) == 20
    return sorted(mine & theirs)


def label_assigned(page: Page, workspace: Workspace, name: str, keys: dict[int, str]) -> None:
    """From Team to the own faces in Review, which are these and no others, and a key on some of them."""
    page.locator("#mm-to-review").click()
    page.locator("#mm-filters [name='assigned']:checked").wait_for()
    mine = assigned_tracks(workspace, workspace.episode(EPISODE_ID), name)
    page.wait_for_function("n => document.querySelectorAll('#mm-grid [data-track]').length === n", arg=len(mine))
    page.wait_for_function("!document.querySelector('#mm-grid').hasAttribute('aria-busy')")
    for track, key in keys.items():
        page.locator(f"#mm-grid [data-track='{track}']").click()
        assert current(page) == track
        page.keyboard.press(key)
    saved(page)
    assert not page.locator("#mm-grid .mm-chip.human", has_text="ben" if name == "cy" else "cy").count()


def decide(lead: Page, workspace: Workspace, track: int) -> None:
    """By keys: anger, which becomes a gold question; taken back; unusable; surprise in the end."""
    card = lead.locator("#mm-team .mm-casecard")
    card.wait_for()
    assert "ben" in card.inner_text() and "cy" in card.inner_text()
    lead.locator("#mm-team [data-do='names']").click()
    assert "ben" not in card.inner_text() and "person 1" in card.inner_text()
    for key, told in (("4", "Saved: anger"), ("g", "gold question"), ("u", "Taken back"), ("r", "Saved: unusable")):
        lead.keyboard.press(key)
        tell(lead, told)
    assert dict(_holds(workspace))[track] == "reject"
    lead.keyboard.press("5")
    tell(lead, "Saved: surprise")
    assert dict(_holds(workspace))[track] == "surprise"
    with closing(open_team(workspace)) as store:
        assert store.decisions(EPISODE_ID)["label"].tolist() == ["anger", "withdraw", "reject", "surprise"]


def _holds(workspace: Workspace) -> list[tuple[int, str]]:
    said = read_words(workspace, workspace.episode(EPISODE_ID)).current()
    return [*said[["track_id", "label"]].itertuples(index=False, name=None)]


def test_alone_on_a_phone_one_sees_the_own_progress_and_how_to_add_people(ready_app: RunningApp, open_page: OpenPage):
    page = open_page(ready_app, PHONE)
    team(page)
    page.get_by_text("--add-person ADA --lead").wait_for()
    for name in ("Where people differ", "Agreement", "Rounds", "Gold questions", "Progress"):
        part(page, name)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, name
    nameless = page.locator("#mm-team button, #mm-team select, #mm-team input").evaluate_all(
        "all => all.filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.[0]?.textContent.trim())).length"
    )
    assert nameless == 0
    page.locator("#mm-team-tab-progress").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "mm-team-tab-conflicts"
