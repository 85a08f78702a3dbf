"""The whole page: header, job panel, tabs, footer; and how it is served."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from mmemo.flow.jobs.kinds import EXPORT
from mmemo.settings import SAMPLE
from mmemo.ui.address import tabs_script
from mmemo.ui.calm import CalmPage, calm_queue
from mmemo.ui.compare.tab import compare_tab
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.entrance import serve_entrance
from mmemo.ui.episode.preview import preview_folder
from mmemo.ui.episode.tab import episode_tab
from mmemo.ui.episode.uploads import MAX_UPLOAD
from mmemo.ui.export.file import serve_exports
from mmemo.ui.export.tab import export_tab
from mmemo.ui.header import Header, choose, footer, header
from mmemo.ui.jobs.memory import made_meanwhile, moves, read, recall_script, written
from mmemo.ui.jobs.panel import JobPanel, job_panel, watch
from mmemo.ui.predict.tab import predict_tab
from mmemo.ui.review.tab import review_tab
from mmemo.ui.roles import role_head, serve_role
from mmemo.ui.team.tab import team_tab
from mmemo.ui.text import LANGUAGES, label, language_script, translations
from mmemo.ui.theme import FAVICON, HERE, STYLESHEET, app_theme
from mmemo.ui.train.tab import train_tab

_CONCURRENT_HANDLERS = 8
# Readers of the screen pronounce the page by this: the words are English for a browser of any other language.
_TELL_LANGUAGE = f"""() => {{
  const spoken = navigator.language.toLowerCase().split('-')[0];
  document.documentElement.lang = {json.dumps(LANGUAGES)}.includes(spoken) ? spoken : '{LANGUAGES[0]}';
}}"""


def build_page(context: AppContext) -> gr.Blocks:
    """Compose the tabs; nothing heavy is imported or computed here."""
    page = gr.Blocks(title="mmemo", analytics_enabled=False, fill_width=True)
    with page:
        if context.people.oauth:
            gr.LoginButton(size="sm", elem_id="mm-sign-in")
        top = header(context)
        panel = job_panel(context)
        with gr.Tabs(elem_id="mm-tabs", overflow_behavior="wrap"):
            with gr.Tab(label("page.episodes"), id="episode", render_children=True):
                episode_tab(context, top.selection, panel)
            with gr.Tab(label("page.review"), id="review", render_children=True):
                review_tab(context, top.selection, panel)
            with gr.Tab(label("page.team"), id="team", render_children=True):
                team_tab(context, top.selection)
            with gr.Tab(label("page.train"), id="train", render_children=True) as train:
                train_tab(context, top, panel, train)
            with gr.Tab(label("page.compare"), id="compare", render_children=True):
                compare_tab(context, top)
            with gr.Tab(label("page.predict"), id="predict", render_children=True):
                predict_tab(context, top.selection)
            with gr.Tab(label("page.export"), id="export", render_children=True):
                export_tab(context, top.selection, panel)
        footer()
        _connect(context, page, top, panel)
    page.queue(default_concurrency_limit=_CONCURRENT_HANDLERS)
    calm_queue(page)
    return page


def _connect(context: AppContext, page: gr.Blocks, top: Header, panel: JobPanel) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    @told
    def on_load(selection: Selection, known: str, request: gr.Request) -> tuple[Any, ...]:
        asked = request.query_params
        return (
            *first_choice(context, selection, asked.get("episode"), asked.get("run"), read(known)),
            *watch(context.jobs, None),
            read(known),
            written(context.jobs, read(known)),
        )

    @told
    def on_end(
        selection: Selection, ended: tuple[tuple[int, int], ...] | None, mine: tuple[int, ...]
    ) -> tuple[Any, ...]:
        over = [job_id for job_id, _ in ended or ()]
        told = next((one for one in over if one in mine), next(iter(over), None))
        return *show_outcome(context, selection, told, mine), written(context.jobs, mine)

    page.load(None, js=_TELL_LANGUAGE, api_visibility="private")
    page.load(None, js=tabs_script(), api_visibility="private")
    known = [top.selection, panel.memory]
    shown = [*top.outputs, *panel.outputs, panel.mine, panel.memory]
    page.load(on_load, known, shown, js=recall_script(context.workspace, len(known)), **quiet)
    panel.ended.change(on_end, [top.selection, panel.ended, panel.mine], [*top.outputs, panel.memory], **quiet)


def first_choice(
    context: AppContext, selection: Selection, episode_id: str | None, run_id: str | None, mine: Collection[int]
) -> tuple[Any, ...]:
    """What a page shows that was opened or reloaded: what its address asks for, or what its own job made meanwhile."""
    made = made_meanwhile(context.jobs, mine)
    if made is not None and made.result:
        episode_id, run_id = made.result.get("episode"), made.result.get("run")
    return choose(context.workspace, selection, episode_id, run_id)


def show_outcome(
    context: AppContext, selection: Selection, job_id: int | None, mine: Collection[int]
) -> tuple[Any, ...]:
    """Choose what a job of this page made; after a failed one the choice stays, but its content may have changed.

    `mine` are the jobs that this page started. The end of any other only renews the lists: whoever is at work on an
    episode stays there.
    """
    view = context.jobs.view(job_id) if job_id is not None and job_id in mine else None
    if view is not None and view.result and moves(view):
        return choose(context.workspace, selection, view.result.get("episode"), view.result.get("run"))
    episode, run, chosen = choose(context.workspace, selection, selection.episode_id, selection.run_id)
    same = (chosen.episode_id, chosen.run_id) == (selection.episode_id, selection.run_id)
    return episode, run, gr.skip() if same and (view is None or view.kind == EXPORT) else chosen


def served_folders(context: AppContext) -> list[Path]:
    """The only folders whose files a browser may read: crops, reports, previews, examples, and the sample."""
    root = context.workspace.root.resolve()
    return [
        root / "episodes",
        root / "reports",
        preview_folder(context.workspace).resolve(),
        root / "tmp" / "examples",
        root / "tmp" / "predictions",
        SAMPLE,
    ]


def serve(page: gr.Blocks, context: AppContext, host: str, port: int) -> str:
    """Start the server without blocking and return its address."""
    gr.set_static_paths(served_folders(context))
    app, url, _ = page.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        inbrowser=False,
        quiet=True,
        share=False,
        ssr_mode=False,
        pwa=False,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        max_file_size=MAX_UPLOAD,
        favicon_path=FAVICON,
        theme=app_theme(),
        auth=context.people.gate(),
        css_paths=[
            STYLESHEET,
            HERE / "jobs" / "jobs.css",
            HERE / "train" / "train.css",
            HERE / "export" / "export.css",
        ],
        i18n=translations(),
        head=role_head(context.people),
        app_kwargs={"middleware": [Middleware(CalmPage, also=language_script())]},
    )
    serve_exports(app, context)
    serve_role(app, context.people)
    serve_entrance(app)
    return url
