"""From a filled-in form to a job: checks what was given, keeps the uploads, and queues the work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmemo.episode.cut import CutSettings
from mmemo.episode.faces import DetectorSettings
from mmemo.episode.sampling import SamplingSettings
from mmemo.episode.speakers import SpeakerSettings
from mmemo.errors import InputError
from mmemo.flow.adapt import AdaptSettings
from mmemo.flow.characters.finding import CharacterSettings
from mmemo.flow.cutting.sync import SyncMode
from mmemo.flow.jobs.kinds import ADAPT
from mmemo.flow.teacher.label import LabelSettings
from mmemo.student.settings import TrainSettings
from mmemo.ui.context import AppContext
from mmemo.ui.episode.media import media_file
from mmemo.ui.episode.uploads import GOLD, SUBTITLES, VIDEO, UploadKind, keep_upload
from mmemo.ui.text import say
from mmemo.ui.work import holds_subtitles


@dataclass(frozen=True, slots=True)
class AdaptWish:
    """What the fields of the form hold, as they come: files by their paths, server files by their names.

    None and blank text stand for the default.
    """

    video: str | None
    subtitles: str | None = None
    gold: str | None = None
    recipe: str | None = None
    teacher: str | None = None
    backbone: str | None = None
    finetune: bool = False
    sync: bool = True
    language: str | None = None
    split_voices: bool = True
    min_face: float | None = None
    transcribe: str | None = None
    characters: str | None = None
    face_frames: float | None = None
    margin: float | None = None
    context_lines: float | None = None
    seed: float | None = None
    server_video: str | None = None
    server_subtitles: str | None = None


def start_adaptation(context: AppContext, wish: AdaptWish) -> int:
    """Keep the uploads and queue the job; returns its number. Raises InputError for what cannot be adapted to."""
    settings = adapt_settings(context, wish)
    return context.jobs.submit(ADAPT, f"Adapt to {settings.video.name}", settings)


def adapt_settings(context: AppContext, wish: AdaptWish) -> AdaptSettings:
    """The settings of the main job for a wish. Raises InputError for what cannot be adapted to."""
    video = _chosen(context, wish.video, wish.server_video, VIDEO)
    if video is None:
        raise InputError(say("episode.no_video"), hint=say("episode.no_video_hint"))
    subtitles = _chosen(context, wish.subtitles, wish.server_subtitles, SUBTITLES)
    # A file that is no video is told at once, whatever else was given.
    if not holds_subtitles(context.workspace, video) and subtitles is None and not _given(wish.transcribe):
        raise InputError(say("episode.no_lines"), hint=say("episode.no_lines_hint"))
    return AdaptSettings(
        video=video,
        subtitles=subtitles,
        gold=_chosen(context, wish.gold, None, GOLD),
        language=_given(wish.language),
        split_voices=wish.split_voices,
        transcribe=_named(wish.transcribe),
        sync=SyncMode.AUTO if wish.sync else SyncMode.OFF,
        cut=_cut_settings(wish),
        characters=CharacterSettings(_named(wish.characters) or CharacterSettings().weights),
        label=_label_settings(wish),
        train=_train_settings(wish),
    )


def _cut_settings(wish: AdaptWish) -> CutSettings:
    faces, sampling, speaker = DetectorSettings(), SamplingSettings(), SpeakerSettings()
    return CutSettings(
        detector=DetectorSettings(min_face_px=_whole(wish.min_face, faces.min_face_px)),
        sampling=SamplingSettings(face_frames=_whole(wish.face_frames, sampling.face_frames)),
        speaker=SpeakerSettings(margin=speaker.margin if wish.margin is None else float(wish.margin)),
    )


def _label_settings(wish: AdaptWish) -> LabelSettings:
    default = LabelSettings()
    return LabelSettings(_named(wish.teacher) or default.teacher, _whole(wish.context_lines, default.context_lines))


def _train_settings(wish: AdaptWish) -> TrainSettings:
    default = TrainSettings()
    return TrainSettings(
        recipe=_given(wish.recipe) or default.recipe,
        backbone=_named(wish.backbone) or default.backbone,
        finetune=wish.finetune,
        seed=_whole(wish.seed, default.seed),
    )


def _chosen(context: AppContext, upload: str | None, name: str | None, kind: UploadKind) -> Path | None:
    """An upload, kept in the workspace, else a file of the server, used where it is."""
    if upload:
        return keep_upload(context.workspace, Path(upload), kind)
    return media_file(context.media, name, kind) if name else None


def _given(text: str | None) -> str | None:
    """What a text field holds; None for one that nobody touched or that is blank."""
    return (text or "").strip() or None


def _named(text: str | None) -> str | None:
    """A model's name, or the whole path of a folder or file: a job may go on in another place than it was asked for."""
    given = _given(text)
    if given is None:
        return None
    path = Path(given).expanduser()
    return str(path.resolve()) if path.exists() else given


def _whole(number: float | None, default: int) -> int:
    return default if number is None else int(number)
