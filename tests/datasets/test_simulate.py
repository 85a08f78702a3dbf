from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.datasets.folder import LabelledImage
from mmemo.datasets.simulate import SimulateSettings, pair_up, read_lines, simulate
from mmemo.episode.subtitles import read_subtitles
from mmemo.episode.video import Pictures, frames_at, probe
from mmemo.errors import InputError
from mmemo.progress import run
from mmemo.store.workspace import SYNTHETIC_FILE

SMALL = SimulateSettings(width_px=96, height_px=64, cue_ms=500)
COLOURS = {"happy": (250, 0, 0), "sad": (0, 0, 250)}


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    for name, colour in COLOURS.items():
        for i in range(2):
            (tmp_path / "faces" / name).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40, 60), colour).save(tmp_path / "faces" / name / f"{i}.png")
    return tmp_path / "faces"


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "lines.csv"
    path.write_text('Utterance,Emotion\n"Yes, great",joy\nOh no,sadness\nWhat?,surprise\n', encoding="utf-8")
    return path


def test_each_still_is_on_screen_while_its_line_is_shown(tmp_path: Path, faces: Path, lines: Path) -> None:
    result = run(simulate(faces, lines, tmp_path / "out", SMALL))
    with (tmp_path / "out" / "gold.csv").open(encoding="utf-8") as stream:
        gold = list(csv.DictReader(stream))
    cues = read_subtitles(result.srt).cues
    assert result.cues == len(gold) == len(cues) == 4
    assert result.by_emotion == {"joy": 2, "sadness": 2}
    middles = [(cue.start_ms + cue.end_ms) // 2 for cue in cues]
    shown = [Pictures().rgb(s.frame)[32, 48] for s in frames_at(result.video, middles)]
    for cue, row, pixel in zip(cues, gold, shown, strict=True):
        assert (cue.start_ms, cue.end_ms) == (int(row["start_ms"]), int(row["end_ms"]))
        assert cue.raw_text == row["line"] == {"joy": "Yes, great", "sadness": "Oh no"}[row["emotion"]]
        assert np.abs(pixel.astype(int) - COLOURS[row["still"].split("/")[0]]).max() < 40
    assert (tmp_path / "out" / SYNTHETIC_FILE).is_file()
    assert probe(result.video).duration_ms == 400 + 4 * 900


def test_the_seed_decides_the_pairing() -> None:
    images = [LabelledImage(Path(f"{i}.png"), "joy") for i in range(6)]
    lines = {"joy": ["a", "b", "c"]}
    assert pair_up(images, lines, 1) == pair_up(images, lines, 1)
    assert pair_up(images, lines, 1) != pair_up(images, lines, 2)
    said = [pair.line for pair in pair_up(images, lines, 1)]
    assert sorted(said[:3]) == sorted(said[3:]) == ["a", "b", "c"]
    assert pair_up([], lines, 0) == []


def test_what_cannot_be_used_is_reported(tmp_path: Path, faces: Path, lines: Path) -> None:
    (faces / "happy" / "broken.png").write_bytes(b"no picture")
    (faces / "anger").mkdir()
    Image.new("RGB", (40, 40)).save(faces / "anger" / "a.png")
    settings = SimulateSettings(96, 64, 300, 0, audio=True)
    result = run(simulate(faces, lines, tmp_path / "out", settings))
    assert (result.cues, result.without_line) == (4, {"anger": 1})
    assert [Path(path).name for path in result.unreadable] == ["broken.png"]


def test_wrong_input_is_told_and_leaves_nothing(tmp_path: Path, faces: Path, lines: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    other = tmp_path / "other.csv"
    other.write_text("text,emotion\nHm,fear\n", encoding="utf-8")
    bad = tmp_path / "bad.csv"
    bad.write_text("text,emotion\nHm,hungry\n", encoding="utf-8")
    no_columns = tmp_path / "columns.csv"
    no_columns.write_text("a,b\n1,2\n", encoding="utf-8")
    long = tmp_path / "long.csv"
    long.write_text("text,emotion\n" + "x" * 200_000 + ",joy\n", encoding="utf-8")
    for faces_in, lines_in, message in [
        (tmp_path / "missing", lines, "there is no folder"),
        (tmp_path / "empty", lines, "no pictures"),
        (faces, tmp_path / "missing.csv", "there is no file"),
        (faces, no_columns, "needs the columns"),
        (faces, bad, "row 2"),
        (faces, long, "cannot be read"),
        (faces, tmp_path, "there is no file"),
        (faces, other, "no line for any class"),
    ]:
        with pytest.raises(InputError, match=message):
            run(simulate(faces_in, lines_in, out, SMALL))
    assert not out.exists()
    (faces / "hungry").mkdir()
    with pytest.raises(InputError, match="hungry"):
        run(simulate(faces, lines, out, SMALL))


def test_an_existing_episode_is_not_overwritten(tmp_path: Path, faces: Path, lines: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="not empty"):
        run(simulate(faces, lines, tmp_path / "out", SMALL))


def test_stopping_leaves_nothing_behind(tmp_path: Path, faces: Path, lines: Path) -> None:
    stage = simulate(faces, lines, tmp_path / "out", SMALL)
    next(stage)
    stage.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["faces", "lines.csv"]


def test_lines_without_text_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("text,emotion\n,joy\nHi  there,happy\n", encoding="utf-8")
    assert read_lines(path) == {"joy": ["Hi there"]}


@pytest.mark.parametrize("wrong", [{"width_px": 10}, {"width_px": 641}, {"cue_ms": 10}])
def test_settings_check_themselves(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        SimulateSettings(**wrong)


def test_the_command(tmp_path: Path, faces: Path, lines: Path) -> None:
    def command(*options: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "pipelines.simulate", str(faces), str(lines), str(tmp_path / "out"), *options]
        return subprocess.run(program, capture_output=True, text=True, check=False)

    wrong = command("--size", "big")
    assert (wrong.returncode, "640x360" in wrong.stderr) == (2, True)
    good = command("--size", "96x64", "--seconds", "0.5", "--json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout.splitlines()[-1])["by_emotion"] == {"joy": 2, "sadness": 2}
    assert "synthetic" in good.stdout
