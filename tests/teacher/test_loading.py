from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants

from mmemo.errors import InputError, ModelUnavailable, StorageError
from mmemo.settings import REPOSITORY
from mmemo.teacher import Line, anchor_of, load_teacher, read_all, teacher_identity
from mmemo.teacher.anchors import ANCHORS_FILE, generic_anchor, save_anchor
from mmemo.teacher.classifier import ClassifierTeacher
from mmemo.teacher.packing import pack_folder
from mmemo.teacher.two_head import TwoHeadTeacher
from tests.teacher.tiny import COMMIT, assert_probs, into_cache, save_classifier, save_two_head

LABELS = ["joy", "anger", "neutral"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


def test_the_embedded_teacher_reads_emotions_and_sentiments() -> None:
    teacher = load_teacher("embedded")
    lines = [Line("I'm so happy for you, this is wonderful!"), Line("Get out of my sight, you liar!"), Line("Okay.")]
    probs = read_all(teacher, lines)
    assert_probs(probs, 3)
    assert probs.argmax(axis=1).tolist() == [1, 3, 0]
    assert isinstance(teacher, TwoHeadTeacher)
    sentiments = np.concatenate(list(teacher.read_sentiment(lines)))
    assert sentiments.argmax(axis=1).tolist() == [2, 1, 0]
    assert teacher.identity.startswith("embedded:teacher-minilm@")
    assert load_teacher("embedded") is teacher


@pytest.mark.parametrize("name", ["meld_dev", "goemotions_test"])
def test_the_embedded_teacher_has_measured_anchors(name: str) -> None:
    anchor = anchor_of("embedded", name)
    assert anchor.n > 1000
    assert (anchor.confusion.argmax(axis=0)[:5] == np.arange(5)).all()
    assert np.allclose(anchor.prior.sum(), 1)


def test_the_embedded_files_are_small_and_have_a_card() -> None:
    from mmemo.teacher.sources import EMBEDDED_FOLDER

    assert sum(path.stat().st_size for path in EMBEDDED_FOLDER.iterdir()) <= 25_000_000
    assert (EMBEDDED_FOLDER / "MODEL_CARD.md").is_file()


def test_a_folder_is_recognised_by_what_it_holds(tmp_path: Path) -> None:
    trained = save_two_head(tmp_path / "trained")
    pack_folder(trained, tmp_path / "packed")
    save_classifier(tmp_path / "classifier", LABELS)
    assert isinstance(load_teacher(str(trained)), TwoHeadTeacher)
    assert isinstance(load_teacher(str(tmp_path / "packed")), TwoHeadTeacher)
    assert isinstance(load_teacher(str(tmp_path / "classifier")), ClassifierTeacher)


def test_a_folders_identity_follows_its_weights_but_not_its_anchors(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "classifier", LABELS)
    before = teacher_identity(str(folder))
    assert anchor_of(str(folder)).name == "generic"
    measured = generic_anchor()
    save_anchor(folder / ANCHORS_FILE, measured)
    assert teacher_identity(str(folder)) == before
    assert anchor_of(str(folder), "generic").source == measured.source
    with (folder / "model.safetensors").open("ab") as stream:
        stream.write(b" ")
    assert teacher_identity(str(folder)) != before


@pytest.mark.parametrize("name", ["/nowhere/model", "./model", "../model", "~/no-such-model", "a/b/c", "a b", ""])
def test_a_mistyped_folder_is_called_a_folder(name: str, cache: Path) -> None:
    with pytest.raises(InputError, match="there is no folder") as caught:
        load_teacher(name)
    assert not isinstance(caught.value, ModelUnavailable)


def test_a_mistyped_folder_that_looks_like_a_hub_id(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    with pytest.raises(InputError, match="models exists") as caught:
        load_teacher("models/my-bret")
    assert not isinstance(caught.value, ModelUnavailable)


def test_an_empty_folder_is_no_teacher(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json"):
        load_teacher(str(tmp_path))


def test_a_hub_id_in_the_cache_loads_without_a_network(tmp_path: Path, cache: Path) -> None:
    into_cache(save_classifier(tmp_path / "model", LABELS), cache, "someone/tiny-emotions")
    teacher = load_teacher("someone/tiny-emotions")
    assert teacher.identity == f"hub:someone/tiny-emotions@{COMMIT[:16]}"
    assert_probs(read_all(teacher, [Line("happy")]), 1)


@pytest.mark.parametrize("name", ["someone/not-here", "not-here"])
def test_a_hub_id_that_cannot_be_had_says_what_to_do(name: str, cache: Path) -> None:
    started = time.perf_counter()
    with pytest.raises(ModelUnavailable, match="cannot be reached") as caught:
        load_teacher(name)
    assert time.perf_counter() - started < 5
    assert f"hf download {name}" in str(caught.value)
    assert "folder" in str(caught.value)
    with pytest.raises(ModelUnavailable, match="not in the cache"):
        teacher_identity(name)


def test_a_half_cached_model_is_not_taken_for_whole(tmp_path: Path, cache: Path) -> None:
    snapshot = into_cache(save_classifier(tmp_path / "model", LABELS), cache, "someone/half")
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable):
        load_teacher("someone/half")


def test_what_is_not_cached_is_downloaded_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = save_classifier(tmp_path / "model", LABELS)
    calls: list[list[str]] = []

    def download(name: str, allow_patterns: list[str], **_: Any) -> str:
        calls.append(allow_patterns)
        return str(into_cache(made, cache, name))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    first = load_teacher("someone/online")
    assert load_teacher("someone/online") is first
    assert len(calls) == 1
    assert "model*.safetensors" in calls[0]
    assert "pytorch_model*.bin*" not in calls[0]


def test_a_full_disk_while_downloading_is_told_as_such(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: Any, **__: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(StorageError, match="disk is full"):
        load_teacher("someone/large")


@pytest.mark.slow
def test_offline_mode_in_a_process_of_its_own(tmp_path: Path) -> None:
    home = tmp_path / "hf"
    into_cache(save_classifier(tmp_path / "model", LABELS), home / "hub", "someone/tiny")
    program = (
        "import json, time\n"
        "from mmemo.teacher import load_teacher, read_all, Line\n"
        "from mmemo.errors import ModelUnavailable\n"
        "shape = read_all(load_teacher('someone/tiny'), [Line('hi')]).shape\n"
        "started = time.perf_counter()\n"
        "try:\n"
        "    load_teacher('someone/missing')\n"
        "except ModelUnavailable as error:\n"
        "    print(json.dumps([shape, str(error), time.perf_counter() - started]))\n"
    )
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    shape, message, seconds = json.loads(done.stdout.splitlines()[-1])
    assert shape == [1, 7]
    assert "HF_HUB_OFFLINE" in message
    assert seconds < 3
