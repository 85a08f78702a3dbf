"""Predict: pictures or a clip in, every face out, with the opinions of baseline and student side by side."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from mmemo.errors import MmemoError
from mmemo.flow.prediction.pictures import CLIP_ENDINGS, PICTURE_ENDINGS
from mmemo.flow.prediction.predict import networks_loaded
from mmemo.flow.prediction.said_line import predict_with_line
from mmemo.progress import run as finish
from mmemo.store.sources import names_only
from mmemo.store.workspace import Workspace
from mmemo.ui.compare.words import run_title
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.predict.answer import Answer, Asked, answer_steps, forget_old, given_paths
from mmemo.ui.predict.examples import EXAMPLES_SCRIPT, draw_examples, examples_html
from mmemo.ui.predict.view import answer_html, first_html, loading_html, nothing_html, problem_html, waiting_html
from mmemo.ui.text import in_language, label, language_of, say
from mmemo.ui.words import sentences

log = logging.getLogger(__name__)
_FORGOTTEN_S = 3600.0
# A damaged picture is told in words beside the field, where the browser would draw its mark of a broken one.
_NO_BROKEN_MARK = """
for (const kind of ['error', 'load']) document.addEventListener(kind, ({target}) => {
  if (target.matches?.('#mm-picture img')) target.toggleAttribute('data-torn', kind === 'error');
}, true);
"""
STYLESHEET = Path(__file__).parent / "predict.css"


@dataclass(frozen=True, slots=True)
class PredictTab:
    """The public parts of the tab; `several` says which side is open, `answer` is what was found last."""

    picture: gr.Image
    files: gr.File
    line: gr.Textbox
    look: gr.Checkbox
    faces: gr.HTML
    several: gr.State
    answer: gr.State


def predict_tab(context: AppContext, selection: gr.State) -> PredictTab:
    """Build the tab; a new picture, line or run predicts at once. Old files of predictions go."""
    forget_old(context.workspace)
    several, answer = gr.State(False), gr.State(None, time_to_live=_FORGOTTEN_S)
    # In this order one below the other on a phone: the answer comes right after what was asked.
    with gr.Row(elem_id="mm-predict"):
        with gr.Column(scale=5, min_width=300, elem_id="mm-predict-given"):
            picture, files = _inputs(context, several)
        with gr.Column(scale=7, min_width=320, elem_id="mm-predict-answer"):
            faces = gr.HTML(first_html(), elem_id="mm-faces")
        with gr.Column(scale=5, min_width=300, elem_id="mm-predict-more"):
            line = gr.Textbox(
                label=label("predict.line"),
                info=label("predict.line.why"),
                placeholder=label("predict.line.example"),
                max_lines=2,
                elem_id="mm-line",
            )
            look = gr.Checkbox(label=label("predict.look"), info=label("predict.look.why"), elem_id="mm-look")
    tab = PredictTab(picture, files, line, look, faces, several, answer)
    _predict_at_once(context, selection, tab)
    _endpoint(context)
    return tab


def _inputs(context: AppContext, several: gr.State) -> tuple[gr.Image, gr.File]:
    """One picture with camera and examples, or many files at once."""
    with gr.Tabs(elem_id="mm-given"):
        with gr.Tab(label("predict.one"), render_children=True) as one:
            picture = gr.Image(
                label=label("predict.picture"),
                sources=["upload", "webcam", "clipboard"],
                type="filepath",
                image_mode=None,
                height=300,
                buttons=[],
                elem_id="mm-picture",
            )
            _let_damaged_through(picture)
            _examples(draw_examples(context.workspace), picture)
        with gr.Tab(label("predict.several"), render_children=True) as many:
            files = gr.File(
                label=label("predict.files"),
                file_count="multiple",
                file_types=[*PICTURE_ENDINGS, *CLIP_ENDINGS],
                height=300,
                elem_id="mm-files",
            )
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    one.select(lambda: False, None, several, **quiet)
    many.select(lambda: True, None, several, **quiet)
    return picture, files


def _predict_at_once(context: AppContext, selection: gr.State, tab: PredictTab) -> None:
    """The last picture and the last choice win: what comes while another is judged is judged next."""

    def on_ask(
        several: bool,
        picture: str | None,
        files: Sequence[str] | None,
        chosen: Selection,
        line: str,
        look: bool,
        before: Answer | None,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        asked = Asked(given_paths(picture, files, several), chosen, line, look, several)

        def values_for_who_asks() -> Iterator[tuple[Any, Any]]:
            if asked.paths:
                context.people.who(request)
            yield from show_faces(context.workspace, asked, before)

        yield from _each_in(language_of(request), _guarded(values_for_who_asks()))

    gr.on(
        [
            tab.picture.change,
            tab.files.change,
            tab.several.change,
            selection.change,
            tab.look.input,
            tab.line.submit,
            tab.line.blur,
        ],
        on_ask,
        [tab.several, tab.picture, tab.files, selection, tab.line, tab.look, tab.answer],
        [tab.answer, tab.faces],
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )


def _endpoint(context: AppContext) -> None:
    """The same for programs, as `/predict`; its fields are on no page."""

    def predict(pictures: list[str], line: str, run: str, request: gr.Request) -> dict[str, Any]:
        """Find every face of pictures or of a clip, and read each with the baseline and a student.

        pictures: files; of a clip a frame a second is read, at most 24. line: what is said with the faces, or nothing:
        face and line are then also weighed together, as if it were said in the show of the run. run: name of a student
        run; nothing takes the promoted one, if there is any.
        Returns student_run, line, as_if_in, line_weighed_with (image_only, or student where the run's lines proved the
        baseline wrong), and pictures: image, time_ms of a frame, and faces with number,
        box_xyxy_px, detection_prob and {label: probability} under image_only, student and with_line.
        """
        workspace, paths = context.workspace, [Path(path) for path in pictures or ()]
        try:
            context.people.who(request)
            with names_only(workspace, *paths):
                return finish(predict_with_line(workspace, paths, run or None, line or "")).to_contract()
        except MmemoError as error:
            raise gr.Error(sentences(error), print_exception=False) from error

    asked = [
        gr.File(label="pictures", file_count="multiple", type="filepath", visible=False),
        gr.Textbox("", label="line", visible=False),
        gr.Textbox("", label="run", visible=False),
    ]
    gr.Button(visible=False).click(predict, asked, gr.JSON(visible=False, label="faces"), api_name="predict")


def show_faces(workspace: Workspace, asked: Asked, before: Answer | None) -> Iterator[tuple[Any, Any]]:
    """Values for what is known and for the page, one after the other until the answer stands.

    The chosen student answers, promoted or not; what it is worth is said beside it. Raises InputError for a damaged file.
    """
    if not asked.paths:
        yield None, nothing_html(several=asked.several)
        return
    if before is not None and before.asked == asked:
        yield gr.skip(), gr.skip()
        return
    if not networks_loaded():
        yield gr.skip(), loading_html()
    steps = answer_steps(workspace, asked, before)
    while True:
        try:
            progress = next(steps)
        except StopIteration as stop:
            answer: Answer = stop.value
            break
        if progress.total > 1:
            yield gr.skip(), waiting_html(progress)
    yield answer, answer_html(answer, run_title(workspace, answer.run_id) if answer.run_id else "")


def _each_in(language: str, values: Generator[tuple[Any, Any], None, None]) -> Iterator[tuple[Any, Any]]:
    """Every value is made in a language, whichever thread asks for it."""
    with closing(values):
        while True:
            with in_language(language):
                value = next(values, None)
            if value is None:
                return
            yield value


def _guarded(values: Iterator[tuple[Any, Any]]) -> Generator[tuple[Any, Any], None, None]:
    """What is raised on the way is told in place of the answer, where it stays for as long as its cause."""
    try:
        yield from values
    except MmemoError as error:
        yield None, problem_html(sentences(error))
    except Exception:
        log.exception("the prediction failed")
        yield None, problem_html(say("page.bug"))


def _examples(paths: list[Path], picture: gr.Image) -> None:
    """Pictures to click; not gr.Examples, which replaces the picture's component and what lets damaged ones through."""
    style = f"<style>{STYLESHEET.read_text(encoding='utf-8')}</style>"
    shown = gr.HTML(style + examples_html(paths), js_on_load=EXAMPLES_SCRIPT + _NO_BROKEN_MARK, elem_id="mm-examples")

    @told
    def on_example(event: gr.EventData) -> Any:
        number = event.number
        return str(paths[number]) if isinstance(number, int) and 0 <= number < len(paths) else gr.skip()

    shown.select(on_example, None, picture, show_progress="hidden", api_visibility="private")


def _let_damaged_through(picture: gr.Image) -> None:
    """Gradio opens an upload before any handler sees it, and fails there; whoever reads it says what is wrong with it."""
    preprocess = picture.preprocess

    def unopened(payload: Any) -> Any:
        try:
            return preprocess(payload)
        except Exception:  # Pillow answers damaged files with many kinds
            return getattr(payload, "path", None)

    picture.preprocess = unopened  # type: ignore[method-assign]
