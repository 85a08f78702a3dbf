from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.errors import InputError, StorageError
from mmemo.store.sources import names_only, sources_folder
from mmemo.store.workspace import Workspace
from mmemo.ui.episode import uploads
from mmemo.ui.episode.uploads import GOLD, SUBTITLES, VIDEO, keep_upload


def upload(folder: Path, name: str, content: bytes = b"content") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_a_kept_upload_has_its_name_and_content_and_is_kept_once(workspace: Workspace, tmp_path: Path):
    kept = keep_upload(workspace, upload(tmp_path, "My Pilot.MKV"), VIDEO)
    again = keep_upload(workspace, upload(tmp_path / "other", "My Pilot.MKV"), VIDEO)
    assert kept == again
    assert kept.name == "My Pilot.MKV"
    assert kept.read_bytes() == b"content"
    assert kept.is_relative_to(workspace.root)


def test_another_content_under_the_same_name_is_another_file(workspace: Workspace, tmp_path: Path):
    first = keep_upload(workspace, upload(tmp_path, "a.srt", b"1"), SUBTITLES)
    second = keep_upload(workspace, upload(tmp_path, "a.srt", b"2"), SUBTITLES)
    assert second != first
    assert second.read_bytes() == b"2"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.mp4", b"", "a.mp4 is empty"),
        ("a.srt", b"x", "a.srt cannot be the video"),
        ("mp4", b"x", "mp4 cannot be the video"),
    ],
)
def test_wrong_uploads_are_refused_and_not_kept(
    workspace: Workspace, tmp_path: Path, name: str, content: bytes, words: str
):
    with pytest.raises(InputError) as told:
        keep_upload(workspace, upload(tmp_path, name, content), VIDEO)
    assert words in told.value.message
    assert told.value.hint
    assert not sources_folder(workspace).exists()


def test_an_upload_that_is_gone_is_told(workspace: Workspace, tmp_path: Path):
    with pytest.raises(InputError, match="did not arrive"):
        keep_upload(workspace, tmp_path / "gold.csv", GOLD)


def test_a_full_disk_is_told_and_leaves_nothing(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads, "_link_or_copy", full)
    with pytest.raises(StorageError, match="disk is full"):
        keep_upload(workspace, upload(tmp_path, "a.mp4"), VIDEO)
    assert [path for path in sources_folder(workspace).rglob("*") if path.is_file()] == []


def test_where_the_disk_cannot_link_the_file_is_copied(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(uploads.os, "link", refuse)
    assert keep_upload(workspace, upload(tmp_path, "a.mp4"), VIDEO).read_bytes() == b"content"


def test_errors_name_the_file_not_its_place_on_the_server(workspace: Workspace):
    place = sources_folder(workspace).resolve() / "0123456789ab" / "My Pilot.mp4"
    with pytest.raises(StorageError) as told, names_only(workspace):
        raise StorageError(f"{place} is damaged", hint=f"delete {place}")
    assert str(told.value) == "My Pilot.mp4 is damaged (delete My Pilot.mp4)"
