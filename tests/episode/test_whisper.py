"""Loading a speech model from a folder or the hub's cache, and the words that it hears."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mmemo.episode.whisper import Whisper, load_whisper
from mmemo.errors import InputError, ModelUnavailable
from tests.episode.tiny_whisper import babble, save_whisper
from tests.teacher.tiny import into_cache

pytest.importorskip("faster_whisper")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("whisper") / "tiny")


@pytest.mark.slow
class TestLoading:
    def test_words_of_a_folder(self, folder: Path):
        whisper = load_whisper(str(folder))
        sound = babble([(500, 4000)], 5000)
        words = whisper.words(sound, 10_000, "en")
        assert words
        assert [word.start_ms for word in words] == sorted(word.start_ms for word in words)
        assert all(10_000 <= word.start_ms <= word.end_ms <= 15_000 for word in words)
        assert whisper.words(sound, 10_000, "en") == words
        assert whisper.languages == ("en",)
        assert whisper.language_of([sound]) == ("en", 1.0)

    def test_no_sound_has_no_words_that_last(self, folder: Path):
        words = load_whisper(str(folder)).words(np.empty(0, np.float32), 700, "en")
        assert all(word.start_ms == word.end_ms == 700 for word in words)

    def test_the_identity_is_that_of_the_files(self, folder: Path, tmp_path: Path):
        copy = shutil.copytree(folder, tmp_path / "tiny")
        before = load_whisper(str(folder)).identity
        assert before.startswith("tiny@")
        assert load_whisper(str(copy)).identity == before
        tokenizer = copy / "tokenizer.json"
        tokenizer.write_text(tokenizer.read_text() + "\n")
        assert load_whisper(str(copy)).identity != before

    def test_a_model_of_the_cache_needs_no_network(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        from huggingface_hub import constants

        into_cache(folder, tmp_path, "someone/whisper-tiny")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        assert load_whisper("someone/whisper-tiny").identity.startswith("someone/whisper-tiny@")

    def test_a_damaged_network(self, folder: Path, tmp_path: Path):
        copy = shutil.copytree(folder, tmp_path / "tiny")
        (copy / "model.bin").write_bytes((copy / "model.bin").read_bytes()[:1000])
        with pytest.raises(ModelUnavailable, match="cannot be loaded"):
            load_whisper(str(copy))


@pytest.mark.parametrize("name", ["small", "someone/whisper-none"])
def test_without_network_and_cache_it_says_what_to_do(name: str):
    with pytest.raises(ModelUnavailable, match="connect once") as caught:
        load_whisper(name)
    assert name in str(caught.value)


def test_a_folder_of_something_else(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="model.bin is missing.*ct2-transformers-converter"):
        load_whisper(str(tmp_path))


@pytest.mark.parametrize("name", ["", "huge", "./nowhere", "a/b/c"])
def test_a_name_that_is_no_model(name: str):
    with pytest.raises(InputError, match="no speech model.*small"):
        load_whisper(name)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(ModelUnavailable, match="pip install"):
        load_whisper("small")


@dataclass
class Segment:
    compression_ratio: float
    words: tuple[object, ...] = ()


class ScriptedNetwork:
    """Stands where the network stands: says what languages it hears, and loops until it is told not to."""

    supported_languages = ("en", "de", "fr")

    def __init__(self, heard: Sequence[list[tuple[str, float]]] = ()) -> None:
        self.heard = iter(heard)
        self.asked: list[int] = []

    def detect_language(self, sound: np.ndarray) -> tuple[str, float, list[tuple[str, float]]]:
        probs = next(self.heard)
        return (*probs[0], probs)

    def transcribe(self, sound: np.ndarray, **how: object) -> tuple[list[Segment], None]:
        assert isinstance(how["no_repeat_ngram_size"], int)
        self.asked.append(how["no_repeat_ngram_size"])
        return [Segment(1.5 if how["no_repeat_ngram_size"] else 9.0)], None


def test_all_parts_decide_the_language():
    network = ScriptedNetwork([[("fr", 0.5), ("de", 0.4)], [("de", 0.9), ("fr", 0.1)], [("de", 0.8), ("en", 0.2)]])
    language, prob = Whisper("scripted", network).language_of([np.zeros(10, np.float32)] * 3)
    assert language == "de"
    assert prob == pytest.approx(0.7)


def test_a_phrase_over_and_over_is_heard_again_without_repeats():
    network = ScriptedNetwork()
    assert Whisper("scripted", network).words(np.zeros(10, np.float32), 0, "en") == []
    assert network.asked == [0, 3]
