"""Heard words to cues of readable length, and the parts of the sound that are listened to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmemo.episode.sound_frames import FRAME_MS
from mmemo.episode.speech_activity import SpeechActivity
from mmemo.episode.subtitles import parse_subtitles
from mmemo.episode.transcribe import (
    CueSettings,
    Word,
    clip_sounds,
    cues_of_words,
    held_to_speech,
    speech_clips,
    srt_text,
)
from mmemo.errors import InputError


def said(text: str, start_ms: int = 0, word_ms: int = 300) -> list[Word]:
    """The words of a text, one after another without pauses."""
    return [Word(start_ms + i * word_ms, start_ms + (i + 1) * word_ms, f" {w}") for i, w in enumerate(text.split())]


def texts(words: list[Word], settings: CueSettings | None = None) -> list[str]:
    return [line.text for line in cues_of_words(words, settings)]


def activity(runs_ms: list[tuple[int, int]], duration_ms: int) -> SpeechActivity:
    speech = np.zeros(int(duration_ms / FRAME_MS), np.float32)
    for start, end in runs_ms:
        speech[round(start / FRAME_MS) : round(end / FRAME_MS)] = 0.9
    return SpeechActivity(speech)


class TestCues:
    def test_no_words_are_no_cues(self):
        assert cues_of_words([]) == []

    def test_one_word(self):
        (line,) = cues_of_words([Word(1000, 1400, " Yes.")])
        assert (line.text, line.start_ms, line.end_ms) == ("Yes.", 1000, 1400)

    def test_a_sentence_is_a_cue(self):
        assert texts(said('I know. "You do?" Well, you see...')) == ["I know.", '"You do?"', "Well, you see..."]

    @pytest.mark.parametrize("title", ["Mr.", "Dr.", "St.", "J."])
    def test_a_title_ends_no_sentence(self, title: str):
        assert texts(said(f"I met {title} Brown. He left.")) == [f"I met {title} Brown.", "He left."]

    def test_a_pause_ends_a_cue(self):
        words = [*said("and then I"), *said("went home.", 1600)]
        assert texts(words) == ["and then I", "went home."]
        assert texts(words, CueSettings(pause_ms=900)) == ["and then I went home."]

    def test_a_long_sentence_is_split_at_its_clauses(self):
        parts = ["If you had only told me that you would be so very late this evening,"]
        parts += ["I would have waited with the dinner until you had come home."]
        assert texts(said(" ".join(parts), word_ms=200)) == parts

    def test_a_long_sentence_without_clauses_is_split_in_the_middle(self):
        found = texts(said("word " * 40, word_ms=100))
        assert [len(text.split()) for text in found] == [10, 10, 10, 10]

    def test_a_slow_sentence_is_split_by_time(self):
        lines = cues_of_words(said("this is said very slowly indeed", word_ms=1500))
        assert len(lines) == 2
        assert all(line.end_ms - line.start_ms <= 7000 for line in lines)

    def test_a_word_that_is_heard_too_long_is_cut(self):
        (line,) = cues_of_words([Word(0, 60_000, " Nooo!")])
        assert line.end_ms == 7000

    def test_languages_without_spaces_are_measured_in_full_width_columns(self):
        words = [Word(i * 100, (i + 1) * 100, letter) for i, letter in enumerate("今日はとても良い天気ですね" * 5)]
        found = texts(words)
        assert "".join(found) == "今日はとても良い天気ですね" * 5
        assert all(len(text) <= 42 for text in found)

    @pytest.mark.parametrize("wrong", [{"max_columns": 5}, {"max_ms": 10}, {"pause_ms": 0}])
    def test_settings_check_themselves(self, wrong: dict[str, int]):
        with pytest.raises(InputError):
            CueSettings(**wrong)

    @given(
        st.lists(
            st.tuples(
                st.integers(0, 3000),
                st.integers(0, 9000),
                st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\ufeff"), max_size=12),
            ),
            max_size=40,
        )
    )
    def test_whatever_is_heard_comes_back_from_the_file(self, heard: list[tuple[int, int, str]]):
        words, at_ms = [], 0
        for pause_ms, length_ms, text in heard:
            words.append(Word(at_ms + pause_ms, at_ms + pause_ms + length_ms, f" {text}"))
            at_ms += pause_ms + length_ms
        lines = cues_of_words(words)
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(lines))
        read = parse_subtitles(srt_text(lines))
        assert [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in read.cues] == [
            (line.start_ms, line.end_ms, line.text) for line in lines
        ]
        assert read.refused == ()


class TestHeldToSpeech:
    def test_a_word_after_a_pause_begins_with_the_speech(self):
        words = [Word(1000, 1400, " I"), Word(1400, 3600, " know.")]
        held = held_to_speech(words, [(900, 1450), (3100, 3500)])
        assert [(word.start_ms, word.end_ms) for word in held] == [(1000, 1400), (3100, 3500)]

    def test_words_outside_all_speech_stay(self):
        words = [Word(1000, 1400, " ah")]
        assert held_to_speech(words, [(5000, 6000)]) == words
        assert held_to_speech(words, []) == words
        assert held_to_speech([], [(0, 1)]) == []

    def test_a_word_is_not_squeezed_into_a_breath(self):
        words = [Word(1000, 1400, " ah")]
        assert held_to_speech(words, [(0, 1020), (1390, 2000)]) == words


class TestClips:
    def test_no_speech_is_no_clip(self):
        assert speech_clips(activity([], 10_000)) == []
        assert speech_clips(SpeechActivity(np.empty(0, np.float32))) == []

    def test_short_runs_are_heard_together_and_long_silences_not_at_all(self):
        runs = [(1024, 3008), (4000, 6016), (20_000, 22_016)]
        clips = speech_clips(activity(runs, 30_000))
        assert len(clips) == 2
        assert clips[0] == pytest.approx((824, 6216), abs=40)
        assert clips[1] == pytest.approx((19_800, 22_216), abs=40)

    def test_no_clip_is_longer_than_the_network_hears(self):
        sound = activity([(0, 100_000)], 100_000)
        sound.speech[round(20_000 / FRAME_MS)] = 0.6
        clips = speech_clips(sound)
        assert clips[0][1] == pytest.approx(20_200, abs=40)
        assert max(end - start for start, end in clips) <= 30_000
        assert clips[-1][1] == pytest.approx(100_000, abs=40)
        assert all(a[1] == b[0] for a, b in pairwise(clips))

    @given(
        st.lists(st.integers(1, 50), max_size=60),
        st.lists(st.integers(0, 60), max_size=10).map(sorted),
    )
    def test_sounds_of_clips_are_cut_from_the_stream(self, sizes: list[int], edges_ms: list[int]):
        whole = np.arange(16 * sum(sizes), dtype=np.float32)
        pieces = np.split(whole, 16 * np.cumsum(sizes)[:-1]) if sizes else []
        clips = list(zip(edges_ms[::2], edges_ms[1::2], strict=False))
        found = list(clip_sounds(iter(pieces), clips))
        assert len(found) == len(clips)
        for (start_ms, end_ms), sound in zip(clips, found, strict=True):
            assert np.array_equal(sound, whole[16 * start_ms : 16 * end_ms])
