from __future__ import annotations

from mmemo.episode.sentences import SpokenLine, apart_voices, join_sentences
from mmemo.episode.subtitles import SubtitleCue


def lines(*texts: str, gap_ms: int = 100) -> list[SpokenLine]:
    return [SpokenLine(text, i * (1000 + gap_ms), i * (1000 + gap_ms) + 1000) for i, text in enumerate(texts)]


def test_nothing_and_one_line() -> None:
    assert join_sentences([]) == []
    assert join_sentences(lines("Hello.")) == ["Hello."]


def test_a_sentence_over_three_cues_is_read_whole_in_each() -> None:
    whole = "I told him that I would come if he paid."
    assert join_sentences(lines("I told him", "that I would come", "if he paid.", "He did.")) == [
        *[whole] * 3,
        "He did.",
    ]


def test_dots_at_the_seam_say_that_it_goes_on() -> None:
    assert join_sentences(lines("I thought...", "...that you knew.")) == ["I thought that you knew."] * 2
    assert join_sentences(lines("I thought...", "Never mind.")) == ["I thought...", "Never mind."]


def test_what_ends_a_sentence() -> None:
    assert join_sentences(lines("He came.", "and went.")) == ["He came.", "and went."]
    assert join_sentences(lines("He came", "Nora went")) == ["He came", "Nora went"]
    assert join_sentences(lines("he came", "and went", gap_ms=2000)) == ["he came", "and went"]
    other = [SpokenLine("he came", 0, 900, "ANN"), SpokenLine("and went", 1000, 1900, "BOB")]
    assert join_sentences(other) == ["he came", "and went"]


def test_a_text_without_any_stop_is_no_endless_sentence() -> None:
    joined = join_sentences(lines(*["and on"] * 9))
    assert [len(text.split()) for text in joined] == [8, 8, 8, 8, 8, 8, 8, 8, 2]


def test_two_voices_share_the_time_of_their_cue() -> None:
    cues = [SubtitleCue(0, 900, "Hi.", 2), SubtitleCue(1000, 3000, "- A longer line.\n- No.", 6)]
    assert [(cue.start_ms, cue.end_ms, cue.raw_text, cue.source_line) for cue in apart_voices(cues)] == [
        (0, 900, "Hi.", 2),
        (1000, 2647, "- A longer line.", 6),
        (2647, 3000, "- No.", 6),
    ]


def test_a_cue_too_short_to_share_stays_whole() -> None:
    cue = SubtitleCue(0, 1, "- Hi.\n- No.", 2)
    assert apart_voices([cue]) == (cue,)
