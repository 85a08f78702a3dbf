"""Clips of drawn shots: frames, mouths, sound, and the files that come out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmemo.datasets.drawn import Actor, Shot, Timeline, frame_at, write_clip
from mmemo.datasets.drawn.film import film, soundtrack
from mmemo.datasets.drawn.speech import SAMPLE_RATE_HZ, syllables
from mmemo.errors import InputError

SMALL = (160, 96)
TALK = Shot(800, (Actor("Nora", "joy"), Actor("Theo")), voices=("Nora",), view="cafe")
EMPTY = Shot(400, view="lighthouse")


def test_a_clip_has_every_frame_and_a_soundtrack(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    timeline = write_clip(path, [TALK, EMPTY], size_px=SMALL)
    with av.open(str(path)) as container:
        times = [f.pts * f.time_base for f in container.decode(video=0)]
        assert len(container.streams.audio) == 1
    assert times == [Fraction(2 * k, 25) for k in range(15)]
    assert timeline.frame_count == 15
    assert [len(timeline.faces(k)) for k in (0, 9, 10, 14)] == [2, 2, 0, 0]


def test_a_clip_can_be_silent(tmp_path: Path) -> None:
    write_clip(tmp_path / "mute.mp4", [EMPTY], size_px=SMALL, sound=False)
    with av.open(str(tmp_path / "mute.mp4")) as container:
        assert not container.streams.audio


def test_a_cancelled_film_leaves_nothing_behind(tmp_path: Path) -> None:
    stage = film(tmp_path / "clip.mp4", Timeline([EMPTY], size_px=SMALL))
    first = next(stage)
    stage.close()
    assert (first.done, first.total) == (1, 5)
    assert list(tmp_path.iterdir()) == []


def test_frames_depend_on_the_seed_alone() -> None:
    one, same, other = (frame_at(Timeline([TALK], seed, SMALL), 4) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_only_the_speaker_moves_the_lips() -> None:
    timeline = Timeline([Shot(2400, TALK.actors, voices=("Nora",))])
    talk = np.array([[face.pose.talk for face in timeline.faces(k)] for k in range(timeline.frame_count)])
    assert talk[:, 0].std() > 0.2
    assert not talk[:, 1].any()


def test_lips_of_all_are_still_when_the_voice_is_elsewhere() -> None:
    timeline = Timeline([Shot(800, (Actor("Mei"),), voices=("Ida",))])
    assert not any(timeline.faces(k)[0].pose.talk for k in range(timeline.frame_count))
    assert np.abs(soundtrack(timeline)).max() > 0.05


def test_an_expression_blends_into_the_next_under_one_camera() -> None:
    shots = [Shot(800, (Actor("Ida", label),), camera=1) for label in ("joy", "anger")]
    timeline = Timeline(shots)
    before, at, after = (timeline.faces(k)[0].pose.muscles.corner for k in (9, 10, 19))
    assert before > 0.5 > 0 > after
    assert at == pytest.approx(before, abs=0.1)


def test_sound_is_heard_only_while_someone_speaks() -> None:
    shot = Shot(1600, (Actor("Felix"),), voices=("Felix",), speech_ms=(400, 1200))
    sound = soundtrack(Timeline([shot]))
    edges = [round(ms * SAMPLE_RATE_HZ / 1000) for ms in (400, 1200)]
    assert len(sound) == 1.6 * SAMPLE_RATE_HZ
    assert np.abs(sound[edges[0] : edges[1]]).max() > 0.05
    assert not sound[: edges[0]].any()
    assert not sound[edges[1] :].any()


def test_lips_and_voice_follow_the_same_syllables() -> None:
    timeline = Timeline([Shot(2000, (Actor("Viktor"),), voices=("Viktor",))])
    sound = np.abs(soundtrack(timeline)).reshape(-1, SAMPLE_RATE_HZ // 100).max(1)
    open_ = timeline.speech(0).envelope(np.arange(len(sound)) * 10.0 + 5)
    assert np.corrcoef(sound, open_)[0, 1] > 0.5


def test_no_time_to_speak_means_no_syllables() -> None:
    assert len(syllables(5, 5, np.random.default_rng(0)).centres_ms) == 0


@pytest.mark.parametrize(
    "made", [lambda: Shot(801), lambda: Shot(0), lambda: Actor("Bob"), lambda: Actor("Mei", "glad")]
)
def test_bad_shots_are_refused(made: object) -> None:
    with pytest.raises(InputError):
        made()  # type: ignore[operator]


def test_no_shots_and_unknown_views_are_refused() -> None:
    with pytest.raises(InputError, match="at least one shot"):
        Timeline([])
    with pytest.raises(InputError, match="no view called"):
        frame_at(Timeline([Shot(80, view="moon")], size_px=SMALL), 0)
