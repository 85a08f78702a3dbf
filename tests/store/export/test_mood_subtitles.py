"""Subtitles with a colour a mood: they are read back, and no line breaks out of its cue."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pysubs2
import pytest

from mmemo.progress import run
from mmemo.store.export.line_moods import line_moods
from mmemo.store.export.mood_subtitles import srt_text, vtt_text, write_mood_subtitles
from mmemo.store.export.moods import MOOD_COLOURS, rgb
from tests.store.export.made_content import made_content


def said_again(text: str) -> str:
    """The words of a line without what was put in to keep them words."""
    return text.replace("\u2060", "")


@pytest.mark.parametrize("ending", ["srt", "vtt", "ass"])
def test_every_line_comes_back_at_its_time(tmp_path: Path, ending: str):
    content = made_content(tmp_path / "cut")
    run(write_mood_subtitles(content, tmp_path))
    read = pysubs2.load(str(tmp_path / f"emotions.{ending}"))
    assert [(e.start, e.end) for e in read] == [(0, 1500), (2000, 3500), (4000, 5500)]
    texts = [unescape(said_again(e.plaintext)) for e in read]
    assert texts[0].startswith('[joy] =HYPERLINK("http://x"')
    assert "<b>We won</b> &" in texts[1]
    assert "<script>alert(1)</script>" in texts[2]
    assert not texts[2].startswith("[")


def test_people_come_before_the_student_and_the_student_before_the_rest(tmp_path: Path):
    lines = line_moods(made_content(tmp_path / "cut"))
    assert [(line.label, line.by) for line in lines] == [("joy", "human"), ("fear", "student"), (None, None)]


def test_colour_and_word_say_the_same(tmp_path: Path):
    lines = line_moods(made_content(tmp_path / "cut"))
    assert f'<font color="{MOOD_COLOURS["joy"]}">[joy]' in srt_text(lines)
    assert "<c.fear>[fear]" in vtt_text(lines)
    run(write_mood_subtitles(made_content(tmp_path / "other"), tmp_path))
    read = pysubs2.load(str(tmp_path / "emotions.ass"))
    assert read[0].style == "mood-joy"
    colour = read.styles["mood-joy"].primarycolor
    assert (colour.r, colour.g, colour.b) == rgb(MOOD_COLOURS["joy"])


def test_no_line_gives_an_empty_file_that_is_read(tmp_path: Path):
    run(write_mood_subtitles(made_content(tmp_path / "cut", 0), tmp_path))
    assert (tmp_path / "emotions.srt").read_text() == ""
    assert (tmp_path / "emotions.vtt").read_text().startswith("WEBVTT\n")
    assert len(pysubs2.load(str(tmp_path / "emotions.ass"))) == 0


def test_one_line_without_a_run_is_white(tmp_path: Path):
    content = made_content(tmp_path / "cut", 3, run_id=None)
    assert [line.by for line in line_moods(content)] == ["human", None, None]
