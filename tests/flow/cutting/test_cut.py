"""The cut on a small drawn film: every outcome, what is kept on disk, and what a failure leaves."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.datasets.drawn import Actor, Shot, write_clip
from mmemo.episode.account import DropReason
from mmemo.episode.cut import CutSettings
from mmemo.episode.faces import DetectorSettings
from mmemo.episode.quality import QualitySettings
from mmemo.episode.speakers import SpeakerSettings
from mmemo.episode.tracks import LinkSettings
from mmemo.errors import InputError, StorageError
from mmemo.flow.cutting.cut import CutReport, cut_episode
from mmemo.progress import run
from mmemo.store.files import read_table
from mmemo.store.tables import CUE_COLUMNS, FACE_COLUMNS
from mmemo.store.workspace import Workspace
from tests.media import write_counter_video, write_srt

NORA, THEO = Actor("Nora", "joy"), Actor("Theo", "neutral")
SHOTS = [
    Shot(2000, (NORA,), voices=("Nora",), view="cafe"),
    Shot(2000, (NORA, THEO), voices=("Theo",), view="cafe"),
    Shot(2000, (NORA, THEO), voices=("Nora", "Theo"), view="cafe"),
    Shot(2000, view="lighthouse"),
]
CUES = [
    (80, 1920, "NORA: How lovely!"),
    (2080, 3920, "I do not know."),
    (4080, 5920, "- Hello.\n- Hello."),
    (6080, 6900, "Where are they?"),
    (6910, 7100, "[waves]"),
    (7110, 7300, "♪ la la ♪"),
    (7310, 7500, "(V.O.) Long ago."),
    (60_000, 61_000, "Too late."),
]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    write_clip(folder / "My Show 1.mp4", SHOTS)
    write_srt(folder / "My Show 1.srt", CUES)
    return folder / "My Show 1.mp4"


@pytest.fixture(scope="module")
def done(film: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, CutReport]:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    return workspace, run(cut_episode(workspace, film, None))


def test_every_cue_has_its_outcome(done: tuple[Workspace, CutReport]) -> None:
    workspace, report = done
    cues = workspace.cues(workspace.episode(report.episode_id))
    assert list(cues.columns) == list(CUE_COLUMNS)
    assert [None if reason != reason else reason for reason in cues["drop_reason"]] == [
        None, None, "several_speakers", "several_speakers", "no_face", "not_speech", "music", "off_screen", "out_of_video",
    ]  # fmt: skip
    assert report.cues["total"] == 9
    assert report.cues["kept"] + sum(report.cues["dropped"].values()) == 9
    assert set(report.cues["dropped"]) == {reason.value for reason in DropReason} - {"poor_face"}
    assert cues["text"][0] == "How lovely!"
    assert cues["speaker"][0] == "NORA"
    assert cues["source_line"].tolist()[:2] == [2, 6]


def test_the_speaker_of_two_faces_trains_and_the_listener_does_not(done: tuple[Workspace, CutReport]) -> None:
    workspace, report = done
    faces = workspace.faces(workspace.episode(report.episode_id))
    assert list(faces.columns) == list(FACE_COLUMNS)
    assert faces["face_id"].is_unique
    alone, two, unison = (faces[faces["cue_id"] == cue] for cue in (1, 2, 3))
    assert set(alone["role"]) == {"speaker"}
    assert len(alone) == 3
    left = two.sort_values("x1").iloc[0]["role"]
    assert (left, set(two["role"]), len(two)) == ("listener", {"speaker", "listener"}, 6)
    assert set(unison["role"]) == {"candidate"}
    assert two.groupby("track_id")["role"].nunique().eq(1).all()
    assert (report.faces, report.tracks) == (len(faces), faces["track_id"].nunique())


def test_crops_are_squares_on_disk(done: tuple[Workspace, CutReport]) -> None:
    workspace, report = done
    episode = workspace.episode(report.episode_id)
    for row in workspace.faces(episode).itertuples():
        with Image.open(workspace.cut_folder(episode) / row.crop) as crop:
            assert crop.format == "JPEG"
            assert crop.width == crop.height <= 224
            assert np.asarray(crop).std() > 5


def test_the_contract(done: tuple[Workspace, CutReport]) -> None:
    contract = json.loads(json.dumps(done[1].to_contract()))
    assert {"episode", "cues", "faces", "tracks", "seconds", "peak_rss_mb"} <= set(contract)
    assert contract["episode"].startswith("my-show-1-")
    assert set(contract["cues"]) == {"total", "kept", "dropped"}
    assert {"decode", "detect", "speakers", "crops"} <= set(contract["seconds"])


def test_the_same_work_is_not_done_twice(
    done: tuple[Workspace, CutReport], film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, report = done
    monkeypatch.setattr("mmemo.flow.cutting.cut.cut", None)
    again = run(cut_episode(workspace, film, film.with_suffix(".srt")))
    assert again.skipped
    assert again.to_contract() == {**report.to_contract(), "skipped": True}


def test_other_settings_are_another_cut_of_the_same_episode(film: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    strict = CutSettings(speaker=SpeakerSettings(margin=50.0, speaks_above=50.0))
    first = run(cut_episode(workspace, film, None))
    second = run(cut_episode(workspace, film, None, strict))
    assert first.episode_id == second.episode_id
    assert first.cut_key != second.cut_key
    assert second.account.dropped["several_speakers"] == 3
    assert workspace.episode(first.episode_id).cut_key == second.cut_key


def test_a_damaged_account_is_told_and_a_lost_one_made_again(film: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    first = run(cut_episode(workspace, film, None))
    account = workspace.cut_folder(workspace.episode(first.episode_id)) / "account.json"
    account.write_text('{"account": {"total": 3}, "mood": "good"}')
    with pytest.raises(StorageError, match=r"account\.json is missing or damaged"):
        run(cut_episode(workspace, film, None))
    account.unlink()
    again = run(cut_episode(workspace, film, None))
    assert (again.skipped, again.account) == (False, first.account)
    assert run(cut_episode(workspace, film, None)).skipped


def test_a_file_name_that_is_no_text(film: Path, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    for suffix in (b".mp4", b".srt"):
        shutil.copy(film.with_suffix(suffix.decode()), folder + b"/caf\xe9" + suffix)
    workspace = Workspace(tmp_path / "workspace")
    video = Path(os.fsdecode(folder + b"/caf\xe9.mp4"))
    report = run(cut_episode(workspace, video, None))
    assert report.episode_id.startswith("caf-")
    assert Path(workspace.episode(report.episode_id).video) == video.resolve()


def _finished(workspace: Path) -> set[str]:
    """The stages of which any file is there."""
    return {path.parent.name.split("-")[0] for path in workspace.rglob("*") if path.is_file()}


def test_a_cancelled_cut_leaves_nothing_and_can_be_repeated(film: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    stage = cut_episode(workspace, film, None)
    for progress in stage:
        if progress.stage == "cut" and progress.done > 6:
            break
    stage.close()
    # What was heard is whole and stays; of the cut nothing does.
    assert _finished(tmp_path) == {"speech"}
    assert workspace.episodes() == []
    assert not run(cut_episode(workspace, film, None)).skipped


def test_a_video_without_faces_is_an_account_and_a_warning(tmp_path: Path) -> None:
    video = write_counter_video(tmp_path / "numbers.mp4", 50)
    write_srt(tmp_path / "numbers.srt", [(100, 1500, "Hello."), (1500, 1900, "Bye.")])
    report = run(cut_episode(Workspace(tmp_path / "w"), video, None))
    assert report.cues == {"total": 2, "kept": 0, "dropped": {"no_face": 2}}
    assert "no face was found" in report.warnings[0]


def test_a_face_that_cannot_be_read_is_an_outcome_and_teaches_nothing(film: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    report = run(
        cut_episode(workspace, film, None, CutSettings(quality=QualitySettings(min_size_px=2000, good_size_px=2000)))
    )
    assert report.account.kept == 0
    assert report.account.dropped["poor_face"] == 2
    faces = workspace.faces(workspace.episode(report.episode_id))
    assert (faces["quality"] == 0).all() and "speaker" not in set(faces["role"])


def test_scenes_shots_and_what_is_heard_are_kept(done: tuple[Workspace, CutReport]) -> None:
    workspace, report = done
    episode = workspace.episode(report.episode_id)
    folder = workspace.cut_folder(episode)
    cues, faces, shots = (read_table(folder / f"{name}.parquet") for name in ("cues", "faces", "shots"))
    seen = cues["scene"].notna()
    assert seen.tolist() == [True] * 5 + [False] * 4
    for scene in cues.loc[seen, "scene"]:
        assert max(Image.open(folder / scene).size) == 256
    assert faces["shot_id"].isin(shots["shot_id"]).all()
    assert shots["shot_id"].tolist() == [1, 2, 3] and (shots["start_ms"].diff().dropna() > 0).all()
    by_cue = faces.groupby("cue_id")["shot_id"].unique()
    assert by_cue.map(len).eq(1).all(), "the cuts lie between the cues"
    assert (report.qa, set(read_table(folder / "qa.parquet")["kind"])) != ({}, set())
    assert set(report.qa) == set(read_table(folder / "qa.parquet")["kind"])
    assert list(read_table(folder / "speech.parquet").columns) == ["start_ms", "end_ms"]
    assert {"listen", "sync"} <= set(report.seconds)


def test_one_cue_of_one_frame(film: Path, tmp_path: Path) -> None:
    srt = write_srt(tmp_path / "one.srt", [(1000, 1040, "Oh!")])
    report = run(cut_episode(Workspace(tmp_path / "w"), film, srt))
    assert (report.account.kept, report.faces, report.tracks) == (1, 1, 1)


def test_what_was_repaired_and_refused_is_told(film: Path, tmp_path: Path) -> None:
    srt = tmp_path / "odd.srt"
    srt.write_text("advert\n\n1\n00:00:01.000 --> 00:00:01.900\nHi\n\n2\n00:0x:01,000 --> 00:00:09,000\nlost\n")
    report = run(cut_episode(Workspace(tmp_path / "w"), film, srt))
    assert (report.account.total, report.refused_total) == (1, 2)
    assert [note["line"] for note in report.refused] == [1, 8]
    assert "line 1, 8" in " ".join(report.warnings)
    assert report.repaired_total == 1


def test_bad_input_is_told_before_any_work(film: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    lonely = tmp_path / "lonely.mp4"
    shutil.copy(film, lonely)
    empty = tmp_path / "empty.srt"
    empty.touch()
    late = write_srt(tmp_path / "late.srt", [(3_600_000, 3_601_000, "Hi")])
    for video, srt, message in [
        (lonely, None, "no subtitle file beside"),
        (film, empty, "0 bytes"),
        (film, late, "starts at 3600 s"),
        (tmp_path / "missing.mp4", None, "no video file"),
        (empty, None, "0 bytes"),
    ]:
        with pytest.raises(InputError, match=message):
            run(cut_episode(workspace, video, srt))
    assert not (tmp_path / "w").exists()


def test_file_names_are_made_plain(tmp_path: Path) -> None:
    video = write_counter_video(tmp_path / "Ünï – «..» $(x).mp4", 10)
    srt = write_srt(tmp_path / "a.srt", [(0, 300, "[noise]")])
    report = run(cut_episode(Workspace(tmp_path / "w"), video, srt))
    assert report.episode_id.startswith("uni-x-")
    nameless = shutil.copy(video, tmp_path / "日本.mp4")
    assert run(cut_episode(Workspace(tmp_path / "w"), Path(nameless), srt)).episode_id.startswith("episode-")


def test_wrong_settings_are_told() -> None:
    for make in (
        lambda: CutSettings(links=LinkSettings(min_overlap=0)),
        lambda: CutSettings(crop_px=8),
        lambda: CutSettings(detector=DetectorSettings(min_prob=2)),
        lambda: CutSettings(speaker=SpeakerSettings(margin=float("inf"))),
        lambda: CutSettings(speaker=SpeakerSettings(margin=float("nan"))),
    ):
        with pytest.raises(InputError):
            make()


@pytest.mark.slow
def test_the_command(film: Path, tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "pipelines.cut", *arguments, "--workspace", str(tmp_path / "w")]
        return subprocess.run(program, capture_output=True, text=True, check=False)

    good = command(str(film), "--json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout.splitlines()[-1])["cues"]["kept"] == 2
    assert "several_speakers" in good.stdout
    bad = command(str(tmp_path / "missing.mp4"))
    assert bad.returncode == 2
    assert "there is no video file" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_a_full_disk_is_told_and_leaves_nothing(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mmemo.episode.cut_tables._save_crop", full)
    with pytest.raises(StorageError, match="disk is full"):
        run(cut_episode(Workspace(tmp_path), film, None))
    assert _finished(tmp_path) == {"speech"}


def test_a_video_that_was_cut_off_gives_what_is_left(tmp_path: Path) -> None:
    video = write_counter_video(tmp_path / "a.mkv", 200, options={"g": "20"})
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    write_srt(tmp_path / "a.srt", [(100, 1500, "Hello."), (6000, 7000, "Lost.")])
    report = run(cut_episode(Workspace(tmp_path / "w"), video, None))
    assert report.cues["dropped"] == {"out_of_video": 1, "no_face": 1}
