"""Sentences and voices against cues: a sentence may run over several cues, and several voices may share one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmemo.episode.cleaning import clean_text, split_voices
from mmemo.episode.sound_frames import FRAME_MS
from mmemo.episode.speech_activity import SpeechActivity
from mmemo.episode.subtitle_cues import SubtitleCue

# A pause of this length ends a sentence whatever its punctuation.
_MAX_PAUSE_MS = 1500
_MAX_CUES = 4
# Where two voices change: how far from the place that their words suggest, how much nearness counts, how silent it is.
_PAUSE_REACH_MS, _PAUSE_FAR, _PAUSE_ABOVE = 1000, 0.3, 0.3
_ENDS = tuple(".!?…。！？:;")
_CLOSING = "\"'”’»)]}* "
_RUNS_ON = ("...", "…", "--", "—", "–", ",")


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """What one cue says: cleaned words, times in ms, the name in front, and whether a dash tells of a new voice."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None = None
    is_new_voice: bool = False


def sentences(lines: Sequence[SpokenLine]) -> list[range]:
    """Which lines are one sentence: ranges of positions that cover all lines in order.

    A line runs on in the next one when it ends without a full stop or with a mark that says so, the next begins in
    lower case or with the same mark, the pause is short, and neither another name nor a dash stands in front. At most
    four lines are one sentence.
    """
    starts = [0]
    for i in range(1, len(lines)):
        if i - starts[-1] == _MAX_CUES or not _runs_on(lines[i - 1], lines[i]):
            starts.append(i)
    return [range(a, b) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True) if a < b]


def join_sentences(lines: Sequence[SpokenLine]) -> list[str]:
    """The whole sentence that each line is part of, in the lines' order: (N,) texts for N lines.

    The times are untouched: a face still belongs to its own line.
    """
    return [text for group in sentences(lines) for text in [_together([lines[i] for i in group])] * len(group)]


def apart_voices(cues: Sequence[SubtitleCue], speech: SpeechActivity | None = None) -> tuple[SubtitleCue, ...]:
    """Cues in which a cue with dashes for several voices becomes one cue a voice.

    They share its time by the length of their words, in order; where `speech` has a pause near by, one voice ends and
    the next begins in it. A voice that would have no time is not split off.
    """
    return tuple(part for cue in cues for part in _parts(cue, speech))


def _parts(cue: SubtitleCue, speech: SpeechActivity | None) -> Iterator[SubtitleCue]:
    texts = split_voices(cue.raw_text)
    lengths = [max(1, len(clean_text(text).text)) for text in texts]
    span_ms = cue.end_ms - cue.start_ms
    ends_ms = [cue.start_ms + span_ms * sum(lengths[: i + 1]) // sum(lengths) for i in range(len(texts))]
    ends_ms[:-1] = [_in_a_pause(end_ms, span_ms // (2 * len(texts)), speech) for end_ms in ends_ms[:-1]]
    starts_ms = [cue.start_ms, *ends_ms[:-1]]
    if len(texts) < 2 or any(a >= b for a, b in zip(starts_ms, ends_ms, strict=True)):
        yield cue
        return
    for text, start_ms, end_ms in zip(texts, starts_ms, ends_ms, strict=True):
        yield replace(cue, raw_text=text, start_ms=start_ms, end_ms=end_ms)


def _in_a_pause(time_ms: int, reach_ms: int, speech: SpeechActivity | None) -> int:
    """The middle of the clearest pause at most `reach_ms` away, near ones first; the time itself where there is none."""
    if speech is None:
        return time_ms
    reach = int(min(reach_ms, _PAUSE_REACH_MS) / FRAME_MS)
    middle = round(time_ms / FRAME_MS)
    first, last = max(0, middle - reach), min(len(speech.speech), middle + reach + 1)
    if last - first < 3:
        return time_ms
    silence = 1 - np.convolve(np.pad(speech.speech[first:last], 2, mode="edge"), np.full(5, 0.2), mode="valid")
    weights = silence - _PAUSE_FAR * np.abs(np.arange(first, last) - middle) / max(reach, 1)
    best = int(weights.argmax())
    return round((first + best) * FRAME_MS) if silence[best] > _PAUSE_ABOVE else time_ms


def _runs_on(line: SpokenLine, after: SpokenLine) -> bool:
    words, following = line.text.rstrip(_CLOSING), after.text.lstrip(_CLOSING)
    if not words or not following or not -_MAX_PAUSE_MS <= after.start_ms - line.end_ms <= _MAX_PAUSE_MS:
        return False
    if after.is_new_voice or (after.speaker is not None and after.speaker != line.speaker):
        return False
    says_so = words.endswith(_RUNS_ON)
    if words.endswith(_ENDS) and not says_so:
        return False
    first = following.lstrip(".…-–— ")[:1]
    return first.islower() or (says_so and following.startswith(("...", "…", "--", "—", "–")))


def _together(lines: Sequence[SpokenLine]) -> str:
    """One text; the dots and dashes that only say "goes on" are taken off at the seams."""
    parts = [line.text for line in lines]
    for i in range(1, len(parts)):
        parts[i - 1] = parts[i - 1].rstrip().rstrip(".…-–—").rstrip()
        parts[i] = parts[i].lstrip().lstrip(".…-–—").lstrip()
    return " ".join(part for part in parts if part)
