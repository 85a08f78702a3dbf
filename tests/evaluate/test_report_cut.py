"""The account of a cut as a page: every outcome with examples, and no word of a subtitle that becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmemo.episode.account import CueAccount
from mmemo.evaluate.report import ReportData, render_report
from mmemo.evaluate.report_cut import (
    CharacterRow,
    CueExample,
    CutDetails,
    CutPage,
    FaceShown,
    Note,
    QaList,
    QaRow,
    Reading,
    RuleUse,
    merged_examples,
    render_cut,
)
from mmemo.evaluate.words import sync_said
from tests.evaluate.pages import HOSTILE, Page, check_in_browser, picture

JPEG = picture("JPEG")
SYNC = {
    "outcome": "shifted",
    "applied": True,
    "parts": [
        {"from_ms": 0, "offset_ms": -2500, "ratio": 1.0},
        {"from_ms": 60_000, "offset_ms": 1200, "ratio": 1.0427},
    ],
    "why": f"the cues are late; {HOSTILE}",
    "method": HOSTILE,
    "cues": 300,
    "speech_s": 412.0,
    "fit": 0.61,
    "fit_now": 0.1,
    "z": 12.0,
    "confidence": 0.98,
    "warning": "",
}


def example(cue_id: int = 1, **changes: Any) -> CueExample:
    values: dict[str, Any] = {"cue_id": cue_id, "start_ms": 61_000, "line": HOSTILE, "scene": JPEG}
    return CueExample(**(values | changes))


def make_reading(**changes: Any) -> Reading:
    values: dict[str, Any] = {
        "format": "srt",
        "encoding": f"cp1252 {HOSTILE}",
        "read": 20,
        "repaired_total": 1200,
        "refused_total": 1,
        "repaired": (Note(12, "an index is missing", HOSTILE),),
        "refused": (Note(77, f"no time in it {HOSTILE}", HOSTILE),),
        "rules": (
            RuleUse("tags", "tags such as <i> are taken off", 3, f"<i>{HOSTILE}</i>", HOSTILE, speaker=HOSTILE),
            RuleUse(HOSTILE, "", 1),
            RuleUse("sound", "[sounds] are taken out", 2, "[bang]", ""),
        ),
        "stream": 2,
        "streams": ("2: eng", f"3: {HOSTILE}"),
    }
    return Reading(**(values | changes))


def make_details(episode_id: str = "harbour-lights", **changes: Any) -> CutDetails:
    faces = (FaceShown(JPEG, "candidate", 1.5), FaceShown(JPEG, "candidate", 1.25), FaceShown(JPEG, HOSTILE))
    values: dict[str, Any] = {
        "episode_id": episode_id,
        "account": CueAccount(20, 14, {"music": 2, "several_speakers": 4}),
        "examples": {
            "kept": (example(1, faces=(FaceShown(JPEG, "speaker", 3.0),)),),
            "several_speakers": (example(2, faces=faces, more_faces=3, margin=1.2),),
            "music": (example(3, scene=None), example(4, scene=None, line="")),
        },
        "reading": make_reading(),
        "sync": SYNC,
        "qa": QaList(
            {"short_cue": 40, "speech_without_cue": 1, HOSTILE: 1},
            (QaRow("short_cue", 3000, f"stands for {HOSTILE}", 7, HOSTILE), QaRow("speech_without_cue", 9000, "2 s")),
        ),
        "characters": (
            CharacterRow(1, HOSTILE, "prefix", 12, 10, 31.5, JPEG, votes=4, of=5),
            CharacterRow(2, "", "", 3, 2, 4.0),
        ),
        "more_characters": 5,
        "warnings": (f"the subtitles were moved; {HOSTILE}",),
    }
    return CutDetails(**(values | changes))


def make_page(**changes: Any) -> CutPage:
    values: dict[str, Any] = {
        "title": HOSTILE,
        "created": "3 March 2025, 14:02",
        "details": make_details(),
        "faces": 1400,
        "tracks": 140,
        "duration_ms": 1_320_000,
        "seconds": {"decode": 10.2, "detect": 30.1},
        "settings": {"note": HOSTILE},
        "identity": {HOSTILE: HOSTILE},
    }
    return CutPage(**(values | changes))


@pytest.fixture(scope="module")
def html() -> str:
    return render_cut(make_page())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_leads_with_what_was_kept(page: Page) -> None:
    assert page.text.index("14 of 20 cues give faces") < page.text.index("What became of every cue")
    assert "70.0 % Face tracks 140 Faces 1,400 Worth a look 42 Characters 7" in page.text
    assert "0:22:00 of video · cut in 40 s" in page.text


def test_every_outcome_has_its_examples_in_the_order_of_the_account(page: Page) -> None:
    examples = page.text[page.text.index("Examples of each outcome") : page.text.index("Characters character")]
    places = [examples.index(f"{name} ") for name in ("kept", "several speakers", "music")]
    assert places == sorted(places)
    assert "0:01:01 cue 2 · margin 1.20" in examples
    assert "1.50 1.25 – +3" in examples
    assert "(no words)" in examples


def test_what_was_repaired_and_refused_is_told_with_lines(page: Page) -> None:
    text = page.text[page.text.index("How the subtitle was read") : page.text.index("Worth a look", 2000)]
    assert "Format srt" in text
    assert "Repaired 1,200 Refused 1" in text
    assert re.search(r"77 no time in it .* 12 an index is missing", text)
    assert "The first 1 of 1,200; all are in subtitles.json" in text
    assert "Taken: stream 2." in text
    assert "tags 3 cues" in text
    assert "[bang] → nothing is spoken" in text


def test_the_sync_check_says_what_was_moved(page: Page) -> None:
    assert "Moved to fit the sound" in page.text
    assert "All cues were moved as the table says." in page.text
    assert "0:00:00 −2.50 s × 1.0000 0:01:00 +1.20 s × 1.0427" in page.text
    assert "Confidence 0.98" in page.text


def test_the_suspicious_are_counted_and_listed(page: Page) -> None:
    text = page.text[page.text.rindex("Worth a look") :]
    assert "short cue the line stands shorter than subtitles do 40" in text
    assert "0:00:09 speech without cue 2 s" in text
    assert "40 more are in qa.parquet" in text


def test_characters_have_names_and_say_who_gave_them(page: Page) -> None:
    assert "NAME: in 4 of 5 lines 12 10 32" in page.text
    assert "Character 2 – 3 2 4" in page.text
    assert "5 more with fewer tracks." in page.text


def test_no_word_from_outside_becomes_markup(html: str, page: Page) -> None:
    assert "<script" not in html
    assert not page.all("script")
    assert page.all("i") == [bar for bar in page.all("i") if "style" in bar]
    assert page.text.count(HOSTILE) >= 20
    assert all(set(attributes) <= {"src", "alt", "class"} for attributes in page.all("img"))
    assert page.open == []


def test_nothing_is_asked_of_any_host(html: str, page: Page) -> None:
    assert "http:" not in html and "https:" not in html
    assert not re.search(r"url\((?!#)", html)
    assert all(str(image["src"]).startswith("data:image/") for image in page.all("img"))
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'")


def test_a_cut_of_which_little_is_known() -> None:
    bare = CutDetails("bare", CueAccount(0, 0, {}))
    page = Page(render_cut(CutPage("bare", "today", bare, 0, 0, 0)))
    assert page.open == []
    assert "0 of 0 cues give faces" in page.text
    assert "What became of every cue" in page.text
    assert not page.all("img")
    assert "How the subtitle was read" not in page.text and "Examples" not in page.text


def test_a_clean_reading_and_an_empty_list_say_so() -> None:
    clean = make_reading(repaired_total=0, refused_total=0, repaired=(), refused=(), rules=(), streams=())
    page = Page(render_cut(make_page(details=make_details(reading=clean, qa=QaList({}, ()), sync=None))))
    assert "Nothing was repaired or refused." in page.text
    assert "Nothing looks suspicious." in page.text
    assert "What the cleaning did" not in page.text
    assert "The times were not held against the speech. Nothing was moved." in page.text


def test_many_repairs_are_folded_away_and_refusals_never() -> None:
    notes = tuple(Note(i, "an index is missing", "x") for i in range(11))
    page = Page(render_cut(make_page(settings={}, details=make_details(reading=make_reading(repaired=notes)))))
    assert "1,200 repairs, each with its line" in page.text
    assert len(page.all("details")) == 1
    refused = make_reading(refused=notes, refused_total=11)
    assert not Page(render_cut(make_page(settings={}, details=make_details(reading=refused)))).all("details")


@pytest.mark.parametrize(
    ("outcome", "applied", "headline", "parts"),
    [
        ("in_sync", False, "In sync", 0),
        ("shifted", True, "Moved to fit the sound", 1),
        ("shifted", False, "Seems to be off", 1),
        ("unsure", False, "Not sure", 1),
        ("hopeless", False, "Does not belong to this sound", 1),
        ("not_checked", False, "Not checked", 0),
        ("unheard_of", False, "unheard of", 1),
    ],
)
def test_every_outcome_of_the_sync_check_has_words(outcome, applied, headline, parts) -> None:
    said = sync_said({"outcome": outcome, "applied": applied, "parts": [{"from_ms": 0}], "why": "so it is."})
    assert said.headline == headline
    assert said.sentence.startswith("So it is.") and not said.sentence.endswith("..")
    assert ("Nothing was moved" in said.sentence) is (not applied and outcome != "unheard_of")
    assert len(said.parts) == parts


def test_the_report_of_a_run_holds_the_same_parts() -> None:
    account = CueAccount(20, 14, {"music": 2, "several_speakers": 4})
    page = Page(render_report(ReportData("t", "today", account=account, cuts=(make_details(),))))
    for part in ("Examples of each outcome", "Characters", "How the subtitle was read", "Worth a look"):
        assert page.text.count(part) == 1
    assert page.open == []
    assert not page.all("script")


def test_several_episodes_have_each_their_parts_and_ids() -> None:
    cuts = (make_details("one"), make_details("two", characters=(), more_characters=0))
    page = Page(render_report(ReportData("t", "today", account=CueAccount(40, 40, {}), cuts=cuts)))
    assert "How the subtitle was read one" in page.text and "How the subtitle was read two" in page.text
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert page.open == []


def test_examples_come_from_each_episode_in_turn() -> None:
    one = make_details("one", examples={"music": tuple(example(i) for i in (1, 2, 3, 4))})
    two = make_details("two", examples={"music": tuple(example(i) for i in (11, 12))})
    merged = merged_examples([one, two, replace(one, examples={})])
    assert [found.cue_id for found in merged["music"]] == [1, 11, 2, 12]
    assert list(merged_examples([make_details()])) == ["kept", "several_speakers", "music"]
    assert merged_examples([]) == {}


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (320, "light")])
def test_a_browser_shows_it_without_errors_requests_or_sideways_scrolling(
    browser: Any, tmp_path: Path, html: str, width: int, scheme: str
) -> None:
    check_in_browser(browser, tmp_path / "cut.html", html, width, scheme)
