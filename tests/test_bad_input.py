"""What the main job says to bad input: one clear sentence, exit 2, and nothing half-written left behind."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from mmemo.store.workspace import Workspace
from pipelines._command import main
from pipelines.adapt import adapt
from tests.ui.made import subtitles_text, tiny_video


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video of drawn faces and fitting subtitles."""
    folder = tmp_path_factory.mktemp("media")
    tiny_video(folder / "show.mp4", 4, (160, 120))
    (folder / "show.srt").write_text(subtitles_text(2))
    return folder


def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], workspace: Path, *arguments: str | Path
) -> str:
    """Run the command in this process; the one error line that it must print, after exit status 2."""
    monkeypatch.setattr(sys, "argv", ["adapt", *map(str, arguments), "--workspace", str(workspace)])
    with pytest.raises(SystemExit) as stop:
        main(adapt)
    assert stop.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "Traceback" not in lines[0]
    return lines[0]


def is_clean(workspace: Path) -> bool:
    """No half-written file, and what is there can be read."""
    return not list(workspace.rglob("*.tmp")) and isinstance(Workspace(workspace).episodes(), list)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "show.mp4"), (b"", "empty"), (b"This is a letter, not a film.", "video")],
    ids=["missing", "empty", "text"],
)
def test_a_file_that_is_no_video(monkeypatch, capsys, tmp_path, made, content, says):
    video = tmp_path / "show.mp4"
    if content is not None:
        video.write_bytes(content)
    sentence = told(monkeypatch, capsys, tmp_path / "workspace", video, made / "show.srt")
    assert says in sentence and "show.mp4" in sentence
    assert is_clean(tmp_path / "workspace")


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (bytes(range(256)) * 20, "no text file"), (b"Dear Sir,\n\nno cue in here.\n", "subtitle")],
    ids=["empty", "binary", "letter"],
)
def test_a_file_that_is_no_subtitle(monkeypatch, capsys, tmp_path, made, content, says):
    subtitles = tmp_path / "lines.srt"
    subtitles.write_bytes(content)
    sentence = told(monkeypatch, capsys, tmp_path / "workspace", made / "show.mp4", subtitles)
    assert says in sentence and "lines.srt" in sentence
    assert is_clean(tmp_path / "workspace")


def test_subtitles_past_the_end_of_the_video(monkeypatch, capsys, tmp_path, made):
    subtitles = tmp_path / "late.srt"
    subtitles.write_text("1\n01:00:00,000 --> 01:00:02,000\nFar too late.\n")
    sentence = told(monkeypatch, capsys, tmp_path / "workspace", made / "show.mp4", subtitles)
    assert "late.srt" in sentence and "end" in sentence


def test_gold_is_checked_before_the_work(monkeypatch, capsys, tmp_path, made):
    gold = tmp_path / "gold.csv"
    gold.write_text("cue,start_ms,end_ms,emotion\n1,0,1000,bliss\n")
    sentence = told(monkeypatch, capsys, tmp_path / "workspace", made / "show.mp4", made / "show.srt", "--gold", gold)
    assert "line 2" in sentence and "bliss" in sentence
    assert not (tmp_path / "workspace" / "episodes").exists()


@pytest.mark.slow
def test_a_video_without_faces(monkeypatch, capsys, tmp_path, made):
    import av
    import numpy as np

    with av.open(str(tmp_path / "sea.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for grey in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), 60 + grey, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    workspace = tmp_path / "workspace"
    sentence = told(monkeypatch, capsys, workspace, tmp_path / "sea.mp4", made / "show.srt")
    assert "no face" in sentence
    (episode,) = Workspace(workspace).episodes()
    assert set(Workspace(workspace).cues(episode)["drop_reason"]) == {"no_face"}


@pytest.mark.slow
def test_a_full_disk(monkeypatch, capsys, tmp_path, made):
    real = os.replace

    def full(source: str | Path, target: str | Path) -> None:
        if "cut-" in str(target):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    workspace = tmp_path / "workspace"
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        sentence = told(patched, capsys, workspace, made / "show.mp4", made / "show.srt")
    assert "disk is full" in sentence
    assert is_clean(workspace) and Workspace(workspace).episodes() == []


@pytest.mark.slow
def test_subtitles_in_another_encoding_are_read(monkeypatch, tmp_path, made):
    from mmemo.flow.cutting.cut import CutSettings, cut_episode
    from mmemo.progress import run

    (tmp_path / "ru.srt").write_bytes(
        "1\n00:00:00,200 --> 00:00:01,800\nПривет, как дела сегодня?\n\n"
        "2\n00:00:02,200 --> 00:00:03,800\nОчень хорошо, спасибо большое!\n".encode("cp1251")
    )
    workspace = Workspace(tmp_path / "workspace")
    report = run(cut_episode(workspace, made / "show.mp4", tmp_path / "ru.srt", CutSettings()))
    texts = workspace.cues(workspace.episode(report.episode_id))["text"].tolist()
    assert texts == ["Привет, как дела сегодня?", "Очень хорошо, спасибо большое!"]
