"""The bundled sample episode is what its generator makes, and holds what it promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from mmemo.datasets.drawn.film import frame_at
from mmemo.datasets.drawn.sample import sample_episode, write_sample
from mmemo.datasets.drawn.script import EXPECTED_DROP, Episode
from mmemo.datasets.drawn.shots import Face
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, run
from mmemo.settings import SAMPLE


@pytest.fixture(scope="module")
def episode() -> Episode:
    return sample_episode()


def test_the_committed_texts_are_what_the_generator_makes(episode: Episode) -> None:
    assert (SAMPLE / "episode.srt").read_text(encoding="utf-8") == episode.srt()
    assert (SAMPLE / "gold.csv").read_text(encoding="utf-8") == episode.gold_csv()


def test_the_committed_video_shows_what_the_generator_draws(episode: Episode) -> None:
    with av.open(str(SAMPLE / "episode.mp4")) as container:
        assert container.streams.video[0].frames == episode.timeline.frame_count
        for number, frame in enumerate(container.decode(video=0)):
            if number in (30, 150):
                pixels = frame.to_ndarray(format="rgb24").astype(float)
                assert np.abs(pixels - frame_at(episode.timeline, number)).mean() < 6
            if number > 150:
                break


def test_the_same_seed_gives_the_same_show_and_another_seed_another(episode: Episode) -> None:
    again, other = sample_episode(), sample_episode(1)
    assert (again.srt(), again.gold_csv()) == (episode.srt(), episode.gold_csv())
    assert other.srt() != episode.srt()
    assert np.array_equal(frame_at(again.timeline, 500), frame_at(episode.timeline, 500))


def test_it_is_long_enough_small_enough_and_has_sound(episode: Episode) -> None:
    video = SAMPLE / "episode.mp4"
    assert video.stat().st_size <= 8_000_000
    with av.open(str(video)) as container:
        assert container.duration == pytest.approx(episode.timeline.duration_ms * 1000, abs=100_000)
        assert len(container.streams.audio) == 1
    assert 290_000 <= episode.timeline.duration_ms <= 360_000


def test_every_emotion_and_every_drop_reason_occurs(episode: Episode) -> None:
    kinds = Counter(c.kind for c in episode.cues)
    emotions = Counter(c.emotion for c in episode.cues if not c.expected_drop)
    assert len(episode.cues) >= 150
    assert kinds["speech"] >= 140
    assert set(kinds) == set(EXPECTED_DROP)
    assert all(kinds[k] >= 4 for k in ("off_screen", "cutaway", "unison", "sound", "music"))
    assert kinds["credit"] == 2
    assert set(emotions) == set(EKMAN7.labels)
    assert min(emotions.values()) >= 14
    assert len({c.speaker for c in episode.cues if c.kind == "speech"}) >= 6


def test_many_lines_are_spoken_to_a_listener_on_screen(episode: Episode) -> None:
    pairs = [shot for shot in episode.timeline.shots if len(shot.actors) == 2 and len(shot.voices) == 1]
    assert len(pairs) >= 30


def test_subtitles_have_the_quirks_of_real_ones(episode: Episode) -> None:
    text = episode.srt()
    assert all(quirk in text for quirk in ("<i>", "{\\an8}", "(V.O.)", "(off):", "♪", "[", "(laughter)", "AMARA: "))
    assert any("|" in c.text for c in episode.cues)


def test_the_readme_counts_what_is_there(episode: Episode) -> None:
    text = (SAMPLE / "README.md").read_text(encoding="utf-8")
    seconds = round(episode.timeline.duration_ms / 1000)
    emotions = Counter(c.emotion for c in episode.cues if not c.expected_drop)
    assert f"| {len(episode.cues)} subtitles" in text
    assert f"{seconds // 60} min {seconds % 60} s" in text
    assert " | ".join(str(emotions[label]) for label in EKMAN7.labels) in text
    for kind, count in Counter(c.kind for c in episode.cues).items():
        assert f"| {kind} | {count} |" in text


def test_cues_follow_each_other(episode: Episode) -> None:
    assert all(a.end_ms <= b.start_ms for a, b in zip(episode.cues, episode.cues[1:], strict=False))


def test_the_whole_sample_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the drawing, which other tests hold, and which takes minutes."""

    def no_film(path: Path, timeline: object) -> Iterator[Progress]:
        del timeline
        path.write_bytes(b"film")
        yield Progress("draw", 1, 1)

    monkeypatch.setattr("mmemo.datasets.drawn.sample.film", no_film)
    report = run(write_sample(tmp_path))
    assert {p.name for p in tmp_path.iterdir()} == {"episode.mp4", "episode.srt", "gold.csv", "SYNTHETIC.txt"}
    assert report.size_bytes == 4
    assert sum(report.cues.values()) == len(sample_episode().cues)


@pytest.mark.slow
def test_faces_of_the_committed_video_are_detected(episode: Episode) -> None:
    """MTCNN finds at least 97 % of the frontal faces, and of the frames all of their faces."""
    facenet = pytest.importorskip("facenet_pytorch")
    detector = facenet.MTCNN(keep_all=True, min_face_size=40)
    faces = found = frames = complete = 0
    for pictures, truths in _batches(episode, every=12):
        for boxes, probs, truth in zip(*detector.detect(pictures), truths, strict=True):
            sure = (
                [b for b, p in zip(boxes, probs, strict=True) if p is not None and p > 0.9] if boxes is not None else []
            )
            hits = sum(_is_hit(face, sure) for face in truth)
            faces, found = faces + len(truth), found + hits
            frames, complete = frames + bool(truth), complete + (bool(truth) and hits == len(truth))
            assert len(sure) <= len(truth) + 1
    assert frames > 250
    assert found / faces >= 0.97
    assert complete / frames >= 0.97


def _batches(episode: Episode, every: int) -> Iterator[tuple[list[np.ndarray], list[list[Face]]]]:
    pictures: list[np.ndarray] = []
    truths: list[list[Face]] = []
    with av.open(str(SAMPLE / "episode.mp4")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % every == 0:
                pictures.append(frame.to_ndarray(format="rgb24"))
                truths.append(episode.timeline.faces(number))
            if len(pictures) == 16:
                yield pictures, truths
                pictures, truths = [], []
    if pictures:
        yield pictures, truths


def _is_hit(face: Face, boxes: list[np.ndarray]) -> bool:
    left, top, right, bottom = face.placement.box_xyxy_px
    x, y = (left + right) / 2, (top + bottom) / 2
    return any(b[0] < x < b[2] and b[1] < y < b[3] for b in boxes)
