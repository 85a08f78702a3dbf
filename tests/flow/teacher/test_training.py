from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.flow.teacher.asked import TrainTeacherReport, TrainTeacherSettings
from mmemo.flow.teacher.examples import TeacherSources, training_examples
from mmemo.flow.teacher.training import train_teacher
from mmemo.progress import Progress, run
from mmemo.store.files import read_json
from mmemo.teacher import Line, anchor_of, load_teacher, read_all
from mmemo.teacher.packing import pack_folder
from mmemo.teacher.training import TrainingSettings
from pipelines.train_teacher import train_teacher as command_function
from tests.datasets import test_meld, test_msctd
from tests.flow.teacher.test_quality import command
from tests.teacher.tiny import assert_probs, save_classifier, save_two_head

EMOTIONS = ["joy", "sadness", "anger"]
WORDS = ["glad", "sad", "angry"]


@pytest.fixture
def sources(tmp_path: Path) -> TeacherSources:
    """Tiny files in the form of all three public sets; one word of a line tells its emotion."""
    meld, films, forum = tmp_path / "meld", tmp_path / "films", tmp_path / "forum"
    for folder in (meld, forum):
        folder.mkdir()
    rows = [test_meld.row(i, f"i am {WORDS[i % 3]}", EMOTIONS[i % 3], i // 5, "negative") for i in range(30)]
    for split in ("train", "test", "dev"):
        test_meld.save(meld, *rows)
        (meld / "dev_sent_emo.csv").rename(meld / f"{split}_sent_emo.csv.kept")
    for path in meld.glob("*.kept"):
        path.rename(path.with_suffix(""))
    for split in ("train", "test"):
        test_msctd.save(films, ["so glad", "sad"] * 5, "21" * 5, "[0, 1, 2, 3, 4]", "[5, 6, 7, 8, 9]", split=split)
    (forum / "labels.txt").write_text("anger\ndisgust\nfear\njoy\nneutral\nsadness\nsurprise", encoding="utf-8")
    for split in ("train", "dev", "test"):
        (forum / f"{split}.tsv").write_text("very glad\t3\ta\nsad ! why ?\t5,6\tb\nangry\t0\tc\n", encoding="utf-8")
    return TeacherSources(meld, forum, films)


def settings(sources: TeacherSources, start: Path, steps: int = 6) -> TrainTeacherSettings:
    training = TrainingSettings(steps=steps, batch_size=8, learning_rate=3e-3)
    return TrainTeacherSettings(sources, str(start), training, keep_every=2)


def test_examples_of_all_sources(sources: TeacherSources) -> None:
    examples, counts = training_examples(replace(sources, next_lines=1))
    assert counts == {"GoEmotions train": 3, "GoEmotions dev": 3, "MELD train, twice": 60, "MSCTD train": 10}
    assert examples.emotions[1].tolist() == [0, 0, 0.5, 0, 0.5, 0, 0]
    assert examples.sentiments[:3].tolist() == [[0, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert examples.lines[6] == Line("i am glad", "i am sad")
    assert not examples.emotions[-10:].any()
    with pytest.raises(InputError, match="nothing to learn"):
        TeacherSources()


@pytest.mark.slow
def test_a_teacher_is_trained_measured_and_stored_with_its_card(sources: TeacherSources, tmp_path: Path) -> None:
    start = save_two_head(tmp_path / "start")
    told: list[Progress] = []
    report: TrainTeacherReport = run(train_teacher(settings(sources, start, 20), tmp_path / "out"), told.append)
    assert (report.steps, report.resumed_at) == (20, 0)
    assert [progress.done for progress in told if progress.stage == "train"][-1] == 20
    assert set(report.trained) == set(report.started) == set(report.majority)
    assert len(report.trained) == 5
    best = max(entry["weighted_f1"] for entry in report.curve)
    assert report.trained["MELD dev, emotion"].weighted_f1 == pytest.approx(best, abs=0.08)
    assert best > report.started["MELD dev, emotion"].weighted_f1
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text(encoding="utf-8")
    for words in ("GoEmotions train: 3", "20 steps of 8 lines on all weights", "seed 0", "MSCTD test", "its start"):
        assert words in card
    assert read_json(tmp_path / "out" / "training.json")["report"]["best_step"] == report.best_step
    assert anchor_of(str(tmp_path / "out")).n == 30
    pack_folder(tmp_path / "out", tmp_path / "small")
    assert_probs(read_all(load_teacher(str(tmp_path / "small")), [Line("so glad")]), 1)
    assert not (tmp_path / "out.training").exists()


@pytest.mark.slow
def test_a_stopped_training_goes_on_and_gives_the_same(sources: TeacherSources, tmp_path: Path) -> None:
    asked = settings(replace(sources, msctd=None, goemotions=None), save_two_head(tmp_path / "start"))
    run(train_teacher(asked, tmp_path / "straight"))
    stage = train_teacher(asked, tmp_path / "stopped")
    for progress in stage:
        if progress.stage == "train" and progress.done == 5:
            break
    stage.close()
    assert not (tmp_path / "stopped").exists()
    with pytest.raises(InputError, match="other settings"):
        run(train_teacher(replace(asked, training=TrainingSettings(steps=7)), tmp_path / "stopped"))
    assert run(train_teacher(asked, tmp_path / "stopped")).resumed_at == 4
    lines = [Line("i am sad", "why ?"), Line("glad")]
    both = [read_all(load_teacher(str(tmp_path / name)), lines) for name in ("straight", "stopped")]
    assert np.allclose(both[0], both[1], atol=1e-3)


def test_a_bert_without_heads_and_without_meld(sources: TeacherSources, tmp_path: Path) -> None:
    start = save_classifier(tmp_path / "bert", ["toxic", "fine"])
    asked = settings(replace(sources, meld=None, msctd=None), start, 2)
    report = run(train_teacher(asked, tmp_path / "out"))
    assert (report.best_step, report.started) == (2, {})
    assert "no development lines" in (tmp_path / "out" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert anchor_of(str(tmp_path / "out")).name == "generic"


def test_what_is_wrong_is_refused(sources: TeacherSources, tmp_path: Path) -> None:
    start = save_two_head(tmp_path / "start")
    with pytest.raises(InputError, match="exists"):
        run(train_teacher(settings(sources, start), start))
    with pytest.raises(InputError, match="state is kept"):
        TrainTeacherSettings(sources, keep_every=0)
    (tmp_path / "out.training").mkdir()
    (tmp_path / "out.training" / "state.pt").write_bytes(b"no")
    with pytest.raises(InputError, match="damaged"):
        run(train_teacher(settings(sources, start), tmp_path / "out"))


def test_the_command(
    sources: TeacherSources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start = save_two_head(tmp_path / "start")
    recipe = ("--start", start, "--steps", 2, "--batch-size", 4, "--layers", 0, "--json")
    assert command(monkeypatch, command_function, tmp_path / "out", "--meld", sources.meld, *recipe) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["steps"] == 2
    assert command(monkeypatch, command_function, tmp_path / "other", *recipe) == 2
    assert "nothing to learn" in capsys.readouterr().err
