"""What the timeline and the lists of lines are given; the page that draws them is tried in a browser."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mmemo.ui.episode.account import account_html
from mmemo.ui.episode.checks import checks_html
from mmemo.ui.episode.cut_tables import CutTables, read_cut
from mmemo.ui.episode.lines import LIST_LINES, Line, line_list
from mmemo.ui.episode.timeline import _SKELETON, timeline_data
from tests.ui.made import EPISODE_ID, ready_workspace

NOBODY: dict[int, str] = {}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> CutTables:
    workspace = ready_workspace(tmp_path_factory.mktemp("timeline") / "workspace", tracks=10)
    return read_cut(workspace, workspace.episode(EPISODE_ID))


def lanes_of(tables: CutTables, characters: dict[int, str] = NOBODY) -> dict[str, list[dict[str, Any]]]:
    lanes: dict[str, list[dict[str, Any]]] = {}
    for lane in json.loads(timeline_data(tables, characters))["lanes"]:
        lanes.setdefault(lane["kind"], []).append(lane)
    return lanes


def test_every_table_has_its_lane_in_order_of_time(tables: CutTables):
    lanes = lanes_of(tables)
    assert list(lanes) == ["speech", "cues", "shots", "tracks", "checks"]
    for lane in itertools.chain(*lanes.values()):
        assert lane["start"] == sorted(lane["start"])
        assert {
            len(values) for name, values in lane.items() if isinstance(values, list) and name not in ("tones", "inks")
        } == {len(lane["start"])}
    assert len(lanes["cues"][0]["start"]) == len(tables.cues)


def test_kept_and_dropped_lines_are_told_apart_with_their_reason(tables: CutTables):
    data = json.loads(timeline_data(tables, NOBODY))
    cues = next(lane for lane in data["lanes"] if lane["kind"] == "cues")
    assert cues["tone"] == [0] * 10 + [1] * 6
    told = [data["outcomes"][why] for why in cues["why"]]
    assert told[0] == "kept: gives training faces"
    assert "dropped, no face: no face was found" in told
    assert data["legend"] == ["kept", "dropped", "speaker", "listener", "speech", "check"]


def test_lanes_of_tables_that_an_older_cut_lacks_are_absent(tables: CutTables):
    older = replace(tables, shots=None, speech=None, checks=None, cues=tables.cues.drop(columns=["scene"]))
    assert list(lanes_of(older)) == ["cues", "tracks"]
    assert checks_html(older) == ""
    assert "<img" not in account_html(older)


def test_a_cut_without_faces_and_lines_has_nothing_to_draw(tables: CutTables):
    bare = replace(tables, cues=tables.cues.head(0), faces=tables.faces.head(0), shots=None, speech=None, checks=None)
    assert json.loads(timeline_data(bare, NOBODY))["lanes"] == []
    only = replace(bare, cues=tables.cues.head(1))
    assert [lane["text"] for lane in lanes_of(only)["cues"]] == [[tables.cues["text"][0]]]


def test_lines_reach_the_page_whole_and_without_a_sign_that_opens_markup(tables: CutTables):
    assert "<" not in timeline_data(tables, {1: "<b>"})
    assert lanes_of(tables)["cues"][0]["text"] == [" ".join(text.split()) for text in tables.cues["text"]]


def test_characters_have_lanes_of_their_own_and_name_the_lines_that_they_speak(tables: CutTables):
    lanes = lanes_of(tables, {1: "Nora", 2: "Nora", 3: "Mei"})
    assert [lane["name"] for lane in lanes["tracks"]] == ["Nora", "Mei", "others"]
    assert lanes["tracks"][0]["track"] == [1, 2]
    assert lanes["cues"][0]["who"][:4] == ["Nora", "Nora", "Mei", ""]


def test_faces_at_the_same_time_lie_in_lanes_apart(tables: CutTables):
    (first, second) = lanes_of(tables)["tracks"]
    assert (first["name"], second["name"]) == ("faces", "")
    assert set(first["role"]) == {0} and set(second["role"]) == {1}
    many = pd.concat([tables.faces.head(1).assign(track_id=n) for n in range(1, 9)])
    packed = lanes_of(replace(tables, faces=many))["tracks"]
    assert [len(lane["start"]) for lane in packed] == [1, 1, 1, 5]


def test_no_text_of_an_episode_is_in_the_markup_of_the_timeline():
    assert not re.search(r"\{\{|\$\{|`", _SKELETON)
    assert "value" not in re.findall(r"\w+", _SKELETON.replace("aria-value", ""))


def test_suspicious_places_are_counted_by_kind_and_escaped(tables: CutTables):
    made = checks_html(tables)
    assert "Worth a look: 3" in made
    assert re.findall(r'data-kind="(\w+)"', made) == ["short_cue", "speech_without_cue"]
    assert 'data-play="4000"' in made
    assert "&lt;b&gt;We won&lt;/b&gt;" in made and "&lt;i&gt;no&lt;/i&gt; cue" in made
    assert "Nothing looks wrong" in checks_html(replace(tables, checks=tables.shots.head(0)))  # type: ignore[union-attr]


def test_every_outcome_lists_its_lines(tables: CutTables):
    made = account_html(tables)
    assert made.count('class="mm-open"') == 7
    assert made.count("data-play=") == len(tables.cues)
    assert made.count("/scenes/") == len(tables.cues) - 2


def test_a_long_list_says_how_many_lines_it_leaves_out():
    lines = [Line(1000 * n, f"line {n}") for n in range(LIST_LINES)]
    assert "and 2,350 more" in line_list(lines, LIST_LINES + 2350)
    assert "more" not in line_list(lines, LIST_LINES)


def test_a_damaged_table_is_told(tables: CutTables, tmp_path: Path):
    from mmemo.errors import MmemoError

    workspace = ready_workspace(tmp_path / "workspace", tracks=2)
    episode = workspace.episode(EPISODE_ID)
    (workspace.cut_folder(episode) / "qa.parquet").write_bytes(b"no table")
    with pytest.raises(MmemoError, match=r"qa\.parquet"):
        read_cut(workspace, episode)
