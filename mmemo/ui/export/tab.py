"""Export: labels, faces, subtitles or the student as files to take away, each with its data sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.flow.export.extent import extent_of
from mmemo.flow.export.stage import ExportSettings, find_export, list_exports
from mmemo.flow.jobs.kinds import EXPORT
from mmemo.store.export.data_sheet import Terms
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.export.words import EXPORT_SCRIPT, about_html, cards_html, made_html, nothing_html
from mmemo.ui.jobs.panel import SHOW_PANEL, JobPanel, watch
from mmemo.ui.text import label, say


@dataclass(frozen=True, slots=True)
class ExportTab:
    """The public parts of the tab."""

    about: gr.HTML
    terms: gr.Column
    publish: gr.Checkbox
    consent: gr.Textbox
    licence: gr.Textbox
    cards: gr.HTML
    made: gr.HTML
    sheet: gr.Markdown

    @property
    def outputs(self) -> list[Any]:
        """Components in the order of the values of `show_exports`."""
        return [self.about, self.terms, self.cards, self.made, self.sheet]


def export_tab(context: AppContext, selection: gr.State, panel: JobPanel) -> ExportTab:
    """Build the tab; a button of a card queues a job, whose file is listed below when it is done."""
    about = gr.HTML(elem_id="mm-export-about")
    with gr.Column(visible=False, elem_id="mm-export-terms") as terms:
        publish = gr.Checkbox(label=label("export.publish"), info=label("export.publish_why"), elem_id="mm-publish")
        with gr.Row():
            fields: dict[str, Any] = {"visible": False, "min_width": 260, "max_lines": 3}
            consent = gr.Textbox(
                label=label("export.consent"), placeholder=label("export.consent_do"), elem_id="mm-consent", **fields
            )
            licence = gr.Textbox(
                label=label("export.licence"), placeholder=label("export.licence_do"), elem_id="mm-licence", **fields
            )
    cards = gr.HTML(elem_id="mm-formats", js_on_load=EXPORT_SCRIPT)
    made = gr.HTML(elem_id="mm-exports", js_on_load=EXPORT_SCRIPT)
    sheet = gr.Markdown(visible=False, elem_id="mm-sheet")
    tab = ExportTab(about, terms, publish, consent, licence, cards, made, sheet)
    _listen(context, selection, panel, tab)
    return tab


def _listen(context: AppContext, selection: gr.State, panel: JobPanel, tab: ExportTab) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    @told
    def on_selection(chosen: Selection, request: gr.Request) -> tuple[Any, ...]:
        if not context.people.who(request).is_lead:
            return show_lead_only()
        return show_exports(context.workspace, chosen)

    @told
    def on_publish(publish: bool) -> tuple[Any, Any]:
        return gr.Textbox(visible=publish), gr.Textbox(visible=publish)

    @told
    def on_export(
        chosen: Selection, publish: bool, consent: str, licence: str, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        context.people.lead(request)
        terms = Terms(consent or "", licence or "", publish)
        return watch(context.jobs, start_export(context, chosen, str(event.name), terms))

    @told
    def on_sheet(chosen: Selection, event: gr.EventData, request: gr.Request) -> gr.Markdown:
        context.people.lead(request)
        return show_sheet(context.workspace, chosen, str(event.name))

    selection.change(on_selection, selection, tab.outputs, trigger_mode="always_last", **quiet)
    panel.ended.change(on_selection, selection, tab.outputs, trigger_mode="always_last", **quiet)
    tab.publish.input(on_publish, tab.publish, [tab.consent, tab.licence], **quiet)
    given = [selection, tab.publish, tab.consent, tab.licence]
    # "multiple": by default a click is dropped while the one before it is still being answered.
    started = tab.cards.select(on_export, given, panel.outputs, trigger_mode="multiple", **quiet)
    started.then(None, js=SHOW_PANEL, api_visibility="private")
    tab.made.select(on_sheet, selection, tab.sheet, trigger_mode="multiple", **quiet)


def show_exports(workspace: Workspace, chosen: Selection) -> tuple[Any, ...]:
    """Values for the tab's outputs; the data sheet of the newest export stands below."""
    if chosen.episode_id is None:
        return nothing_html(), gr.Column(visible=False), "", "", gr.Markdown(visible=False)
    exports = list_exports(workspace, chosen.episode_id)
    sheet = show_sheet(workspace, chosen, exports[0].folder.name) if exports else gr.Markdown(value="", visible=False)
    cards = cards_html(extent_of(workspace, chosen.episode_id, chosen.run_id), chosen.run_id)
    return about_html(), gr.Column(visible=True), cards, made_html(exports), sheet


def show_lead_only() -> tuple[Any, ...]:
    """The tab of who labels: an export holds what others said, which must not be seen before labelling."""
    from mmemo.ui.html import empty

    told_why = empty(say("export.lead_only"), say("export.lead_only_why"))
    return told_why, gr.Column(visible=False), "", "", gr.Markdown(visible=False)


def show_sheet(workspace: Workspace, chosen: Selection, name: str) -> gr.Markdown:
    """The data sheet of an export. InputError when it is gone."""
    if chosen.episode_id is None:
        raise InputError("there is no episode", hint="choose one above")
    text = find_export(workspace, chosen.episode_id, name).sheet.read_text(encoding="utf-8")
    return gr.Markdown(value=text, visible=True)


def start_export(context: AppContext, chosen: Selection, format_name: str, terms: Terms) -> int:
    """Queue an export of the chosen episode and run; returns the job's number. InputError for an unknown format."""
    if chosen.episode_id is None:
        raise InputError("there is no episode to export", hint="adapt to an episode first")
    settings = ExportSettings(format_name, chosen.episode_id, chosen.run_id, terms=terms, archive=True)
    title = say("export.job", format=say(f"export.title_{format_name}"), episode=chosen.episode_id)
    return context.jobs.submit(EXPORT, title, settings)
