"""The handlers of the Export tab and of its endpoints, called as plain functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmemo.errors import InputError
from mmemo.flow.export.extent import extent_of
from mmemo.flow.export.stage import ExportSettings, export_episode, list_exports
from mmemo.flow.jobs.arguments import settings_from
from mmemo.flow.jobs.kinds import EXPORT, KINDS
from mmemo.flow.jobs.worker import open_jobs
from mmemo.progress import run
from mmemo.store.export.data_sheet import Terms
from mmemo.store.export.formats import FORMATS
from mmemo.store.files import to_json
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext, Selection
from mmemo.ui.export.tab import show_exports, show_lead_only, show_sheet, start_export
from mmemo.ui.export.words import about_size, size_words
from mmemo.ui.jobs.api import job_contract, packed_export
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.page import build_page
from mmemo.ui.sign_in import People
from mmemo.ui.text import in_language, words
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace

CHOSEN = Selection(EPISODE_ID, RUN_IDS[0], 1)


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[AppContext]:
    workspace = ready_workspace(tmp_path / "ready", tracks=6)
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace, lambda _: None))
    yield context
    context.jobs.close()
    context.labels.close()


def do_job(context: AppContext, job_id: int) -> Any:
    job = context.jobs.view(job_id)
    assert job is not None
    return run(KINDS[job.kind].start(context.workspace, job.arguments))


def test_every_format_has_words_and_the_same_in_english_as_on_the_command_line():
    for name, each in FORMATS.items():
        assert words()[f"export.{name}"]["en"] == each.sentence
        assert f"export.title_{name}" in words()


def test_a_card_a_format_with_size_and_button(ready: AppContext):
    about, terms, cards, made, sheet = show_exports(ready.workspace, CHOSEN)
    assert "under the rights of others" in about
    assert terms.visible
    assert cards.count("<li ") == len(FORMATS)
    assert "about" in cards
    assert " disabled" not in cards
    assert (made, sheet.visible) == ("", False)
    with in_language("de"):
        assert "Formate" in show_exports(ready.workspace, CHOSEN)[2]


def test_without_a_student_its_formats_say_what_is_missing(ready: AppContext):
    _, _, cards, _, _ = show_exports(ready.workspace, replace(CHOSEN, run_id=None))
    assert cards.count(" disabled") == sum("run" in each.needs for each in FORMATS.values())
    assert "needs a trained student" in cards


def test_nothing_to_export_yet_and_who_labels_sees_nothing(tmp_path: Path):
    about, terms, cards, made, _ = show_exports(Workspace(tmp_path / "none"), Selection())
    assert "Nothing to export yet" in about
    assert (terms.visible, cards, made) == (False, "", "")
    assert "Only a lead exports" in show_lead_only()[0]


def test_a_job_exports_and_the_list_offers_file_and_sheet(ready: AppContext):
    job_id = start_export(ready, CHOSEN, "csv", Terms())
    job = ready.jobs.view(job_id)
    assert job is not None
    assert job.title == f"Export: Labels as a table (CSV), {EPISODE_ID}"
    settings = settings_from(KINDS[EXPORT].settings, json.loads(to_json(job.arguments)))
    assert (settings.format, settings.run_id, settings.archive) == ("csv", RUN_IDS[0], True)
    made = do_job(ready, job_id)
    assert (made["episode"], made["run"]) == (EPISODE_ID, RUN_IDS[0])
    _, _, _, listed, sheet = show_exports(ready.workspace, CHOSEN)
    assert f'data-export="{made["export"]}"' in listed
    assert f"{made['export']}.zip" in listed
    assert sheet.visible
    assert "# Data sheet: csv" in show_sheet(ready.workspace, CHOSEN, made["export"]).value
    with pytest.raises(InputError, match="no export"):
        show_sheet(ready.workspace, CHOSEN, "../..")


def test_wrong_wishes_queue_nothing(ready: AppContext):
    with pytest.raises(InputError, match="no episode"):
        start_export(ready, Selection(), "csv", Terms())
    with pytest.raises(InputError, match="no export format"):
        start_export(ready, CHOSEN, "docx", Terms())
    assert ready.jobs.listed() == []


def test_the_endpoint_gives_the_file_of_a_job_that_is_done(ready: AppContext):
    job_id = start_export(ready, CHOSEN, "csv", Terms())
    with pytest.raises(InputError, match="is queued"):
        packed_export(ready, job_id)
    with pytest.raises(InputError, match="is no export"):
        packed_export(ready, 99)


def test_where_an_export_is_only_a_lead_learns_from_a_job(ready: AppContext):
    job_id = start_export(ready, CHOSEN, "csv", Terms())
    with closing(open_jobs(ready.workspace)) as store:
        store.claim(1)
        store.finish(job_id, 1, "done", {"episode": EPISODE_ID, "export": "csv-1"})
    assert job_contract(ready, job_id)["export"] == "csv-1"
    assert job_contract(ready, job_id, exports=False)["export"] is None


def test_only_a_lead_may_export(ready: AppContext, tmp_path: Path):
    people = People(oauth=True, leads=("ada",))
    asks = SimpleNamespace(app=SimpleNamespace(blocks=SimpleNamespace(expects_oauth=True)), session={})
    with pytest.raises(InputError):
        people.lead(asks)
    asks.session = {"oauth_info": {"userinfo": {"preferred_username": "bob"}}}
    with pytest.raises(InputError, match="only a lead"):
        people.lead(asks)


def test_an_export_of_long_ago_stays_in_the_list(ready: AppContext):
    for _ in range(2):
        run(export_episode(ready.workspace, settings_from(KINDS[EXPORT].settings, {"format": "csv"})))
    listed = show_exports(ready.workspace, CHOSEN)[3]
    assert listed.count("<li ") == len(list_exports(ready.workspace, EPISODE_ID)) == 2
    assert "a folder in the workspace" in listed


def test_sizes_are_told_in_few_digits():
    assert [size_words(n) for n in (0, 999, 1536, 12_345_678)] == ["0 B", "999 B", "1.5 kB", "12 MB"]


def test_a_size_is_told_with_the_signs_of_the_language_and_as_a_range_where_it_is_not_known_well():
    assert about_size(0) == "" and about_size(1536) == "about 1.5 kB"
    with in_language("de"):
        assert about_size(1536) == "etwa 1,5 kB" and about_size(4e6, 2.0) == "etwa 2,0 MB bis 8,0 MB"


# What takes longer than it is worth here: networks and a film.
QUICK = [name for name, each in FORMATS.items() if name not in ("model", "onnx", "film")]


def test_a_card_promises_about_the_size_that_the_file_has(tmp_path: Path):
    workspace = ready_workspace(tmp_path / "many", tracks=120)
    extent = extent_of(workspace, EPISODE_ID, RUN_IDS[0])
    for name in QUICK:
        settings = ExportSettings(name, EPISODE_ID, RUN_IDS[0], archive=True)
        made = run(export_episode(workspace, settings))
        assert made.archive is not None
        if name == "boxes":  # the made video is shorter than its faces say
            extent = replace(extent, frames=len([*made.folder.glob("frames/*.jpg")]))
        promised, found = FORMATS[name].bytes(extent), made.archive.stat().st_size
        assert 0.5 < promised / found < 2, f"{name}: {promised:.0f} promised, {found} made"


def test_no_click_on_a_card_is_dropped_while_another_one_is_answered(ready: AppContext):
    """Gradio takes no second event of a component while the first is pending, unless it is told to."""
    config = build_page(ready).get_config_file()
    ids = {one["props"].get("elem_id"): one["id"] for one in config["components"]}
    for name in ("mm-formats", "mm-exports", "mm-runs"):
        modes = [
            one["trigger_mode"] for one in config["dependencies"] if (ids[name], "select") in map(tuple, one["targets"])
        ]
        assert modes == ["multiple"], name
