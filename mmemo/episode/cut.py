"""Video and cues to faces: which frames, which faces, who speaks, and the outcome of every cue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pandas as pd

from mmemo.episode.account import CueAccount, DropReason, account_of
from mmemo.episode.cleaning import CleanText, TextKind, clean_text
from mmemo.episode.clock import StageClock
from mmemo.episode.cut_tables import CutFace, CutTrack, FaceRows, cue_table, save_faces, save_scene
from mmemo.episode.faces import DetectorSettings, FaceDetector, FaceFinder, crop_square
from mmemo.episode.freed_memory import give_back_freed_memory
from mmemo.episode.mouth import MouthMotion, liveliness, mouth_motion
from mmemo.episode.quality import QualitySettings, quality_of
from mmemo.episode.sampling import CueFrames, SamplingSettings
from mmemo.episode.search import SearchedCue, search_cues
from mmemo.episode.shots import CueShots, ShotSettings, cue_shots, glance, join_shots, shot_numbers
from mmemo.episode.speakers import SpeakerSettings, Verdict, judge_speaker
from mmemo.episode.speech_activity import SpeechActivity
from mmemo.episode.subtitles import SubtitleCue
from mmemo.episode.tracks import LinkSettings, Track, link_faces
from mmemo.episode.video import VideoInfo
from mmemo.errors import InputError
from mmemo.progress import Progress, Stage

_SILENT_KINDS = {
    TextKind.SOUND: DropReason.NOT_SPEECH,
    TextKind.EMPTY: DropReason.NOT_SPEECH,
    TextKind.MUSIC: DropReason.MUSIC,
    TextKind.OFF_SCREEN: DropReason.OFF_SCREEN,
}

_NO_SHOT = -1
# So often freed memory goes back to the system. It costs a hundredth of the time of a cut; twice as often, two.
_TIDY_EVERY_CUES = 8


@dataclass(frozen=True, slots=True)
class CutSettings:
    """Everything that decides the outcome of a cut.

    Crops are reduced to `crop_px` and stored as JPEG of `jpeg_quality` without chroma subsampling.
    """

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    shots: ShotSettings = field(default_factory=ShotSettings)
    links: LinkSettings = field(default_factory=LinkSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    speaker: SpeakerSettings = field(default_factory=SpeakerSettings)
    crop_px: int = 224
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        if self.crop_px < 32 or not 50 <= self.jpeg_quality <= 100:
            raise InputError("crops need at least 32 px and JPEG quality 50 to 100", hint="use 224 px and 95")


@dataclass(frozen=True, slots=True)
class Cut:
    """What a cut gives: tables (CUE_COLUMNS, FACE_COLUMNS, SHOT_COLUMNS), the account, and seconds by part."""

    cues: pd.DataFrame
    faces: pd.DataFrame
    shots: pd.DataFrame
    account: CueAccount
    tracks: int
    seconds: dict[str, float]


@dataclass(slots=True)
class _Outcome:
    """What happened to one cue: a reason or None, its tracks, how clear the speaker is, its shots and its picture."""

    reason: DropReason | None
    tracks: list[CutTrack] = field(default_factory=list)
    margin: float = float("nan")
    shots: CueShots | None = None
    scene: str | None = None


def cut(
    video: VideoInfo,
    cues: Sequence[SubtitleCue],
    settings: CutSettings,
    folder: Path,
    *,
    speech: SpeechActivity | None = None,
    load_detector: Callable[[], FaceFinder] | None = None,
    threads: int = 2,
) -> Stage[Cut]:
    """Cut a video at its cues, in order of time; pictures are written below `folder` as they are found.

    `speech` is what was heard, None without sound; `load_detector` brings another detector than the default. Every cue
    has exactly one outcome. Memory stays at the pictures of a few cues, whatever the length of the video.
    """
    load_detector = load_detector or (lambda: FaceDetector(settings.detector, threads=threads))
    clock = StageClock()
    for name in ("crops", "scenes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    texts = [clean_text(cue.raw_text) for cue in cues]
    spans_ms = [(cue.start_ms, min(cue.end_ms, video.duration_ms)) for cue in cues]
    outcomes = {i: _Outcome(reason) for i, text in enumerate(texts) if (reason := _before(spans_ms[i], text))}
    todo = [(i, *spans_ms[i]) for i in range(len(cues)) if i not in outcomes]
    yield Progress("cut", len(outcomes), len(cues), "reading the video")
    rows = FaceRows()
    tracks = 0
    searched = search_cues(video, todo, settings.sampling, load_detector, threads=threads, clock=clock)
    with closing(searched):
        for found in searched:
            cue = found.frames.cue
            with clock.measure("speakers"):
                outcome = outcomes[cue] = _outcome(found, texts[cue], spans_ms[cue], speech, settings)
            with clock.measure("crops"):
                outcome.scene = save_scene(found.frames, folder)
                rows.add(save_faces(cue, outcome.tracks, tracks, folder, settings.crop_px, settings.jpeg_quality))
            tracks += len(outcome.tracks)
            outcome.tracks = []  # its pictures are on the disk now
            if len(outcomes) % _TIDY_EVERY_CUES == 0:
                with clock.measure("tidy"):
                    give_back_freed_memory()
            yield Progress("cut", len(outcomes), len(cues), f"{len(rows)} faces")
    shown = [outcomes[i] for i in range(len(cues))]
    shots, shot_ids = _joined_shots(shown, settings)
    account = account_of(None if outcome.reason is None else outcome.reason.value for outcome in shown)
    return Cut(_cues(cues, texts, shown), rows.table(shot_ids), shots, account, tracks, clock.seconds)


def _before(span_ms: tuple[int, int], text: CleanText) -> DropReason | None:
    """The reason that can be told without looking at the picture."""
    if span_ms[0] >= span_ms[1]:
        return DropReason.OUT_OF_VIDEO
    return _SILENT_KINDS.get(text.kind)


def _outcome(
    found: SearchedCue,
    text: CleanText,
    span_ms: tuple[int, int],
    speech: SpeechActivity | None,
    settings: CutSettings,
) -> _Outcome:
    frames = found.frames
    if not frames.face_indices:
        return _Outcome(DropReason.OUT_OF_VIDEO)
    seen = frames.glanced(settings.sampling.glance_fps)
    glances = [glance(frames.greys[i]) for i in seen]
    numbers = shot_numbers(glances, settings.shots)
    shots = _shot_of_each(len(frames.greys), seen, numbers)
    tracks = link_faces(
        list(zip(frames.face_times_ms, found.faces, strict=True)),
        [shots[i] for i in frames.face_indices],
        frames.face_pictures,
        settings.links,
    )
    outcome = _judged(_Watched(frames, seen, shots), tracks, text, span_ms, speech, settings)
    outcome.shots = cue_shots([frames.times_ms[i] for i in seen], numbers, glances[0], glances[-1])
    return outcome


def _shot_of_each(frames: int, seen: Sequence[int], numbers: Sequence[int]) -> list[int]:
    """The shot of every frame; between two seen frames of different shots nobody knows, which is a shot of no track."""
    shots = [_NO_SHOT] * frames
    for (first, number), (last, next_number) in pairwise(zip(seen, numbers, strict=True)):
        if number == next_number:
            shots[first : last + 1] = [number] * (last + 1 - first)
    for index, number in zip(seen, numbers, strict=True):
        shots[index] = number
    shots[seen[-1] :] = [numbers[-1]] * (frames - seen[-1])
    return shots


@dataclass(frozen=True, slots=True)
class _Watched:
    """The frames of a cue, which of them were `seen` at the lower rate, and the shot of each."""

    frames: CueFrames
    seen: Sequence[int]
    shots: Sequence[int]

    @property
    def scale(self) -> float:
        """Grey px over full px."""
        return float(self.frames.greys[0].shape[1] / self.frames.face_pictures[0].shape[1])

    def motion(self, track: Track, *, densely: bool) -> MouthMotion:
        """Mouth motion over the frames of the track's shot."""
        chosen = range(len(self.shots)) if densely else self.seen
        same = [i for i in chosen if self.shots[i] == track.shot]
        times_ms, greys = [self.frames.times_ms[i] for i in same], [self.frames.greys[i] for i in same]
        return mouth_motion(track, times_ms, greys, self.scale)

    def lives(self, track: Track) -> float:
        """How much of the face changes."""
        return liveliness(track, [self.frames.greys[i] for i in self.frames.face_indices], self.scale)


def _judged(
    watched: _Watched,
    tracks: list[Track],
    text: CleanText,
    span_ms: tuple[int, int],
    speech: SpeechActivity | None,
    settings: CutSettings,
) -> _Outcome:
    """Who speaks, and whether the face can be read."""
    if not tracks:
        return _Outcome(DropReason.NO_FACE)
    frames = watched.frames
    candidates = _candidates(tracks, len(frames.face_indices))
    motions = [watched.motion(tracks[i], densely=len(candidates) > 1) for i in candidates]
    judgement = judge_speaker(motions, settings.speaker, speech, span_ms)
    speaker = None if judgement.speaker is None else candidates[judgement.speaker]
    scores = dict(zip(candidates, (float(score) for score in judgement.scores), strict=True))
    faces = [_cut_faces(track, frames, settings.quality) for track in tracks]
    reason, role = None, "speaker"
    if judgement.verdict is Verdict.UNCLEAR or text.voices > 1:
        reason, role = DropReason.SEVERAL_SPEAKERS, "candidate"
    elif (
        judgement.verdict is Verdict.SILENT
        and speaker is not None
        and watched.lives(tracks[speaker]) > settings.speaker.lives_above
    ):
        reason, role = DropReason.OFF_SCREEN, "listener"
    if reason is None and speaker is not None and not any(face.weight > 0 for face in faces[speaker]):
        reason, role = DropReason.POOR_FACE, "candidate"
    others = "candidate" if reason is DropReason.SEVERAL_SPEAKERS else "listener"
    judged = [
        CutTrack(role if i == speaker else others, scores.get(i, 0.0), track.shot, faces[i])
        for i, track in enumerate(tracks)
    ]
    return _Outcome(reason, judged, judgement.margin)


def _candidates(tracks: Sequence[Track], face_frames: int) -> list[int]:
    """Which tracks may be the speaker: a face in one frame only is chance when another is in all of them."""
    if face_frames > 1 and any(len(track.faces) == face_frames for track in tracks):
        return [i for i, track in enumerate(tracks) if len(track.faces) > 1]
    return list(range(len(tracks)))


def _cut_faces(track: Track, frames: CueFrames, settings: QualitySettings) -> list[CutFace]:
    picture_of = dict(zip(frames.face_times_ms, frames.face_pictures, strict=True))
    faces = []
    for face in track.faces:
        crop = crop_square(picture_of[face.frame_ms], face.box)
        quality = quality_of(crop, face.box, face.landmarks, face.prob)
        faces.append(CutFace(face, crop, quality, settings.weight(quality)))
    return faces


def _joined_shots(outcomes: Sequence[_Outcome], settings: CutSettings) -> tuple[pd.DataFrame, dict[int, list[int]]]:
    """The shots of all cues numbered through the episode, and these numbers of each cue's own, by cue_id."""
    seen = [(i, outcome.shots) for i, outcome in enumerate(outcomes) if outcome.shots is not None]
    seen.sort(key=lambda part: part[1].times_ms[0])
    joined = join_shots([shots for _, shots in seen], settings.shots)
    return joined.table, {cue + 1: joined.ids[place] for place, (cue, _) in enumerate(seen)}


def _cues(cues: Sequence[SubtitleCue], texts: Sequence[CleanText], outcomes: Sequence[_Outcome]) -> pd.DataFrame:
    return cue_table(
        cues,
        texts,
        [None if outcome.reason is None else outcome.reason.value for outcome in outcomes],
        [outcome.margin for outcome in outcomes],
        [outcome.scene for outcome in outcomes],
    )
