from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.errors import InputError
from mmemo.ui.episode.media import media_file, media_names, subtitles_beside
from mmemo.ui.episode.uploads import SUBTITLES, VIDEO


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A folder with two episodes, files of other kinds, hidden ones, and links that lead out of it."""
    folder = tmp_path / "media"
    for name in (
        "b.mp4",
        "Show/S01/a.MKV",
        "Show/S01/a.srt",
        "Show/S01/a.en.vtt",
        ".hidden.mp4",
        ".trash/c.mp4",
        "notes.txt",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (folder / "empty.mp4").touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.mp4").write_text("x")
    (folder / "link.mp4").symlink_to(outside / "secret.mp4")
    (folder / "linked").symlink_to(outside)
    (folder / "inside.mp4").symlink_to(folder / "b.mp4")
    return folder


def test_the_menu_has_what_is_there_and_follows_no_link(media: Path):
    assert media_names(media, VIDEO) == ["Show/S01/a.MKV", "b.mp4", "empty.mp4"]
    assert media_names(media, SUBTITLES) == ["Show/S01/a.en.vtt", "Show/S01/a.srt"]
    assert media_names(media / "nothing", VIDEO) == []


def test_a_file_of_the_menu_is_used_where_it_is(media: Path):
    assert media_file(media, "Show/S01/a.MKV", VIDEO) == media / "Show" / "S01" / "a.MKV"


@pytest.mark.parametrize(
    "name",
    [
        "../outside/secret.mp4", "Show/../../outside/secret.mp4", "Show/../b.mp4", "link.mp4", "linked/secret.mp4",
        "inside.mp4", ".hidden.mp4", ".trash/c.mp4", "", ".", "Show", "gone.mp4", "b.mp4\0.mp4", "~/b.mp4",
    ],
)  # fmt: skip
def test_no_name_leads_elsewhere(media: Path, name: str):
    with pytest.raises(InputError, match="no file that may be used"):
        media_file(media, name, VIDEO)


def test_a_whole_path_is_no_name(media: Path, tmp_path: Path):
    with pytest.raises(InputError, match="no file that may be used"):
        media_file(media, str(tmp_path / "outside" / "secret.mp4"), VIDEO)


def test_without_a_folder_no_name_is_good(media: Path):
    with pytest.raises(InputError, match="no file that may be used"):
        media_file(None, "b.mp4", VIDEO)


def test_wrong_and_empty_files_are_told(media: Path):
    with pytest.raises(InputError, match="cannot be the video"):
        media_file(media, "notes.txt", VIDEO)
    with pytest.raises(InputError, match="is empty"):
        media_file(media, "empty.mp4", VIDEO)


def test_the_subtitles_of_a_video_have_its_name():
    names = ["Show/S01/a.en.vtt", "Show/S01/a.srt", "b.srt"]
    assert subtitles_beside(names, "Show/S01/A.MKV") == "Show/S01/a.srt"
    assert subtitles_beside(names, "Show/S01/c.mkv") is None
