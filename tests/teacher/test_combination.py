from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.store.files import write_json
from mmemo.teacher import Line, anchor_of, load_teacher, read_all, teacher_identity
from mmemo.teacher.anchors import ANCHORS_FILE, measure_anchor, save_anchor
from mmemo.teacher.calibration import Calibration, log_loss
from mmemo.teacher.combination import (
    COMBINATION_FILE,
    Combination,
    Member,
    combination_record,
    parse_teachers,
    pooled,
    vote_weights,
)
from mmemo.teacher.sentiment import read_sentiment, sentiment_of
from tests.teacher.tiny import assert_probs, save_classifier, save_two_head

LINES = [Line("so glad !"), Line("why ?", "i am sad"), Line("angry you")]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    classifier = save_classifier(tmp_path / "classifier", ["joy", "anger", "neutral", "sadness"])
    return save_two_head(tmp_path / "two"), classifier


def store(folder: Path, *members: Member) -> Path:
    folder.mkdir()
    write_json(folder / COMBINATION_FILE, combination_record(Combination(members), "made up", {}))
    return folder


def test_a_list_of_teachers_votes_with_its_weights(folders: tuple[Path, Path]) -> None:
    first, second = (read_all(load_teacher(str(folder)), LINES) for folder in folders)
    equal = load_teacher(f"{folders[0]},{folders[1]}")
    assert np.allclose(read_all(equal, LINES), (first + second) / 2, atol=1e-5)
    weighted = load_teacher(f"{folders[0]}=3, {folders[1]}=1")
    assert np.allclose(read_all(weighted, LINES), 0.75 * first + 0.25 * second, atol=1e-5)
    assert_probs(read_all(weighted, LINES), 3)
    assert weighted.identity == teacher_identity(f"{folders[0]}=3, {folders[1]}=1") != equal.identity
    assert list(equal.read([])) == []


def test_a_vote_on_sentiments_counts_every_member(folders: tuple[Path, Path]) -> None:
    both = np.concatenate(list(read_sentiment(load_teacher(f"{folders[0]},{folders[1]}"), LINES)))
    each = [np.concatenate(list(read_sentiment(load_teacher(str(folder)), LINES))) for folder in folders]
    assert_probs(both, 3, 3)
    assert np.allclose(both, (each[0] + each[1]) / 2, atol=1e-5)
    assert sentiment_of(np.eye(7, dtype=np.float32)).argmax(axis=1).tolist()[:4] == [0, 2, 1, 1]
    assert np.allclose(sentiment_of(np.eye(7, dtype=np.float32)).sum(axis=1), 1)


def test_the_anchor_of_a_vote_is_the_vote_of_the_anchors(folders: tuple[Path, Path]) -> None:
    gold = np.array([1, 0, 3])
    name = f"{folders[0]},{folders[1]}"
    assert anchor_of(name).name == "generic"
    for folder in folders:
        probs = read_all(load_teacher(str(folder)), LINES)
        save_anchor(folder / ANCHORS_FILE, measure_anchor("meld_dev", probs, gold, "three lines"))
    direct = measure_anchor("meld_dev", read_all(load_teacher(name), LINES), gold, "three lines")
    assert np.allclose(anchor_of(name).confusion, direct.confusion, atol=1e-4)
    assert load_teacher(name).anchor().n == 3


def test_a_stored_combination_is_a_teacher(folders: tuple[Path, Path], tmp_path: Path) -> None:
    calibration = Calibration(2.0, (0.5, 0, 0, 0, 0, 0, -0.5))
    member = Member(str(folders[0]), 1.0, calibration, teacher_identity(str(folders[0])))
    stored = store(tmp_path / "calibrated", member)
    expected = calibration.apply(read_all(load_teacher(str(folders[0])), LINES))
    teacher = load_teacher(str(stored))
    assert np.allclose(read_all(teacher, LINES), expected, atol=1e-5)
    assert teacher.identity == teacher_identity(str(stored))
    assert teacher.identity.startswith("combined:calibrated@")
    assert anchor_of(str(stored)).name == "generic"


def test_members_that_changed_or_are_combined_themselves_are_refused(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    changed = store(tmp_path / "changed", Member(str(folders[0]), identity="folder:two@0"))
    with pytest.raises(InputError, match="weights have changed"):
        load_teacher(str(changed))
    with pytest.raises(InputError, match="several teachers itself"):
        teacher_identity(f"{changed},{folders[1]}")
    (changed / COMBINATION_FILE).write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="holds no combination"):
        load_teacher(str(changed))


@pytest.mark.parametrize(
    ("name", "words"),
    [("a,", "no name"), ("a=x,b", "no weight"), ("a=-1,b", "no weight of"), ("a=0,b=0", "vote"), ("a,a", "twice")],
)
def test_lists_that_mean_nothing_are_refused(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_teachers(name)


def test_one_name_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "a,b").mkdir()
    assert parse_teachers("embedded") is None
    assert parse_teachers(str(tmp_path / "a,b")) is None


def test_weights_from_gold_minimise_the_loss_of_the_vote() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 7, 500)
    noise = [rng.dirichlet(np.ones(7), 500) for _ in range(3)]
    truth = np.eye(len(EKMAN7))[gold]
    good, fair = 0.5 * truth + 0.5 * noise[0], 0.3 * truth + 0.7 * noise[1]
    weights = vote_weights([good, fair, noise[2]], gold)
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > weights[1] > weights[2]
    best = log_loss(pooled([good, fair, noise[2]], list(weights)), gold)
    for other in ([1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]):
        assert best <= log_loss(pooled([good, fair, noise[2]], other), gold) + 1e-6
    assert vote_weights([good], gold).tolist() == [1.0]
