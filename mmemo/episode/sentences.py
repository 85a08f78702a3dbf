"""Sentences and voices against cues: a sentence may run over several cues, and several voices may share one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mmemo.episode.cleaning import clean_text, split_voices
from mmemo.episode.subtitle_cues import SubtitleCue

# A pause of this length ends a sentence whatever its punctuation.
_MAX_PAUSE_MS = 1500
_MAX_CUES = 4
_ENDS = tuple(".!?…。！？:;")
_CLOSING = "\"'”’»)]}* "
_RUNS_ON = ("...", "…", "--", "—", "–", ",")


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """What one cue says: cleaned words, times in ms, and the name in front if there is one."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None = None


def sentences(lines: Sequence[SpokenLine]) -> list[range]:
    """Which lines are one sentence: ranges of positions that cover all lines in order.

    A line runs on in the next one when it ends without a full stop or with a mark that says so, the next begins in
    lower case or with the same mark, the pause is short, and no other name stands in front. At most four lines are
    one sentence.
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


def apart_voices(cues: Sequence[SubtitleCue]) -> tuple[SubtitleCue, ...]:
    """Cues in which a cue with dashes for several voices becomes one cue a voice.

    They share its time by the length of their words, in order; a voice that would have no time is not split off.
    """
    return tuple(part for cue in cues for part in _parts(cue))


def _parts(cue: SubtitleCue) -> Iterator[SubtitleCue]:
    texts = split_voices(cue.raw_text)
    lengths = [max(1, len(clean_text(text).text)) for text in texts]
    span_ms = cue.end_ms - cue.start_ms
    ends_ms = [cue.start_ms + span_ms * sum(lengths[: i + 1]) // sum(lengths) for i in range(len(texts))]
    starts_ms = [cue.start_ms, *ends_ms[:-1]]
    if len(texts) < 2 or any(a >= b for a, b in zip(starts_ms, ends_ms, strict=True)):
        yield cue
        return
    for text, start_ms, end_ms in zip(texts, starts_ms, ends_ms, strict=True):
        yield replace(cue, raw_text=text, start_ms=start_ms, end_ms=end_ms)


def _runs_on(line: SpokenLine, after: SpokenLine) -> bool:
    words, following = line.text.rstrip(_CLOSING), after.text.lstrip(_CLOSING)
    if not words or not following or not -_MAX_PAUSE_MS <= after.start_ms - line.end_ms <= _MAX_PAUSE_MS:
        return False
    if after.speaker is not None and after.speaker != line.speaker:
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
