"""The cut and where its subtitles come from: a file beside the video, another format, a stream inside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmemo.errors import InputError
from mmemo.flow.cutting.cut import CutReport, cut_episode
from mmemo.progress import run
from mmemo.store.workspace import Workspace
from tests.media import write_counter_video, write_srt
from tests.subtitled import Stream, with_pictures, with_subtitles

TWO = [Stream("Hello.", "eng", "default"), Stream("NORA: Hallo.", "ger")]


def cut(workspace: Path, video: Path, subtitles: Path | None = None, **options: object) -> CutReport:
    return run(cut_episode(Workspace(workspace), video, subtitles, **options))  # type: ignore[arg-type]


def texts(workspace: Path, report: CutReport) -> list[str]:
    space = Workspace(workspace)
    return list(space.cues(space.episode(report.episode_id))["text"])


def test_the_text_inside_the_video_is_taken_when_no_file_is_there(tmp_path: Path) -> None:
    video = with_subtitles(tmp_path / "show.mkv", TWO)
    english = cut(tmp_path / "w", video)
    german = cut(tmp_path / "w", video, video, language="de")
    assert texts(tmp_path / "w", english) == ["Hello.", "Bye. Now."]
    assert texts(tmp_path / "w", german) == ["Hallo.", "Bye. Now."]
    assert english.episode_id != german.episode_id
    said = german.to_contract()["subtitles"]
    assert (said["format"], said["stream"], said["read"], len(said["streams"])) == ("subrip", 2, 2, 2)
    assert said["cleaning"] == {"name": 1}
    assert cut(tmp_path / "w", video).skipped


def test_a_file_beside_the_video_comes_first_and_one_of_the_language_before_it(tmp_path: Path) -> None:
    video = with_subtitles(tmp_path / "show.mkv", TWO)
    video.with_suffix(".vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nBeside.\n")
    write_srt(tmp_path / "show.sv.srt", [(1000, 2000, "Hej.")])
    assert texts(tmp_path / "w", cut(tmp_path / "w", video)) == ["Beside."]
    assert texts(tmp_path / "w", cut(tmp_path / "w", video, language="sv")) == ["Hej."]
    assert texts(tmp_path / "w", cut(tmp_path / "w", video, language="en"))[0] == "Hello."
    plain = write_counter_video(tmp_path / "plain.mp4", 100)
    write_srt(tmp_path / "plain.srt", [(1000, 2000, "Plain.")])
    assert texts(tmp_path / "w", cut(tmp_path / "w", plain, language="en")) == ["Plain."]
    with pytest.raises(InputError, match="no code of a language"):
        cut(tmp_path / "w", video, language="../sv")


def test_pictures_of_text_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="PGS"):
        cut(tmp_path / "w", with_pictures(tmp_path / "show.mkv"))
    assert not (tmp_path / "w").exists()


def test_everything_repaired_and_refused_is_kept_whole(tmp_path: Path) -> None:
    video = write_counter_video(tmp_path / "show.mp4", 100)
    odd = tmp_path / "odd.srt"
    odd.write_text(
        "lost "
        + "x" * 1000
        + "\n\n1\n00:00:01.000 --> 00:00:02.000\n<i>Hi</i>\n"
        + "4\n00:00:03,000 --> 00:00:02,000\nNo\n" * 60
    )
    report = cut(tmp_path / "w", video, odd)
    assert (len(report.repaired), len(report.refused[0]["text"])) == (50, 300)
    space = Workspace(tmp_path / "w")
    notes = json.loads((space.cut_folder(space.episode(report.episode_id)) / "subtitles.json").read_text())
    assert len(notes["repaired"]) == report.repaired_total > 60
    assert notes["refused"] == [{"line": 1, "what": "text without times", "text": "lost " + "x" * 1000}]
    assert (notes["read"], notes["cleaning"]) == (61, {"tags": 1})


def test_two_voices_are_two_cues_unless_asked_otherwise(tmp_path: Path) -> None:
    video = write_counter_video(tmp_path / "show.mp4", 100)
    srt = write_srt(tmp_path / "show.srt", [(1000, 3000, "- Where were you?\n- Out.")])
    whole, apart = cut(tmp_path / "w", video, srt, split_voices=False), cut(tmp_path / "w", video)
    assert (whole.account.total, apart.account.total) == (1, 2)
    assert whole.cut_key != apart.cut_key
    assert texts(tmp_path / "w", apart) == ["Where were you?", "Out."]


@pytest.mark.slow
def test_the_command_takes_a_language(tmp_path: Path) -> None:
    video = with_subtitles(tmp_path / "show.mkv", TWO)
    program = [
        sys.executable,
        "-m",
        "pipelines.cut",
        str(video),
        "--subtitle-language",
        "ger",
        "--workspace",
        str(tmp_path / "w"),
    ]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "taken: stream 2" in done.stderr
    assert "cues cleaned: name 1" in done.stderr
