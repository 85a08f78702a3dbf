"""The data sheet, and the packed file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from mmemo.errors import InputError
from mmemo.progress import run
from mmemo.store.export.archive import write_zip
from mmemo.store.export.data_sheet import SHEET_FILE, SHEET_JSON, Terms, write_sheet
from mmemo.store.export.formats import FORMATS, format_named
from mmemo.store.files import hash_file

FACTS = {
    "format": "csv", "what": "A table.", "made_by": "mmemo", "made_at": "now", "episode": "pilot", "cut": "abc",
    "run": None, "synthetic": "", "dropped": {}, "provenance": [], "agreement": [], "priors": {},
    "sources": [{"what": "video", "name": "a|b <img src=x> [x](y).mp4", "hash": "00"}], "counts": {"lines": 0},
    "limits": ["none\n# Heading"],
}  # fmt: skip


def test_terms_are_asked_for_before_anything_is_published():
    with pytest.raises(InputError, match="consent and licence must be filled in"):
        Terms(publish=True)
    with pytest.raises(InputError, match="published, licence must"):
        Terms(consent="all", licence=" ", publish=True)
    assert Terms("all agreed", "CC-BY-4.0", True).publish
    assert not Terms().publish


def test_the_sheet_lists_every_file_with_its_hash(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("hello")
    write_sheet(tmp_path, FACTS, Terms("all agreed", "CC-BY-4.0", True))
    sheet = json.loads((tmp_path / SHEET_JSON).read_text())
    assert sheet["files"] == [{"name": "a/x.txt", "bytes": 5, "blake2b": hash_file(tmp_path / "a" / "x.txt")}]
    assert (sheet["to_publish"], sheet["licence"]) == (True, "CC-BY-4.0")
    assert "**Marked to be published.**" in (tmp_path / SHEET_FILE).read_text()


def test_words_from_files_start_no_markup(tmp_path: Path):
    write_sheet(tmp_path, FACTS, Terms(consent="<script>\n# yes"))
    text = (tmp_path / SHEET_FILE).read_text()
    assert "**Not for publication.**" in text
    assert "\\<img src=x\\> \\[x\\](y).mp4" in text
    assert "\\<script\\> \\# yes" in text
    assert "- none \\# Heading" in text


def test_a_packed_file_holds_names_below_its_own_and_the_same_bytes_every_time(tmp_path: Path):
    folder = tmp_path / "csv-1"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x.txt").write_text("hello")
    packed = [tmp_path / place / "csv-2.zip" for place in ("one", "two")]
    for path in packed:
        path.parent.mkdir()
        run(write_zip(folder, path))
    assert zipfile.ZipFile(packed[0]).namelist() == ["csv-2/deep/x.txt"]
    assert packed[0].read_bytes() == packed[1].read_bytes()


def test_an_unknown_format_lists_the_choices():
    with pytest.raises(InputError, match="csv, jsonl"):
        format_named("docx")
    assert all(each.sentence.endswith(".") and each.name == name for name, each in FORMATS.items())
