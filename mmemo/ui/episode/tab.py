"""Episode: upload a video and its subtitles, adapt, and see what became of every line."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from mmemo.flow.review.tracks import synthetic_notice
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext, Selection, by_lead, told
from mmemo.ui.episode.account import account_html, said
from mmemo.ui.episode.adaptation import AdaptWish, start_adaptation
from mmemo.ui.episode.characters import CHARACTERS_SCRIPT, characters_html, name_character, names_of_tracks
from mmemo.ui.episode.checks import checks_html
from mmemo.ui.episode.cut_tables import CutTables, read_cut
from mmemo.ui.episode.form import EpisodeForm, episode_form
from mmemo.ui.episode.lines import LIST_SCRIPT
from mmemo.ui.episode.media import media_names, subtitles_beside
from mmemo.ui.episode.preview import playable, subtitle_track
from mmemo.ui.episode.timeline import timeline, timeline_data
from mmemo.ui.episode.timeline_moods import moods_of
from mmemo.ui.episode.uploads import SUBTITLES, VIDEO
from mmemo.ui.html import card, clock, empty, file_url, notice, page_part, warning
from mmemo.ui.jobs.api import job_api
from mmemo.ui.jobs.panel import SHOW_PANEL, JobPanel, watch
from mmemo.ui.roles import FOR_ANNOTATORS, FOR_LEADS
from mmemo.ui.sign_in import name_of
from mmemo.ui.text import label, say
from mmemo.ui.work import account_page_of, comparison_of


@dataclass(frozen=True, slots=True)
class EpisodeTab:
    """The public parts of the tab."""

    form: EpisodeForm
    player: gr.Video
    timeline: gr.HTML
    account: gr.HTML
    checks: gr.HTML
    characters: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """Components in the order of the values of `show_episode`."""
        return [self.player, self.timeline, self.account, self.checks, self.characters]


def episode_tab(context: AppContext, selection: gr.State, panel: JobPanel) -> EpisodeTab:
    """Build the tab: form and jobs on one side, player and timeline on the other, then what is known of the lines."""
    with gr.Row():
        with gr.Column(scale=4, min_width=300):
            with gr.Column(elem_classes=FOR_LEADS):
                gr.HTML(f'<div class="mm"><h3>{label("episode.adapt_to")}</h3></div>')
                form = episode_form(media=context.media is not None)
            with gr.Column(elem_classes=FOR_ANNOTATORS):
                gr.HTML(f'<div class="mm small soft">{label("episode.lead_only")}</div>')
            panel.listed.render()  # type: ignore[no-untyped-call]
        # Beside the form, so that open settings push neither player nor timeline out of sight.
        with gr.Column(scale=8, min_width=320, elem_id="mm-watch"):
            player = gr.Video(
                label=label("episode.player"), show_label=False, interactive=False, buttons=[], elem_id="mm-player"
            )
            drawn = timeline()
    with gr.Row():
        with gr.Column(scale=7, min_width=320):
            account = gr.HTML(elem_id="mm-account", js_on_load=LIST_SCRIPT)
        with gr.Column(scale=5, min_width=300):
            checks = gr.HTML(elem_id="mm-checks", js_on_load=LIST_SCRIPT)
            characters = gr.HTML(elem_id="mm-characters", js_on_load=CHARACTERS_SCRIPT)
    tab = EpisodeTab(form, player, drawn, account, checks, characters)

    _listen_to_form(context, form, panel)
    job_api(context, form)

    @told
    def on_selection(chosen: Selection) -> tuple[Any, ...]:
        return show_episode(context, chosen)

    @by_lead(context.people)
    def on_name(chosen: Selection, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        run_id = chosen.run_id if chosen.episode_id == event.episode else None
        said = str(event.name), name_of(request)
        return rename(context, str(event.episode), int(event.character), *said, run_id)

    selection.change(on_selection, selection, tab.outputs, show_progress="hidden", api_visibility="private")
    characters.select(
        on_name,
        selection,
        [drawn, characters],
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="multiple",
    )
    return tab


def _listen_to_form(context: AppContext, form: EpisodeForm, panel: JobPanel) -> None:
    @by_lead(context.people)
    def on_adapt(*fields: Any) -> tuple[Any, ...]:
        job_id = start_adaptation(context, AdaptWish(*fields))
        return gr.Accordion(open=False), *watch(context.jobs, job_id)

    started = form.adapt.click(on_adapt, form.fields, [form.settings, *panel.outputs], api_visibility="private")
    started.then(None, js=SHOW_PANEL, api_visibility="private")
    media = context.media
    if media is None:
        return

    @told
    def on_load() -> tuple[gr.Dropdown, gr.Dropdown]:
        return gr.Dropdown(media_names(media, VIDEO)), gr.Dropdown(media_names(media, SUBTITLES))

    @told
    def on_video(name: str | None) -> str | None:
        return subtitles_beside(media_names(media, SUBTITLES), name) if name else None

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    gr.on(None, on_load, None, [form.server_video, form.server_subtitles], **quiet)
    form.server_video.input(on_video, form.server_video, form.server_subtitles, **quiet)


def show_episode(context: AppContext, chosen: Selection) -> tuple[gr.Video, str, str, str, str]:
    """Values for the outputs of the tab: player, timeline, account, what is worth a look, and who is who."""
    if chosen.episode_id is None:
        return gr.Video(value=None), "", empty(say("episode.none"), say("episode.none_advice")), "", ""
    workspace = context.workspace
    episode = workspace.episode(chosen.episode_id)
    tables = read_cut(workspace, episode)
    account = page_part(
        _verdict(context, chosen.run_id),
        notice(synthetic_notice(workspace, [chosen.episode_id])),
        _warnings(tables),
        card(
            _facts(tables), account_html(tables), _account_link(workspace, chosen.episode_id), title=chosen.episode_id
        ),
    )
    moods = moods_of(workspace, episode, chosen.run_id)
    marks = timeline_data(tables, names_of_tracks(workspace, episode), moods)
    rest = (checks_html(tables), characters_html(workspace, episode))
    preview = playable(workspace, episode)
    if preview is None:
        told = page_part(f'<p class="small soft">{said("not_playable")}</p>')
        return gr.Video(value=None), marks, told + account, *rest
    player = gr.Video(value=str(preview), subtitles=subtitle_track(workspace, episode))
    return player, marks, account, *rest


def rename(
    context: AppContext, episode_id: str, character_id: int, name: str, who: str, run_id: str | None = None
) -> tuple[str, str]:
    """Keep a character's name; values for timeline and characters, which both show it."""
    workspace = context.workspace
    name_character(workspace, episode_id, character_id, name, who)
    episode = workspace.episode(episode_id)
    moods = moods_of(workspace, episode, run_id)
    marks = timeline_data(read_cut(workspace, episode), names_of_tracks(workspace, episode), moods)
    return marks, characters_html(workspace, episode)


def _account_link(workspace: Workspace, episode_id: str) -> str:
    """A link to the page with an example of every outcome; nothing where none was written."""
    page = account_page_of(workspace, episode_id)
    if page is None:
        return ""
    link = f'<a href="{file_url(page)}" target="_blank" rel="noopener">{said("examples")}</a>'
    return f'<p class="mm-link">{link}</p>'


def _facts(tables: CutTables) -> str:
    """The size of the episode in four figures."""
    facts = [
        (clock(tables.duration_ms), said("long")),
        (f"{len(tables.cues):,}", said("lines")),
        (f"{tables.faces['track_id'].nunique():,}", said("tracks")),
        (f"{len(tables.faces):,}", said("faces")),
    ]
    boxes = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in facts)
    return f'<div class="mm-facts">{boxes}</div>'


def _verdict(context: AppContext, run_id: str | None) -> str:
    """The run's result in one sentence, nothing without a run."""
    if run_id is None:
        return ""
    comparison = comparison_of(context.workspace, run_id)
    outcome = comparison.gain.outcome if comparison else "unknown"
    sentence = comparison.verdict() if comparison else say("episode.not_measured")
    more = said("see_compare" if comparison else "how_compare")
    return f'<div class="mm-verdict {outcome}"><h3>{escape(sentence)}</h3><p class="small">{more}</p></div>'


def _warnings(tables: CutTables) -> str:
    """What the cut warned of: subtitles that were moved or may not fit, lines outside the video, and the like."""
    return "".join(warning(text) for text in tables.warnings)
