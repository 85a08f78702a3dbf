"""A transcript made of heard words: which parts of the sound to listen to, and cues of readable length."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmemo.episode.sentences import SpokenLine
from mmemo.episode.sound_frames import FRAME_MS, SAMPLE_RATE_HZ
from mmemo.episode.speech_activity import SpeechActivity, speech_runs
from mmemo.errors import InputError

# The network hears at most 30 s at once.
_MAX_CLIP_MS = 28_000
# Longer silences are not listened to: the network invents words for them.
_MAX_SILENCE_MS = 4_000
_PADDING_MS = 200
_ENDS = tuple(".!?…。！？")
_CLAUSE_ENDS = tuple(",;:—–、，；：")
_CLOSING = "\"'”’»)]}」』"
_TITLES = frozenset("mr. mrs. ms. dr. st. prof. sr. jr. lt. sgt. capt. col. gen. vs. etc. no.".split())
_FULL_WIDTH = ("W", "F")
# What a split costs besides uneven halves: nothing at a clause's end, less the longer the pause is.
_INSIDE_CLAUSE = 0.35
_PAUSE_WORTH_MS = 1000
_SHORTEST_MS = 200
_ARROW = re.compile(r"-+\s?>")


@dataclass(frozen=True, slots=True)
class Word:
    """A heard word; times in ms from the start of the video, the text with the space in front that it is written with."""

    start_ms: int
    end_ms: int
    text: str

    def __post_init__(self) -> None:
        assert 0 <= self.start_ms <= self.end_ms, "a word ends after it starts"


@dataclass(frozen=True, slots=True)
class CueSettings:
    """How long a cue of a transcript may be: columns of text (a full-width letter is two), ms, and pauses inside it.

    The defaults are the two lines of 42 columns and the 7 s of common subtitle guidelines.
    """

    max_columns: int = 84
    max_ms: int = 7000
    pause_ms: int = 600

    def __post_init__(self) -> None:
        if self.max_columns < 20 or self.max_ms < 1000 or self.pause_ms < 100:
            raise InputError("a cue needs 20 columns, 1000 ms and pauses of 100 ms at least", hint="use 84, 7000, 600")


def speech_clips(activity: SpeechActivity) -> list[tuple[int, int]]:
    """(start_ms, end_ms) of stretches of at most 28 s that hold all speech, in order.

    They are cut in pauses, and a run of speech that is longer at its least certain frame: the "cut and merge" of
    WhisperX (Bain et al. 2023, section 2.2).
    """
    end_ms = round(len(activity.speech) * FRAME_MS)
    pieces = [piece for run in speech_runs(activity) for piece in _short_enough(run, activity)]
    clips: list[tuple[int, int]] = []
    for start, end in pieces:
        if clips and start - clips[-1][1] <= _MAX_SILENCE_MS and end - clips[-1][0] <= _MAX_CLIP_MS:
            clips[-1] = (clips[-1][0], end)
        else:
            clips.append((start, end))
    padded = [(max(0, a - _PADDING_MS), min(end_ms, b + _PADDING_MS)) for a, b in clips]
    return [(max(a, padded[i - 1][1]) if i else a, b) for i, (a, b) in enumerate(padded)]


def _short_enough(run: tuple[int, int], activity: SpeechActivity) -> Iterator[tuple[int, int]]:
    start, end = run
    while end - start > _MAX_CLIP_MS:
        first, last = (int((start + share * _MAX_CLIP_MS) / FRAME_MS) for share in (0.5, 1.0))
        cut = round((first + int(activity.speech[first:last].argmin())) * FRAME_MS)
        yield start, cut
        start = cut
    yield start, end


def clip_sounds(pieces: Iterable[np.ndarray], clips: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
    """(n,) float32 sound of each clip, from the pieces of the whole sound in order; one clip is held at a time.

    Clips must be in order and apart. A clip behind the end of the sound is shorter or empty.
    """
    source = iter(pieces)
    parts: deque[np.ndarray] = deque()
    held_from = reached = 0
    for start_ms, end_ms in clips:
        first, last = (ms * SAMPLE_RATE_HZ // 1000 for ms in (start_ms, end_ms))
        while True:
            while parts and held_from + len(parts[0]) <= first:
                held_from += len(parts.popleft())
            if reached >= last or (piece := next(source, None)) is None:
                break
            parts.append(piece)
            reached += len(piece)
        held = np.concatenate(parts) if parts else np.empty(0, np.float32)
        yield held[max(0, first - held_from) : max(0, last - held_from)]


def held_to_speech(words: Sequence[Word], runs: Sequence[tuple[int, int]]) -> list[Word]:
    """The words without the silence that the network counts to them, by (start_ms, end_ms) of the runs of speech.

    A word after a pause is reported from the end of the word before; it begins where speech does.
    """
    out = []
    for word in words:
        near = [run for run in runs if run[0] < word.end_ms and run[1] > word.start_ms]
        if near:
            start, end = max(near, key=lambda run: min(run[1], word.end_ms) - max(run[0], word.start_ms))
            start, end = max(start, word.start_ms), min(end, word.end_ms)
            if end - start >= min(_SHORTEST_MS, word.end_ms - word.start_ms):
                word = replace(word, start_ms=start, end_ms=end)
        out.append(word)
    return out


def cues_of_words(words: Sequence[Word], settings: CueSettings | None = None) -> list[SpokenLine]:
    """One cue a sentence; pauses end a cue too, and what is too long is split at clauses, pauses, then in the middle.

    Cues are in order, none overlaps the next, and together they hold every word.
    """
    settings = settings or CueSettings()
    lines: list[SpokenLine] = []
    for group in _sentences(words, settings):
        for part in _readable(group, settings):
            text = _plain("".join(word.text for word in part))
            if not text:
                continue
            start_ms = max(part[0].start_ms, lines[-1].end_ms if lines else 0)
            end_ms = min(max(part[-1].end_ms, start_ms + _SHORTEST_MS), start_ms + settings.max_ms)
            lines.append(SpokenLine(text, start_ms, end_ms))
    return lines


def _sentences(words: Sequence[Word], settings: CueSettings) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and (_ends_sentence(group[-1]) or word.start_ms - group[-1].end_ms >= settings.pause_ms):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _ends_sentence(word: Word) -> bool:
    text = word.text.strip().rstrip(_CLOSING)
    is_initial = len(text) == 2 and text[0].isalpha() and text[1] == "." and text != "I."
    return text.endswith(_ENDS) and text.lower() not in _TITLES and not is_initial


def _readable(words: Sequence[Word], settings: CueSettings) -> Iterator[Sequence[Word]]:
    columns = _columns("".join(word.text for word in words).strip())
    if len(words) < 2 or (columns <= settings.max_columns and words[-1].end_ms - words[0].start_ms <= settings.max_ms):
        yield words
        return
    at = min(range(1, len(words)), key=lambda i: _cost(words, i))
    yield from _readable(words[:at], settings)
    yield from _readable(words[at:], settings)


def _cost(words: Sequence[Word], at: int) -> float:
    """How bad it is to split before a word: uneven halves, no clause that ends there, no pause."""
    before, after = ("".join(word.text for word in part) for part in (words[:at], words[at:]))
    uneven = abs(len(before) - len(after)) / (len(before) + len(after))
    inside = 0.0 if before.rstrip().rstrip(_CLOSING).endswith(_CLAUSE_ENDS) else _INSIDE_CLAUSE
    pause_ms = max(0, words[at].start_ms - words[at - 1].end_ms)
    return uneven + inside - min(pause_ms, _PAUSE_WORTH_MS) / _PAUSE_WORTH_MS


def _plain(text: str) -> str:
    """One line that no reader of subtitles takes for anything but text."""
    printable = (" " if unicodedata.category(character) == "Cc" else character for character in text)
    return " ".join(_ARROW.sub("> ", "".join(printable)).split())


def _columns(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(character) in _FULL_WIDTH) for character in text)


def srt_text(lines: Sequence[SpokenLine]) -> str:
    """SubRip text of cues, one line of text each: players break long lines themselves."""
    blocks = [
        f"{number}\n{_time(line.start_ms)} --> {_time(line.end_ms)}\n{line.text}\n"
        for number, line in enumerate(lines, 1)
    ]
    return "\n".join(blocks)


def _time(ms: int) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"
