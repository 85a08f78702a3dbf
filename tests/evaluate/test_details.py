"""Parts of the faces with their gains, and what report and app show of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.evaluate.details import (
    DETAILS_FILE,
    Details,
    details_of,
    read_details,
    reliability_words,
    save_details,
    slices_html,
    slices_words,
)
from mmemo.evaluate.report import render_report
from mmemo.evaluate.slices import EMOTION, slices_of
from mmemo.labels import EKMAN7
from tests.evaluate.examples import GOLD, right_in
from tests.evaluate.pages import HOSTILE, Page
from tests.evaluate.test_report import full_data

_N = len(GOLD)
_UNITS = np.array([f"pilot/{i}" for i in range(_N)])


def facts() -> pd.DataFrame:
    """Half of the faces small; the first is turned and nobody knows of the second; three people, one rare."""
    return pd.DataFrame(
        {
            "size_px": np.where(np.arange(_N) % 2, 40.0, 90.0),
            "turned_deg": [50.0, np.nan, *[3.0] * (_N - 2)],
            "brightness": 100.0,
            "character": [HOSTILE] * 60 + ["Nora"] * 75 + [""] * 5,
        }
    )


def details() -> Details:
    return details_of(GOLD, _UNITS, {"image_only": right_in(0.4), "student": right_in(0.7)}, facts())


def test_every_part_counts_its_faces_and_small_ones_say_so():
    parts = {(part.kind, part.name): part for part in details().slices}
    small, middle = parts["Size in the picture", "under 64 px"], parts["Size in the picture", "64 to 128 px"]
    assert small.n + middle.n == _N and ("Size in the picture", "over 128 px") not in parts
    turned = parts["Turned away", "more than 35°"]
    assert turned.n == 1 and turned.is_small and turned.says() == "too few to tell"
    assert parts["Turned away", "less than 15°"].n == _N - 2, "a face of which nothing is known is in no part"
    nora = parts["Character", "Nora"]
    assert nora.gain > 0 and nora.gain_ci95 is not None and nora.gain_ci95[0] > 0 and nora.says() == "better"
    assert parts["Character", "not put together"].n == 5


def test_a_part_is_compared_on_its_own_faces():
    better_when_small = np.where((np.arange(_N) % 2)[:, None] == 1, right_in(1.0), right_in(0.1))
    parts = slices_of(GOLD, right_in(0.4), better_when_small, _UNITS, facts()[["size_px"]])
    by_size = [(part.name, part.says()) for part in parts if part.kind != EMOTION]
    assert by_size == [("under 64 px", "better"), ("64 to 128 px", "worse")]


def test_each_emotion_of_the_gold_is_a_part_whose_accuracy_is_its_recall():
    gold, student = np.array([1] * 30 + [2] * 30), np.eye(7)[[1] * 30 + [3] * 30]
    joy, sadness = slices_of(gold, np.eye(7)[[0] * 60], student, np.arange(60), pd.DataFrame(index=range(60)))
    assert (joy.kind, joy.name, joy.n, joy.student, joy.says()) == (EMOTION, EKMAN7.labels[1], 30, 1.0, "better")
    assert (sadness.name, sadness.baseline, sadness.student) == (EKMAN7.labels[2], 0.0, 0.0)
    nothing_known = slices_of(GOLD, right_in(0.4), right_in(0.7), _UNITS, pd.DataFrame(index=range(_N)))
    assert {part.kind for part in nothing_known} == {EMOTION}


def test_details_are_kept_and_go_with_their_comparison(tmp_path: Path):
    found = details()
    save_details(tmp_path, found)
    again = read_details(tmp_path)
    assert again is not None and again.to_contract() == found.to_contract()
    save_details(tmp_path, None)
    assert read_details(tmp_path) is None and not (tmp_path / DETAILS_FILE).exists()


def test_the_key_is_that_of_the_gold_alone():
    other = details_of(GOLD, _UNITS, {"image_only": right_in(0.1), "student": right_in(0.9)}, facts())
    turned = np.arange(_N)[::-1]
    shuffled = details_of(
        GOLD[turned], _UNITS[turned], {"image_only": right_in(0.1), "student": right_in(0.9)}, facts().iloc[turned]
    )
    assert details().gold_key == other.gold_key == shuffled.gold_key
    changed = GOLD.copy()
    changed[0] = 6
    assert (
        details_of(changed, _UNITS, {"image_only": right_in(0.1), "student": right_in(0.9)}, facts()).gold_key
        != other.gold_key
    )


def test_words_warn_of_small_parts_and_of_many():
    said = slices_words(details())
    assert "2 of 15 parts have under 20 faces" in said and "by chance alone" in said
    assert [words.split(":")[0] for words in reliability_words(details())] == [
        "Image only, not adapted",
        "Student, adapted",
    ]


def test_the_report_shows_the_same_table_and_chart_escaped():
    found = details()
    html = render_report(full_data(details=found))
    assert slices_html(found) in html and "<script>" not in slices_html(found)
    page = Page(html)
    assert page.open == [] and "Parts of the faces" in page.text and "How sure, and how often right" in page.text
    assert "Parts of the faces" not in Page(render_report(full_data())).text
