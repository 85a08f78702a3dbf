"""A transcript of a video: made once, from the sound alone, and read like any other subtitle."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from mmemo.episode.subtitles import read_subtitles
from mmemo.episode.transcribe import Word
from mmemo.episode.video import VideoInfo, probe
from mmemo.episode.whisper import Whisper
from mmemo.errors import InputError, ModelUnavailable
from mmemo.flow.cutting import transcribe
from mmemo.flow.cutting.transcribe import TranscribeSettings, transcribe_episode
from mmemo.progress import run
from mmemo.store.files import read_json
from mmemo.store.workspace import Workspace
from tests.episode.tiny_whisper import babble, save_whisper
from tests.media import counter_frame, write_video

pytest.importorskip("faster_whisper")

SPANS_MS = [(1000, 4000), (4600, 7000), (14_000, 17_000)]


def write_film(path: Path, sound: np.ndarray) -> VideoInfo:
    """A picture that counts, with (N,) float32 sound at 16 kHz."""
    silent = write_video(path.with_suffix(".silent.mp4"), (counter_frame(i) for i in range(len(sound) // 3200)), fps=5)
    with av.open(str(silent)) as source, av.open(str(path), "w") as out:
        picture = out.add_stream_from_template(source.streams.video[0])
        voice = out.add_stream("aac", rate=16_000, layout="mono")
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = picture
                out.mux(packet)
        frame = av.AudioFrame.from_ndarray(sound[None], "fltp", "mono")
        frame.sample_rate = 16_000
        out.mux([*voice.encode(frame), *voice.encode(None)])
    return probe(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_whisper(tmp_path_factory.mktemp("whisper") / "tiny"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return write_film(tmp_path_factory.mktemp("film") / "film.mp4", babble(SPANS_MS, 20_000))


@pytest.mark.slow
class TestWithANetwork:
    def test_it_is_read_like_any_other_subtitle(self, workspace: Workspace, film: VideoInfo, model: str):
        told = []
        path = run(transcribe_episode(workspace, film, model), told.append)
        read = read_subtitles(path)
        assert (read.repaired, read.refused, read.encoding) == ((), (), "utf-8")
        for cue in read.cues:
            assert any(start - 400 <= cue.start_ms and cue.end_ms <= end + 700 for start, end in SPANS_MS), cue
        assert path.is_relative_to(workspace.root / "transcripts")
        values = read_json(path.parent / "settings.json")
        assert values["cues"] == len(read.cues)
        assert values["language"] == "en"
        assert values["model"].startswith("tiny@")
        assert [p.done for p in told if p.stage == "transcribe"] == sorted(
            p.done for p in told if p.stage == "transcribe"
        )

    def test_the_same_sound_gives_the_same_file_and_is_heard_once(
        self, workspace: Workspace, film: VideoInfo, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        first = run(transcribe_episode(workspace, film, model))
        second = run(transcribe_episode(Workspace(tmp_path / "other"), film, model))
        assert first.read_bytes() == second.read_bytes()
        assert (first.parent / "settings.json").read_bytes() == (second.parent / "settings.json").read_bytes()
        monkeypatch.setattr(transcribe, "speech_activity", None)
        assert run(transcribe_episode(workspace, film, model)) == first

    def test_other_settings_are_another_transcript(self, workspace: Workspace, film: VideoInfo, model: str):
        paths = {
            run(transcribe_episode(workspace, film, model, settings=TranscribeSettings(beam_size=beam)))
            for beam in (1, 2)
        }
        assert len(paths) == 2

    def test_a_network_of_english_is_not_asked_for_german(self, workspace: Workspace, film: VideoInfo, model: str):
        with pytest.raises(InputError, match="does not know the language 'deu'.*en"):
            run(transcribe_episode(workspace, film, model, "deu"))


class Scripted:
    """A network that says one word a clip."""

    supported_languages = ("en", "de")

    def __init__(self, text: str = " Word.") -> None:
        self.text = text
        self.clips: list[tuple[int, int, str]] = []

    def load(self, name: str, *, threads: int, beam_size: int) -> Whisper:
        return Whisper(name, self, beam_size)

    def detect_language(self, sound: np.ndarray) -> tuple[str, float, list[tuple[str, float]]]:
        return "de", 0.75, [("de", 0.75), ("en", 0.25)]

    def words(self, whisper: Whisper, sound: np.ndarray, start_ms: int, language: str) -> list[Word]:
        self.clips.append((start_ms, start_ms + len(sound) // 16, language))
        return [Word(start_ms + 500, start_ms + 900, self.text)] if self.text else []


def scripted(monkeypatch: pytest.MonkeyPatch, text: str = " Word.") -> Scripted:
    network = Scripted(text)
    monkeypatch.setattr(transcribe, "load_whisper", network.load)
    monkeypatch.setattr(Whisper, "words", lambda *args: network.words(*args))
    return network


def test_only_stretches_of_speech_are_heard(workspace: Workspace, film: VideoInfo, monkeypatch: pytest.MonkeyPatch):
    network = scripted(monkeypatch)
    path = run(transcribe_episode(workspace, film, "scripted"))
    assert len(network.clips) == 2
    for (start, end, language), (first, last) in zip(network.clips, [(1000, 7000), (14_000, 17_000)], strict=True):
        assert start == pytest.approx(first - 200, abs=300)
        assert end == pytest.approx(last + 200, abs=300)
        assert language == "de"
    assert all(a[1] <= b[0] for a, b in pairwise(network.clips))
    values = read_json(path.parent / "settings.json")
    assert (values["language"], values["language_prob"]) == ("de", 0.75)
    run(transcribe_episode(workspace, film, "scripted", "deu"))
    assert network.clips[-1][2] == "de"


@pytest.mark.parametrize("language", ["fr", "xx", ""])
def test_a_language_that_the_network_does_not_know(
    workspace: Workspace, film: VideoInfo, monkeypatch: pytest.MonkeyPatch, language: str
):
    scripted(monkeypatch)
    with pytest.raises(InputError, match="does not know"):
        run(transcribe_episode(workspace, film, "scripted", language))


def test_a_film_in_which_nobody_says_a_word(workspace: Workspace, film: VideoInfo, monkeypatch: pytest.MonkeyPatch):
    scripted(monkeypatch, "")
    with pytest.raises(InputError, match="no word was heard"):
        run(transcribe_episode(workspace, film, "scripted"))
    assert not (workspace.root / "transcripts").exists()


@pytest.mark.parametrize("sound", ["none", "silent"])
def test_a_film_without_sound(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: str):
    scripted(monkeypatch)
    if sound == "none":
        info = probe(write_video(tmp_path / "mute.mp4", (counter_frame(i) for i in range(10))))
    else:
        info = write_film(tmp_path / "silent.mp4", np.zeros(32_000, np.float32))
    with pytest.raises(InputError, match="no sound|no word"):
        run(transcribe_episode(workspace, info, "scripted"))


def test_a_cancelled_transcript_leaves_nothing(workspace: Workspace, film: VideoInfo, monkeypatch: pytest.MonkeyPatch):
    network = scripted(monkeypatch)
    stage = transcribe_episode(workspace, film, "scripted")
    while not network.clips:
        next(stage)
    stage.close()
    assert len(network.clips) == 1
    assert not (workspace.root / "transcripts").exists()


def test_a_missing_model_is_told_before_anything_is_heard(
    workspace: Workspace, film: VideoInfo, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(transcribe, "speech_activity", None)
    with pytest.raises(ModelUnavailable, match="connect once"):
        run(transcribe_episode(workspace, film, "small"))
