"""`python -m pipelines.dataset`: names, counts, writes a sheet, converts, and refuses in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from mmemo.settings import REPOSITORY
from tests.datasets import test_emotic
from tests.datasets.test_catalog import save_classes, save_dialogues


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys, runpy; sys.path.insert(0, {str(REPOSITORY)!r}); runpy.run_module('pipelines.dataset', run_name='__main__', alter_sys=True)"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.mark.slow
def test_inspect_tells_people_and_programs(tmp_path: Path):
    save_dialogues(tmp_path / "set", dialogues=70, shuffle=True)
    (tmp_path / "set" / "dev" / "5.jpg").unlink()
    done = call(tmp_path, "inspect", "set", "--sheet", "sheet.png", "--json")
    assert done.returncode == 0, done.stderr
    *words, last = done.stdout.splitlines()
    told = json.loads(last)
    assert (told["format"], told["splits"][0]["samples"], told["sheet"]) == ("msctd", 280, "sheet.png")
    assert told["splits"][0]["with_pictures"] == {"context": 279}
    assert told["splits"][0]["alignment"][0]["aligned"] is False
    text = "\n".join(words)
    for piece in ("MSCTD", "280 samples in 70 groups", "published are 5063", "missing pictures: 1 (5.jpg)", "shuffled"):
        assert piece in text
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 500


def test_convert_emotic(tmp_path: Path):
    test_emotic.save(tmp_path / "emotic")
    done = call(tmp_path, "convert", "emotic", "emotic", "out", "--to", "csv", "--split", "val", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["rows"] == {"val": 1}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["val.csv"]


@pytest.mark.slow
def test_wrong_input_is_one_sentence(tmp_path: Path):
    save_classes(tmp_path / "faces")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "label.csv").write_text('../../etc/x.png,"(0, 0, 48, 48)",9,0,0,0,0,0,0,0,0,1\n')
    for arguments, words in (
        (("inspect", "missing"), "there is no missing"),
        (("inspect", "."), "inside it these are: bad, faces"),
        (("inspect", "faces", "--sheet", "sheet"), "is no picture"),
        (("inspect", "bad"), "not inside bad"),
        (("convert", "meld", "a", "b"), "cannot be converted"),
        (("convert", "emotic", "faces", "out"), "Annotations.mat is missing"),
    ):
        done = call(tmp_path, *arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
