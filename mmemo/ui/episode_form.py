"""What a person fills in to adapt to an episode: files, and settings with a default and a reason each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from mmemo.episode.faces import DetectorSettings
from mmemo.episode.sampling import SamplingSettings
from mmemo.episode.speakers import SpeakerSettings
from mmemo.flow.identities import AUTO, OFF, VGGFACE2
from mmemo.flow.label import LabelSettings
from mmemo.student.recipes import RECIPES
from mmemo.student.settings import TrainSettings
from mmemo.ui.uploads import GOLD, SUBTITLES, VIDEO

_FIELD_PX = 132
_FACES, _SAMPLING, _SPEAKER = DetectorSettings(), SamplingSettings(), SpeakerSettings()
_LABEL, _TRAIN = LabelSettings(), TrainSettings()
_NO_SUBTITLES = "Subtitles inside the video do as well; without any, see settings."


@dataclass(frozen=True, slots=True)
class EpisodeForm:
    """What a person fills in, in the order of the fields of `AdaptWish`, and the fold and the button."""

    video: gr.File
    subtitles: gr.File
    gold: gr.File
    recipe: gr.Dropdown
    teacher: gr.Textbox
    backbone: gr.Textbox
    finetune: gr.Checkbox
    sync: gr.Checkbox
    language: gr.Textbox
    split_voices: gr.Checkbox
    min_face: gr.Number
    transcribe: gr.Textbox
    characters: gr.Dropdown
    face_frames: gr.Number
    margin: gr.Number
    context_lines: gr.Number
    seed: gr.Number
    server_video: gr.Dropdown
    server_subtitles: gr.Dropdown
    settings: gr.Accordion
    adapt: gr.Button

    @property
    def fields(self) -> list[Any]:
        """Components in the order of the fields of `AdaptWish`."""
        return [getattr(self, field.name) for field in fields(self) if field.name not in ("settings", "adapt")]


def episode_form(*, media: bool) -> EpisodeForm:
    """Build the form: two files and a button, and everything else behind a fold; `media` offers files of the server."""
    with gr.Row():
        video = _file("Video (.mp4, .mkv)", VIDEO.endings, "mm-video")
        subtitles = _file("Subtitles (.srt, .vtt, .ass)", SUBTITLES.endings, "mm-subtitles")
    server = _server_fields(media)
    gr.HTML(f'<div class="mm small soft">{_NO_SUBTITLES}</div>')
    adapt = gr.Button("Adapt", variant="primary", size="lg", elem_id="mm-adapt")
    with (
        gr.Accordion("Settings: the defaults are fine to start with", open=False, elem_id="mm-settings") as settings,
        gr.Column(elem_id="mm-settings-fields"),
    ):
        rest = _cut_fields() | _teacher_fields() | _student_fields()
    return EpisodeForm(video=video, subtitles=subtitles, **server, **rest, settings=settings, adapt=adapt)


def _file(label: str, endings: tuple[str, ...], elem_id: str) -> gr.File:
    return gr.File(label=label, file_types=list(endings), height=_FIELD_PX, min_width=140, elem_id=elem_id)


def _server_fields(media: bool) -> dict[str, Any]:
    """Menus of what is in the server's folder, shown where there is one."""
    with gr.Column(visible=media):
        return {
            "server_video": gr.Dropdown(
                [], value=None, label="Or a video on the server", min_width=140, elem_id="mm-server-video"
            ),
            "server_subtitles": gr.Dropdown(
                [], value=None, label="Its subtitles", min_width=140, elem_id="mm-server-subtitles"
            ),
        }


def _heading(words: str) -> None:
    gr.HTML(f'<div class="mm"><h3>{words}</h3></div>')


def _cut_fields() -> dict[str, Any]:
    """Fields that decide how the episode is cut, by their names in the form."""
    _heading("The cut")
    return {
        "sync": gr.Checkbox(
            True,
            label="Check the subtitles against the speech",
            info="Moves them when they are surely off, and refuses those of another film. Off uses them as they are.",
        ),
        "split_voices": gr.Checkbox(
            True,
            label="Make a line with two dashes two lines",
            info="Two speakers in one subtitle are told apart then; off drops such lines.",
            elem_id="mm-split",
        ),
        "language": gr.Textbox(
            label="Subtitle language",
            placeholder="en",
            info="Only for a video that holds several subtitles: en, eng or pt-BR. Empty takes the first.",
            elem_id="mm-language",
        ),
        **_face_fields(),
        "transcribe": gr.Textbox(
            label="Write down what is said",
            placeholder="off",
            info="Only when there are no subtitles: a faster-whisper model, as a folder or a hub id such as small. "
            "Its words hold more mistakes than subtitles do. Empty is off.",
            elem_id="mm-transcribe",
        ),
        "characters": gr.Dropdown(
            [
                ("auto: when the face network is there", AUTO),
                ("fetch the face network once, 107 MB", VGGFACE2),
                ("off", OFF),
            ],
            value=AUTO,
            label="Characters",
            info="Faces of one person are put together, so that you see who is who. Or type the path of the network's file.",
            allow_custom_value=True,
            elem_id="mm-cast",
        ),
    }


def _face_fields() -> dict[str, Any]:
    return {
        "min_face": gr.Number(
            _FACES.min_face_px,
            label="Smallest face in pixels",
            info=f"In a frame {_FACES.max_width_px} pixels wide. Smaller finds people in the back too, and takes longer.",
            minimum=20,
            maximum=_FACES.max_width_px // 4,
            precision=0,
            elem_id="mm-min-face",
        ),
        "face_frames": gr.Number(
            _SAMPLING.face_frames,
            label="Frames of a line that are searched",
            info="More give more faces of the same moment, and take as much longer.",
            minimum=1,
            maximum=25,
            precision=0,
            elem_id="mm-face-frames",
        ),
        "margin": gr.Number(
            _SPEAKER.margin,
            label="How clear the speaker must be",
            info="Of several faces, one mouth must move this many times as much. More is surer, and drops more lines.",
            minimum=1,
            maximum=10,
            step=0.1,
            elem_id="mm-margin",
        ),
    }


def _teacher_fields() -> dict[str, Any]:
    _heading("The text teacher")
    return {
        "teacher": gr.Textbox(
            "embedded",
            label="Text teacher",
            info="embedded needs no network. Or a local folder or hub id of a text classifier.",
        ),
        "context_lines": gr.Number(
            _LABEL.context_lines,
            label="Lines before a line that it may read",
            info="An answer is often only understood after the question; 0 reads every line alone.",
            minimum=0,
            maximum=10,
            precision=0,
            elem_id="mm-context",
        ),
    }


def _student_fields() -> dict[str, Any]:
    """Fields that decide what is learned and how it is measured, by their names in the form."""
    _heading("The student")
    gold = _file("Gold labels (.csv), optional", GOLD.endings, "mm-gold")
    gr.HTML(
        '<div class="mm small soft">Columns cue, start_ms, end_ms, emotion. They are only used to measure, never to '
        "train; without them the comparison rests on your corrections.</div>"
    )
    return {
        "gold": gold,
        "recipe": gr.Dropdown(
            [(f"{name}: {recipe.says}", name) for name, recipe in RECIPES.items() if recipe.offered],
            value=_TRAIN.recipe,
            label="Recipe",
            info="How text and image opinions become training targets.",
        ),
        "backbone": gr.Textbox(
            _TRAIN.backbone,
            label="Face network",
            info="embedded needs no network. Or timm:NAME, open_clip:ARCH/PRETRAINED, facenet:vggface2.",
        ),
        "finetune": gr.Checkbox(
            _TRAIN.finetune,
            label="Fine-tune the whole network",
            info="Much slower, and seldom better on one episode; off trains the last layer only.",
        ),
        "seed": gr.Number(
            _TRAIN.seed,
            label="Seed",
            info="The same seed gives the same student; another one tells how much of a result is chance.",
            minimum=0,
            maximum=2**32 - 1,
            precision=0,
            elem_id="mm-seed",
        ),
    }
