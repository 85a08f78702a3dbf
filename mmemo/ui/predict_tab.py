"""Predict: one picture in, every face out, with the opinions of baseline and student side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from mmemo.errors import InputError
from mmemo.flow.images import read_image
from mmemo.flow.predict import FacePrediction, load_predictors, networks_loaded, predict_image
from mmemo.flow.promotion import promotion_of
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.examples import draw_examples
from mmemo.ui.html import empty, opinion, opinions, page_part, percent
from mmemo.ui.uploads import names_only
from mmemo.ui.words import sentences

_NOTHING_YET = empty("No picture yet", "Upload one, paste one, use the camera, or click an example.")
_LOADING = (
    f'<div class="mm-loading">'
    f"{empty('Loading the networks', 'Only the first picture after a start waits for them, some seconds.')}</div>"
)
_NO_FACE = empty("No face found", "Faces must be about 40 pixels wide or more and look towards the camera.")
_NO_STUDENT = "There is no student yet: adapt to an episode, or choose a student run above."
_BOX_COLOR = (79, 70, 229)


@dataclass(frozen=True, slots=True)
class PredictTab:
    """The public parts of the tab."""

    picture: gr.Image
    anyway: gr.Checkbox
    boxes: gr.Image
    faces: gr.HTML


def predict_tab(context: AppContext, selection: gr.State) -> PredictTab:
    """Build the tab; a new picture or another run predicts at once."""
    with gr.Row():
        with gr.Column(scale=5, min_width=300):
            picture = gr.Image(
                label="Picture",
                sources=["upload", "webcam", "clipboard"],
                type="filepath",
                image_mode=None,
                height=340,
                buttons=[],
                elem_id="mm-picture",
            )
            _refuse_damaged(picture)
            anyway = gr.Checkbox(label="Show the chosen student even when it is not promoted", elem_id="mm-anyway")
            _examples(draw_examples(context.workspace), picture)
        with gr.Column(scale=7, min_width=320):
            boxes = gr.Image(label="Faces found", interactive=False, visible=False, buttons=["download", "fullscreen"])
            faces = gr.HTML(_NOTHING_YET, elem_id="mm-faces")
    tab = PredictTab(picture, anyway, boxes, faces)
    _predict_at_once(context, selection, tab)
    return tab


def _predict_at_once(context: AppContext, selection: gr.State, tab: PredictTab) -> None:
    """The last picture and the last choice win: what comes while another is judged is judged next."""

    @told
    def on_picture(path: str | None, chosen: Selection, anyway: bool) -> tuple[Any, ...]:
        return show_faces(context.workspace, path, chosen.run_id, anyway=anyway)

    @told
    def on_wait(path: str | None) -> Any:
        return waiting(path)

    noticed = gr.on(
        [tab.picture.change, selection.change, tab.anyway.input],
        on_wait,
        tab.picture,
        tab.faces,
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )
    noticed.then(
        on_picture,
        [tab.picture, selection, tab.anyway],
        [tab.boxes, tab.faces],
        trigger_mode="always_last",
        show_progress="minimal",
        api_visibility="private",
    )


def _examples(paths: Sequence[Path], picture: gr.Image) -> None:
    """Pictures to click; not gr.Examples, which replaces the picture's component and what refuses damaged ones."""
    shown = gr.Dataset(
        components=[picture], samples=[[str(path)] for path in paths], type="index", label="Drawn examples"
    )

    @told
    def on_example(number: int) -> str:
        return str(paths[number])

    shown.click(on_example, shown, picture, show_progress="hidden", api_visibility="private")


def _refuse_damaged(picture: gr.Image) -> None:
    """Gradio opens an upload before any handler sees it; say there, too, what is wrong with a damaged one."""
    preprocess = picture.preprocess

    def checked(payload: Any) -> Any:
        try:
            return preprocess(payload)
        except (UnidentifiedImageError, OSError, ValueError):
            raise gr.Error(
                escape(sentences(_damaged(getattr(payload, "orig_name", None) or "the picture"))),
                print_exception=False,
            ) from None

    picture.preprocess = checked  # type: ignore[method-assign]


def _damaged(name: str) -> InputError:
    return InputError(
        f"{name} is no picture or is damaged", hint="choose a .jpg, .png or .webp file that opens elsewhere"
    )


def waiting(path: str | None) -> Any:
    """What stands there until the faces come: a sentence while the networks are being loaded, else what was there."""
    return _LOADING if path and not networks_loaded() else gr.skip()


def show_faces(
    workspace: Workspace, path: str | None, run_id: str | None, *, anyway: bool = False
) -> tuple[gr.Image, str]:
    """Values for the picture with boxes and for the bars. Raises InputError for a damaged picture.

    A student that is not promoted answers only when it is asked for `anyway`.
    """
    if not path:
        return gr.Image(value=None, visible=False), _NOTHING_YET
    with names_only(workspace):
        picture = read_image(Path(path))
    absent = _NO_STUDENT
    if run_id is not None and not anyway and not (promotion := promotion_of(workspace, run_id)).promoted:
        run_id, absent = (
            None,
            f"Only the baseline answers: the chosen student is not promoted, because {promotion.why}.",
        )
    found = predict_image(picture, load_predictors(workspace, run_id))
    if not found:
        return gr.Image(value=None, visible=False), _NO_FACE
    return gr.Image(value=with_boxes(picture, found), visible=True), faces_html(found, absent)


def with_boxes(picture: np.ndarray, found: Sequence[FacePrediction]) -> np.ndarray:
    """A copy of the picture with a numbered frame around every face, numbered as in the list."""
    canvas = Image.fromarray(picture).copy()
    draw = ImageDraw.Draw(canvas)
    width = max(2, round(max(canvas.size) / 320))
    font = ImageFont.load_default(size=max(14, round(max(canvas.size) / 34)))
    for number, face in enumerate(found, start=1):
        x1, y1, x2, y2 = (float(v) for v in face.box_xyxy_px)
        draw.rectangle((x1, y1, x2, y2), outline=_BOX_COLOR, width=width)
        _, _, right, bottom = draw.textbbox((x1 + width, y1 + width), str(number), font=font)
        draw.rectangle((x1, y1, right + 3 * width, bottom + 3 * width), fill=_BOX_COLOR)
        draw.text((x1 + 2 * width, y1 + width), str(number), fill="white", font=font)
    return np.asarray(canvas)


def faces_html(found: Sequence[FacePrediction], absent: str = _NO_STUDENT) -> str:
    """One card a face: number, how sure the detector is, bars of both models; `absent` says why one misses."""
    cards = "".join(_face_card(number, face) for number, face in enumerate(found, start=1))
    note = ""
    if found[0].student is None:
        note = f'<p class="small soft">{escape(absent)}</p>'
    return page_part(note, f'<div class="mm-faces">{cards}</div>')


def _face_card(number: int, face: FacePrediction) -> str:
    head = (
        f'<div class="mm-face-head"><span class="mm-number">{number}</span>'
        f'<span class="soft small">face, {percent(face.detection_prob)} sure</span></div>'
    )
    bars = opinions(
        [
            opinion("Baseline, not adapted", face.image_only),
            opinion("Student, adapted", face.student, absent="not in use"),
        ]
    )
    return f'<div class="mm-card" data-face="{number}">{head}{bars}</div>'
