"""What a person fills in to adapt to an episode, and the job that it becomes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.flow.identities import AUTO, OFF, VGGFACE2
from mmemo.student.recipes import RECIPES
from mmemo.student.settings import TrainSettings
from mmemo.ui.context import AppContext
from mmemo.ui.uploads import GOLD, SUBTITLES, VIDEO, UploadKind, keep_upload
from mmemo.ui.work import FRAME_PX, SMALLEST_FACE_PX, Adaptation, adapt_stage, holds_subtitles

_FIELD_PX = 132
_NO_SUBTITLES = "Subtitles inside the video do as well; without any, see settings."


@dataclass(frozen=True, slots=True)
class EpisodeForm:
    """What a person fills in, in the order of the arguments of `start_adaptation`, and the button."""

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
    adapt: gr.Button

    @property
    def fields(self) -> list[Any]:
        """Components in the order of the arguments of `start_adaptation`."""
        return [getattr(self, field.name) for field in fields(self) if field.name != "adapt"]


def episode_form() -> EpisodeForm:
    """Build the form: two files and a button, and everything else behind a fold."""
    with gr.Row():
        video = gr.File(
            label="Video (.mp4, .mkv)",
            file_types=list(VIDEO.endings),
            height=_FIELD_PX,
            min_width=150,
            elem_id="mm-video",
        )
        subtitles = gr.File(
            label="Subtitles (.srt, .vtt, .ass)",
            file_types=list(SUBTITLES.endings),
            height=_FIELD_PX,
            min_width=150,
            elem_id="mm-subtitles",
        )
    gr.HTML(f'<div class="mm small soft">{_NO_SUBTITLES}</div>')
    with gr.Accordion("Settings: the defaults are fine to start with", open=False, elem_id="mm-settings"):
        cut, learn = _cut_fields(), _learning_fields()
    adapt = gr.Button("Adapt", variant="primary", size="lg", elem_id="mm-adapt")
    return EpisodeForm(video=video, subtitles=subtitles, **cut, **learn, adapt=adapt)


def _cut_fields() -> dict[str, Any]:
    """Fields that decide how the episode is cut, by their names in the form."""
    gr.HTML('<div class="mm"><h3>The cut</h3></div>')
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
        "min_face": gr.Number(
            SMALLEST_FACE_PX,
            label="Smallest face in pixels",
            info=f"In a frame {FRAME_PX} pixels wide. Smaller finds people in the back too, and takes longer.",
            minimum=20,
            maximum=400,
            precision=0,
            elem_id="mm-min-face",
        ),
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


def _learning_fields() -> dict[str, Any]:
    """Fields that decide what is learned and how it is measured, by their names in the form."""
    defaults = TrainSettings()
    gr.HTML('<div class="mm"><h3>The student</h3></div>')
    gold = gr.File(
        label="Gold labels (.csv), optional", file_types=list(GOLD.endings), height=_FIELD_PX, elem_id="mm-gold"
    )
    gr.HTML(
        '<div class="mm small soft">Columns cue, start_ms, end_ms, emotion. They are only used to measure, never to '
        "train; without them the comparison rests on your corrections.</div>"
    )
    return {
        "gold": gold,
        "recipe": gr.Dropdown(
            [(f"{name}: {recipe.says}", name) for name, recipe in RECIPES.items() if recipe.offered],
            value=defaults.recipe,
            label="Recipe",
            info="How text and image opinions become training targets.",
        ),
        "teacher": gr.Textbox(
            "embedded",
            label="Text teacher",
            info="embedded needs no network. Or a local folder or hub id of a text classifier.",
        ),
        "backbone": gr.Textbox(
            defaults.backbone,
            label="Face network",
            info="embedded needs no network. Or timm:NAME, open_clip:ARCH/PRETRAINED, facenet:vggface2.",
        ),
        "finetune": gr.Checkbox(
            defaults.finetune,
            label="Fine-tune the whole network",
            info="Much slower, and seldom better on one episode; off trains the last layer only.",
        ),
    }


def start_adaptation(
    context: AppContext,
    video: str | None,
    subtitles: str | None,
    gold: str | None,
    recipe: str,
    teacher: str | None,
    backbone: str | None,
    finetune: bool,
    sync: bool = True,
    language: str | None = None,
    split_voices: bool = True,
    min_face: float | None = None,
    transcribe: str | None = None,
    characters: str | None = None,
) -> int:
    """Keep the uploads and queue the job; returns its number. Raises InputError for what cannot be adapted to."""
    if not video:
        raise InputError("there is no video yet", hint="choose an .mp4 or .mkv file first")
    kept = _kept(context, video, VIDEO)
    if not subtitles and not _given(transcribe) and not holds_subtitles(context.workspace, kept):
        raise InputError(
            "there are no subtitles yet, and the video holds none",
            hint="choose the subtitle file that belongs to the video, or name a model that writes down what is said",
        )
    wish = Adaptation(
        video=kept,
        subtitles=_kept(context, subtitles, SUBTITLES) if subtitles else None,
        gold=_kept(context, gold, GOLD) if gold else None,
        recipe=recipe,
        teacher=_given(teacher) or "embedded",
        backbone=_given(backbone) or "embedded",
        finetune=finetune,
        sync=sync,
        language=_given(language),
        split_voices=split_voices,
        min_face_px=SMALLEST_FACE_PX if min_face is None else int(min_face),
        transcribe=_given(transcribe),
        characters=_given(characters) or AUTO,
    )
    return context.jobs.submit(f"Adapt to {wish.video.name}", lambda: adapt_stage(context.workspace, wish))


def _given(text: str | None) -> str | None:
    """What a text field holds; None for one that nobody touched or that is blank."""
    return (text or "").strip() or None


def _kept(context: AppContext, upload: str, kind: UploadKind) -> Path:
    return keep_upload(context.workspace, Path(upload), kind)
