from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mmemo.episode.sentences import SpokenLine, apart_voices, join_sentences
from mmemo.episode.sound_frames import FRAME_MS
from mmemo.episode.speech_activity import SpeechActivity
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


def test_a_new_voice_begins_no_sentence_in_the_middle() -> None:
    reply = [SpokenLine("I thought that we", 0, 900), SpokenLine("no, we never", 1000, 1900, is_new_voice=True)]
    assert join_sentences(reply) == ["I thought that we", "no, we never"]


def test_names_in_front_keep_a_sentence_together() -> None:
    said = [
        SpokenLine("I thought", 0, 900, "ANN"),
        SpokenLine("that you knew", 1000, 1900),
        SpokenLine("me.", 2000, 2500),
    ]
    assert join_sentences(said) == ["I thought that you knew me."] * 3
    again = [SpokenLine("I thought", 0, 900, "ANN"), SpokenLine("that you knew.", 1000, 1900, "ANN")]
    assert join_sentences(again) == ["I thought that you knew."] * 2
    unknown = [SpokenLine("I thought", 0, 900), SpokenLine("that you knew.", 1000, 1900, "BOB")]
    assert join_sentences(unknown) == ["I thought", "that you knew."]


CUE = SubtitleCue(1000, 3000, "- A longer line.\n- No.", 6)


def activity(pauses_ms: list[tuple[int, int]]) -> SpeechActivity:
    speech = np.full(125, 0.95, np.float32)
    for start, end in pauses_ms:
        speech[round(start / FRAME_MS) : round(end / FRAME_MS)] = 0.02
    return SpeechActivity(speech)


def test_voices_change_in_the_pause_that_is_near() -> None:
    first, second = apart_voices([CUE], activity([(1200, 1300), (2300, 2500)]))
    assert (first.start_ms, second.end_ms) == (1000, 3000)
    assert first.end_ms == second.start_ms == pytest.approx(2400, abs=70)


@pytest.mark.parametrize("pauses", [[], [(100, 700)], [(3300, 3900)]])
def test_without_a_pause_near_by_their_words_share_the_time(pauses: list[tuple[int, int]]) -> None:
    assert apart_voices([CUE], activity(pauses)) == apart_voices([CUE])
    assert apart_voices([CUE], SpeechActivity(np.empty(0, np.float32))) == apart_voices([CUE])


def test_three_voices_keep_their_order() -> None:
    cue = SubtitleCue(1000, 3000, "- Yes, I do.\n- No, no.\n- Why?", 2)
    parts = apart_voices([cue], activity([(1800, 2200)]))
    assert [part.raw_text for part in parts] == ["- Yes, I do.", "- No, no.", "- Why?"]
    assert all(a.end_ms == b.start_ms and a.start_ms < a.end_ms for a, b in pairwise(parts))


def test_a_cue_too_short_to_share_stays_whole() -> None:
    cue = SubtitleCue(0, 1, "- Hi.\n- No.", 2)
    assert apart_voices([cue]) == (cue,)
