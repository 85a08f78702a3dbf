"""A subtitle for a video that has none: its speech, written down once and kept in the workspace."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mmemo.episode.speech_activity import SpeechActivity, read_sound, speech_activity, speech_runs
from mmemo.episode.subtitle_streams import short_language
from mmemo.episode.transcribe import (
    CueSettings,
    Word,
    clip_sounds,
    cues_of_words,
    held_to_speech,
    speech_clips,
    srt_text,
)
from mmemo.episode.video import VideoInfo
from mmemo.episode.whisper import Whisper, load_whisper
from mmemo.errors import InputError
from mmemo.progress import Progress, Stage
from mmemo.settings import read_environment
from mmemo.store.files import hash_file, hash_value, publish_folder, write_json
from mmemo.store.workspace import Workspace

# Raise when the same sound and model give another transcript than before.
TRANSCRIBE_VERSION = 1
_SRT_FILE, _SETTINGS_FILE = "transcript.srt", "settings.json"
# So many parts of the episode, spread over it, are asked for their language: a song at the start decides nothing.
_LANGUAGE_CLIPS = 3
# Pauses inside a sentence, which the network counts to the word behind them.
_FINE_GAP_MS = 160


@dataclass(frozen=True, slots=True)
class TranscribeSettings:
    """How a transcript is made: the width of the search for words, and the length of its cues."""

    beam_size: int = 5
    cues: CueSettings = field(default_factory=CueSettings)

    def __post_init__(self) -> None:
        if not 1 <= self.beam_size <= 20:
            raise InputError("the beam of a transcript is 1 to 20 wide", hint="5 is a good value")


def transcribe_episode(
    workspace: Workspace,
    info: VideoInfo,
    model: str,
    language: str | None = None,
    settings: TranscribeSettings | None = None,
) -> Stage[Path]:
    """Write down what is said in a video; returns an .srt below transcripts/ of the workspace, made once.

    `model` is as in load_whisper; `language` a code such as "en", heard from the sound when it is None. The speech
    detector is the one of the sync check and the cut, and it decides where words may be. Raises InputError for a
    video without sound or without a word, ModelUnavailable when the model cannot be had.
    """
    settings = settings or TranscribeSettings()
    total_s = max(1, info.duration_ms // 1000)
    yield Progress("transcribe", 0, total_s, "loading the speech model")
    whisper = load_whisper(model, threads=read_environment().threads, beam_size=settings.beam_size)
    asked = None if language is None else _known(language, whisper, model)
    video_hash = hash_file(info.path)
    key = hash_value([TRANSCRIBE_VERSION, video_hash, whisper.identity, asked, settings])
    folder = workspace.root / "transcripts" / f"{video_hash[:12]}-{key}"
    if all((folder / name).is_file() for name in (_SRT_FILE, _SETTINGS_FILE)):
        yield Progress("transcribe", total_s, total_s, "transcribed before")
        return folder / _SRT_FILE
    activity = yield from speech_activity(info.path, info.duration_ms)
    if activity is None:
        raise InputError(f"{info.path} has no sound to be transcribed", hint="give the .srt of the episode")
    words, spoken, prob = yield from _heard(info, activity, whisper, asked, total_s)
    lines = cues_of_words(words, settings.cues)
    if not lines:
        raise InputError(
            f"no word was heard in {info.path}", hint="give the .srt of the episode, or try a larger speech model"
        )
    with publish_folder(folder) as temporary:
        (temporary / _SRT_FILE).write_text(srt_text(lines), encoding="utf-8")
        values = {
            "version": TRANSCRIBE_VERSION,
            "video": video_hash,
            "model": whisper.identity,
            "language": spoken,
            "language_asked": asked,
            "language_prob": prob,
            "words": len(words),
            "cues": len(lines),
            "settings": settings,
            "versions": {name: version(name) for name in ("faster-whisper", "ctranslate2")},
        }
        write_json(temporary / _SETTINGS_FILE, values)
    return folder / _SRT_FILE


def _known(language: str, whisper: Whisper, model: str) -> str:
    code = short_language(language)
    if code not in whisper.languages:
        can = ", ".join(whisper.languages) if len(whisper.languages) < 10 else f"{len(whisper.languages)} others"
        raise InputError(f"the speech model {model} does not know the language {language!r}", hint=f"it knows {can}")
    return code


def _heard(
    info: VideoInfo, activity: SpeechActivity, whisper: Whisper, language: str | None, total_s: int
) -> Stage[tuple[list[Word], str, float]]:
    """All words in order, the language, and its probability (1 when it was asked for)."""
    clips = speech_clips(activity)
    prob = 1.0
    if language is None:
        places = sorted({(2 * i + 1) * len(clips) // (2 * _LANGUAGE_CLIPS) for i in range(_LANGUAGE_CLIPS)})
        yield Progress("transcribe", 0, total_s, "listening for the language")
        language, prob = whisper.language_of(_sounds(info, [clips[i] for i in places if i < len(clips)]))
    runs = speech_runs(activity, max_gap_ms=_FINE_GAP_MS)
    words: list[Word] = []
    with closing(read_sound(info.path, info.duration_ms)) as pieces:  # type: ignore[type-var]
        for (start_ms, end_ms), sound in zip(clips, clip_sounds(pieces, clips), strict=True):
            words += held_to_speech(whisper.words(sound, start_ms, language), runs)
            yield Progress("transcribe", min(end_ms // 1000, total_s), total_s, f"{len(words)} words")
    return words, language, prob


def _sounds(info: VideoInfo, clips: list[tuple[int, int]]) -> list[np.ndarray]:
    return list(clip_sounds(read_sound(info.path, info.duration_ms), clips))
