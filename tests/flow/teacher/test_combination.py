from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.flow.teacher.combination import combine
from mmemo.flow.teacher.quality import meld_text, msctd_text
from mmemo.progress import run
from mmemo.store.files import read_json
from mmemo.teacher import anchor_of, load_teacher, read_all
from mmemo.teacher.anchors import measure_anchor
from mmemo.teacher.calibration import log_loss
from pipelines.combine_teachers import combine_teachers
from pipelines.measure_teacher import measure_teacher
from tests.datasets import test_meld, test_msctd
from tests.flow.teacher.test_quality import command
from tests.teacher.tiny import save_classifier, save_two_head

EMOTIONS = ["joy", "sadness", "neutral", "anger", "fear", "surprise", "disgust"]
WORDS = ["glad", "sad", "what", "angry", "scared", "why", "not"]


@pytest.fixture
def meld(tmp_path: Path) -> Path:
    folder = tmp_path / "meld"
    folder.mkdir()
    rows = [
        test_meld.row(i, f"i am {WORDS[i % 7]} {'so ' * (i % 3)}", EMOTIONS[i % 7], dialogue=i // 7) for i in range(70)
    ]
    return test_meld.save(folder, *rows)


def test_two_teachers_become_one_that_fits_the_gold_better(meld: Path, tmp_path: Path) -> None:
    names = [str(save_two_head(tmp_path / "a")), str(save_classifier(tmp_path / "b", EMOTIONS))]
    text = meld_text(meld, "dev")
    report = run(combine(names, text, "meld_dev", tmp_path / "both"))
    stored = load_teacher(str(tmp_path / "both"))
    probs = read_all(stored, text.lines)
    alone = [read_all(load_teacher(name), text.lines) for name in names]
    assert log_loss(probs, text.gold) < min(log_loss(p, text.gold) for p in alone)
    assert sum(member.weight for member in report.combination.members) == pytest.approx(1)
    anchor = anchor_of(str(tmp_path / "both"))
    assert anchor.n == 70
    assert np.allclose(anchor.confusion, measure_anchor("x", probs, text.gold, "").confusion, atol=1e-3)
    record = read_json(tmp_path / "both" / "combination.json")
    assert record["fitted_on"] == text.source
    assert set(record["figures"]["alone"]) == set(names)


def test_one_teacher_without_correction_stays_what_it_is(meld: Path, tmp_path: Path) -> None:
    name = str(save_two_head(tmp_path / "a"))
    text = meld_text(meld, "dev")
    report = run(combine([name], text, "mine", tmp_path / "same", calibrate=False))
    assert np.allclose(
        read_all(load_teacher(str(tmp_path / "same")), text.lines), read_all(load_teacher(name), text.lines), atol=1e-5
    )
    assert report.combined.log_loss == pytest.approx(report.alone[name].log_loss, abs=1e-5)


def test_what_cannot_be_combined_is_refused_and_leaves_nothing(meld: Path, tmp_path: Path) -> None:
    name = str(save_two_head(tmp_path / "a"))
    text = meld_text(meld, "dev")
    film = test_msctd.save(tmp_path / "film", ["a"], "0", "[0]")
    with pytest.raises(InputError, match="ekman-7"):
        run(combine([name], msctd_text(film, "dev"), "x", tmp_path / "out"))
    for names in ([], [name, name]):
        with pytest.raises(InputError, match="once"):
            run(combine(names, text, "x", tmp_path / "out"))
    with pytest.raises(InputError, match="exists"):
        run(combine([name], text, "x", tmp_path / "a"))
    stage = combine([name], text, "x", tmp_path / "out")
    next(stage)
    stage.close()
    assert not (tmp_path / "out").exists()


def test_combine_and_measure_from_the_command_line(
    meld: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, out = save_two_head(tmp_path / "a"), tmp_path / "out"
    assert command(monkeypatch, combine_teachers, out, name, "--meld", meld, "--next-lines", 1, "--json") == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["combination"]["members"][0]["weight"] == 1
    assert command(monkeypatch, measure_teacher, name, out, f"{name}=1,{out}", "--meld", meld, "--json") == 2
    assert "several teachers itself" in capsys.readouterr().err
    assert command(monkeypatch, measure_teacher, name, out, "--meld", meld, "--next-lines", 1, "--json") == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    first, second = result["rows"]
    assert second["log_loss"] < first["log_loss"]
    assert result["settings"]["majority_accuracy"] == pytest.approx(1 / 7)
