"""Labels as CSV and JSON lines: everybody's opinion apart, hostile texts stay text."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.export.labels_files import CSV_FILE, JSONL_FILE, write_csv, write_jsonl
from mmemo.store.export.safe import cell, encodable, file_name, plain
from tests.store.export.made_content import HOSTILE, made_content


def uncell(text: str) -> str:
    """The text that `cell` was given."""
    return text[1:] if text.startswith("'") else text


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / CSV_FILE).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_csv_has_a_row_a_picture_and_every_opinion_apart(tmp_path: Path):
    content = made_content(tmp_path / "cut")
    run(write_csv(content, tmp_path))
    rows = rows_of(tmp_path)
    assert len(rows) == 6
    first = rows[0]
    assert (first["teacher_label"], first["image_label"], first["student_label"]) == ("joy", "sadness", "surprise")
    assert (first["human_label"], first["human_by"], first["target_source"]) == ("joy", "bob", "weak")
    assert [word["annotator"] for word in json.loads(first["human_said"])] == ["ann", "bob"]
    assert float(first["teacher_joy"]) == 0.7
    assert rows[-1]["teacher_label"] == rows[-1]["teacher_joy"] == ""
    assert not [name for name in first if "crop" in name]


def test_what_a_spreadsheet_would_run_is_quoted_and_comes_back(tmp_path: Path):
    run(write_csv(made_content(tmp_path / "cut"), tmp_path))
    rows = rows_of(tmp_path)
    assert rows[0]["character"] == "'=Nora"
    assert rows[0]["text"].startswith("'=")
    assert rows[4]["text"].startswith("'  @SUM")
    assert uncell(rows[0]["text"]) == HOSTILE[0]
    assert uncell(rows[2]["text"]) == HOSTILE[1]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", " =1", "＝1", "'x", "plain", ""])
def test_cells_round_trip(text: str):
    shown = cell(text)
    assert isinstance(shown, str)
    assert uncell(shown) == text
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))


def test_numbers_stay_numbers_and_nothing_is_empty():
    assert [cell(-1.5), cell(3), cell(None), cell(float("nan"))] == [-1.5, 3, "", ""]


def test_json_lines_keep_what_each_said(tmp_path: Path):
    run(write_jsonl(made_content(tmp_path / "cut"), tmp_path))
    records = [json.loads(line) for line in (tmp_path / JSONL_FILE).read_text(encoding="utf-8").splitlines()]
    assert len(records) == 6
    assert records[0]["text"] == HOSTILE[0]
    assert list(records[0]["opinions"]["student"]["probs"]) == list(EKMAN7.labels)
    assert records[0]["opinions"]["target"]["from"] == "weak"
    assert records[0]["human"]["label"] == "joy"
    assert len(records[0]["human"]["said"]) == 2
    assert records[-1]["opinions"] == dict.fromkeys(("teacher", "image", "target", "student"))


def test_an_empty_episode_and_one_face(tmp_path: Path):
    for tracks, rows in ((0, 0), (1, 1)):
        folder = tmp_path / str(tracks)
        content = made_content(folder / "cut", tracks, 1)
        run(write_csv(content, folder))
        run(write_jsonl(content, folder))
        assert len(rows_of(folder)) == rows
        assert len((folder / JSONL_FILE).read_text().splitlines()) == rows


def test_names_of_files_are_safe():
    assert file_name("../../etc/passwd", ".jpg") == "etc-passwd.jpg"
    assert file_name("...", ".jpg") == "unnamed.jpg"
    assert file_name("a\x00b/ü😀", "") == "a-b"
    assert len(file_name("x" * 500)) == 80


def test_control_characters_and_halves_of_letters_go():
    assert plain("a\x00b\u202ec\r\nd\te\ud800") == "abc\nd e\ufffd"
    assert encodable("\ud800").encode()
