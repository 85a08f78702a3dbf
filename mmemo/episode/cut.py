"""Video and cues to faces: which frames, which faces, who speaks, and the outcome of every cue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from mmemo.episode.account import CueAccount, DropReason, account_of
from mmemo.episode.cleaning import CleanText, TextKind, clean_text
from mmemo.episode.clock import StageClock
from mmemo.episode.faces import DetectorSettings, FaceDetector, crop_square, sharpness
from mmemo.episode.sampling import CueFrames, SamplingSettings, sample_cues
from mmemo.episode.speakers import MouthMotion, SpeakerSettings, Verdict, choose_speaker, liveliness, mouth_motion
from mmemo.episode.subtitles import SubtitleCue
from mmemo.episode.tracks import SeenFace, Track, link_faces, shot_numbers
from mmemo.episode.video import VideoInfo
from mmemo.errors import InputError
from mmemo.progress import Progress, Stage
from mmemo.store.tables import CUE_COLUMNS, FACE_COLUMNS

_SILENT_KINDS = {
    TextKind.SOUND: DropReason.NOT_SPEECH,
    TextKind.EMPTY: DropReason.NOT_SPEECH,
    TextKind.MUSIC: DropReason.MUSIC,
    TextKind.OFF_SCREEN: DropReason.OFF_SCREEN,
}


@dataclass(frozen=True, slots=True)
class CutSettings:
    """Everything that decides the outcome of a cut.

    `min_overlap` links faces of neighbouring face frames; `max_histogram_change` and `min_likeness` find shot cuts;
    crops are reduced to `crop_px` and stored as JPEG of `jpeg_quality` without chroma subsampling.
    """

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    speaker: SpeakerSettings = field(default_factory=SpeakerSettings)
    min_overlap: float = 0.2
    max_histogram_change: float = 0.06
    min_likeness: float = 0.7
    crop_px: int = 224
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        if not 0 < self.min_overlap < 1:
            raise InputError("the overlap that links two faces must be between 0 and 1", hint="0.2 is a good value")
        if self.crop_px < 32 or not 50 <= self.jpeg_quality <= 100:
            raise InputError("crops need at least 32 px and JPEG quality 50 to 100", hint="use 224 px and 95")


@dataclass(frozen=True, slots=True)
class Cut:
    """What a cut gives: the tables (CUE_COLUMNS, FACE_COLUMNS), the account, and seconds by part."""

    cues: pd.DataFrame
    faces: pd.DataFrame
    account: CueAccount
    tracks: int
    seconds: dict[str, float]


@dataclass(slots=True)
class _Outcome:
    """What happened to one cue: a reason or None, its tracks with their roles and motions."""

    reason: DropReason | None
    tracks: list[tuple[Track, str, MouthMotion]] = field(default_factory=list)


def cut(
    video: VideoInfo,
    cues: Sequence[SubtitleCue],
    settings: CutSettings,
    folder: Path,
    *,
    detector: FaceDetector | None = None,
    threads: int = 2,
) -> Stage[Cut]:
    """Cut a video at its cues, in order of time; face crops are written to `folder`/crops as they are found.

    Every cue has exactly one outcome. Memory stays at a few cues, whatever the length of the video.
    """
    clock = StageClock()
    (folder / "crops").mkdir(parents=True, exist_ok=True)
    texts = [clean_text(cue.raw_text) for cue in cues]
    spans_ms = [(cue.start_ms, min(cue.end_ms, video.duration_ms)) for cue in cues]
    outcomes = {i: _Outcome(reason) for i, text in enumerate(texts) if (reason := _before(spans_ms[i], text))}
    todo = [(i, *spans_ms[i]) for i in range(len(cues)) if i not in outcomes]
    yield Progress("cut", len(outcomes), len(cues), "reading the video")
    if todo:
        with clock.measure("load"):
            detector = detector or FaceDetector(settings.detector, threads=threads)
    rows: list[dict[str, object]] = []
    tracks = 0
    for batch in _batches(sample_cues(video, todo, settings.sampling, threads=threads, clock=clock), settings):
        assert detector is not None, "there was something to do"
        for frames, outcome in zip(batch, _outcomes(batch, texts, detector, settings, clock), strict=True):
            outcomes[frames.cue] = outcome
            with clock.measure("crops"):
                rows += _face_rows(frames, outcome, tracks, folder, settings)
            tracks += len(outcome.tracks)
        yield Progress("cut", len(outcomes), len(cues), f"{len(rows)} faces")
    reasons = [outcomes[i].reason for i in range(len(cues))]
    account = account_of(None if reason is None else reason.value for reason in reasons)
    return Cut(_cue_table(cues, texts, reasons), _face_table(rows), account, tracks, clock.seconds)


def _before(span_ms: tuple[int, int], text: CleanText) -> DropReason | None:
    """The reason that can be told without looking at the picture."""
    if span_ms[0] >= span_ms[1]:
        return DropReason.OUT_OF_VIDEO
    return _SILENT_KINDS.get(text.kind)


def _batches(cues: Iterator[CueFrames], settings: CutSettings) -> Iterator[list[CueFrames]]:
    """Cues together while their face frames fill one forward pass of the detector."""
    batch: list[CueFrames] = []
    for frames in cues:
        if batch and sum(len(c.face_pictures) for c in [*batch, frames]) > settings.detector.batch_size:
            yield batch
            batch = []
        batch.append(frames)
    if batch:
        yield batch


def _outcomes(
    batch: Sequence[CueFrames],
    texts: Sequence[CleanText],
    detector: FaceDetector,
    settings: CutSettings,
    clock: StageClock,
) -> Iterator[_Outcome]:
    with clock.measure("detect"):
        found = iter(detector.detect([picture for frames in batch for picture in frames.face_pictures]))
    for frames in batch:
        faces = [(time_ms, next(found)) for time_ms in frames.face_times_ms]
        if not faces:
            yield _Outcome(DropReason.OUT_OF_VIDEO)
            continue
        with clock.measure("speakers"):
            shots = shot_numbers(
                frames.greys, max_histogram_change=settings.max_histogram_change, min_likeness=settings.min_likeness
            )
            tracks = link_faces(faces, [shots[i] for i in frames.face_indices], min_overlap=settings.min_overlap)
            outcome = _judged(frames, tracks, shots, texts[frames.cue], settings)
        yield outcome


def _judged(
    frames: CueFrames, tracks: list[Track], shots: Sequence[int], text: CleanText, settings: CutSettings
) -> _Outcome:
    if not tracks:
        return _Outcome(DropReason.NO_FACE)
    scale = frames.greys[0].shape[1] / frames.face_pictures[0].shape[1]
    motions = [_motion(track, frames, shots, scale) for track in tracks]
    candidates = _candidates(tracks, len(frames.face_indices))
    verdict, chosen = choose_speaker([motions[i] for i in candidates], settings.speaker)
    speaker = None if chosen is None else candidates[chosen]
    reason, role = None, "speaker"
    if verdict is Verdict.UNCLEAR or text.voices > 1:
        reason, role = DropReason.SEVERAL_SPEAKERS, "candidate"
    elif verdict is Verdict.SILENT and speaker is not None:
        pictures = [frames.greys[i] for i in frames.face_indices]
        if liveliness(tracks[speaker], pictures, scale) > settings.speaker.lives_above:
            reason, role = DropReason.OFF_SCREEN, "listener"
    others = "candidate" if role == "candidate" else "listener"
    parts = enumerate(zip(tracks, motions, strict=True))
    return _Outcome(reason, [(track, role if i == speaker else others, motion) for i, (track, motion) in parts])


def _motion(track: Track, frames: CueFrames, shots: Sequence[int], scale: float) -> MouthMotion:
    """Mouth motion over the frames of the track's shot."""
    same = [i for i, shot in enumerate(shots) if shot == track.shot]
    return mouth_motion(track, [frames.times_ms[i] for i in same], [frames.greys[i] for i in same], scale)


def _candidates(tracks: Sequence[Track], face_frames: int) -> list[int]:
    """Which tracks may be the speaker: a face in one frame only is chance when another is in all of them."""
    if face_frames > 1 and any(len(track.faces) == face_frames for track in tracks):
        return [i for i, track in enumerate(tracks) if len(track.faces) > 1]
    return list(range(len(tracks)))


def _face_rows(
    frames: CueFrames, outcome: _Outcome, first_track: int, folder: Path, settings: CutSettings
) -> Iterator[dict[str, object]]:
    picture_of = dict(zip(frames.face_times_ms, frames.face_pictures, strict=True))
    for number, (track, role, motion) in enumerate(outcome.tracks, first_track + 1):
        for face in track.faces:
            crop = crop_square(picture_of[face.frame_ms], face.box)
            face_id = f"c{frames.cue + 1:05d}-t{number:05d}-{face.frame_ms}"
            path = f"crops/{face_id}.jpg"
            _save_crop(folder / path, crop, settings)
            yield {
                **_face_values(face),
                "face_id": face_id,
                "cue_id": frames.cue + 1,
                "track_id": number,
                "sharpness": sharpness(crop),
                "speaker_score": motion.score,
                "role": role,
                "crop": path,
            }


def _face_values(face: SeenFace) -> dict[str, object]:
    x1, y1, x2, y2 = (float(v) for v in face.box)
    return {"frame_ms": face.frame_ms, "x1": x1, "y1": y1, "x2": x2, "y2": y2, "detection_prob": face.prob}


def _save_crop(path: Path, crop: np.ndarray, settings: CutSettings) -> None:
    picture = Image.fromarray(crop)
    if max(picture.size) > settings.crop_px:
        picture = picture.resize((settings.crop_px, settings.crop_px), Image.Resampling.LANCZOS)
    picture.save(path, "JPEG", quality=settings.jpeg_quality, subsampling=0)


def _cue_table(
    cues: Sequence[SubtitleCue], texts: Sequence[CleanText], reasons: Sequence[DropReason | None]
) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "cue_id": np.arange(1, len(cues) + 1, dtype=np.int32),
            "start_ms": np.array([cue.start_ms for cue in cues], np.int64),
            "end_ms": np.array([cue.end_ms for cue in cues], np.int64),
            "text": pd.Series([text.text for text in texts], dtype="str"),
            "raw_text": pd.Series([cue.raw_text for cue in cues], dtype="str"),
            "speaker": pd.Series([text.speaker for text in texts], dtype="object"),
            "source_line": np.array([cue.source_line for cue in cues], np.int32),
            "drop_reason": pd.Series([None if r is None else r.value for r in reasons], dtype="object"),
        }
    )
    return table[list(CUE_COLUMNS)]


def _face_table(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(FACE_COLUMNS))
    kinds = {"cue_id": np.int32, "track_id": np.int32, "frame_ms": np.int64} | dict.fromkeys(
        ("x1", "y1", "x2", "y2", "detection_prob", "sharpness", "speaker_score"), np.float32
    )
    return table.astype({**kinds, "face_id": "str", "role": "str", "crop": "str"})
