from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.flow.teacher.quality import (
    LabelledText,
    anchor,
    csv_text,
    goemotions_text,
    majority,
    measure,
    meld_text,
    msctd_text,
    score,
)
from mmemo.labels import EKMAN7, SENTIMENT3
from mmemo.progress import run
from mmemo.teacher import Line, anchor_of, load_teacher, read_all
from pipelines._command import main
from pipelines.anchor import anchor as anchor_command
from pipelines.measure_teacher import measure_teacher
from pipelines.pack_teacher import pack_teacher
from tests.datasets import test_goemotions, test_meld, test_msctd
from tests.teacher.tiny import save_classifier, save_two_head


@pytest.fixture
def meld(tmp_path: Path) -> Path:
    folder = tmp_path / "meld"
    folder.mkdir()
    emotions = ["joy", "sadness", "neutral", "anger", "fear", "surprise", "disgust"]
    sentiments = ["positive", "negative", "neutral"]
    rows = [
        test_meld.row(i, f"i am {'so ' * i}glad", emotions[i % 7], dialogue=i // 4, sentiment=sentiments[i % 3])
        for i in range(21)
    ]
    return test_meld.save(folder, *rows)


def test_labelled_text_of_both_sources(meld: Path, tmp_path: Path) -> None:
    text = meld_text(meld, "dev")
    assert (len(text.lines), text.vocabulary, text.gold[:3].tolist()) == (21, EKMAN7, [1, 2, 0])
    assert text.lines[1].context == text.lines[0].text
    assert meld_text(meld, "dev", context_lines=0).lines[1].context == ""
    both = meld_text(meld, "dev", context_lines=1, next_lines=1)
    assert both.lines[1].context == f"{text.lines[0].text} {text.lines[2].text}"
    assert both.groups.tolist() == [i // 4 for i in range(21)]
    assert "1 lines of context before and 1 after" in both.source
    assert meld_text(meld, "dev", sentiment=True).gold[:3].tolist() == [2, 1, 0]
    assert meld_text(meld, "dev", sentiment=True).vocabulary is SENTIMENT3
    comments = goemotions_text(test_goemotions.save(tmp_path, "good\t3\ta\nmixed\t3,0\tb\n"), "test")
    assert comments.lines == (Line("good"),)
    assert comments.gold.tolist() == [1]


def test_text_without_labelled_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labelled line"):
        meld_text(test_meld.save(tmp_path), "dev")


def test_scores_are_the_textbook_ones() -> None:
    text = LabelledText("made up", SENTIMENT3, (Line("a"),) * 4, np.array([0, 0, 0, 1]), np.arange(4))
    probs = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]]
    result = score("t", probs, text, seconds=2.0)
    # F1 of class 0: precision 1, recall 2/3 -> 0.8; of class 1: precision 1/2, recall 1 -> 2/3.
    assert result.accuracy == pytest.approx(0.75)
    assert result.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert result.weighted_f1 == pytest.approx(0.75 * 0.8 + 0.25 * 2 / 3)
    assert result.recall == {"neutral": pytest.approx(2 / 3), "negative": 1.0, "positive": None}
    assert result.lines_per_second == pytest.approx(2.0)
    assert result.calibration_error == pytest.approx(0.25)
    assert majority(text) == 0.75


def test_a_teacher_is_measured_and_anchored_on_the_same_opinions(meld: Path, tmp_path: Path) -> None:
    teacher = load_teacher(str(save_two_head(tmp_path / "t")))
    text = meld_text(meld, "dev")
    probs = read_all(teacher, text.lines)
    assert run(measure(teacher, text)).accuracy == pytest.approx((probs.argmax(axis=1) == text.gold).mean())
    measured = run(anchor(teacher, text, "mine"))
    assert np.allclose(measured.confusion[1], probs[text.gold == 1].mean(axis=0), atol=1e-5)
    assert "MELD dev" in measured.source


def test_film_dialogue_and_csv_files_are_labelled_text(tmp_path: Path) -> None:
    film = test_msctd.save(tmp_path / "film", ["a", "b", "c"], "012", "[0, 1]", "[2]")
    text = msctd_text(film, "dev", next_lines=1)
    assert (text.vocabulary, text.gold.tolist(), text.groups.tolist()) == (SENTIMENT3, [0, 1, 2], [0, 0, 1])
    assert text.lines == (Line("a", "b"), Line("b", "a"), Line("c"))
    path = tmp_path / "lines.csv"
    path.write_text("cue,line,emotion\n1,hello,joy\n2,,sad\n3,why?,Angry\n4,what,\n", encoding="utf-8")
    own = csv_text(path)
    assert (own.lines, own.gold.tolist()) == ((Line("hello"), Line("why?", "hello")), [1, 3])


def test_sentiments_of_any_teacher_but_anchors_of_emotions_alone(meld: Path, tmp_path: Path) -> None:
    text = meld_text(meld, "dev", sentiment=True)
    assert run(measure(load_teacher(str(save_two_head(tmp_path / "t"))), text)).n == 21
    classifier = load_teacher(str(save_classifier(tmp_path / "c", ["joy", "anger"])))
    told = run(measure(classifier, text))
    assert (told.n, told.recall["neutral"]) == (21, 0)
    with pytest.raises(InputError, match="ekman-7"):
        run(anchor(classifier, text, "mine"))


def command(monkeypatch: pytest.MonkeyPatch, function: Callable[..., None], *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main(function)
    return int(caught.value.code or 0)


def test_pack_measure_and_anchor_from_the_command_line(
    meld: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained, packed = save_two_head(tmp_path / "trained"), tmp_path / "packed"
    assert command(monkeypatch, pack_teacher, trained, packed, "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["packed_bytes"] > 0
    assert command(monkeypatch, measure_teacher, trained, packed, "--meld", meld, "--exact", "--json") == 0
    first, second = json.loads(capsys.readouterr().out.splitlines()[-1])["rows"]
    assert (first["name"], first["n"], first["weighted_f1_loss_points"]) == (str(trained), 21, 0)
    assert second["weighted_f1_loss_points"] == pytest.approx(100 * (first["weighted_f1"] - second["weighted_f1"]))
    assert command(monkeypatch, anchor_command, "mine", "--meld", meld, "--teacher", packed, "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["anchor"]["n"] == 21
    assert anchor_of(str(packed), "mine").n == 21


def test_the_commands_refuse_unclear_input(
    meld: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, measure_teacher, "embedded") == 2
    assert "--meld" in capsys.readouterr().err
    assert command(monkeypatch, measure_teacher, "embedded", "--goemotions", meld, "--sentiment") == 2
    assert command(monkeypatch, anchor_command, "x", "--meld", meld, "--teacher", "someone/model") == 2
    assert "--out" in capsys.readouterr().err
