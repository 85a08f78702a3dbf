"""From a filled-in form to the settings of a job, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from mmemo.errors import InputError
from mmemo.flow.adapt import AdaptSettings
from mmemo.flow.cutting.sync import SyncMode
from mmemo.flow.jobs.arguments import settings_from
from mmemo.flow.jobs.worker import work_off
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext
from mmemo.ui.episode.adaptation import AdaptWish, adapt_settings, start_adaptation
from mmemo.ui.episode.form import EpisodeForm
from mmemo.ui.jobs.runner import JobRunner
from tests.subtitled import Stream, with_subtitles
from tests.ui.made import tiny_video


@pytest.fixture
def bare(workspace: Workspace) -> Iterator[AppContext]:
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace, lambda _: None))
    yield context
    context.jobs.close()
    context.labels.close()


@pytest.fixture
def video(tmp_path: Path) -> str:
    return str(with_subtitles(tmp_path / "pilot.mkv", [Stream("Hello.", "eng")]))


def asked(context: AppContext) -> AdaptSettings:
    """What the newest job was asked with, as the worker will read it."""
    return settings_from(AdaptSettings, context.jobs.listed()[0].arguments)


def test_the_form_gives_the_fields_of_the_wish_in_their_order():
    form = [field.name for field in fields(EpisodeForm) if field.name not in ("settings", "adapt")]
    assert form == [field.name for field in fields(AdaptWish)]


def test_adaptation_needs_a_video_and_subtitles_somewhere(bare: AppContext, tmp_path: Path):
    tiny_video(tmp_path / "silent.mp4", 2)
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHi.\n")
    for wish, words in (
        (AdaptWish(None, "a.srt"), "there is no video"),
        (AdaptWish(str(tmp_path / "silent.mp4")), "the video holds none"),
        (AdaptWish(str(tmp_path / "a.mp4")), r"^a\.mp4"),
        (AdaptWish(str(tmp_path / "a.mp4"), str(tmp_path / "a.srt")), r"^a\.mp4"),
        (AdaptWish(None, server_video="a.mp4"), "may be used here"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            start_adaptation(bare, wish)
        assert str(bare.workspace.root) not in str(caught.value)
    assert bare.jobs.latest() is None


def test_an_untouched_form_asks_for_the_defaults(bare: AppContext, video: str):
    start_adaptation(bare, AdaptWish(video, teacher=" ", backbone="", language=" ", transcribe=""))
    made = asked(bare)
    assert made == AdaptSettings(made.video)
    assert made.video.name == "pilot.mkv" and made.video.is_relative_to(bare.workspace.root)
    assert bare.jobs.listed()[0].title == "Adapt to pilot.mkv"


def test_what_is_filled_in_is_what_the_job_does(bare: AppContext, video: str, tmp_path: Path):
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHi.\n")
    (tmp_path / "gold.csv").write_text("cue,start_ms,end_ms,emotion\n")
    wish = AdaptWish(
        video, str(tmp_path / "a.srt"), str(tmp_path / "gold.csv"), "fused", finetune=True, sync=False, language=" eng ",
        split_voices=False, min_face=64.0, transcribe=" small ", characters="off", face_frames=5.0, margin=2.5,
        context_lines=0.0, seed=7.0,
    )  # fmt: skip
    start_adaptation(bare, wish)
    made = asked(bare)
    assert made.subtitles is not None and made.gold is not None and made.gold.name == "gold.csv"
    assert (made.language, made.split_voices, made.transcribe, made.sync) == ("eng", False, "small", SyncMode.OFF)
    assert (made.cut.detector.min_face_px, made.cut.sampling.face_frames, made.cut.speaker.margin) == (64, 5, 2.5)
    assert (made.train.recipe, made.train.finetune, made.train.seed) == ("fused", True, 7)
    assert (made.characters.weights, made.label.context_lines, made.label.teacher) == ("off", 0, "embedded")


def test_settings_out_of_range_are_told_before_anything_is_queued(bare: AppContext, video: str):
    for wish in (AdaptWish(video, min_face=3), AdaptWish(video, margin=0.5), AdaptWish(video, seed=-1)):
        with pytest.raises(InputError):
            start_adaptation(bare, wish)
    assert bare.jobs.listed() == []


def test_a_folder_that_is_named_is_kept_whole(
    bare: AppContext, video: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "my-teacher").mkdir()
    monkeypatch.chdir(tmp_path)
    start_adaptation(bare, AdaptWish(video, teacher="my-teacher", backbone="timm:resnet18"))
    assert asked(bare).label.teacher == str((tmp_path / "my-teacher").resolve())
    assert asked(bare).train.backbone == "timm:resnet18"


def test_a_video_of_the_server_is_used_where_it_is(bare: AppContext, video: str, tmp_path: Path):
    (tmp_path / "pilot.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHi.\n")
    context = replace(bare, media=tmp_path)
    made = adapt_settings(context, AdaptWish(None, server_video="pilot.mkv", server_subtitles="pilot.srt"))
    assert (made.video, made.subtitles) == (tmp_path / "pilot.mkv", tmp_path / "pilot.srt")
    assert adapt_settings(context, AdaptWish(video, server_video="gone.mkv")).video.is_relative_to(bare.workspace.root)


def test_errors_of_the_job_name_the_file_alone(bare: AppContext, video: str, tmp_path: Path):
    (tmp_path / "noise.srt").write_bytes(bytes(range(256)) * 20)
    context = replace(bare, media=tmp_path)
    start_adaptation(bare, AdaptWish(video, str(tmp_path / "noise.srt")))
    start_adaptation(context, AdaptWish(None, server_video="pilot.mkv", server_subtitles="noise.srt"))
    assert work_off(bare.workspace, idle_s=0) == 2
    for job in bare.jobs.listed():
        assert (job.state, "noise.srt" in job.error) == ("failed", True)
        assert str(tmp_path) not in job.error + job.hint
    assert bare.workspace.episodes() == []
