"""Start the app: compose it, serve it, and warm it up; everything else lives in mmemo/ui."""

from __future__ import annotations

import os
import signal
import threading

from mmemo.settings import SAMPLE, keep_caches_inside
from mmemo.store.workspace import Workspace
from mmemo.ui.command_line import arguments


def main() -> None:
    """Serve until interrupted."""
    given = arguments()
    workspace = Workspace(given.workspace.resolve())
    keep_caches_inside(workspace.root)  # before gradio is imported

    from mmemo.ui.context import AppContext
    from mmemo.ui.jobs.runner import JobRunner
    from mmemo.ui.page import build_page, serve
    from mmemo.ui.sample import install_sample
    from mmemo.ui.work import warm_up

    if given.sample:
        install_sample(workspace, SAMPLE / "adapted")
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace), given.media, given.people)
    page = build_page(context)
    context.jobs.keep()
    print(f"mmemo is ready at {serve(page, context, given.host, given.port)}", flush=True)
    asked_to_end = threading.Event()
    for ask in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ask, lambda *_: asked_to_end.set())
    threading.Thread(target=warm_up, name="mmemo-warm-up", daemon=True).start()
    while not asked_to_end.wait(1):  # a wait without an end cannot be interrupted on Windows
        pass
    # An ordinary end: what people said is saved, and jobs go on in their own process. Threads that still answer a page
    # or load a library are not waited for, which could last for as long as they like.
    context.jobs.close()
    context.labels.close()
    print("mmemo has ended; jobs that run go on", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
