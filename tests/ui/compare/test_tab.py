"""The Compare tab: how sure the models are, parts of the faces, rows on fewer faces, and two runs against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.evaluate.calibration import reliability
from mmemo.evaluate.comparison import compare
from mmemo.evaluate.details import details_of, save_details, slices_html
from mmemo.flow.runs.choice import save_gold
from mmemo.flow.runs.details import track_facts
from mmemo.labels import EKMAN7
from mmemo.store.files import read_table
from mmemo.store.tables import probs_of
from mmemo.store.workspace import SYNTHETIC_FILE, Workspace
from mmemo.ui.charts import in_words
from mmemo.ui.compare.tab import other_runs, show_against, show_comparison, show_promotion
from mmemo.ui.compare.table import classes_html, table_html
from mmemo.ui.compare.words import sure_words, use_words, verdict_words
from mmemo.ui.context import Selection
from mmemo.ui.header import choose
from mmemo.ui.text import in_language
from tests.evaluate.examples import GOLD, right_in
from tests.ui.made import EPISODE_ID, RUN_IDS, label_of, ready_workspace

CHOSEN = Selection(EPISODE_ID, RUN_IDS[0])


@pytest.fixture
def ready(tmp_path: Path) -> Workspace:
    return ready_workspace(tmp_path / "workspace")


def test_what_was_kept_is_shown_as_in_the_report(ready: Workspace):
    before, charts = show_comparison(ready, CHOSEN)
    assert "were not kept when this run was compared" in before and "Parts of the faces" not in charts
    folder = ready.run_folder(RUN_IDS[0])
    tracks = read_table(folder / "predictions.parquet")[["episode_id", "track_id"]]
    gold = np.array([EKMAN7.index(label_of(track)) for track in tracks["track_id"]])
    predictions = {
        name: probs_of(read_table(folder / file))
        for name, file in (("image_only", "image.parquet"), ("student", "predictions.parquet"))
    }
    facts = track_facts(ready, {"episodes": [EPISODE_ID]}, tracks)
    details = details_of(gold, tracks["track_id"].to_numpy(), predictions, facts)
    save_details(ready.report_folder(RUN_IDS[0]), details)
    after, charts = show_comparison(ready, CHOSEN)
    assert "were not kept" not in after and slices_html(details) in charts
    assert charts.count("<svg") == 6 and "calibration error" in charts and "Person 1" in charts


def test_a_row_on_fewer_faces_says_so_in_the_row():
    fused = right_in(0.9)
    fused[:14] = np.nan
    predictions = {"image_only": right_in(0.4), "student": right_in(0.7), "fused": fused}
    comparison = compare(GOLD, np.arange(len(GOLD)), predictions, "track")
    row = comparison.row("fused")
    assert row is not None and row.note == "on 126 of 140, where the student has 69.0 % accuracy"
    assert table_html(comparison).count(row.note) == 1
    again = type(comparison).from_contract(comparison.to_contract())
    assert [r.note for r in again.rows] == [r.note for r in comparison.rows]


def test_two_runs_are_put_against_each_other(ready: Workspace):
    menu = other_runs(ready, CHOSEN)
    assert [run_id for _, run_id in menu.choices] == [RUN_IDS[1]] and menu.visible
    assert not other_runs(ready, Selection()).visible and show_against(ready, CHOSEN, None) == ""
    assert "nothing says which one is better" in show_against(ready, CHOSEN, RUN_IDS[1])
    tracks = read_table(ready.run_folder(RUN_IDS[0]) / "predictions.parquet")[["episode_id", "track_id"]]
    save_gold(ready, RUN_IDS[0], tracks, tracks["track_id"].map(label_of))
    said = show_against(ready, CHOSEN, RUN_IDS[1])
    assert "The first run is better" in said and "not proven · " in said and said.count('data-head="joy"') == 2


def test_material_that_is_known_to_be_made_up_is_called_so_without_gold_too(ready: Workspace):
    (ready.report_folder(RUN_IDS[0]) / "comparison.json").unlink()
    (ready.episode_folder(EPISODE_ID) / SYNTHETIC_FILE).write_text("Drawn by a program.")
    said = show_comparison(ready, CHOSEN)[0]
    assert "was not measured" in said and "Drawn by a program." in said


def test_the_menu_says_which_runs_are_proven(ready: Workspace):
    names = [name for name, _ in choose(ready, Selection(), None, None)[1].choices]
    assert [name.split(" · ")[0] for name in names] == ["proven", "not proven"]


def test_verdicts_of_the_app_are_those_of_the_report_and_speak_german_too(ready: Workspace):
    units = np.arange(len(GOLD))
    kinds = {(0.4, 0.7): "Gewinn belegt", (0.7, 0.4): "Verlust belegt", (0.5, 0.5): "Kein Gewinn belegt"}
    for (before, after), german in kinds.items():
        comparison = compare(GOLD, units, {"image_only": right_in(before), "student": right_in(after)}, "track")
        assert verdict_words(comparison) == comparison.verdict()
        with in_language("de"):
            assert verdict_words(comparison).startswith(german)
    few = compare(GOLD, units // 70, {"image_only": right_in(0.4), "student": right_in(0.7)}, "film")
    assert verdict_words(few) == few.verdict()


def test_how_sure_a_model_is_is_said_as_in_the_report():
    for found in (reliability("student", GOLD, right_in(0.7)), reliability("image_only", GOLD, right_in(0.2))):
        assert sure_words(found).split(": ", 1)[1].rstrip(".") == found.says()


def test_words_in_a_drawing_are_those_of_the_reader():
    svg = "<svg><text>loss</text><text>joy</text><text>student, error 3.5 points</text></svg>"
    assert in_words(svg) == svg
    with in_language("de"):
        said = in_words(svg)
    assert said == "<svg><text>Verlust</text><text>joy</text><text>Schüler, Fehler 3.5 Punkte</text></svg>"


def test_an_emotion_is_shown_with_what_is_found_and_what_is_right(ready: Workspace):
    comparison = compare(GOLD, np.arange(len(GOLD)), {"image_only": right_in(0.4), "student": right_in(0.7)}, "track")
    shown = classes_html(comparison)
    row = comparison.row("student")
    assert row is not None and shown.count("<tr>") == 8 and f"→ {100 * row.scores.recall['joy']:.0f} %" in shown


def test_a_run_behind_a_better_one_names_it(ready: Workspace):
    state, why = use_words(ready, RUN_IDS[0])
    assert (state, why) == ("Promoted, so it is used by default", "")
    assert "Proven gain: +" in show_comparison(ready, CHOSEN)[0], "which is why, and is told once"
    assert not show_promotion(ready, CHOSEN)[2].visible
    other = Selection(EPISODE_ID, RUN_IDS[1])
    assert use_words(ready, RUN_IDS[1])[0].startswith("Not promoted") and show_promotion(ready, other)[2].visible
