from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmemo.episode.account import CueAccount
from mmemo.errors import InputError
from mmemo.evaluate.report import FaceCard, Opinion, ReportData, render_report
from tests.evaluate.examples import make_comparison, right_in
from tests.evaluate.pages import HOSTILE, Page, check_in_browser, picture


def full_data(**changes: object) -> ReportData:
    opinions = (Opinion("teacher", "joy", 0.4), Opinion("image_only", "fear", 0.9), Opinion("student", "joy", 0.75))
    curves = pd.DataFrame({"fold": [0, 0], "epoch": [1, 2], "train_loss": [1.0, 0.8], "val_loss": [1.1, 0.9]})
    values: dict[str, object] = {
        "title": "The lighthouse, episode 1",
        "created": "3 March 2025, 14:02",
        "comparison": make_comparison(teacher=right_in(0.6), gold_ceiling=right_in(0.9)),
        "account": CueAccount(20, 14, {"music": 2, "no_face": 4}),
        "faces": 1400,
        "tracks": 140,
        "targets": right_in(0.6),
        "predictions": right_in(0.7),
        "curves": curves,
        "noise": np.full((7, 7), 1 / 7),
        "cards": (
            FaceCard(picture("JPEG"), HOSTILE, opinions, start_ms=3_723_400, gold="joy"),
            FaceCard(picture("PNG"), "", opinions),
        ),
        "synthetic_notice": "This episode is drawn.",
        "limits": ("One episode only.",),
        "settings": {"train": {"recipe": "anchored_em", "note": HOSTILE}},
        "identity": {"text teacher": "embedded 1a2b", "<i>video</i>": "episode.mp4"},
    }
    return ReportData(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(full_data())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_verdict_comes_first_in_words(page: Page) -> None:
    assert page.text.index("Proven gain") < page.text.index("Comparison")
    assert "+30.0 points of accuracy [95 % CI +" in page.text
    assert "over 140 tracks." in page.text


def test_every_rival_is_in_the_table(page: Page) -> None:
    for title in (
        "Majority class (neutral)",
        "Image only, not adapted",
        "Text teacher",
        "Student, adapted",
        "Trained on gold",
    ):
        assert title in page.text


def test_the_account_adds_up(page: Page) -> None:
    table = page.text[page.text.index("What became of every cue") : page.text.index("Charts")]
    counts = [int(n) for n in re.findall(r"(\d+) \d+\.\d", table)]
    assert counts == [14, 4, 2, 20]
    assert "no face was found" in table


def test_all_charts_are_drawn_and_described(page: Page) -> None:
    charts = page.all("svg")
    assert len(charts) == 7
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)


def test_ids_are_unique_and_headings_are_named(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = {attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes}
    assert references <= set(ids)


def test_elements_are_closed_in_order(page: Page) -> None:
    assert page.open == []


def test_lines_are_text_and_never_markup(html: str, page: Page) -> None:
    assert "<script" not in html
    assert not page.all("script")
    assert page.text.count("<script>alert('x')</script> & \"quotes\" {{ 7 * 6 }}") == 1
    assert page.all("i") == [bar for bar in page.all("i") if "style" in bar]


def test_nothing_is_asked_of_any_host(html: str, page: Page) -> None:
    assert "http:" not in html
    assert "https:" not in html
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    for tag, attributes in page.tags:
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/")), tag
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_faces_carry_their_picture_line_time_and_gold(page: Page) -> None:
    first, second = page.all("img")
    assert first["src"].startswith("data:image/jpeg;base64,")
    assert second["src"].startswith("data:image/png;base64,")
    assert first["alt"] == "Face 1, gold: joy"
    assert second["alt"] == "Face 2"
    assert "at 1:02:03" in page.text
    assert "(no line)" in page.text
    assert page.text.count("✓") == 2
    assert page.text.count("✗") == 1


def test_settings_are_readable_json(page: Page) -> None:
    text = page.words[next(i for i, w in enumerate(page.words) if "anchored_em" in w)]
    assert json.loads(text)["train"]["note"] == HOSTILE


def test_limits_are_in_plain_words(page: Page) -> None:
    limits = page.text[page.text.index("Limits") :]
    assert "This episode is drawn." in limits
    assert "One episode only." in limits
    assert "They say nothing about other shows." in limits


def test_a_second_comparison_stands_under_the_first_with_its_own_verdict() -> None:
    page = Page(render_report(full_data(further={"On <labelled> faces": make_comparison(student=right_in(0.1))})))
    section = page.text[page.text.index("Comparison") : page.text.index("What became of every cue")]
    assert section.index("Student, adapted") < section.index("On <labelled> faces") < section.index("Proven loss.")
    assert [table["class"] for table in page.all("table")].count("comparison") == 2
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert page.open == []


def test_collapse_is_told_among_the_limits() -> None:
    assert "In training, collapse: all neutral." in render_report(full_data(collapse="collapse: all neutral"))


def test_a_loss_is_said_as_plainly_as_a_gain() -> None:
    html = render_report(full_data(comparison=make_comparison(student=right_in(0.1))))
    assert "Proven loss" in html
    assert "\u221230.0 points of accuracy" in html
    assert "The baseline is the better choice here." in html


def test_without_gold_it_says_what_to_do() -> None:
    page = Page(render_report(full_data(comparison=None)))
    assert "Not compared yet" in page.text
    assert "--gold" in page.text
    assert "review faces" in page.text
    assert "What became of every cue" in page.text
    assert "Where student and baseline disagree most" in page.text
    assert len(page.all("svg")) == 3
    assert "Proven" not in page.text


def test_a_report_of_nothing_but_a_title() -> None:
    page = Page(render_report(ReportData(HOSTILE, "today")))
    assert page.open == []
    assert "Not compared yet" in page.text
    assert not page.all("svg")
    assert not page.all("script")


def test_one_example_is_enough_for_a_report() -> None:
    html = render_report(ReportData("one", "today", targets=np.eye(7)[:1], predictions=np.eye(7)[1:2]))
    assert html.count("<svg") == 1


def test_empty_arrays_have_no_chart() -> None:
    none = np.empty((0, 7), np.float32)
    curves = pd.DataFrame(columns=["fold", "epoch", "train_loss", "val_loss"])
    assert "<svg" not in render_report(ReportData("empty", "today", targets=none, predictions=none, curves=curves))


def test_an_opinion_uses_our_labels() -> None:
    with pytest.raises(InputError, match="unknown label 'bored'"):
        Opinion("student", "bored", 0.5)
    with pytest.raises(AssertionError):
        Opinion("student", "joy", 1.5)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_browser_shows_it_without_errors_requests_or_sideways_scrolling(
    browser: Any, tmp_path: Path, html: str, width: int, scheme: str
) -> None:
    check_in_browser(browser, tmp_path / "report.html", html, width, scheme)
