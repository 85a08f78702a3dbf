"""The sound of an episode: heard once, also when there is none, and told when its file is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.episode.speech_activity import LOUDNESS, SpeechActivity
from mmemo.episode.video import probe
from mmemo.errors import ModelUnavailable, StorageError
from mmemo.flow.cutting.speech import episode_speech, speech_folder
from mmemo.progress import Progress, Stage, run
from mmemo.store.workspace import Episode, Workspace
from tests.media import write_counter_video

ACTIVITY = SpeechActivity(np.array([0, 1, 1, 0], np.float32), LOUDNESS, np.array([-100, -20, -12.5, -60], np.float32))


def episode(name: str = "show-0", video_hash: str = "v") -> Episode:
    return Episode(name, "show.mp4", "show.srt", video_hash, "s", 400, "k")


class Listener:
    """Stands in for the listening, and counts how often it was asked."""

    def __init__(self, answer: SpeechActivity | None) -> None:
        self.answer, self.asked = answer, 0

    def __call__(self, *_: object) -> Stage[SpeechActivity | None]:
        self.asked += 1
        yield Progress("sync", 0, 1)
        return self.answer


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_counter_video(tmp_path_factory.mktemp("v") / "mute.mp4", 10)


def listener(monkeypatch: pytest.MonkeyPatch, answer: SpeechActivity | None) -> Listener:
    made = Listener(answer)
    monkeypatch.setattr("mmemo.flow.cutting.speech.speech_activity", made)
    return made


@pytest.mark.parametrize("levels", [True, False])
def test_a_video_is_heard_once(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, levels: bool) -> None:
    answer = ACTIVITY if levels else SpeechActivity(ACTIVITY.speech)
    heard = listener(monkeypatch, answer)
    workspace, info = Workspace(tmp_path), probe(video)
    # The second time from what is kept, the third with other subtitles of the same video.
    for name in ("show-0", "show-0", "show-1"):
        got = run(episode_speech(workspace, episode(name), info))
        assert got is not None and got.method == answer.method
        np.testing.assert_array_equal(got.speech, answer.speech)
        np.testing.assert_array_equal(got.level_db, answer.level_db)
        assert sorted(p.name for p in speech_folder(workspace, episode(name)).iterdir()) == [
            "settings.json", "speech.parquet"
        ]  # fmt: skip
    assert heard.asked == 1
    run(episode_speech(workspace, episode("show-2", "another video"), info))
    assert heard.asked == 2


def test_a_video_without_sound_is_remembered(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, info = Workspace(tmp_path), probe(video)
    assert run(episode_speech(workspace, episode(), info)) is None
    heard = listener(monkeypatch, ACTIVITY)
    assert run(episode_speech(workspace, episode(), info)) is None and not heard.asked


def test_nothing_is_kept_without_the_detector_or_when_it_is_cancelled(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> Stage[SpeechActivity | None]:
        raise ModelUnavailable("the speech detector is not installed")
        yield

    workspace, info = Workspace(tmp_path), probe(video)
    monkeypatch.setattr("mmemo.flow.cutting.speech.speech_activity", unavailable)
    with pytest.raises(ModelUnavailable):
        run(episode_speech(workspace, episode(), info))
    listener(monkeypatch, ACTIVITY)
    stage = episode_speech(workspace, episode(), info)
    next(stage)
    stage.close()
    assert not list(tmp_path.rglob("speech*"))


@pytest.mark.parametrize("name", ["settings.json", "speech.parquet"])
def test_damage_is_told(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    listener(monkeypatch, ACTIVITY)
    workspace, info = Workspace(tmp_path), probe(video)
    run(episode_speech(workspace, episode(), info))
    (speech_folder(workspace, episode()) / name).write_text('{"method": "ears"}')
    with pytest.raises(StorageError, match="missing or damaged"):
        run(episode_speech(workspace, episode(), info))
