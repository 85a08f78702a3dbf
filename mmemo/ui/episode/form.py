"""What a person fills in to adapt to an episode: files, and settings with a default and a reason each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from mmemo.episode.faces import DetectorSettings
from mmemo.episode.sampling import SamplingSettings
from mmemo.episode.speakers import SpeakerSettings
from mmemo.flow.characters.identities import AUTO, OFF, VGGFACE2
from mmemo.flow.teacher.label import LabelSettings
from mmemo.student.recipes import RECIPES, Recipe
from mmemo.student.settings import TrainSettings
from mmemo.ui.episode.uploads import GOLD, SUBTITLES, VIDEO
from mmemo.ui.text import label, words

_FIELD_PX = 132
_FACES, _SAMPLING, _SPEAKER = DetectorSettings(), SamplingSettings(), SpeakerSettings()
_LABEL, _TRAIN = LabelSettings(), TrainSettings()


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
        video = _file("video", VIDEO.endings, "mm-video")
        subtitles = _file("subtitles", SUBTITLES.endings, "mm-subtitles")
    server = _server_fields(media)
    _note("no_subtitles")
    adapt = gr.Button(label("episode.adapt"), variant="primary", size="lg", elem_id="mm-adapt")
    with (
        gr.Accordion(label("episode.settings"), open=False, elem_id="mm-settings") as settings,
        gr.Column(elem_id="mm-settings-fields"),
    ):
        rest = _cut_fields() | _teacher_fields() | _student_fields()
    return EpisodeForm(video=video, subtitles=subtitles, **server, **rest, settings=settings, adapt=adapt)


def _file(name: str, endings: tuple[str, ...], elem_id: str) -> gr.File:
    title = label(f"episode.{name}")
    return gr.File(label=title, file_types=list(endings), height=_FIELD_PX, min_width=140, elem_id=elem_id)


def _named(name: str) -> dict[str, Any]:
    """A field's name and its short why."""
    return {"label": label(f"episode.{name}"), "info": label(f"episode.{name}_why")}


def _count(name: str, value: float, least: int, most: int, elem_id: str) -> gr.Number:
    """A field for a whole number."""
    return gr.Number(value, **_named(name), minimum=least, maximum=most, precision=0, elem_id=elem_id)


def _server_fields(media: bool) -> dict[str, Any]:
    """Menus of what is in the server's folder, shown where there is one."""
    small: dict[str, Any] = {"value": None, "min_width": 140}
    with gr.Column(visible=media):
        return {
            name: gr.Dropdown([], label=label(f"episode.{name}"), elem_id=elem_id, **small)
            for name, elem_id in (("server_video", "mm-server-video"), ("server_subtitles", "mm-server-subtitles"))
        }


def _heading(name: str) -> None:
    gr.HTML(f'<div class="mm"><h3>{label(f"episode.{name}")}</h3></div>')


def _note(name: str) -> None:
    gr.HTML(f'<div class="mm small soft">{label(f"episode.{name}")}</div>')


def _cut_fields() -> dict[str, Any]:
    """Fields that decide how the episode is cut, by their names in the form."""
    _heading("the_cut")
    networks = (("auto", AUTO), ("fetch", VGGFACE2), ("off", OFF))
    return {
        "sync": gr.Checkbox(True, **_named("sync")),
        "split_voices": gr.Checkbox(True, **_named("split"), elem_id="mm-split"),
        "language": gr.Textbox(**_named("language"), placeholder=label("episode.language_hint"), elem_id="mm-language"),
        **_face_fields(),
        "transcribe": gr.Textbox(
            **_named("transcribe"), placeholder=label("episode.transcribe_hint"), elem_id="mm-transcribe"
        ),
        "characters": gr.Dropdown(
            [(str(label(f"episode.characters_{name}")), value) for name, value in networks],
            value=AUTO,
            **_named("characters"),
            allow_custom_value=True,
            elem_id="mm-cast",
        ),
    }


def _face_fields() -> dict[str, Any]:
    widest_px = _FACES.max_width_px // 4
    return {
        "min_face": _count("min_face", _FACES.min_face_px, 20, widest_px, "mm-min-face"),
        "face_frames": _count("face_frames", _SAMPLING.face_frames, 1, 25, "mm-face-frames"),
        "margin": gr.Number(_SPEAKER.margin, **_named("margin"), minimum=1, maximum=10, step=0.1, elem_id="mm-margin"),
    }


def _teacher_fields() -> dict[str, Any]:
    _heading("the_teacher")
    return {
        "teacher": gr.Textbox("embedded", **_named("teacher")),
        "context_lines": _count("context", _LABEL.context_lines, 0, 10, "mm-context"),
    }


def _student_fields() -> dict[str, Any]:
    """Fields that decide what is learned and how it is measured, by their names in the form."""
    _heading("the_student")
    gold = _file("gold", GOLD.endings, "mm-gold")
    _note("gold_why")
    return {
        "gold": gold,
        "recipe": gr.Dropdown(recipe_choices(), value=_TRAIN.recipe, **_named("recipe")),
        "backbone": gr.Textbox(_TRAIN.backbone, **_named("backbone")),
        "finetune": gr.Checkbox(_TRAIN.finetune, **_named("finetune")),
        "seed": _count("seed", _TRAIN.seed, 0, 2**32 - 1, "mm-seed"),
    }


def recipe_choices() -> list[tuple[str, str]]:
    """The recipes that the app offers, each with a line about it, for a menu."""
    return [(f"{name}: {_recipe_line(name, recipe)}", name) for name, recipe in RECIPES.items() if recipe.offered]


def _recipe_line(name: str, recipe: Recipe) -> str:
    """One marker that each browser translates; a recipe that the app has no words for says its own."""
    key = f"episode.recipe_{name}"
    return str(label(key)) if key in words() else recipe.says
