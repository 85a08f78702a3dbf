"""Start the app: compose it, serve it, and warm it up; everything else lives in mmemo/ui."""

from __future__ import annotations

import signal
import sys
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
    from mmemo.ui.jobs import JobRunner
    from mmemo.ui.page import build_page, serve
    from mmemo.ui.sample import install_sample
    from mmemo.ui.work import warm_up

    if given.sample:
        install_sample(workspace, SAMPLE / "adapted")
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace), given.media, given.people)
    page = build_page(context)
    context.jobs.keep()
    print(f"mmemo is ready at {serve(page, context, given.host, given.port)}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # an ordinary end; jobs go on in their own process
    threading.Thread(target=warm_up, name="mmemo-warm-up", daemon=True).start()
    try:
        page.block_thread()
    finally:
        context.jobs.close()
        context.labels.close()


if __name__ == "__main__":
    main()
