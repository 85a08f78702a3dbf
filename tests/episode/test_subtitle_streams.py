from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.episode.subtitle_streams import SubtitleStreamInfo, choose_stream, read_stream, subtitle_streams
from mmemo.episode.subtitles import is_media, read_subtitles
from mmemo.errors import InputError
from tests.media import write_counter_video
from tests.subtitled import Stream, with_pictures, with_subtitles


@pytest.mark.parametrize(
    ("name", "codec", "reported"),
    [
        ("a.mkv", "srt", "subrip"),
        ("a.mkv", "ass", "ass"),
        ("a.mkv", "webvtt", "webvtt"),
        ("a.mp4", "mov_text", "mov_text"),
        ("nameless", "srt", "subrip"),
    ],
)
def test_text_streams_of_every_kind(tmp_path: Path, name: str, codec: str, reported: str) -> None:
    path = with_subtitles(tmp_path / (name if "." in name else "a.mkv"), [Stream("Hi, you.")], codec)
    if "." not in name:
        path = path.rename(tmp_path / name)
    file = read_subtitles(path)
    assert (file.format, file.refused, file.stream) == (reported, (), 1)
    assert [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in file.cues] == [
        (1000, 2000, "Hi, you."),
        (2500, 3000, "Bye.\nNow."),
    ]


def test_times_count_from_the_start_of_the_file(tmp_path: Path) -> None:
    path = with_subtitles(tmp_path / "a.mkv", [Stream("Hi.")], start_s=7.0)
    assert [cue.start_ms for cue in read_stream(path).cues] == [1000, 2500]


THREE = [
    Stream("Bonjour.", "fre"),
    Stream("Hello.", "eng", "default", "For all"),
    Stream("Hallo.", "ger", "forced"),
]


@pytest.mark.parametrize(
    ("language", "said"),
    [(None, "Hello."), ("fr", "Bonjour."), ("fra", "Bonjour."), ("EN", "Hello."), ("de", "Hallo.")],
)
def test_the_stream_is_chosen_by_language_or_its_flag(tmp_path: Path, language: str | None, said: str) -> None:
    file = read_stream(with_subtitles(tmp_path / "a.mkv", THREE), language)
    assert file.cues[0].raw_text == said
    assert file.streams == (
        "stream 1: subrip fre",
        "stream 2: subrip eng 'For all' default",
        "stream 3: subrip ger forced",
    )


def test_what_a_file_calls_a_language_does_not_steer_the_terminal(tmp_path: Path) -> None:
    path = with_subtitles(tmp_path / "a.mkv", [Stream("Hi.", "\x1b[2Jen\n" + "x" * 500), Stream("Oh.", "\x1b")])
    first, second = (stream.words for stream in subtitle_streams(path))
    assert first.isprintable() and second.isprintable()
    assert len(first) < 80
    assert second == "stream 2: subrip no language"


def test_a_language_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = with_subtitles(tmp_path / "a.mkv", THREE)
    with pytest.raises(InputError, match="no subtitle in the language 'sv'") as told:
        read_stream(path, "sv")
    assert "fre" in str(told.value.hint)


def test_pictures_of_text_are_refused_by_name(tmp_path: Path) -> None:
    path = with_pictures(tmp_path / "a.mkv")
    assert [info.bitmap for info in subtitle_streams(path)] == ["PGS"]
    with pytest.raises(InputError, match="are PGS: pictures of text"):
        read_subtitles(path)


def test_a_video_without_subtitles_is_told(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "a.mp4", 10)
    assert is_media(path) and subtitle_streams(path) == []
    with pytest.raises(InputError, match="holds no subtitle stream"):
        read_subtitles(path)


def test_a_stream_without_cues_is_told(tmp_path: Path) -> None:
    path = with_subtitles(tmp_path / "a.mkv", [Stream("Hi.")])
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(InputError):
        read_subtitles(path)


def info(index: int, **values: object) -> SubtitleStreamInfo:
    usual = {"codec": "subrip", "language": None, "title": "", "is_default": False, "is_forced": False, "bitmap": None}
    return SubtitleStreamInfo(index=index, **{**usual, **values})  # type: ignore[arg-type]


def test_which_stream_is_taken() -> None:
    path = Path("a.mkv")
    picture = info(1, codec="dvd_subtitle", bitmap="VobSub", is_default=True)
    assert choose_stream([picture, info(2), info(3)], path, None).index == 2
    assert choose_stream([info(2, is_forced=True, is_default=True), info(3)], path, None).index == 3
    assert choose_stream([info(2, language="pt"), info(3, language="pt-BR")], path, "pt-BR").index == 3
    assert choose_stream([info(2, language="xyz")], path, "XYZ").index == 2
    with pytest.raises(InputError, match="VobSub"):
        choose_stream([picture], path, None)
