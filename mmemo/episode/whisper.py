"""Speech to words by a Whisper network, run by faster-whisper: a folder on disk, or a model of the hub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.episode.transcribe import Word
from mmemo.errors import InputError, ModelUnavailable
from mmemo.hub import hugging_face, model_loading
from mmemo.store.files import hash_file, hash_value

_NEEDED = ("model.bin", "tokenizer.json")
_INSTALL = 'pip install "faster-whisper>=1.1"'
_CONVERT = (
    "convert it: ct2-transformers-converter --model FOLDER --output_dir OUT --quantization int8 "
    "--copy_files tokenizer.json preprocessor_config.json"
)
# Text that a compressor makes this much shorter is one phrase over and over (Radford et al. 2023, section 4.5).
_LOOPS_ABOVE = 2.4
_LOOP_WORDS = 3


@dataclass(frozen=True, slots=True)
class Whisper:
    """A loaded network; `identity` is its name and a hash of its files."""

    identity: str
    network: Any
    beam_size: int = 5

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that it was trained on, such as "en"."""
        return tuple(self.network.supported_languages)

    def language_of(self, sounds: Sequence[np.ndarray]) -> tuple[str, float]:
        """The likeliest language of (n,) float32 sounds at 16 kHz, and its mean probability."""
        if len(self.languages) == 1 or not sounds:
            return self.languages[0], 1.0
        sums: dict[str, float] = {}
        for sound in sounds:
            for language, prob in self.network.detect_language(sound)[2]:
                sums[language] = sums.get(language, 0.0) + float(prob)
        best = max(sums, key=lambda language: sums[language])
        return best, sums[best] / len(sounds)

    def words(self, sound: np.ndarray, start_ms: int, language: str) -> list[Word]:
        """The words in (n,) float32 sound at 16 kHz, at most 30 s that begin at `start_ms` of the video.

        Always the most likely words, never drawn by chance: the same sound gives the same transcript.
        """
        segments = self._heard(sound, language, 0)
        if any(segment.compression_ratio > _LOOPS_ABOVE for segment in segments):
            segments = self._heard(sound, language, _LOOP_WORDS)
        limit_ms = start_ms + len(sound) * 1000 // 16_000
        words: list[Word] = []
        for found in (word for segment in segments for word in segment.words or ()):
            first, last = (min(start_ms + round(1000 * float(at)), limit_ms) for at in (found.start, found.end))
            first = max(first, words[-1].start_ms if words else start_ms)
            words.append(Word(first, max(first, last), found.word))
        return words

    def _heard(self, sound: np.ndarray, language: str, no_repeat: int) -> list[Any]:
        segments, _ = self.network.transcribe(
            sound,
            language=language,
            beam_size=self.beam_size,
            temperature=0.0,
            no_repeat_ngram_size=no_repeat,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        return list(segments)


def load_whisper(name: str, *, threads: int = 2, beam_size: int = 5) -> Whisper:
    """Load a network in 8-bit weights on the processor.

    `name` is a folder of CTranslate2 (model.bin, tokenizer.json, ...), a size such as "small" or "base.en", or the
    OWNER/NAME of a model on the hub, which is fetched on first use. What cannot be had raises ModelUnavailable.
    """
    if find_spec("faster_whisper") is None:
        raise ModelUnavailable("transcribing needs the package faster-whisper", hint=_INSTALL)
    from faster_whisper import WhisperModel

    folder = _folder(name)
    missing = [file for file in _NEEDED if not (folder / file).is_file()]
    if missing:
        raise ModelUnavailable(f"{name} is no Whisper model of CTranslate2: {missing[0]} is missing", hint=_CONVERT)
    with model_loading(name, "is it a Whisper model of CTranslate2? try one of the hub, such as small"):
        network = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    identity = hash_value([hash_file(folder / file) for file in _NEEDED])
    return Whisper(f"{_short(name)}@{identity}", network, beam_size)


def _folder(name: str) -> Path:
    """The folder of a model; one of the hub is fetched, unless its cache has it."""
    from faster_whisper.utils import available_models, download_model

    local = Path(name).expanduser()
    if name and local.is_dir():
        return local
    is_hub_id = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", name) is not None
    if not is_hub_id and name not in available_models():
        sizes = ", ".join(available_models())
        raise InputError(
            f"there is no speech model {name!r}", hint=f"give a folder, OWNER/NAME of the hub, or one of {sizes}"
        )
    hint = "connect once to fetch it, or give the folder of a model that was fetched elsewhere"
    with hugging_face(f"the speech model {name}", hint):
        return Path(download_model(name))


def _short(name: str) -> str:
    """A folder's own name; the rest of its path belongs to one machine."""
    return Path(name).name if Path(name).expanduser().is_dir() else name
