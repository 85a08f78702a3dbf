"""Episode: upload a video and its subtitles, adapt, and see what became of every line."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.flow.read import synthetic_notice
from mmemo.student.recipes import RECIPES
from mmemo.student.settings import TrainSettings
from mmemo.ui.account import account_html
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.html import card, clock, empty, notice, page_part
from mmemo.ui.job_panel import SHOW_PANEL, JobPanel, watch
from mmemo.ui.preview import playable, subtitle_track
from mmemo.ui.uploads import GOLD, SUBTITLES, VIDEO, UploadKind, keep_upload
from mmemo.ui.work import Adaptation, adapt_stage, comparison_of

_NO_EPISODE = empty("No episode yet", "Choose a video and its subtitles, then press Adapt.")


@dataclass(frozen=True, slots=True)
class EpisodeForm:
    """What a person fills in, and the button."""

    video: gr.File
    subtitles: gr.File
    gold: gr.File
    recipe: gr.Dropdown
    teacher: gr.Textbox
    backbone: gr.Textbox
    finetune: gr.Checkbox
    sync: gr.Checkbox
    adapt: gr.Button

    @property
    def fields(self) -> list[Any]:
        """Components in the order of the arguments of `start_adaptation`."""
        return [
            self.video,
            self.subtitles,
            self.gold,
            self.recipe,
            self.teacher,
            self.backbone,
            self.finetune,
            self.sync,
        ]


@dataclass(frozen=True, slots=True)
class EpisodeTab:
    """The public parts of the tab."""

    form: EpisodeForm
    player: gr.Video
    account: gr.HTML


def episode_tab(context: AppContext, selection: gr.State, panel: JobPanel) -> EpisodeTab:
    """Build the tab: the form on the left, the chosen episode on the right."""
    with gr.Row():
        with gr.Column(scale=4, min_width=300):
            gr.HTML('<div class="mm"><h3>Adapt to a new episode</h3></div>')
            form = _form()
        with gr.Column(scale=7, min_width=320):
            player = gr.Video(
                label="Episode with its subtitles", show_label=False, interactive=False, buttons=[], elem_id="mm-player"
            )
            account = gr.HTML(elem_id="mm-account")
    tab = EpisodeTab(form, player, account)

    @told
    def on_adapt(*fields: Any) -> tuple[Any, ...]:
        return watch(context.jobs, start_adaptation(context, *fields))

    @told
    def on_selection(chosen: Selection) -> tuple[Any, ...]:
        return show_episode(context, chosen)

    started = form.adapt.click(on_adapt, form.fields, panel.outputs, api_visibility="private")
    started.then(None, js=SHOW_PANEL, api_visibility="private")
    selection.change(on_selection, selection, [player, account], show_progress="hidden", api_visibility="private")
    return tab


def _form() -> EpisodeForm:
    defaults = TrainSettings()
    video = gr.File(label="Video (.mp4 or .mkv)", file_types=list(VIDEO.endings), height=132, elem_id="mm-video")
    subtitles = gr.File(
        label="Subtitles (.srt, .vtt, .ass)", file_types=list(SUBTITLES.endings), height=132, elem_id="mm-subtitles"
    )
    with gr.Accordion("Settings: the defaults are fine to start with", open=False, elem_id="mm-settings"):
        gold = gr.File(
            label="Gold labels (.csv), optional", file_types=list(GOLD.endings), height=132, elem_id="mm-gold"
        )
        gr.HTML(
            '<div class="mm small soft">Columns cue, start_ms, end_ms, emotion. They are only used to measure, never to '
            "train; without them the comparison rests on your corrections.</div>"
        )
        recipe = gr.Dropdown(
            [(f"{name}: {recipe.says}", name) for name, recipe in RECIPES.items()],
            value=defaults.recipe,
            label="Recipe",
            info="How text and image opinions become training targets.",
        )
        teacher = gr.Textbox(
            "embedded",
            label="Text teacher",
            info="embedded needs no network. Or a local folder or hub id of a text classifier.",
        )
        backbone = gr.Textbox(
            defaults.backbone,
            label="Face network",
            info="embedded needs no network. Or timm:NAME, open_clip:ARCH/PRETRAINED, facenet:vggface2.",
        )
        finetune = gr.Checkbox(
            defaults.finetune,
            label="Fine-tune the whole network",
            info="Much slower, and seldom better on one episode; off trains the last layer only.",
        )
        sync = gr.Checkbox(
            True,
            label="Check the subtitles against the speech",
            info="Moves them when they are surely off, and refuses those of another film. Off uses them as they are.",
        )
    adapt = gr.Button("Adapt", variant="primary", size="lg", elem_id="mm-adapt")
    return EpisodeForm(video, subtitles, gold, recipe, teacher, backbone, finetune, sync, adapt)


def start_adaptation(
    context: AppContext,
    video: str | None,
    subtitles: str | None,
    gold: str | None,
    recipe: str,
    teacher: str,
    backbone: str,
    finetune: bool,
    sync: bool = True,
) -> int:
    """Keep the uploads and queue the job; returns its number. Raises InputError for what cannot be adapted to."""
    if not video:
        raise InputError("there is no video yet", hint="choose an .mp4 or .mkv file first")
    if not subtitles:
        raise InputError("there are no subtitles yet", hint="choose the subtitle file that belongs to the video")
    wish = Adaptation(
        video=_kept(context, video, VIDEO),
        subtitles=_kept(context, subtitles, SUBTITLES),
        gold=_kept(context, gold, GOLD) if gold else None,
        recipe=recipe,
        teacher=teacher.strip() or "embedded",
        backbone=backbone.strip() or "embedded",
        finetune=finetune,
        sync=sync,
    )
    return context.jobs.submit(f"Adapt to {wish.video.name}", lambda: adapt_stage(context.workspace, wish))


def _verdict(context: AppContext, run_id: str | None) -> str:
    """The run's result in one sentence, nothing without a run."""
    if run_id is None:
        return ""
    comparison = comparison_of(context.workspace, run_id)
    outcome = comparison.gain.outcome if comparison else "unknown"
    sentence = comparison.verdict() if comparison else "This run was not measured: there is no gold to measure against."
    return f'<div class="mm-verdict {outcome}"><h3>{escape(sentence)}</h3><p class="small">The Compare tab has the table.</p></div>'


def _kept(context: AppContext, upload: str, kind: UploadKind) -> Path:
    return keep_upload(context.workspace, Path(upload), kind)


def show_episode(context: AppContext, chosen: Selection) -> tuple[gr.Video, str]:
    """Values for the player and the account of the chosen episode."""
    if chosen.episode_id is None:
        return gr.Video(value=None), _NO_EPISODE
    workspace = context.workspace
    episode = workspace.episode(chosen.episode_id)
    cues, faces = workspace.cues(episode), workspace.faces(episode)
    facts = [
        (clock(episode.duration_ms), "long"),
        (f"{len(cues):,}", "lines"),
        (f"{faces['track_id'].nunique():,}", "face tracks"),
        (f"{len(faces):,}", "faces"),
    ]
    boxes = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in facts)
    account = page_part(
        _verdict(context, chosen.run_id),
        notice(synthetic_notice(workspace, [chosen.episode_id])),
        card(f'<div class="mm-facts">{boxes}</div>', account_html(cues), title=chosen.episode_id),
    )
    preview = playable(workspace, episode)
    if preview is None:
        note = page_part(
            '<p class="small soft">The video cannot be played here: it was moved, or its codec is not for browsers.</p>'
        )
        return gr.Video(value=None), note + account
    return gr.Video(value=str(preview), subtitles=subtitle_track(workspace, episode)), account
